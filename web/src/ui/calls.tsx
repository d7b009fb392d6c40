import { useState } from 'preact/hooks';

import { CodeBlock } from '../markdown/code-block';
import { pretty } from '../data/json';
import type { Answer, Failure, ToolResult } from '../data/types';
import { t } from '../language';
import { giveResults, hasResults, isOfServer, isRunning, refuseCalls, runCalls } from '../state/ask';
import { changeSettings, shown } from '../state/conversations';
import { FailureBox } from './failure';
import { Icon } from './icon';

function Giving({ of }: { readonly of: Answer }) {
  const [results, setResults] = useState<readonly string[]>(of.calls.map(() => ''));
  return (
    <form
      class="giving"
      onSubmit={(event) => {
        event.preventDefault();
        giveResults(shown.value.id, of.id, results);
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

/** Calls of tools that the server runs, once the user lets it. */
function Running({ of }: { readonly of: Answer }) {
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const { id, settings } = shown.value;
  const run = async (): Promise<void> => {
    setFailure(undefined);
    setFailure(await runCalls(id, of.id));
  };
  const always = (): void => {
    changeSettings({ tools: { ...settings.tools, unasked: true } });
    void run();
  };
  if (isRunning(id)) return <p class="small muted">{t('toolsRun')}</p>;
  if (failure) return <FailureBox of={failure} retry={() => void run()} />;
  return (
    <div class="row">
      <button type="button" class="button primary" onClick={() => void run()}>
        {t('runCalls')}
      </button>
      <button type="button" class="button" onClick={always}>
        {t('runAlways')}
      </button>
      <button type="button" class="button" onClick={() => refuseCalls(id, of)}>
        {t('refuseCalls')}
      </button>
    </div>
  );
}

/** The calls of an answer, and a place for their results. */
export function Calls({ of, done }: { readonly of: Answer; readonly done: boolean }) {
  if (of.calls.length === 0) return null;
  const ofServer = of.calls.every(({ name }) => isOfServer(name, shown.value.settings));
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
      {done && !hasResults(shown.value, of.id) && (ofServer ? <Running of={of} /> : <Giving of={of} />)}
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
