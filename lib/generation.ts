import './dispose';
import type { Origin } from './errors';
import type { NativeReport } from './native';

/** A token and how probable the model held it, before any sampler. */
export interface TokenLogprob {
  readonly id: number;
  /** As it reads; half of a character reads as U+FFFD. */
  readonly text: string;
  /** Natural logarithm. */
  readonly logprob: number;
  /** The most probable tokens in its place, best first. */
  readonly top: readonly { readonly id: number; readonly text: string; readonly logprob: number }[];
}

/** What a generation gives while it runs. */
export interface Chunk {
  /** Whole characters only. */
  readonly text: string;
  readonly ids: Uint32Array;
  readonly logprobs?: readonly TokenLogprob[];
}

/** What a generation gave. */
export interface Result<T> {
  readonly value: T;
  readonly text: string;
  readonly ids: Uint32Array;
  /** `stop`: the model ended its text or a stop string came; `length`: maxTokens came; `context`: the end of the context came before. */
  readonly finish: 'stop' | 'length' | 'context';
  /** The stop string that came. */
  readonly stopString?: string;
  readonly seed: number;
  /** Tokens. `cached`: those of the prompt that an earlier prompt had computed already. */
  readonly usage: { readonly prompt: number; readonly cached: number; readonly completion: number };
  readonly timing: {
    readonly queuedMs: number;
    readonly prefillMs: number;
    readonly decodeMs: number;
    readonly firstTokenMs: number;
    readonly tokensPerSecond: number;
  };
  readonly logprobs?: readonly TokenLogprob[];
}

/**
 * A running generation. Await it for the result, iterate it for the text as it comes, or both. Being awaitable, it must
 * not be returned bare from an async function, which would await it.
 */
export interface Generation<T> extends Promise<Result<T>>, AsyncIterable<Chunk>, AsyncDisposable {
  /** Stops it: it rejects with the reason. Leaving a `for await` loop early does the same. */
  abort(reason?: unknown): void;
}

/** What the starter of a generation gets to say how it goes. */
export interface Course {
  report(report: NativeReport): void;
  fail(error: unknown): void;
}

const abortError = (): DOMException => new DOMException('The generation was aborted', 'AbortError');

/** Collects the reports of one request; the promise settles with the last. */
export class Run implements Generation<string>, Course {
  readonly [Symbol.toStringTag] = 'Generation';
  readonly #promise: Promise<Result<string>>;
  #resolve!: (result: Result<string>) => void;
  #reject!: (error: unknown) => void;
  readonly #origin: Origin;
  readonly #seed: number;
  readonly #chunks: Chunk[] = [];
  #state: 'running' | 'done' | 'failed' = 'running';
  #error: unknown;
  #wake: (() => void)[] = [];
  #stop: () => void = () => {};
  #unlisten: () => void = () => {};
  #ended: (text: string | undefined) => void = () => {};

  constructor(origin: Origin, seed: number) {
    this.#origin = origin;
    this.#seed = seed;
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** `begin` starts the work and gives the function that stops it. */
  start(begin: (course: Course) => () => void, signal?: AbortSignal): this {
    if (signal?.aborted) {
      this.fail(signal.reason);
      return this;
    }
    try {
      this.#stop = begin(this);
    } catch (error) {
      this.fail(error);
      return this;
    }
    if (signal) {
      const listener = (): void => this.abort(signal.reason);
      signal.addEventListener('abort', listener, { once: true });
      this.#unlisten = () => signal.removeEventListener('abort', listener);
    }
    return this;
  }

  /** Tells the text when all of it is there, undefined where it failed; unlike `then`, without taking the error over. */
  onEnd(ended: (text: string | undefined) => void): void {
    if (this.#state === 'running') this.#ended = ended;
    else ended(this.#state === 'done' ? this.#chunks.map((c) => c.text).join('') : undefined);
  }

  report(report: NativeReport): void {
    if (this.#state !== 'running') return;
    if (report.finish === 'failed' || report.finish === 'aborted') return this.fail(report.error ?? abortError());
    if (report.ids.length > 0 || report.text !== '') {
      this.#chunks.push({ text: report.text, ids: report.ids, ...(report.logprobs && { logprobs: report.logprobs }) });
    }
    if (report.finish) this.#finish(report, report.finish);
    this.#awaken();
  }

  fail(error: unknown): void {
    if (this.#state !== 'running') return;
    this.#state = 'failed';
    this.#error = this.#origin.mark(error);
    this.#unlisten();
    this.#ended(undefined);
    this.#reject(this.#error);
    this.#awaken();
  }

  abort(reason: unknown = abortError()): void {
    if (this.#state !== 'running') return;
    this.#stop();
    this.fail(reason);
  }

  #finish(report: NativeReport, finish: 'stop' | 'length' | 'context'): void {
    const result = resultOf(this.#chunks, this.#seed, finish, report); // may lack memory: then it is running still, and fails
    this.#state = 'done';
    this.#unlisten();
    this.#ended(result.text);
    this.#resolve(result);
  }

  #awaken(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  then<A = Result<string>, B = never>(
    fulfilled?: ((result: Result<string>) => A | PromiseLike<A>) | null,
    rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise.then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<Result<string> | B> {
    return this.#promise.catch(rejected);
  }

  finally(settled?: (() => void) | null): Promise<Result<string>> {
    return this.#promise.finally(settled);
  }

  [Symbol.asyncIterator](): AsyncIterator<Chunk, undefined> {
    this.#promise.catch(() => {}); // the iterator throws it
    let at = 0;
    const next = async (): Promise<IteratorResult<Chunk, undefined>> => {
      for (;;) {
        const chunk = this.#chunks[at];
        if (chunk) {
          at++;
          return { done: false, value: chunk };
        }
        if (this.#state === 'done') return { done: true, value: undefined };
        if (this.#state === 'failed') throw this.#error;
        await new Promise<void>((wake) => this.#wake.push(wake));
      }
    };
    const leave = async (): Promise<IteratorResult<Chunk, undefined>> => {
      this.abort();
      return { done: true, value: undefined };
    };
    return { next, return: leave };
  }

  /** Aborts it if it runs, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    await this.#promise.catch(() => {});
  }
}

function resultOf(chunks: readonly Chunk[], seed: number, finish: 'stop' | 'length' | 'context', last: NativeReport): Result<string> {
  const text = chunks.map((c) => c.text).join('');
  const ids = Uint32Array.from(chunks.flatMap((c) => [...c.ids]));
  const logprobs = chunks.some((c) => c.logprobs) ? chunks.flatMap((c) => c.logprobs ?? []) : undefined;
  const { queuedMs = 0, prefillMs = 0, decodeMs = 0, completionTokens = ids.length } = last;
  return {
    value: text,
    text,
    ids,
    finish,
    ...(last.stopString !== undefined && { stopString: last.stopString }),
    seed,
    usage: { prompt: last.promptTokens ?? 0, cached: last.cachedTokens ?? 0, completion: completionTokens },
    timing: {
      queuedMs,
      prefillMs,
      decodeMs,
      firstTokenMs: queuedMs + prefillMs,
      tokensPerSecond: decodeMs > 0 ? (1000 * Math.max(0, completionTokens - 1)) / decodeMs : 0,
    },
    ...(logprobs && { logprobs }),
  };
}

