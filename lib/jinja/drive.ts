import { setImmediate as turn } from 'node:timers/promises';

import type { Budget, Steps } from './budget';

/** Runs to the end at once. */
export function finish<T>(steps: Steps<T>, budget: Budget): T {
  for (;;) {
    const { done, value } = budget.slice(steps, Infinity);
    if (done) return value;
  }
}

const slice = 2; // ms

/**
 * Runs in slices of some milliseconds, between which the event loop goes on. What the first slice finishes is given at
 * once. Rejects with the signal's reason when it aborts.
 */
export function inSlices<T>(steps: Steps<T>, budget: Budget, signal?: AbortSignal): T | Promise<T> {
  signal?.throwIfAborted();
  const { done, value } = budget.slice(steps, slice);
  return done ? value : onwards(steps, budget, signal);
}

async function onwards<T>(steps: Steps<T>, budget: Budget, signal: AbortSignal | undefined): Promise<T> {
  for (;;) {
    await turn();
    signal?.throwIfAborted();
    const { done, value } = budget.slice(steps, slice);
    if (done) return value;
  }
}
