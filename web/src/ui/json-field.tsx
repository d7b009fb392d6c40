import { useId } from 'preact/hooks';

import { pretty, written } from '../data/json';
import { t } from '../language';
import type { Key } from '../language/en';

/** A place to write JSON in, which says what is wrong with it. */
export function JsonField({
  label,
  text,
  change,
  expected,
  isGood,
}: {
  readonly label: string;
  readonly text: string;
  readonly change: (text: string) => void;
  /** What is said where it is JSON, but not what is wanted. */
  readonly expected: Key;
  readonly isGood: (text: string) => boolean;
}) {
  const id = useId();
  const { wrong } = written(text);
  const said = (): string => {
    if (wrong) return wrong.line === undefined ? t('notJson', { message: wrong.message }) : t('notJsonAt', { message: wrong.message, line: wrong.line });
    return isGood(text) ? t('isJson') : t(expected);
  };
  const bad = wrong !== undefined || !isGood(text);
  return (
    <div class="block">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        class="field mono tall"
        rows={14}
        spellcheck={false}
        autocapitalize="off"
        value={text}
        aria-invalid={text !== '' && bad}
        aria-describedby={`${id}-state`}
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
      <div class="line">
        <p id={`${id}-state`} class={bad ? 'wrong small' : 'small muted'} role="status">
          {text === '' ? '' : said()}
        </p>
        <button type="button" class="button" disabled={wrong !== undefined} onClick={() => change(pretty(text))}>
          {t('format')}
        </button>
      </div>
    </div>
  );
}
