// The options of a generation, and what they are to the addon.
import { randomInt } from 'node:crypto';

import * as check from './check';
import { LlamaError } from './errors';
import { defaultSamplers, samplers, type SamplerName, type SamplerOptions, type SamplerParameter } from './generated/samplers';
import type { NativeRequest } from './native';

export interface GenerateOptions extends SamplerOptions {
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
  /** Never choose a token that ends the text. Rejects with `ARGUMENT` where no other token is left. */
  ignoreEnd?: boolean;
  /** Told how much of the prompt was read, up to 1, step by step: a long prompt takes a while. What it throws rejects the generation. */
  onPromptProgress?: (fraction: number) => void;
  /** Abort the generation: it rejects with the signal's reason. */
  signal?: AbortSignal;
}

const fullString: check.Check<string> = (value, name) => check.string(value, name) || check.refuse(name, 'a string that is not empty', value);

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

/** @internal */
export const generateChecks: check.Checks<GenerateOptions> = {
  maxTokens: check.integer(1, Number.MAX_SAFE_INTEGER),
  stop: check.listOf(fullString, 1000),
  seed: check.integer(0, Number.MAX_SAFE_INTEGER),
  logprobs: check.integer(0, 100),
  samplers: check.listOf(check.oneOf(names), 100),
  logitBias,
  ignoreEnd: check.boolean,
  onPromptProgress: check.callback(),
  signal: check.signal,
  ...parameterChecks,
};

// A parameter whose sampler does not run would be ignored without a word.
function refuseIdle(options: GenerateOptions): void {
  const running = options.samplers ?? defaultSamplers;
  for (const s of samplers) {
    if (running.includes(s.name)) continue;
    const idle = s.parameters.find((p) => options[p.name] !== undefined);
    if (idle) throw new LlamaError('ARGUMENT', `${idle.name}: has no effect, as samplers does not list '${s.name}': add it or leave ${idle.name} out`);
  }
}

const later = { schema: 'this version does not enforce schemas: leave it out and parse the text yourself' };

/**
 * Checked options of a call that generates. Throws a LlamaError that names what is wrong.
 * @internal
 */
export function checkGenerate<T extends GenerateOptions>(options: unknown, where: string, checks: check.Checks<T>): T {
  const checked = check.options<T>(options, where, checks, later);
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
 * The addon's request without its prompt.
 * @internal
 */
export function requestOf(options: GenerateOptions): Omit<NativeRequest, 'ids' | 'segments' | 'begin'> {
  return {
    maxTokens: options.maxTokens ?? -1,
    stop: options.stop ?? [],
    ignoreEnd: options.ignoreEnd ?? false,
    tellsReading: options.onPromptProgress !== undefined,
    logprobs: options.logprobs ?? -1,
    kind: 'generate',
    seed: options.seed ?? randomInt(2 ** 32),
    samplers: options.samplers ?? [],
    settings: settings(options),
    bias: Object.entries(options.logitBias ?? {}).map(([id, bias]) => [Number(id), bias] as const),
  };
}
