// What Ollama's requests share: options, formats, how long a model is kept.
import * as v from 'valibot';

import type { BoundOptions, GenerateOptions, JsonSchema } from '../../index';
import { wrong } from '../failure';
import { limitOf, stopsOf } from '../openai/chat';
import { samplingEntries, samplingOf, withoutIdle } from '../samplers';
import { integer, maybe, object, someOf } from '../wire';

/** The sampler fields that Ollama has; the others of `samplingEntries` are taken as well, and unknown ones are left out. */
const options = maybe(
  v.object({
    ...samplingEntries,
    num_predict: maybe(integer(-2)),
    num_ctx: maybe(integer(1)),
    stop: maybe(v.union([v.string(), someOf(v.string(), 1000)], 'Expected a string or an array of strings')),
  }),
);

/** Seconds of `5m`, `1h30m`, `300`, -1. */
export function secondsOf(given: string | number | null | undefined): number | undefined {
  if (given === null || given === undefined) return undefined;
  const units: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
  const text = String(given).trim();
  if (/^[-+]?\d+(\.\d+)?$/.test(text)) return Number(text) < 0 ? Infinity : Number(text);
  if (!/^-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) throw wrong('keep_alive', 'expected seconds or a time such as 5m or 1h30m');
  if (text.startsWith('-')) return Infinity;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit as string] ?? 0), 0);
}

/** Fields of all requests that generate. */
export const ollamaEntries = {
  model: v.string(),
  options,
  format: maybe(v.union([v.picklist(['json', '']), object], "Expected 'json' or a JSON Schema")),
  stream: maybe(v.boolean()),
  keep_alive: maybe(v.union([v.number(), v.string()], 'Expected seconds or a time such as 5m')),
  think: maybe(v.union([v.boolean(), v.picklist(['low', 'medium', 'high'])], "Expected true, false, 'low', 'medium' or 'high'")),
  logprobs: maybe(v.boolean()),
  top_logprobs: maybe(integer(0, 20)),
} satisfies v.ObjectEntries;

type Fields = v.InferOutput<v.ObjectSchema<typeof ollamaEntries, undefined>>;

// Ollama's own, where a request says nothing.
const usual: GenerateOptions = { temperature: 0.8, topK: 40, topP: 0.9, minP: 0, repeatPenalty: 1.1 };

function reasoningOf(think: Fields['think']): GenerateOptions {
  if (think === null || think === undefined) return {};
  if (typeof think === 'string') return { reasoning: { effort: think } };
  return think ? { variables: { enable_thinking: true, thinking: true } } : { reasoning: { effort: 'none' } };
}

function formatOf(format: Fields['format']): BoundOptions {
  if (format === null || format === undefined || format === '') return {};
  return { schema: format === 'json' ? { type: 'object' } : (format as JsonSchema) };
}

/** The engine's options. `num_ctx` is the server's matter: it is accepted, as every client sends it. */
export function generateOptions(body: Fields): GenerateOptions & BoundOptions {
  const { options: given } = body;
  return {
    ...withoutIdle({ ...usual, ...(given && samplingOf(given)) }),
    ...limitOf(given?.num_predict),
    ...stopsOf(given?.stop),
    ...formatOf(body.format),
    ...reasoningOf(body.think),
    ...(body.logprobs === true && { logprobs: body.top_logprobs ?? 0 }),
  };
}
