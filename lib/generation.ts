import './dispose';
import { onAbort } from './abort';
import type { Origin } from './errors';
import type { NativeReport } from './native';
import type { ParseProblem, ToolCall } from './parse';
import type { Message } from './template';
import { unseen } from './unseen';

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

/** What every part of a generation has. */
export interface ChunkBase {
  /** Of the answer's text: whole characters. Of what is no text nothing, so that `text` alone can be shown of all parts. */
  readonly text: string;
  /** The tokens that end here. Tokens that end inside a character, or have no text, come with the next chunk; the last such are in the result alone. */
  readonly ids: readonly number[];
  readonly logprobs?: readonly TokenLogprob[];
}

/** A part of a generation, in the order in which they come. Of a text that is continued all are `text`. `index` counts the calls of an answer. */
export type Chunk = ChunkBase &
  (
    | { readonly type: 'text' }
    | { readonly type: 'reasoning'; readonly reasoning: string }
    | { readonly type: 'callStart'; readonly index: number; readonly name: string; readonly id?: string }
    /** JSON text; all pieces of a call together are its arguments. */
    | { readonly type: 'callArguments'; readonly index: number; readonly arguments: string }
    | { readonly type: 'callEnd'; readonly index: number; readonly call: ToolCall }
    /** What a tool gave, as the model is told. */
    | { readonly type: 'toolResult'; readonly call: ToolCall; readonly content: string; readonly failed: boolean }
    | { readonly type: 'problem'; readonly message: string; readonly raw: string }
  );

type WithoutBase<T> = T extends unknown ? Omit<T, keyof ChunkBase> & { readonly text?: string } : never;

/**
 * A part as it is made, its tokens unknown yet.
 * @internal
 */
export type Part = WithoutBase<Chunk>;

/** What an answer holds beside its text. */
export interface Said {
  /** What the model thought. */
  readonly reasoning?: string;
  /** The calls that it made, those that were run included. */
  readonly toolCalls?: readonly ToolCall[];
  /** What was not as it must be. */
  readonly problems?: readonly ParseProblem[];
  /** What the conversation is longer by: the answer, and where tools were run, their results and the answers to those. */
  readonly messages?: readonly Message[];
}

/** What a generation gave: plain data, which JSON and `structuredClone` keep as it is. */
export interface Result<T> extends Said {
  /** The text; of one that is bound to a schema what it says, parsed; of one that was cut off `undefined`. */
  readonly value: T;
  readonly text: string;
  readonly ids: readonly number[];
  /**
   * `stop`: the model ended its text or a stop string came; `length`: maxTokens was reached; `context`: the context was full first; `calls`: the
   * model waits for the results of calls that were not run.
   */
  readonly finish: 'stop' | 'length' | 'context' | 'calls';
  /** Of a text that is bound: whether it is whole. False where `maxTokens`, the context or a stop string came before its end. */
  readonly complete?: boolean;
  /** True where the end came inside a character: the last tokens begin one that the text leaves out. */
  readonly cutCharacter: boolean;
  /** Of a chat with `contextFull: 'dropOldest'`: how many messages the prompt left out. */
  readonly dropped?: number;
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

/**
 * What the starter of a generation gets to say how it goes.
 * @internal
 */
export interface Course {
  readonly running: boolean;
  /** Aborted when it ends before its time. */
  readonly signal: AbortSignal;
  dropped(messages: number): void;
  /** `parts`: what the text of the report was read as. */
  report(report: NativeReport, parts?: readonly Part[]): void;
  /** The last report, of an answer that was read as parts. */
  end(report: NativeReport, finish: Result<string>['finish'], said: Said): void;
  /** What the conversation is longer by up to now. */
  added(messages: readonly Message[]): void;
  fail(error: unknown): void;
}

/**
 * Starts the work, or prepares to; gives the function that stops it.
 * @internal
 */
export type Begin = (course: Course) => (() => void) | Promise<() => void>;

/**
 * Told at the end: the text that was shown behind the messages that were added (of a generation that is iterated, as far as it was taken; else all that
 * came), whether it is complete, and those messages.
 * @internal
 */
export type Ended = (shown: string, complete: boolean, added: readonly Message[]) => void;

const abortError = (): DOMException => new DOMException('The generation was aborted', 'AbortError');

/**
 * What a text is bound to, which knows what it says.
 * @internal
 */
export type Bound = Promise<{ value(text: string, complete: boolean): Promise<unknown> }>;

/**
 * Collects the reports of one request; the promise settles with the last.
 * @internal
 */
export class Run implements Generation<unknown>, Course {
  readonly [Symbol.toStringTag] = 'Generation';
  readonly #promise: Promise<Result<unknown>>;
  #resolve!: (result: Result<unknown> | Promise<Result<unknown>>) => void;
  #reject!: (error: unknown) => void;
  readonly #origin: Origin;
  readonly #seed: number;
  readonly #onPromptProgress: ((fraction: number) => void) | undefined;
  readonly #bound: Bound | undefined;
  #promptRead = 0;
  readonly #chunks: Chunk[] = [];
  readonly #all = new Tokens();
  #held = new Tokens(); // whose text is still to come
  #state: 'running' | 'done' | 'failed' = 'running';
  #error: unknown;
  #dropped: number | undefined;
  #added: readonly Message[] = [];
  #addedAt = 0; // chunks
  #looked = false;
  #look: () => void = () => {};
  #iterated = false;
  #taken = 0; // chunks, by the iterator that is furthest
  #wake: (() => void)[] = [];
  #stop: () => void = () => {};
  #unlisten: () => void = () => {};
  #ended: Ended = () => {};
  readonly #early = new AbortController();

