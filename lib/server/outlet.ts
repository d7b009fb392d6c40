// Writing a stream: no faster than it is read, with a word now and then while there is nothing to say.
import type { ServerResponse } from 'node:http';

import { Gone } from './failure';

const pingMs = 10_000;

// A write costs the thread and the reader tens of microseconds, whatever it holds. All streams together write no more often than this, so that what
// many of them cost does not grow with them; what one by itself says waits for two milliseconds at most.
const msAStream = 2;
const mostHeldMs = 100;

/** A streamed answer. */
export class Outlet {
  static #streams = 0; // of the process: its thread is one
  #opened = false;
  #closed = false;
  #held = '';
  #holds: NodeJS.Timeout | undefined;
  #written = -Infinity;
  #last = performance.now();
  #drained: Promise<void> | undefined;
  readonly #pings: NodeJS.Timeout;

  constructor(
    private readonly res: ServerResponse,
    private readonly type: string,
    private readonly ping: string,
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
    this.res.writeHead(200, { 'content-type': this.type, 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
    this.res.flushHeaders();
  }

  /** What it gives is to be awaited before more is written. */
  write(text: string): Promise<void> | undefined {
    if (text === '') return undefined;
    this.open();
    this.#last = performance.now();
    if (this.res.destroyed) return Promise.reject(new Gone());
    this.#held += text;
    if (this.#holds === undefined) {
      const wait = this.#written + Math.min(mostHeldMs, msAStream * Outlet.#streams) - this.#last;
      if (wait < 1) this.#send();
      else this.#holds = setTimeout(() => this.#send(), wait);
    }
    return this.#drained;
  }

  end(text: string): void {
    this.open();
    this.res.end(this.#held + text);
    this.close();
  }

  /** Ends what is held, without a word. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#held = '';
    Outlet.#streams--;
    clearInterval(this.#pings);
    clearTimeout(this.#holds);
  }

  #send(): void {
    this.#holds = undefined;
    if (this.res.destroyed) return;
    this.#written = performance.now();
    const text = this.#held;
    this.#held = '';
    if (this.res.write(text) || this.#drained) return;
    this.#drained = this.#drain().finally(() => (this.#drained = undefined));
    this.#drained.catch(() => {}); // whoever writes next is told
  }

  #pinged(): void {
    if (this.#drained || this.#holds !== undefined || performance.now() - this.#last < pingMs) return;
    this.open();
    this.#last = performance.now();
    if (this.ping !== '') this.res.write(this.ping);
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
