// The one request that every API's requests are mapped to, and what becomes of it.
import { randomBytes } from 'node:crypto';

import type { BoundOptions, Chunk, GenerateOptions, Generation, MessageInput, Model, Prompt, Result, TokenLogprob, ToolChoice } from '../index';
import type { Call } from './call';
import type { TokenBytes } from './file';
import type { Lease, Served } from './models';
import { templateFor } from './templates';

/** What is gone on from. */
export type Input =
  | { readonly messages: readonly MessageInput[] }
  /** Control tokens written in it are control tokens. */
  | { readonly text: string }
  | { readonly ids: readonly number[] | Uint32Array }
  | { readonly prefix: string; readonly suffix: string };

/** A request, whoever asked it in whatever words. */
export interface Ask {
  readonly model: string | null | undefined;
  readonly inputs: readonly Input[];
  /** Answers to each. Default 1. */
  readonly n?: number;
  /** `maxTokens: 0`: prompts are computed, and nothing is said. */
  readonly options: GenerateOptions & BoundOptions;
  /** Seconds that the model is kept behind it. */
  readonly keepAlive?: number | undefined;
  /** Whether the ids of prompts are wanted. */
  readonly wantsPromptIds?: boolean;
  /** Ids that stand before the prompt. */
  readonly before?: readonly number[];
}

/** A token's log-probability. */
export interface Logprob {
  readonly id: number;
  readonly token: string;
  readonly bytes: readonly number[];
  readonly logprob: number;
  readonly top: readonly Omit<Logprob, 'top'>[];
}

/** A call that the model made. */
export interface Called {
  readonly id: string;
  readonly name: string;
  /** JSON text; of a call that was cut off its beginning. */
  readonly arguments: string;
}

/** One answer. */
export interface Choice {
  readonly index: number;
  readonly input: number;
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly Called[];
  readonly finish: 'stop' | 'length' | 'calls';
  readonly stopString: string | undefined;
  readonly logprobs: readonly Logprob[] | undefined;
  readonly ids: readonly number[];
  readonly promptIds: Uint32Array | undefined;
  /** Tokens of the reasoning; they are part of `usage.completion`. */
  readonly reasoningTokens: number;
  readonly usage: Result<unknown>['usage'];
  readonly timing: Result<unknown>['timing'];
  readonly seed: number;
  readonly problems: number;
}

/** What is heard while an answer is made. `index` counts the calls of an answer. */
export type Heard = { readonly choice: number } & (
  | { readonly type: 'begin' }
  | { readonly type: 'text'; readonly text: string; readonly ids: readonly number[]; readonly logprobs: readonly Logprob[] | undefined }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'callStart'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: 'callArguments'; readonly index: number; readonly text: string }
  | { readonly type: 'callEnd'; readonly index: number }
  | { readonly type: 'end'; readonly of: Choice; readonly logprobs: readonly Logprob[] | undefined }
);

/** All answers of a request. */
export interface Answer {
  readonly model: Served;
  readonly choices: readonly Choice[];
  readonly usage: { readonly prompt: number; readonly cached: number; readonly completion: number; readonly reasoning: number };
  readonly timing: { readonly loadMs: number; readonly queuedMs: number; readonly allMs: number };
  readonly slot: number;
}

/** Hears what comes; nothing more does until what it gives is done, or the answer is. */
export type Hear = (heard: Heard) => Promise<void> | undefined;

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** Letters and digits that are in no other id. */
export const newId = (length = 24): string => Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join('');

const callIdLength = 9; // which some templates insist on

/** Where a template knows no developers, they are the system. */
function spokenTo({ info }: Model, messages: readonly MessageInput[], given: string | undefined): readonly MessageInput[] {
  const knows = (given === undefined ? Object.values(info.chatTemplates) : [given]).some((template) => template.includes('developer'));
  return knows ? messages : messages.map((message) => (message.role === 'developer' ? { ...message, role: 'system' } : message));
}

