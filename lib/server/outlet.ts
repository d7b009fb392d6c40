// Writing a stream: no faster than it is read, with a word now and then while there is nothing to say.
import type { ServerResponse } from 'node:http';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

import { Gone } from './failure';

const pingMs = 10_000;

// A write costs its thread and the reader's tens of microseconds each, whatever it holds. All streams together write no more often than this, a
// hundredth of the machine, so that what many of them cost does not grow with them; what one by itself says waits for some milliseconds at most.
const msAStream = 8 / availableParallelism();
const mostHeldMs = 150;

let beat: Promise<void> | undefined;

/** Resolves when streams that have written may write again: all at once, since waking up for each would cost more than its write. */
function nextBeat(streams: number): Promise<void> {
  beat ??= pause(Math.min(mostHeldMs, msAStream * streams)).then(() => {
    beat = undefined;
  });
  return beat;
}

/** How an outlet writes. */
export interface OutletForm<T> {
  readonly type: string;
  /** Written while there is nothing to say. */
  readonly ping: string;
  /** What one write says: all that came since the one before. What is '' is not written. */
  tell(said: readonly T[]): string;
}

/** A streamed answer. */
export class Outlet<T> {
  static #streams = 0; // of the process: its thread is one
  #opened = false;
  #closed = false;
  #said: T[] = [];
  #sends: NodeJS.Immediate | undefined;
  #rests: Promise<void> | undefined; // from a write until the next may be
  #failure: { readonly error: unknown } | undefined;
  #last = performance.now();
  readonly #pings: NodeJS.Timeout;

  constructor(
    private readonly res: ServerResponse,
    private readonly form: OutletForm<T>,
    private readonly stallMs: number,
  ) {
    this.#pings = setInterval(() => this.#pinged(), pingMs / 2);
    this.#pings.unref();
    Outlet.#streams++;
  }

  get opened(): boolean {
    return this.#opened;
  }

  /** Sends the headers. From here on failures are told inside of the stream. */
  open(): void {
    if (this.#opened || this.res.destroyed) return;
    this.#opened = true;
    this.res.writeHead(200, { 'content-type': this.form.type, 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
    this.res.flushHeaders();
  }

  /** What it gives is to be awaited before more is said: what has come by then is told in one. Throws `Gone`, and what `tell` threw. */
  say(said: T): Promise<void> | undefined {
    this.open();
    this.#last = performance.now();
    this.#check();
    if (this.res.destroyed) throw new Gone();
    this.#said.push(said);
    if (!this.#rests) this.#sendSoon();
    return this.#rests;
  }

  /** The last word. */
  end(said: T): void {
    this.open();
    this.#check();
    this.res.end(this.form.tell([...this.#said.splice(0), said]));
    this.close();
  }

  /** Ends what is held, without a word. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#said = [];
    Outlet.#streams--;
    clearInterval(this.#pings);
    clearImmediate(this.#sends);
  }

  #check(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
  }

  /** Behind what else this turn of the loop brings. */
  #sendSoon(): void {
    this.#sends ??= setImmediate(() => this.#send());
  }

  #send(): void {
    this.#sends = undefined;
    if (this.#closed || this.res.destroyed) return;
    try {
      const text = this.form.tell(this.#said.splice(0));
      if (text === '') return;
      this.#rests = this.#rest(this.res.write(text));
      this.#rests.catch(() => {}); // whoever says more is told
    } catch (error) {
      this.#failure = { error };
    }
  }

  async #rest(hasRoom: boolean): Promise<void> {
    try {
      await Promise.all([nextBeat(Outlet.#streams), hasRoom ? undefined : this.#drain()]);
    } finally {
      this.#rests = undefined;
      if (this.#said.length > 0) this.#sendSoon();
    }
  }

  #pinged(): void {
    if (this.#rests || this.#said.length > 0 || performance.now() - this.#last < pingMs) return;
    this.open();
    this.#last = performance.now();
    if (this.form.ping !== '') this.res.write(this.form.ping);
  }

  #drain(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.res.off('drain', drained);
        this.res.off('close', closed);
      };
      const drained = (): void => {
        settle();
        resolve();
      };
      const closed = (): void => {
        settle();
        reject(new Gone());
      };
      const timer = setTimeout(() => this.res.destroy(), this.stallMs); // nobody reads
      this.res.once('drain', drained);
      this.res.once('close', closed);
    });
  }
}
