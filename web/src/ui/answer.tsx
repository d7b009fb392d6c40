import { useState } from 'preact/hooks';

import { pretty } from '../data/json';
import { choose, remove } from '../data/tree';
import type { Answer } from '../data/types';
import { t } from '../language';
import { CodeBlock } from '../markdown/code-block';
import { Markdown } from '../markdown/view';
import { goOn, regenerate } from '../state/ask';
import { change, shown } from '../state/conversations';
import { comparing } from '../state/view';
import { Calls } from './calls';
import { CopyButton } from './copy-button';
import { FailureBox } from './failure';
import { IconButton } from './icon-button';
import { memo } from './memo';
import { Timing } from './timing';
import { Tokens } from './tokens';
import { Versions } from './versions';

const isOpen = ({ state }: Answer): boolean => state === 'waiting' || state === 'running';

function Reasoning({ of }: { readonly of: Answer }) {
  if (of.reasoning === '') return null;
  const thinks = isOpen(of) && of.text === '';
  return (
    <details class="reasoning">
      <summary>{t(thinks ? 'reasoningNow' : 'reasoning')}</summary>
      <div class="reasoning-text">{of.reasoning}</div>
    </details>
  );
}

function Text({ of, chances }: { readonly of: Answer; readonly chances: boolean }) {
  if (chances && of.chances) return <Tokens of={of.chances} />;
  if (of.text === '') return null;
  if (of.bound === true) return <CodeBlock language="json" text={isOpen(of) ? of.text : pretty(of.text)} />;
  return <Markdown text={of.text} />;
}

const canGoOn = ({ state, text, calls, bound }: Answer): boolean =>
  bound !== true && text !== '' && calls.length === 0 && (state === 'length' || state === 'stopped' || state === 'cut' || state === 'failed');

function Ending({ of }: { readonly of: Answer }) {
  if (of.failure) return <FailureBox of={of.failure} retry={() => regenerate(of.id)} />;
  const words = { stopped: 'stopped', cut: 'cutOff', length: 'lengthReached' } as const;
  const { state } = of;
  if (state !== 'stopped' && state !== 'cut' && state !== 'length') return null;
  return <p class="small muted">{t(words[state])}</p>;
}

function Actions({ of, index, count, chances, setChances }: ViewProps & { readonly chances: boolean; readonly setChances: (on: boolean) => void }) {
  if (isOpen(of)) return <Versions of={of.id} index={index} count={count} />;
  const { parent } = of;
  return (
    <div class="actions">
      <Versions of={of.id} index={index} count={count} />
      {of.text !== '' && <CopyButton text={of.text} />}
      <IconButton icon="again" label={t('regenerate')} onClick={() => regenerate(of.id)} />
      {canGoOn(of) && <IconButton icon="on" label={t('continue')} onClick={() => goOn(of.id)} />}
      {count > 1 && parent !== null && <IconButton icon="columns" label={t('sideBySide')} onClick={() => (comparing.value = parent)} />}
      {of.chances && (
        <IconButton icon="chances" label={t(chances ? 'hideProbabilities' : 'probabilities')} aria-pressed={chances} onClick={() => setChances(!chances)} />
      )}
      <IconButton icon="trash" label={t('removeTurn')} onClick={() => change(shown.value.id, (all) => remove(all, of.id))} />
      <Timing of={of} />
    </div>
  );
}

interface ViewProps {
  readonly of: Answer;
  readonly index: number;
  readonly count: number;
}

function Content({ of, chances }: { readonly of: Answer; readonly chances: boolean }) {
  const nothing = of.text === '' && of.reasoning === '' && of.calls.length === 0;
  return (
    <>
      <Reasoning of={of} />
      {isOpen(of) && nothing && (
        <p class="waiting">
          <span class="pulse" aria-hidden="true" />
          {t('waiting')}
        </p>
      )}
      <Text of={of} chances={chances} />
      <Calls of={of} done={!isOpen(of)} />
      <Ending of={of} />
    </>
  );
}

/** What the model said. */
export const AnswerView = memo(({ of, index, count }: ViewProps) => {
  const [chances, setChances] = useState(false);
  return (
    <article class={`turn answer ${of.state}`} aria-label={of.model === '' ? t('answer') : t('answerOf', { model: of.model })} aria-busy={isOpen(of)}>
      <Content of={of} chances={chances} />
      <Actions of={of} index={index} count={count} chances={chances} setChances={setChances} />
    </article>
  );
});

/** All answers of one question. */
export function Compared({ all, chosen }: { readonly all: readonly Answer[]; readonly chosen: string }) {
  const use = (id: string): void => {
    change(shown.value.id, (of) => choose(of, id));
    comparing.value = undefined;
  };
  return (
    <section class="compared" aria-label={t('sideBySide')}>
      <button type="button" class="button" onClick={() => (comparing.value = undefined)}>
        {t('oneAtATime')}
      </button>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways is reached by the keyboard */}
      <div class="columns" tabIndex={0}>
        {all.map((of, i) => (
          <article key={of.id} class={of.id === chosen ? 'answer column chosen' : 'answer column'} aria-label={t('version', { i: i + 1, n: all.length })}>
            <p class="small muted">
              {t('version', { i: String(i + 1), n: String(all.length) })} · {of.model}
            </p>
            <Content of={of} chances={false} />
            <div class="actions">
              {of.text !== '' && <CopyButton text={of.text} />}
              {!isOpen(of) && (
                <button type="button" class="button" onClick={() => use(of.id)}>
                  {t('useThis')}
                </button>
              )}
              <Timing of={of} />
            </div>
          </article>
        ))}
      </div>
    </section>
  );
}