const longText = 20_000; // letters: a thread of its own is worth while
const begins = new WeakMap<Model, Promise<Uint32Array>>();

/** What stands before a text. */
function beginOf(model: Model): Promise<Uint32Array> {
  const known = begins.get(model) ?? model.promptIds('');
  begins.set(model, known);
  known.catch(() => begins.delete(model));
  return known;
}

/** What the engine goes on from. */
async function promptOf(model: Model, input: Exclude<Input, { prefix: string }>, { template, signal }: GenerateOptions): Promise<Prompt> {
  if ('messages' in input) return spokenTo(model, input.messages, template);
  if ('ids' in input) return Uint32Array.from(input.ids);
  const begin = await beginOf(model);
  const { text } = input;
  const ids = text.length < longText ? model.tokenize(text, { special: true }) : await model.tokenizeAsync(text, { special: true, ...(signal && { signal }) });
  return Uint32Array.from([...begin, ...ids]);
}

/** Whether an abort is why it failed. */
const reasonOf = (signal: AbortSignal, error: unknown): unknown => (signal.aborted ? signal.reason : error);

/** Answers a request: it waits for its turn, and the model is loaded where it is not. */
export async function answer(call: Call, ask: Ask, hear?: Hear): Promise<Answer> {
  const { models, metrics } = call.state;
  const from = performance.now();
  const served = models.find(ask.model);
  call.noted.model = served.name;
  const { n = 1 } = ask;
  const place = await served.queue.enter(call.owner, ask.inputs.length * n, call.signal);
  let lease: Lease | undefined;
  const failed = new AbortController();
  try {
    lease = await models.lease(served, call.signal, ask.keepAlive);
    const bytes = ask.options.logprobs === undefined ? undefined : await served.tokenBytes;
    const signal = AbortSignal.any([call.signal, failed.signal]);
    const asking = new Asking(lease.model, settled(call, ask, served, lease.model), signal, bytes, hear, from, (tokens) => metrics.said(tokens));
    const width = Math.max(1, Math.floor(place.slots.length / n));
    const choices: Choice[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < ask.inputs.length) choices.push(...(await asking.input(next++)));
    };
    await Promise.all(Array.from({ length: Math.min(width, ask.inputs.length) }, lane));
    choices.sort((a, b) => a.index - b.index);
    const answered = gathered(served, choices, { loadMs: lease.loadMs, queuedMs: place.waitedMs, allMs: performance.now() - from }, place.slots[0] ?? 0);
    count(call, answered, place.waitedMs, asking.firstMs);
    return answered;
  } catch (error) {
    failed.abort(error);
    throw reasonOf(call.signal, error);
  } finally {
    lease?.release();
    place.release();
  }
}

/** Counts an answer, and tells the log of it. */
function count({ noted, state }: Call, { choices, usage: all, timing: { allMs } }: Answer, waitedMs: number, firstMs: number): void {
  for (const { usage, timing, finish } of choices)
    state.metrics.generated({
      promptTokens: usage.prompt,
      cachedTokens: usage.cached,
      completionTokens: usage.completion,
      prefillMs: timing.prefillMs,
      decodeMs: timing.decodeMs,
      queuedMs: waitedMs + timing.queuedMs,
      firstMs,
      allMs,
      finish,
    });
  noted.promptTokens = all.prompt;
  noted.completionTokens = all.completion;
  const problems = choices.reduce((sum, each) => sum + each.problems, 0);
  if (problems > 0) noted.problems = problems;
}

/** What the server is set up to add to a request about conversations: their template, and whether a tool is called where it does not say. */
function settled(call: Call, ask: Ask, { template }: Served, model: Model): Ask {
  if (!ask.inputs.every((input) => 'messages' in input)) return ask;
  const { tools, toolChoice = usualChoice(call, ask) } = ask.options;
  return { ...ask, options: { ...ask.options, ...templateFor(model, template, tools), ...(tools && { toolChoice }) } };
}

