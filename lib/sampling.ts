// The options of a generation, and what they are to the addon.
import { randomInt } from 'node:crypto';

import { adapterChoices, wishesOf, type AdapterChoice } from './adapters';
import * as check from './check';
import { LlamaError } from './errors';
import { boundChecks, type BoundOptions } from './grammar';
import { defaultSamplers, samplers, type SamplerName, type SamplerOptions, type SamplerParameter } from './generated/samplers';
import type { NativeRequest } from './native';
import { reasoningCheck, toolChecks, type ReasoningOptions, type ToolOptions } from './tools';

/** Added to the logits of all tokens that a text is made of. */
export interface TextBias {
  /** Its tokens are those that `tokenize(text)` gives: `" cat"` and `"cat"` are others. */
  readonly text: string;
  /** -Infinity bans them. */
  readonly bias: number;
  /** For the first so many tokens of the answer. Default: all. */
  readonly tokens?: number;
}

export interface GenerateOptions extends SamplerOptions, ToolOptions {
  /** How much the model reasons, in a conversation. */
  reasoning?: ReasoningOptions;
  /** Of a conversation: a Jinja template in place of the model file's, or the name of one of the file's or of `templateNames`. */
  template?: string;
  /** Of a conversation: variables of the template, such as `enable_thinking`. */
  variables?: Readonly<Record<string, unknown>>;
  /** Which of the model's adapters and control vectors, and how much of each; `[]`: none. Default: those of `loadModel`, by their scales. */
  adapters?: readonly AdapterChoice[];
  /** Stop after this many tokens. Default: up to the end of the context. */
  maxTokens?: number;
  /** Stop where one of these appears; it is not part of the text. */
  stop?: readonly string[];
  /** The same seed gives the same text, alone or beside others. Default: a random one, told in the result. */
  seed?: number;
  /** Report log-probabilities: 0 of the chosen tokens, n also of the n most probable ones. */
  logprobs?: number;
  /** Which samplers run, in this order. Default: `defaultSamplers`. */
  samplers?: readonly SamplerName[];
  /** Added to the logits of tokens, by id, before the samplers; -Infinity bans one. Rejects with `ARGUMENT` where no token is left. */
  logitBias?: Readonly<Record<number, number>>;
  /** The same by text, and for a while. */
  textBias?: readonly TextBias[];
  /** Strings that the text never has, exactly as they are written: where one comes, it is taken back, and another token is chosen in place of the one it began in. */
  bannedStrings?: readonly string[];
  /**
   * Chooses each token in place of the samplers: given the logits (`info.vocabulary` numbers, bias applied; -Infinity must not be chosen), gives an
   * id. Runs on the event loop, and this generation waits for it, others do not: each token costs a copy of the logits and a turn of the loop. What it
   * throws rejects the generation.
   */
  sample?: (logits: Float32Array) => number | Promise<number>;
  /** Never choose a token that ends the text. Rejects with `ARGUMENT` where no other token is left. */
  ignoreEnd?: boolean;
  /**
   * Of a text that is bound: what must come, such as the keys of a schema, is cut into tokens as the tokenizer cuts it. That is faster, many tokens a
   * step, and what the model has seen most. Default false: any tokens that spell it, those that the model holds most probable.
   */
  canonical?: boolean;
  /** Told how much of the prompt was read, up to 1, step by step: a long prompt takes a while. What it throws rejects the generation. */
  onPromptProgress?: (fraction: number) => void;
  /** Abort the generation: it rejects with the signal's reason. */
  signal?: AbortSignal;
}

const fullString: check.Check<string> = (value, name) => check.string(value, name) || check.refuse(name, 'a string that is not empty', value);

/** Of several answers to one prompt. */
export interface AnswersOptions extends GenerateOptions {
  /** How many, 1 to 1000: each with the seed of the one before and 1. */
  n: number;
}

const names = samplers.map((s) => s.name);

function parameterCheck(p: SamplerParameter): check.Check<never> {
  if (p.type === 'boolean') return check.boolean as check.Check<never>;
  if (p.type === 'texts') return check.listOf(fullString, p.maximum) as check.Check<never>;
  return (p.type === 'integer' ? check.integer : check.number)(p.minimum, p.maximum) as check.Check<never>;
}

const logitBias: check.Check<Readonly<Record<number, number>>> = (value, name) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return check.refuse(name, 'an object from token ids to numbers', value);
  const out: Record<number, number> = {};
  for (const [id, bias] of Object.entries(value as Record<string, unknown>)) {
    out[check.integer(0, 0x7fffffff)(/^\d+$/.test(id) ? Number(id) : id, `${name}: a token id`)] = check.number(-Infinity, 1e30)(bias, `${name}[${id}]`);
  }
  return out;
};

const parameterChecks = Object.fromEntries(
  samplers.flatMap((s) => s.parameters.map((p) => [p.name, parameterCheck(p)])),
) as unknown as check.Checks<SamplerOptions>;

