// The samplers' parameters on the wire: llama.cpp's names, which all routes take, made of the engine's own table.
import * as v from 'valibot';

import { samplers, type GenerateOptions, type SamplerName, type SamplerOptions, type SamplerParameter } from '../index';
import { wrong } from './failure';
import { integer, maybe, number, someOf } from './wire';

const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

const known: Readonly<Record<string, string>> = { penaltyLastN: 'repeat_last_n' };

const parameters = samplers.flatMap((sampler) => sampler.parameters);
const wireName = ({ name }: SamplerParameter): string => known[name] ?? snake(name);

const limits = { temperature: [0, 100], top_p: [0, 1] } as const;

function entry(parameter: SamplerParameter): v.GenericSchema {
  const { type, minimum, maximum, sentence } = parameter;
  if (type === 'boolean') return maybe(v.pipe(v.boolean(), v.description(sentence)));
  if (type === 'texts') return maybe(v.pipe(someOf(v.string(), maximum), v.description(sentence)));
  return maybe(v.pipe((type === 'integer' ? integer : number)(minimum, maximum), v.description(sentence)));
}

const sentenceOf = (name: SamplerParameter['name']): string => parameters.find((parameter) => parameter.name === name)?.sentence ?? '';

const bias = v.union([v.number(), v.literal(false)]);

/** Fields of every body that generates. */
export const samplingEntries = {
  ...Object.fromEntries(parameters.map((p) => [wireName(p), entry(p)])),
  temperature: maybe(v.pipe(number(...limits.temperature), v.description(sentenceOf('temperature')))),
  top_p: maybe(v.pipe(number(...limits.top_p), v.description(sentenceOf('topP')))),
  seed: maybe(v.pipe(v.number(), v.safeInteger())),
  logit_bias: maybe(
    v.union([v.record(v.string(), v.number()), someOf(v.tuple([v.union([v.number(), v.string()]), bias]))], 'Expected an object of token ids, or pairs'),
  ),
  samplers: maybe(someOf(v.string(), 100)),
  ignore_eos: maybe(v.boolean()),
} satisfies v.ObjectEntries;

const samplerNames = new Map<string, SamplerName>(samplers.flatMap(({ name }) => [name, snake(name)].map((spelled) => [spelled, name] as const)));
samplerNames.set('typ_p', 'typicalP');

/** Seeds are whole numbers from 0; -1 is a random one, and other negative ones count as two's complement. */
export function seedOf(seed: number | null | undefined): number | undefined {
  if (seed === null || seed === undefined || seed === -1) return undefined;
  return seed >= 0 ? seed : Number(BigInt.asUintN(52, BigInt(seed)));
}

function biasOf(given: unknown): Pick<GenerateOptions, 'logitBias' | 'textBias'> {
  if (given === null || given === undefined) return {};
  const pairs = Array.isArray(given) ? (given as [number | string, number | false][]) : Object.entries(given as Record<string, number>);
  const logitBias: Record<number, number> = {};
  const textBias: { text: string; bias: number }[] = [];
  for (const [token, by] of pairs) {
    const added = by === false ? -Infinity : by;
    const id = typeof token === 'number' ? token : /^\d+$/.test(token) || !Array.isArray(given) ? Number(token) : undefined;
    if (id === undefined) textBias.push({ text: String(token), bias: added });
    else if (Number.isSafeInteger(id) && id >= 0) logitBias[id] = added;
    else throw wrong('logit_bias', `expected token ids, found ${JSON.stringify(token).slice(0, 40)}`);
  }
  return { ...(Object.keys(logitBias).length > 0 && { logitBias }), ...(textBias.length > 0 && { textBias }) };
}

/** The engine's options of what `samplingEntries` read. */
export function samplingOf(body: Readonly<Record<string, unknown>>): GenerateOptions {
  const options: GenerateOptions = {};
  for (const parameter of parameters) {
    const value = body[wireName(parameter)];
    if (value !== null && value !== undefined) Object.assign(options, { [parameter.name]: value } satisfies SamplerOptions);
  }
  const seed = seedOf(body.seed as number | null | undefined);
  if (seed !== undefined) options.seed = seed;
  Object.assign(options, biasOf(body.logit_bias));
  if (body.ignore_eos === true) options.ignoreEnd = true;
  if (Array.isArray(body.samplers)) options.samplers = (body.samplers as string[]).map(samplerOf);
  return withoutIdle(options);
}

const narrowing = samplers.filter(({ name }) => ['topK', 'topP', 'minP', 'typicalP', 'topNSigma', 'xtc'].includes(name));

/**
 * Without the parameters that have no effect, which the engine refuses and clients send with every request: those of samplers that are not listed, and
 * beside mirostat, which chooses from all tokens, those of samplers that narrow the choice. llama.cpp and Ollama pass over both.
 */
export function withoutIdle(options: GenerateOptions): GenerateOptions {
  const { mirostat = 0, samplers: order } = options;
  const left = { ...options };
  const runs = mirostat > 0 && order?.includes('mirostat') !== true ? undefined : order;
  if (!runs) delete left.samplers;
  const idle = runs ? samplers.filter(({ name }) => !runs.includes(name)) : mirostat > 0 ? narrowing : [];
  for (const { parameters: of } of idle) for (const { name } of of) delete left[name];
  return left;
}

function samplerOf(name: string): SamplerName {
  const found = samplerNames.get(name);
  if (found) return found;
  throw wrong(
    'samplers',
    `expected names of ${[...new Set([...samplerNames.keys()].filter((n) => n === snake(n)))].join(', ')}, found ${JSON.stringify(name)}`,
  );
}

/** What stays as it is where a body says nothing, by the names of the wire: for `generation_settings`. */
export const samplingDefaults: Readonly<Record<string, unknown>> = Object.fromEntries(parameters.map((p) => [wireName(p), p.fallback]));

/** The options of a generation by the names of the wire. */
export function settingsOf(options: GenerateOptions): Record<string, unknown> {
  const said = parameters.flatMap((p) => (options[p.name] === undefined ? [] : [[wireName(p), options[p.name]] as const]));
  return { ...samplingDefaults, ...Object.fromEntries(said), ...(options.seed !== undefined && { seed: options.seed }) };
}