/** Where tools have answered, the model may go on as it likes. */
function usualChoice({ state: { settings } }: Call, { inputs }: Ask): ToolChoice {
  const answered = inputs.some((input) => 'messages' in input && input.messages.at(-1)?.role === 'tool');
  return answered ? 'auto' : settings.toolChoice;
}

/** Tokens of the prompts of a request, each counted as it will be. */
export async function promptTokens(call: Call, ask: Ask): Promise<number> {
  const served = call.state.models.find(ask.model);
  call.noted.model = served.name;
  return using(call, served, async (model) => {
    const { inputs, options } = settled(call, ask, served, model);
    const counts = await Promise.all(inputs.map(async (input) => (await idsOf(model, input, options, call.signal)).length));
    return counts.reduce((sum, count) => sum + count, 0);
  });
}

/** Does something quick with a model: it is loaded where it is not, and few do so at a time. */
export async function using<T>(call: Call, served: Served, work: (model: Model) => Promise<T>): Promise<T> {
  const place = await served.quick.enter(call.owner, 1, call.signal);
  try {
    const { model, release } = await call.state.models.lease(served, call.signal);
    try {
      return await work(model);
    } finally {
      release();
    }
  } finally {
    place.release();
  }
}

async function idsOf(model: Model, input: Input, { maxTokens: _, ...options }: GenerateOptions, signal: AbortSignal): Promise<Uint32Array> {
  if ('prefix' in input) return new Uint32Array();
  const prompt = await promptOf(model, input, { ...options, signal });
  return 'messages' in input ? model.promptIds(prompt, { ...options, signal }) : (prompt as Uint32Array);
}

function gathered(model: Served, choices: readonly Choice[], timing: Answer['timing'], slot: number): Answer {
  const firsts = new Map(choices.map((choice) => [choice.input, choice] as const).reverse());
  const sum = (of: Iterable<Choice>, count: (choice: Choice) => number): number => [...of].reduce((all, choice) => all + count(choice), 0);
  return {
    model,
    choices,
    timing,
    slot,
    usage: {
      prompt: sum(firsts.values(), ({ usage }) => usage.prompt),
      cached: sum(firsts.values(), ({ usage }) => usage.cached),
      completion: sum(choices, ({ usage }) => usage.completion),
      reasoning: sum(choices, ({ reasoningTokens }) => reasoningTokens),
    },
  };
}

/** One request at one model. */
class Asking {
  firstMs = 0;

  constructor(
    private readonly model: Model,
    private readonly ask: Ask,
    private readonly signal: AbortSignal,
    private readonly bytes: TokenBytes | undefined,
    private readonly hear: Hear | undefined,
    private readonly from: number,
    private readonly said: (tokens: number) => void,
  ) {}

  /** The answers to one of the inputs. */
  async input(number: number): Promise<Choice[]> {
    const { n = 1, wantsPromptIds = false } = this.ask;
    const input = this.ask.inputs[number] as Input;
    const { before } = this.ask;
    const own = wantsPromptIds || before ? await idsOf(this.model, input, this.ask.options, this.signal) : undefined;
    const promptIds = own && Uint32Array.from([...(before ?? []), ...own]);
    const generations = await this.#generate(before && promptIds ? { ids: promptIds } : input, number * n);
    return Promise.all(generations.map(({ of }, i) => this.#follow(of, number * n + i, number, promptIds)));
  }

  async #generate(input: Input, first: number): Promise<{ of: Generation<unknown> }[]> {
    const { n = 1, options } = this.ask;
    const begin = (): void => {
      this.#first();
      void this.hear?.({ choice: first, type: 'begin' });
    };
    const all = {
      ...options,
      maxTokens: options.maxTokens === 0 ? 1 : options.maxTokens,
      signal: this.signal,
      ...(this.hear && { onPromptProgress: begin }),
    } as GenerateOptions & BoundOptions;
    if (all.maxTokens === undefined) delete all.maxTokens;
    const { model } = this;
    if ('prefix' in input) return [{ of: model.infill(input.prefix, input.suffix, all) as Generation<unknown> }];
    const prompt = await promptOf(model, input, all);
    const found: unknown = n > 1 ? model.generate(prompt, { ...all, n }) : [model.generate(prompt, all)];
    return (found as Generation<unknown>[]).map((of) => ({ of }));
  }

  #first(): void {
    if (this.firstMs === 0) this.firstMs = performance.now() - this.from;
  }