const textBias: check.Check<TextBias> = (value, name) => {
  const { text, bias, tokens } = check.record<TextBias>(value, name, {
    text: fullString,
    bias: check.number(-Infinity, 1e30),
    tokens: check.integer(1, Number.MAX_SAFE_INTEGER),
  });
  if (text === undefined || bias === undefined) return check.refuse(name, 'an object with text and bias', value);
  return { text, bias, ...(tokens !== undefined && { tokens }) };
};

/**
 * What a generation takes, and what its text is bound to.
 * @internal
 */
export type AllOptions = GenerateOptions & BoundOptions;

/** @internal */
export const generateChecks: check.Checks<AllOptions> = {
  ...boundChecks,
  adapters: adapterChoices,
  maxTokens: check.integer(1, Number.MAX_SAFE_INTEGER),
  stop: check.listOf(fullString, 1000),
  seed: check.integer(0, Number.MAX_SAFE_INTEGER),
  logprobs: check.integer(0, 100),
  samplers: check.listOf(check.oneOf(names), 100),
  logitBias,
  textBias: check.listOf(textBias, 10_000),
  bannedStrings: check.listOf(fullString, 10_000),
  sample: check.callback(),
  ignoreEnd: check.boolean,
  canonical: check.boolean,
  onPromptProgress: check.callback(),
  signal: check.signal,
  ...toolChecks,
  reasoning: reasoningCheck,
  template: check.string,
  variables: check.variables,
  ...parameterChecks,
};

/** @internal */
export const answersChecks: check.Checks<AllOptions & Partial<AnswersOptions>> = { ...generateChecks, n: check.integer(1, 1000) };

/**
 * The seeds of n answers.
 * @internal
 */
export function seedsOf({ seed = randomInt(2 ** 32) }: GenerateOptions, n: number): number[] {
  return Array.from({ length: n }, (_, i) => (seed + i) % Number.MAX_SAFE_INTEGER);
}

// A parameter whose sampler does not run would be ignored without a word.
function refuseIdle(options: GenerateOptions): void {
  if (options.sample !== undefined) {
    const idle = [...samplers.flatMap((s) => s.parameters.map((p) => p.name)), 'samplers' as const, 'logprobs' as const].find((n) => options[n] !== undefined);
    if (idle) throw new LlamaError('ARGUMENT', `${idle}: has no effect beside sample, which chooses by itself: leave one of the two out`);
    return;
  }
  const running = options.samplers ?? defaultSamplers;
  for (const s of samplers) {
    if (running.includes(s.name)) continue;
    const idle = s.parameters.find((p) => options[p.name] !== undefined);
    if (idle) throw new LlamaError('ARGUMENT', `${idle.name}: has no effect, as samplers does not list '${s.name}': add it or leave ${idle.name} out`);
  }
}

/**
 * Checked options of a call that generates. Throws a LlamaError that names what is wrong.
 * @internal
 */
export function checkGenerate<T extends GenerateOptions>(options: unknown, where: string, checks: check.Checks<T>): T {
  const checked = check.options<T>(options, where, checks);
  refuseIdle(checked);
  return checked;
}

function settings(options: GenerateOptions): NativeRequest['settings'] {
  return samplers
    .flatMap((s) => s.parameters)
    .flatMap(({ name }) => {
      const value = options[name];
      if (value === undefined) return [];
      return [typeof value === 'object' ? ([name, 0, value] as const) : ([name, Number(value), []] as const)];
    });
}

/**
 * Of a call's options that about adapters, where it says something of them.
 * @internal
 */
export const adaptersOf = ({ adapters }: Pick<GenerateOptions, 'adapters'>): Pick<GenerateOptions, 'adapters'> => (adapters ? { adapters } : {});

/**
 * The addon's request without its prompt.
 * @internal
 */
export function requestOf(options: GenerateOptions): Omit<NativeRequest, 'ids' | 'segments' | 'begin'> {
  return {
    adapters: wishesOf(options.adapters),
    maxTokens: options.maxTokens ?? -1,
    stop: options.stop ?? [],
    ignoreEnd: options.ignoreEnd ?? false,
    canonical: options.canonical ?? false,
    spellControls: false,
    banned: options.bannedStrings ?? [],
    textBias: (options.textBias ?? []).map(({ text, bias, tokens = -1 }) => [text, bias, tokens] as const),
    asks: options.sample !== undefined,
    tellsReading: options.onPromptProgress !== undefined,
    logprobs: options.logprobs ?? -1,
    kind: 'generate',
    seed: options.seed ?? randomInt(2 ** 32),
    samplers: options.samplers ?? [],
    settings: settings(options),
    bias: Object.entries(options.logitBias ?? {}).map(([id, bias]) => [Number(id), bias] as const),
  };
}
