import { useId, useRef, useState } from 'preact/hooks';

import type { TokenChance } from '../data/types';
import { percentText, t } from '../language';

const share = (logprob: number): number => Math.exp(logprob);

/** A token as it can be read: what is not seen is shown. */
const visible = (text: string): string =>
  text.trim() === '' ? text.replaceAll(' ', '␣').replaceAll('\n', '↵').replaceAll('\t', '⇥') || '∅' : text.replaceAll('\n', '↵').replace(/^ /, '␣');

/** How sure the model was, from 0 to 4. */
const level = (logprob: number): number => [0.02, 0.1, 0.3, 0.6].filter((least) => share(logprob) >= least).length;

function Chances({ of, id, at }: { readonly of: TokenChance; readonly id: string; readonly at: { readonly left: number; readonly top: number } }) {
  const isThere = of.top.some(({ text }) => text === of.text);
  const rows = isThere ? of.top : [{ text: of.text, logprob: of.logprob }, ...of.top];
  return (
    <div class="chances" id={id} role="tooltip" style={{ left: `${at.left}px`, top: `${at.top}px` }}>
      <table>
        <caption class="off-screen">{t('alternatives')}</caption>
        <tbody>
          {rows.map(({ text, logprob }, i) => (
            <tr key={i} class={text === of.text ? 'taken' : undefined}>
              <th scope="row">{visible(text)}</th>
              <td>
                <span class="bar" style={{ width: `${Math.max(1, share(logprob) * 72)}px` }} />
              </td>
              <td>{percentText(share(logprob))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const tooltipWidth = 240;
const tooltipHeight = 220;

/** An answer token by token: the fainter, the less probable; what else could have come is shown at the token that is pointed at. */
export function Tokens({ of }: { readonly of: readonly TokenChance[] }) {
  const [current, setCurrent] = useState(0);
  const [open, setOpen] = useState<{ readonly index: number; readonly left: number; readonly top: number } | undefined>(undefined);
  const group = useRef<HTMLDivElement>(null);
  const id = useId();
  const show = (element: HTMLElement, index: number): void => {
    const box = element.getBoundingClientRect();
    const above = box.bottom + tooltipHeight > innerHeight;
    const left = Math.max(8, Math.min(box.left, innerWidth - tooltipWidth - 8));
    setOpen({ index, left, top: above ? Math.max(8, box.top - tooltipHeight) : box.bottom + 4 });
  };
  const move = (to: number): void => {
    const index = Math.max(0, Math.min(of.length - 1, to));
    setCurrent(index);
    group.current?.querySelectorAll<HTMLElement>('[role=option]')[index]?.focus();
  };
  const steps: Readonly<Record<string, number>> = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: of.length - 1 };
  const chance = open && of[open.index];
  return (
    <div class="tokens">
      <p class="small muted">{t('probabilitiesHint')}</p>
      <div
        ref={group}
        role="listbox"
        tabIndex={-1}
        aria-label={t('tokensOf')}
        onMouseLeave={() => setOpen(undefined)}
        onKeyDown={(event) => {
          const to = steps[event.key];
          if (event.key === 'Escape' && open) {
            event.stopPropagation();
            setOpen(undefined);
          }
          if (to === undefined) return;
          event.preventDefault();
          move(to);
        }}
      >
        {of.map(({ text, logprob }, i) => (
          <span
            key={i}
            role="option"
            class={`token level-${level(logprob)}`}
            tabIndex={i === current ? 0 : -1}
            aria-selected={i === current}
            aria-label={t('tokenLabel', { text: visible(text), percent: percentText(share(logprob)) })}
            aria-describedby={open?.index === i ? id : undefined}
            onMouseEnter={({ currentTarget }) => show(currentTarget, i)}
            onFocus={({ currentTarget }) => {
              setCurrent(i);
              show(currentTarget, i);
            }}
            onBlur={() => setOpen(undefined)}
          >
            {text.includes('\n') ? text.replaceAll('\n', '↵\n') : text}
          </span>
        ))}
      </div>
      {chance && <Chances of={chance} id={id} at={open} />}
    </div>
  );
}