  async #follow(generation: Generation<unknown>, index: number, input: number, promptIds: Uint32Array | undefined): Promise<Choice> {
    const calls = new Calls();
    const silent = this.ask.options.maxTokens === 0;
    let [told, thought, come] = [0, 0, 0]; // log-probabilities, tokens of reasoning, tokens
    const ended = generation.then(
      () => {},
      () => {},
    );
    for await (const chunk of generation) {
      this.#first();
      told += chunk.logprobs?.length ?? 0;
      come += chunk.ids.length;
      this.said(silent ? 0 : chunk.ids.length);
      if (chunk.type === 'reasoning') thought += chunk.ids.length;
      const heard = silent || !this.hear ? undefined : this.#heard(chunk, index, calls);
      const waits = heard && this.hear?.(heard);
      if (waits) await Promise.race([waits, ended]); // the end waits for nothing
    }
    const of = { ...this.#choice(await generation, index, input, calls, silent, promptIds), reasoningTokens: thought };
    this.said(silent ? 0 : of.usage.completion - come);
    void this.hear?.({ choice: index, type: 'end', of, logprobs: of.logprobs?.slice(told) });
    return of;
  }

  #heard(chunk: Chunk, choice: number, calls: Calls): Heard | undefined {
    switch (chunk.type) {
      case 'text':
        return { choice, type: 'text', text: chunk.text, ids: chunk.ids, logprobs: chunk.logprobs?.map((each) => this.#logprob(each)) };
      case 'reasoning':
        return { choice, type: 'reasoning', text: chunk.reasoning };
      case 'callStart':
        return { choice, type: 'callStart', index: chunk.index, id: calls.id(chunk.index), name: chunk.name };
      case 'callArguments':
        return { choice, type: 'callArguments', index: chunk.index, text: chunk.arguments };
      case 'callEnd':
        return { choice, type: 'callEnd', index: chunk.index };
      default:
        return undefined;
    }
  }

  #logprob({ id, text, logprob, top }: TokenLogprob): Logprob {
    const one = (of: { readonly id: number; readonly text: string; readonly logprob: number }): Omit<Logprob, 'top'> => ({
      id: of.id,
      token: of.text,
      bytes: this.bytes?.of(of.id, of.text) ?? [...Buffer.from(of.text)],
      logprob: of.logprob,
    });
    return { ...one({ id, text, logprob }), top: top.map(one) };
  }

  #choice(
    result: Result<unknown>,
    index: number,
    input: number,
    calls: Calls,
    silent: boolean,
    promptIds: Uint32Array | undefined,
  ): Omit<Choice, 'reasoningTokens'> {
    const { usage } = result;
    return {
      index,
      input,
      text: silent ? '' : result.text,
      reasoning: silent ? '' : (result.reasoning ?? ''),
      calls: (result.toolCalls ?? []).map((made, i) => ({
        id: calls.id(i),
        name: made.name,
        arguments: made.incomplete ? made.argumentsText : JSON.stringify(made.arguments),
      })),
      finish: result.finish === 'calls' || result.finish === 'stop' ? result.finish : 'length',
      stopString: result.stopString,
      logprobs: silent ? undefined : result.logprobs?.map((each) => this.#logprob(each)),
      ids: silent ? [] : result.ids,
      promptIds,
      usage: silent ? { ...usage, completion: 0 } : usage,
      timing: result.timing,
      seed: result.seed,
      problems: result.problems?.length ?? 0,
    };
  }
}

/** The ids of an answer's calls. */
class Calls {
  readonly #ids: string[] = [];

  id(index: number): string {
    return (this.#ids[index] ??= newId(callIdLength));
  }
}
