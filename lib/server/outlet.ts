// Writing a stream: no faster than it is read, with a word now and then while there is nothing to say.
import type { ServerResponse } from 'node:http';

import { Gone } from './failure';

const pingMs = 10_000;

/** A streamed answer. */
export class Outlet {
  #opened = false;
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
    if (this.res.write(text)) return undefined;
    this.#drained ??= this.#drain().finally(() => (this.#drained = undefined));
    return this.#drained;
  }

  end(text: string): void {
    this.close();
    this.open();
    this.res.end(text);
  }

  close(): void {
    clearInterval(this.#pings);
  }

  #pinged(): void {
    if (this.#drained || performance.now() - this.#last < pingMs) return;
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
