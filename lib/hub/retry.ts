// When a request that failed is made again, and what servers say about that.
import { setTimeout as after } from 'node:timers/promises';

import type { LlamaError } from '../errors';

/** A failure that another try may not have, in `wait` milliseconds where the server said. */
export class Passing extends Error {
  constructor(
    readonly error: LlamaError,
    readonly wait?: number,
  ) {
    super(error.message);
  }
}

/** Longer than this nobody waits without being asked. */
const longestWait = 120_000;

/** What `Retry-After` says, or the `RateLimit` that hubs send: milliseconds. */
export function waitOf(headers: Headers, now = Date.now()): number | undefined {
  const said = headers.get('retry-after')?.trim();
  if (said !== undefined && /^\d{1,9}$/.test(said)) return Number(said) * 1000;
  const at = said === undefined ? NaN : Date.parse(said);
  if (!Number.isNaN(at)) return Math.max(0, at - now);
  const reset = /;\s*t=(\d{1,9})/.exec(headers.get('ratelimit') ?? '')?.[1];
  return reset === undefined ? undefined : Number(reset) * 1000;
}

/** Counts tries that brought nothing, and waits longer before each. */
export class Patience {
  #failures = 0;

  constructor(
    private readonly retries: number,
    private readonly signal: AbortSignal,
  ) {}

  /** Something came. */
  renew(): void {
    this.#failures = 0;
  }

  /** Waits until the next try, or throws what there is to say. */
  async after(failure: unknown): Promise<void> {
    this.signal.throwIfAborted();
    if (!(failure instanceof Passing)) throw failure;
    if (this.#failures >= this.retries || (failure.wait ?? 0) > longestWait) throw failure.error;
    const grown = Math.min(5000, 250 * 2 ** this.#failures) * (0.75 + Math.random() / 2);
    this.#failures++;
    await after(failure.wait ?? grown, undefined, { signal: this.signal }).catch(() => this.signal.throwIfAborted());
  }
}

/** Does something until it does not fail in passing. */
export async function persist<T>(retries: number, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  const patience = new Patience(retries, signal);
  for (;;) {
    try {
      return await run();
    } catch (failure) {
      await patience.after(failure);
    }
  }
}
