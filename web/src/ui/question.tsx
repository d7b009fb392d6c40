import { useEffect, useRef, useState } from 'preact/hooks';

import type { Question } from '../data/types';
import { t } from '../language';
import { edit } from '../state/ask';
import { change, shown } from '../state/conversations';
import { remove } from '../data/tree';
import { box, editing } from '../state/view';
import { CopyButton } from './copy-button';
import { IconButton } from './icon-button';
import { memo } from './memo';
import { Versions } from './versions';

function Editing({ of }: { readonly of: Question }) {
  const [text, setText] = useState(of.text);
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => area.current?.focus(), []);
  const close = (): void => {
    editing.value = undefined;
    box()?.focus();
  };
  const save = (): void => {
    if (text.trim() === '') return;
    close();
    edit(of.id, text.trim());
  };
  return (
    <div class="editing">
      <textarea
        ref={area}
        class="field"
        aria-label={t('editField')}
        rows={Math.min(12, text.split('\n').length + 1)}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save();
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          close();
        }}
      />
      <div class="row">
        <button type="button" class="button primary" disabled={text.trim() === ''} onClick={save}>
          {t('saveEdit')}
        </button>
        <button type="button" class="button" onClick={close}>
          {t('discard')}
        </button>
      </div>
    </div>
  );
}

/** What the user said. */
export const QuestionView = memo(({ of, index, count }: { readonly of: Question; readonly index: number; readonly count: number }) => {
  if (editing.value === of.id) return <Editing of={of} />;
  return (
    <article class="turn question" aria-label={t('you')}>
      <div class="said">{of.text}</div>
      <div class="actions">
        <Versions of={of.id} index={index} count={count} />
        <IconButton icon="edit" label={t('edit')} onClick={() => (editing.value = of.id)} />
        <CopyButton text={of.text} />
        <IconButton icon="trash" label={t('removeTurn')} onClick={() => change(shown.value.id, (all) => remove(all, of.id))} />
      </div>
    </article>
  );
});
