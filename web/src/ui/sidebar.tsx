import { useEffect, useRef, useState } from 'preact/hooks';

import type { Conversation } from '../data/types';
import { t } from '../language';
import { exportedText, importText, listed, remove, rename, show, shown } from '../state/conversations';
import { notice } from '../state/notices';
import { sidebar } from '../state/preferences';
import { drawer, narrow } from '../state/view';
import { startAnew } from './header';
import { Icon } from './icon';
import { IconButton } from './icon-button';

const titleOf = ({ title }: Conversation): string => title || t('untitled');

function discard(of: Conversation): void {
  const undo = remove(of.id);
  notice({ text: 'removed', values: { title: titleOf(of) }, undo });
}

function Renaming({ of, done }: { readonly of: Conversation; readonly done: () => void }) {
  const [title, setTitle] = useState(of.title);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  const save = (): void => {
    if (title.trim() !== '') rename(of.id, title.trim());
    done();
  };
  return (
    <input
      ref={field}
      class="field rename"
      aria-label={t('titleField')}
      value={title}
      maxLength={200}
      onInput={({ currentTarget }) => setTitle(currentTarget.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === 'Enter') save();
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        done();
      }}
    />
  );
}

function Entry({ of }: { readonly of: Conversation }) {
  const [renaming, setRenaming] = useState(false);
  const current = of.id === shown.value.id;
  const title = titleOf(of);
  if (renaming)
    return (
      <li>
        <Renaming of={of} done={() => setRenaming(false)} />
      </li>
    );
  return (
    <li class={current ? 'entry current' : 'entry'}>
      <a
        href={`#${of.id}`}
        aria-current={current ? 'page' : undefined}
        onClick={(event) => {
          event.preventDefault();
          show(of.id);
          drawer.value = false;
        }}
      >
        {title}
      </a>
      <IconButton icon="edit" label={t('rename', { title })} onClick={() => setRenaming(true)} />
      <IconButton icon="trash" label={t('remove', { title })} onClick={() => discard(of)} />
    </li>
  );
}

/** Gives the user a file. */
export function download(text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = `llama-ts-${new Date().toISOString().slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function take(input: HTMLInputElement): Promise<void> {
  const file = input.files?.[0];
  if (!file) return;
  try {
    notice({ text: 'imported', values: { n: importText(await file.text()) } });
  } catch {
    notice({ text: 'importFailed' });
  }
  input.value = '';
}

function Files() {
  const input = useRef<HTMLInputElement>(null);
  return (
    <div class="files">
      <input ref={input} type="file" accept="application/json,.json" hidden onChange={({ currentTarget }) => void take(currentTarget)} />
      <button type="button" class="quiet" onClick={() => input.current?.click()}>
        <Icon name="upload" />
        {t('import')}
      </button>
      <button type="button" class="quiet" disabled={listed.value.length === 0} onClick={() => download(exportedText())}>
        <Icon name="download" />
        {t('export')}
      </button>
    </div>
  );
}

const has = (of: Conversation, words: string): boolean =>
  titleOf(of).toLowerCase().includes(words) || of.nodes.some(({ text }) => text.toLowerCase().includes(words));

/** The list of conversations. */
export function Sidebar() {
  const [words, setWords] = useState('');
  const first = useRef<HTMLButtonElement>(null);
  const open = narrow.value ? drawer.value : sidebar.value;
  useEffect(() => {
    if (narrow.value && open) first.current?.focus();
  }, [open]);
  if (!open) return null;
  const found = words.trim() === '' ? listed.value : listed.value.filter((each) => has(each, words.trim().toLowerCase()));
  return (
    <>
      {narrow.value && <div class="veil" onClick={() => (drawer.value = false)} aria-hidden="true" />}
      <nav class="sidebar" aria-label={t('conversations')}>
        <div class="row">
          <button type="button" class="button grow" ref={first} onClick={startAnew}>
            <Icon name="plus" />
            {t('newConversation')}
          </button>
          {narrow.value && <IconButton icon="close" label={t('hideConversations')} onClick={() => (drawer.value = false)} />}
        </div>
        <input
          type="search"
          class="field"
          aria-label={t('search')}
          placeholder={t('search')}
          value={words}
          onInput={({ currentTarget }) => setWords(currentTarget.value)}
        />
        {found.length === 0 && listed.value.length > 0 && <p class="muted small">{t('nothingFound')}</p>}
        <ul class="entries">
          {found.map((each) => (
            <Entry key={each.id} of={each} />
          ))}
        </ul>
        <Files />
      </nav>
    </>
  );
}
