import type { Message } from './template';

/**
 * A prompt that leaves out the first `dropped` messages.
 * @internal
 */
export interface Fitted {
  readonly ids: Uint32Array;
  readonly dropped: number;
}

/** Where a prompt may begin: with the first message, or with a later one of the user's. */
function beginnings(messages: readonly Message[]): number[] {
  return messages.flatMap(({ role }, i) => (i === 0 || role === 'user' ? [i] : []));
}

/**
 * The fewest turns left out, at least those before message `dropped`, so that the prompt has at most `most` ids; where none is that short, that of
 * the last turn alone. A turn is a message of the user and what follows up to the next.
 * @internal
 */
export async function fit(messages: readonly Message[], dropped: number, idsFrom: (dropped: number) => Promise<Uint32Array>, most: number): Promise<Fitted> {
  const all = beginnings(messages);
  const starts = all.filter((at) => at >= dropped);
  if (starts.length === 0) starts.push(all.at(-1) ?? 0);
  const at = async (i: number): Promise<Fitted> => ({ dropped: starts[i] as number, ids: await idsFrom(starts[i] as number) });
  const first = await at(0);
  if (first.ids.length <= most || starts.length === 1) return first;
  // Of starts, `low` is too long and `high` is short enough, or the last.
  let [low, high] = [0, starts.length - 1];
  let best = await at(high);
  while (high - low > 1 && best.ids.length <= most) {
    const middle = (low + high) >> 1;
    const tried = await at(middle);
    if (tried.ids.length <= most) [high, best] = [middle, tried];
    else low = middle;
  }
  return best;
}
