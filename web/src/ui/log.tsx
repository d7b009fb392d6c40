import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

import { branch, childrenOf } from '../data/tree';
import type { Answer, Conversation, Node } from '../data/types';
import { t } from '../language';
import { shown } from '../state/conversations';
import { refresh, trouble } from '../state/server';
import { comparing } from '../state/view';
import { AnswerView, Compared } from './answer';
import { ResultView } from './calls';
import { FailureBox } from './failure';
import { Icon } from './icon';
import { QuestionView } from './question';

function Turn({ of, within }: { readonly of: Node; readonly within: Conversation }) {
  const all = childrenOf(within, of.parent);
  const place = { index: all.findIndex(({ id }) => id === of.id), count: all.length };
  if (of.role === 'user') return <QuestionView of={of} {...place} />;
  if (of.role === 'tool') return <ResultView of={of} />;
  if (comparing.value === of.parent && all.length > 1) return <Compared all={all.filter((each): each is Answer => each.role === 'assistant')} chosen={of.id} />;
  return <AnswerView of={of} {...place} />;
}

function Welcome() {
  return (
    <div class="welcome">
      <h2>{t('welcome')}</h2>
      <p class="muted">{t('welcomeMore', { host: location.host })}</p>
    </div>
  );
}

/** Whether what is said last is in view, and is to stay there. */
const following = signal(true);
const near = 48; // pixels

/** Shows the end, and what comes. */
export function follow(): void {
  following.value = true;
}

/** What was said. */
export function Log() {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const toEnd = (): void => {
    const { current } = scroller;
    if (current && following.value) current.scrollTop = current.scrollHeight;
  };
  const { id, nodes } = shown.value;
  const turns = branch(shown.value);
  useLayoutEffect(() => {
    follow();
    toEnd();
  }, [id, nodes.length]);
  useEffect(() => {
    const observer = new ResizeObserver(toEnd);
    for (const element of [scroller.current, content.current]) if (element) observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const watch = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }: { readonly currentTarget: HTMLElement }): void => {
    following.value = scrollHeight - scrollTop - clientHeight < near;
  };
  return (
    <div class="log-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
      <div class="log" ref={scroller} onScroll={watch} role="log" aria-live="off" aria-label={t('conversation')} tabIndex={0}>
        <div class="turns" ref={content}>
          {turns.length === 0 && <Welcome />}
          {turns.map((node) => (
            <Turn key={node.id} of={node} within={shown.value} />
          ))}
          {trouble.value && trouble.value.kind !== 'key' && <FailureBox of={trouble.value} retry={() => void refresh()} />}
        </div>
      </div>
      {!following.value && (
        <button
          type="button"
          class="jump"
          onClick={() => {
            follow();
            toEnd();
          }}
        >
          <Icon name="down" />
          {t('jumpToEnd')}
        </button>
      )}
    </div>
  );
}
