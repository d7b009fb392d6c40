import { useEffect, useRef, useState } from 'preact/hooks';

import { branch } from '../data/tree';
import { t } from '../language';
import { shown } from '../state/conversations';

const paceMs = 1500;

/** How far whole sentences of a text reach. */
export function wholeSentences(text: string): number {
  const ends = [...text.matchAll(/[.!?。！？:;]["')\]]*\s|\n/g)];
  const last = ends.at(-1);
  return last ? last.index + last[0].length : 0;
}

const plain = (text: string): string => text.replace(/[*_`#>|]+/g, '').trim();

/** Tells those who listen what is being said: sentence by sentence, as it comes. */
export function Announcer() {
  const [said, setSaid] = useState('');
  const told = useRef({ id: '', length: 0, at: 0 });
  const node = branch(shown.value).at(-1);
  const answer = node?.role === 'assistant' ? node : undefined;
  const open = answer?.state === 'waiting' || answer?.state === 'running';
  useEffect(() => {
    const { current } = told;
    if (!answer) return;
    if (open && current.id !== answer.id) {
      told.current = { id: answer.id, length: 0, at: performance.now() };
      setSaid(t('writing'));
      return;
    }
    if (current.id !== answer.id) return; // it was there before
    const length = open ? wholeSentences(answer.text) : answer.text.length;
    if (open && (length <= current.length || performance.now() - current.at < paceMs)) return;
    const rest = plain(answer.text.slice(current.length, length));
    told.current = { id: open ? answer.id : '', length, at: performance.now() };
    setSaid(open ? rest : `${rest} ${t('finished')}`);
  }, [answer, open]);
  return (
    <div class="off-screen" role="status" aria-live="polite">
      {said}
    </div>
  );
}
