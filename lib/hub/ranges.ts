// The bytes of a remote file in their order, brought by several requests at once: each has a segment, and what is ahead of its turn
// waits in memory, a bounded amount of it. So what is on the disk is always a beginning of the file, and is hashed as it comes.
import { onAbort } from '../abort';
import { LlamaError } from '../errors';
import { shown, type Answer, type Client } from './client';
import { refused } from './refused';
import type { RemoteFile } from './repository';
import { Passing, Patience } from './retry';

const segmentBytes = 8 * 2 ** 20;

/** A part of the file, with what has come of it and was not read yet. */
interface Segment {
  readonly start: number;
  end: number;
  got: number;
  readonly pieces: Uint8Array[];
}

/** Wakes who waits. */
class Bell {
  #waiting: (() => void)[] = [];

  ring(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  heard(): Promise<void> {
    return new Promise((wake) => this.#waiting.push(wake));
  }
}

export interface RangeOptions {
  /** The first byte that is wanted. */
  readonly from: number;
  /** Behind the last; the file's end where it is absent. */
  readonly to?: number;
  readonly repo: string | undefined;
  /** Requests at once. */
  readonly connections: number;
  readonly signal: AbortSignal;
}

export class RangeReader {
  readonly #segments: Segment[] = [];
  readonly #workers: Promise<void>[] = [];
  readonly #came = new Bell();
  readonly #room = new Bell();
  readonly #end = new AbortController();
  readonly #to: number;
  #next: number;
  #unread = 0;
  #failure: { readonly error: unknown } | undefined;
  #hasParts: boolean | undefined;
  /** Where the endpoint has sent a request: others go there at once, until it refuses. */
  #direct: URL | undefined;

  constructor(
    private readonly client: Client,
    private readonly file: RemoteFile,
    private readonly options: RangeOptions,
  ) {
    this.#next = options.from;
    this.#to = options.to ?? file.size;
  }

  /** The bytes that are wanted. What came before a failure comes before it. */
  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = this.options;
    const unlisten = onAbort(signal, () => this.#fail(signal.reason));
    try {
      signal.throwIfAborted();
      this.#help();
      for (;;) {
        const [first] = this.#segments;
        const piece = signal.aborted ? undefined : first?.pieces.shift();
        if (piece) {
          this.#unread -= piece.length;
          this.#room.ring();
          yield piece;
        } else if (this.#failure) {
          throw this.#failure.error;
        } else if (first && first.start + first.got === first.end) {
          this.#segments.shift();
          this.#room.ring();
        } else if (!first && this.#next >= this.#to) {
          return;
        } else {
          await this.#came.heard();
        }
      }
    } finally {
      unlisten();
      this.#end.abort();
      this.#room.ring();
      await Promise.all(this.#workers);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#end.abort(error);
    this.#came.ring();
    this.#room.ring();
  }

  /** One request more at a time. */
  #help(): void {
    this.#workers.push(this.#work().catch((error: unknown) => this.#fail(error)));
  }

  async #work(): Promise<void> {
    for (let segment = await this.#claim(); segment; segment = await this.#claim()) await this.#bring(segment);
  }

  async #claim(): Promise<Segment | undefined> {
    while (!this.#end.signal.aborted && this.#segments.length >= 2 * this.options.connections) await this.#room.heard();
    if (this.#end.signal.aborted || this.#next >= this.#to) return undefined;
    const start = this.#next;
    const segment = { start, end: Math.min(start + segmentBytes, this.#to), got: 0, pieces: [] };
    this.#next = segment.end;
    this.#segments.push(segment);
    return segment;
  }

  async #bring(segment: Segment): Promise<void> {
    const patience = new Patience(this.client.settings.retries, this.#end.signal);
    while (segment.start + segment.got < segment.end) {
      try {
        await this.#take(segment, await this.#ask(segment), patience);
      } catch (failure) {
        if (this.#end.signal.aborted) return;
        await patience.after(failure);
      }
    }
  }

  async #ask(segment: Segment): Promise<Answer> {
    const { validator, url } = this.file;
    const headers = { range: `bytes=${segment.start + segment.got}-${segment.end - 1}`, ...(validator !== undefined && { 'if-range': validator }) };
    const direct = this.#direct;
    const answer = await this.client.ask(direct ?? url, { headers, signal: this.#end.signal });
    if (answer.status === 200 || answer.status === 206) {
      if (answer.url.href !== url.href) this.#direct = answer.url;
      return answer;
    }
    answer.leave();
    if (answer.status === 416) throw this.#wrong(`the server has no bytes from ${segment.start + segment.got} on`);
    const { repo } = this.options;
    const error = refused(this.client, answer, { ...(repo !== undefined && { repo }), what: repo === undefined ? shown(url) : `${repo}/${this.file.path}` });
    if (direct === undefined) throw error;
    this.#direct = undefined; // such addresses hold for a while
    throw new Passing(error, 0);
  }

  /** Takes what an answer brings, from where the segment has come to. */
  async #take(segment: Segment, answer: Answer, patience: Patience): Promise<void> {
    const before = segment.got;
    let skip = answer.status === 206 ? this.#checkPart(segment, answer) : this.#checkWhole(segment, answer);
    for await (const piece of answer.body()) {
      const wanted = piece.subarray(Math.min(skip, piece.length));
      skip -= piece.length - wanted.length;
      if (wanted.length === 0) continue;
      if (segment.start + segment.got + wanted.length > segment.end) throw this.#wrong(`the server sends more than the ${this.file.size} bytes that it has`);
      patience.renew();
      segment.got += wanted.length;
      segment.pieces.push(wanted);
      this.#unread += wanted.length;
      this.#came.ring();
      while (this.#unread > 2 * this.options.connections * segmentBytes && !this.#end.signal.aborted) await this.#room.heard();
    }
    const at = segment.start + segment.got;
    if (at < segment.end && answer.status === 200) throw new Passing(this.#wrong(`it ended after ${at} of ${this.file.size} bytes`));
    if (at < segment.end && segment.got === before) throw new Passing(this.#wrong('an answer without a byte'));
  }

  #checkPart(segment: Segment, { headers }: Answer): number {
    const [, from, to, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get('content-range') ?? '')?.map(Number) ?? [];
    if (size !== this.file.size) throw this.#wrong(`expected ${this.file.size} bytes, found ${size === undefined ? 'no length' : size}`);
    if (from !== segment.start + segment.got || to === undefined || to < from || to >= segment.end)
      throw this.#wrong('the server sends another part than was asked for');
    if (this.#hasParts === undefined) for (let more = 1; more < this.options.connections; more++) this.#help();
    this.#hasParts = true;
    return 0;
  }

  /** A server that sends no parts sends all of it, in one answer; what is there already is passed over. */
  #checkWhole(segment: Segment, answer: Answer): number {
    const length = answer.headers.get('content-length');
    const said = length !== null && Number(length) !== this.file.size ? this.#wrong(`expected ${this.file.size} bytes, found ${length}`) : undefined;
    if (said || this.#hasParts === true) {
      answer.leave();
      throw said ?? new Passing(new LlamaError('NETWORK', `${shown(answer.url)}: the server sent parts of the file, and now sends all of it`));
    }
    this.#hasParts = false;
    segment.end = this.#next = this.#to;
    return segment.start + segment.got;
  }

  #wrong(why: string): LlamaError {
    return new LlamaError(
      'CORRUPT',
      `${this.file.path}: ${why}: it may have changed while it was brought, or something on the way to ${this.file.url.host} changes it; try again`,
    );
  }
}