  constructor(origin: Origin, seed: number, onPromptProgress?: (fraction: number) => void, bound?: Bound) {
    this.#origin = origin;
    this.#seed = seed;
    this.#onPromptProgress = onPromptProgress;
    this.#bound = bound;
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#promise.catch(() => {}); // whoever awaits it, however late, gets the error; see unseen.ts
  }

  get running(): boolean {
    return this.#state === 'running';
  }

  get signal(): AbortSignal {
    return this.#early.signal;
  }

  start(begin: Begin, signal?: AbortSignal): this {
    if (signal?.aborted) {
      this.#looked = true; // an abort is no news to who asked for it
      this.fail(signal.reason);
      return this;
    }
    this.#unlisten = onAbort(signal, () => this.abort(signal?.reason));
    try {
      const begun = begin(this);
      if (typeof begun === 'function') this.#stop = begun;
      else
        begun.then(
          (stop) => (this.running ? (this.#stop = stop) : stop()),
          (error: unknown) => this.fail(error),
        );
    } catch (error) {
      this.fail(error);
    }
    return this;
  }

  onEnd(ended: Ended): void {
    this.#ended = ended;
    if (!this.running) this.#end();
  }

  dropped(messages: number): void {
    this.#dropped = messages;
  }

  added(messages: readonly Message[]): void {
    this.#added = [...this.#added, ...messages];
    this.#addedAt = this.#chunks.length;
  }

  report(report: NativeReport, parts?: readonly Part[]): void {
    if (!this.running) return;
    if (report.finish === 'failed' || report.finish === 'aborted') return this.fail(report.error ?? abortError());
    const read = report.promptRead ?? 0;
    if (read > this.#promptRead) this.#onPromptProgress?.((this.#promptRead = read));
    for (const tokens of [this.#all, this.#held]) tokens.add(report);
    const shown: readonly Part[] = parts ?? (report.text === '' ? [] : [{ type: 'text', text: report.text }]);
    for (const part of shown) {
      this.#chunks.push({ text: '', ...part, ...this.#held } as Chunk);
      this.#held = new Tokens();
    }
    if (report.finish) this.#finish(report, report.finish);
    this.#awaken();
  }

  end(report: NativeReport, finish: Result<string>['finish'], said: Said): void {
    if (!this.running) return;
    this.#finish(report, finish, said);
    this.#awaken();
  }

  fail(error: unknown): void {
    if (!this.running) return;
    this.#state = 'failed';
    this.#error = this.#origin.mark(error);
    this.#early.abort(this.#error);
    if (!this.#looked) this.#look = unseen(this, this.#error);
    this.#end();
    this.#reject(this.#error);
    this.#awaken();
  }

  abort(reason: unknown = abortError()): void {
    if (!this.running) return;
    this.#looked = true;
    this.#stop();
    this.fail(reason);
  }

  #finish(report: NativeReport, finish: Result<string>['finish'], said: Said = {}): void {
    const result = { ...resultOf(this.#text(0, this.#chunks.length), this.#all, this.#seed, finish, this.#dropped, report), ...said }; // may lack memory: then it is running still, and fails
    this.#state = 'done';
    this.#end();
    this.#resolve(this.#bound ? this.#valued(this.#bound, result, report.complete ?? false) : result);
  }

  async #valued(bound: Bound, result: Result<string>, complete: boolean): Promise<Result<unknown>> {
    try {
      const called = result.finish === 'calls'; // it is no answer yet
      return { ...result, complete, value: called ? undefined : await (await bound).value(result.text, complete) };
    } catch (error) {
      throw this.#origin.mark(error);
    }
  }

  #end(): void {
    this.#unlisten();
    const complete = this.#state === 'done';
    this.#ended(this.#text(this.#addedAt, complete || !this.#iterated ? this.#chunks.length : this.#taken), complete, this.#added);
  }

  #text(from: number, to: number): string {
    return this.#chunks
      .slice(from, to)
      .map((c) => c.text)
      .join('');
  }

  #awaken(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  #seen(): Promise<Result<unknown>> {
    this.#looked = true;
    this.#look();
    return this.#promise;
  }

  then<A = Result<unknown>, B = never>(
    fulfilled?: ((result: Result<unknown>) => A | PromiseLike<A>) | null,
    rejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#seen().then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<Result<unknown> | B> {
    return this.#seen().catch(rejected);
  }

  finally(settled?: (() => void) | null): Promise<Result<unknown>> {
    return this.#seen().finally(settled);
  }

  [Symbol.asyncIterator](): AsyncIterator<Chunk, undefined> {
    void this.#seen(); // the iterator throws the error
    this.#iterated = true;
    let at = 0;
    const next = async (): Promise<IteratorResult<Chunk, undefined>> => {
      for (;;) {
        const chunk = this.#chunks[at];
        if (chunk) {
          this.#taken = Math.max(this.#taken, ++at);
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
    await this.#seen().catch(() => {});
  }
}

/** Tokens of several reports, one after the other. */
class Tokens {
  readonly ids: number[] = [];
  logprobs?: TokenLogprob[];

  add({ ids, logprobs }: NativeReport): void {
    for (const id of ids) this.ids.push(id);
    if (logprobs) (this.logprobs ??= []).push(...logprobs);
  }
}

function resultOf(
  text: string,
  { ids, logprobs }: Tokens,
  seed: number,
  finish: Result<string>['finish'],
  dropped: number | undefined,
  last: NativeReport,
): Result<string> {
  const { queuedMs = 0, prefillMs = 0, decodeMs = 0, completionTokens = ids.length } = last;
  return {
    value: text,
    text,
    ids,
    finish,
    cutCharacter: last.cutCharacter ?? false,
    ...(dropped !== undefined && { dropped }),
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
