import type { Steps } from './budget';
import { ordered } from './compare';
import type { Run } from './run';
import type { Value } from './values';

/** Sorted by their keys, equal ones in their order, as Python's sorted(). */
export function* sorted<T>(run: Run, items: readonly T[], keys: readonly Value[], descending: boolean): Steps<T[]> {
  run.budget.list(2 * items.length);
  let order = items.map((_, i) => i);
  for (let width = 1; width < order.length; width *= 2) {
    const next: number[] = [];
    for (let low = 0; low < order.length; low += 2 * width) {
      yield* merge(run, keys, order.slice(low, low + width), order.slice(low + width, low + 2 * width), descending, next);
    }
    order = next;
  }
  return order.map((i) => items[i] as T);
}

function* merge(run: Run, keys: readonly Value[], left: readonly number[], right: readonly number[], descending: boolean, out: number[]): Steps<void> {
  let [l, r] = [0, 0];
  while (l < left.length && r < right.length) {
    const [a, b] = [keys[left[l] as number] as Value, keys[right[r] as number] as Value];
    if (yield* descending ? ordered(run, '<', a, b) : ordered(run, '<', b, a)) out.push(right[r++] as number);
    else out.push(left[l++] as number);
  }
  while (l < left.length) out.push(left[l++] as number);
  while (r < right.length) out.push(right[r++] as number);
}
