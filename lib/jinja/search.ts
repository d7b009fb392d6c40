// Text in text, in bounded slices: the engine's own search takes length times length where a text repeats itself.
import type { Steps } from './budget';
import type { Run } from './run';

const window = 2 ** 20; // comparisons that the engine's search may take at once
const head = 64;

/** The first offset of `part` in `text` from `from` on that ends at or before `to`; -1: none. */
export function* find(run: Run, text: string, part: string, from = 0, to = text.length): Steps<number> {
  if (part.length > to - from) return -1;
  const start = part.length > head ? part.slice(0, head) : part;
  const stride = Math.max(1024, Math.floor(window / Math.max(1, start.length)));
  for (let at = from; at + part.length <= to; ) {
    const stop = Math.min(to, at + stride + start.length - 1);
    const found = (stop === text.length && at === 0 ? text : text.slice(at, stop)).indexOf(start);
    if (run.budget.step(1 + ((found < 0 ? stop - at : found) >> 6))) yield;
    if (found < 0) {
      at = stop - start.length + 1;
      continue;
    }
    at += found;
    if (at + part.length > to) return -1;
    if (start === part) return at;
    if (run.budget.step(1 + (part.length >> 6))) yield;
    if (text.startsWith(part, at)) return at;
    at++;
  }
  return -1;
}

/** The last such offset. */
export function* findLast(run: Run, text: string, part: string, from = 0, to = text.length): Steps<number> {
  if (part.length > to - from) return -1;
  const start = part.length > head ? part.slice(0, head) : part;
  const stride = Math.max(1024, Math.floor(window / Math.max(1, start.length)));
  for (let at = to - part.length; at >= from; ) {
    const low = Math.max(from, at - stride);
    const found = text.slice(low, at + start.length).lastIndexOf(start);
    if (run.budget.step(1 + ((found < 0 ? at - low : at - low - found) >> 6))) yield;
    if (found >= 0) {
      if (run.budget.step(1 + (part.length >> 6))) yield;
      if (text.startsWith(part, low + found)) return low + found;
    }
    at = low + found - (found < 0 ? 0 : 1);
    if (found < 0 && low === from) return -1;
  }
  return -1;
}

export function* includes(run: Run, text: string, part: string): Steps<boolean> {
  return part === '' || (yield* find(run, text, part)) >= 0;
}

/** The offsets of all occurrences from left to right, none over another; at most `most`. */
export function* findAll(run: Run, text: string, part: string, most = Infinity): Steps<number[]> {
  const found: number[] = [];
  for (let at = 0; found.length < most; at += part.length) {
    at = yield* find(run, text, part, at);
    if (at < 0) break;
    if ((found.length & 255) === 0) run.budget.list(256);
    found.push(at);
  }
  return found;
}
