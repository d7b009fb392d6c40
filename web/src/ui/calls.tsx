import { useState } from 'preact/hooks';

import { CodeBlock } from '../markdown/code-block';
import { pretty } from '../data/json';
import type { Answer, ToolResult } from '../data/types';
import { t } from '../language';
import { giveResults, hasResults } from '../state/ask';
import { shown } from '../state/conversations';
import { Icon } from './icon';

function Giving({ of }: { readonly of: Answer }) {
  const [results, setResults] = useState<readonly string[]>(of.calls.map(() => ''));
  return (
    <form
      class="giving"
      onSubmit={(event) => {
        event.preventDefault();
        giveResults(of.id, results);
      }}
    >
      {of.calls.map(({ name }, i) => (
        <label key={i}>
          <span class="small">
            {t('giveResult')}: <code>{name}</code>
          </span>
          <textarea class="field mono" rows={2} value={results[i] ?? ''} onInput={({ currentTarget }) => setResults(results.with(i, currentTarget.value))} />
        </label>
      ))}
      <button type="submit" class="button primary">
        {t('giveResults')}
      </button>
    </form>
  );
}

/** The calls of an answer, and a place for their results. */
export function Calls({ of, done }: { readonly of: Answer; readonly done: boolean }) {
  if (of.calls.length === 0) return null;
  return (
    <div class="calls">
      {of.calls.map(({ name, arguments: given }, i) => (
        <div key={i} class="call">
          <p>
            <Icon name="tool" />
            {t('calls', { name })}
          </p>
          <CodeBlock language="json" text={pretty(given)} />
        </div>
      ))}
      {done && !hasResults(shown.value, of.id) && <Giving of={of} />}
    </div>
  );
}

/** What a tool gave. */
export function ResultView({ of }: { readonly of: ToolResult }) {
  return (
    <article class="turn result" aria-label={t('result', { name: of.name })}>
      <details>
        <summary>{t('result', { name: of.name })}</summary>
        <pre>{of.text}</pre>
      </details>
    </article>
  );
}
