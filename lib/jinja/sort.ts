import type { Steps } from './budget';
import { ordered } from './compare';
import type { Run } from './run';
import type { Value } from './values';

/** Sorted by their keys, equal ones in their order, as Python's sorted(). */
export function* sorted<T>(run: Run, items: readonly T[], keys: readonly Value[], descending: boolean): Steps<T[]> {
  const key = (at: number): Value => keys[at] as Value;
  return yield* sortedBy(run, items, (a, b) => (descending ? ordered(run, '<', key(b), key(a)) : ordered(run, '<', key(a), key(b))));
}

/** Sorted by whether the item at one place comes before that at another. */
export function* sortedBy<T>(run: Run, items: readonly T[], before: (a: number, b: number) => Steps<boolean>): Steps<T[]> {
  run.budget.list(2 * items.length);
  let order = items.map((_, i) => i);
  for (let width = 1; width < order.length; width *= 2) {
    const next: number[] = [];
    for (let low = 0; low < order.length; low += 2 * width) {
      yield* merge(before, order.slice(low, low + width), order.slice(low + width, low + 2 * width), next);
    }
    order = next;
  }
  return order.map((i) => items[i] as T);
}

function* merge(before: (a: number, b: number) => Steps<boolean>, left: readonly number[], right: readonly number[], out: number[]): Steps<void> {
  let [l, r] = [0, 0];
  while (l < left.length && r < right.length) {
    if (yield* before(right[r] as number, left[l] as number)) out.push(right[r++] as number);
    else out.push(left[l++] as number);
  }
  while (l < left.length) out.push(left[l++] as number);
  while (r < right.length) out.push(right[r++] as number);
}
