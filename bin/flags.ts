// The flags that commands share. Names follow the API in kebab case, with those that llama.cpp's users know beside them.
import type { Argv, Options } from 'yargs';

import { samplers, type GenerateOptions, type LoadOptions, type SamplerOptions, type SamplerParameter } from '../lib';

/** Flags as yargs gives them: by their name in the API. */
export type Flags = Readonly<Record<string, unknown>>;

const familiar: Readonly<Record<string, readonly string[]>> = {
  temperature: ['temp'],
  typicalP: ['typical'],
  penaltyLastN: ['repeat-last-n'],
};

const kebab = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

// A flag given twice counts as given last.
const last = (value: unknown): unknown => (Array.isArray(value) ? value.at(-1) : value);

/** A flag that takes a number. */
export function numeric(name: string, description: string, alias: readonly string[] = []): Options {
  const coerce = (given: unknown): number | undefined => {
    const value = last(given);
    if (value === undefined) return undefined;
    const parsed = typeof value === 'string' && value.trim() === '' ? NaN : Number(value);
    if (Number.isNaN(parsed)) throw new Error(`--${name}: expected a number, found "${String(value)}"`);
    return parsed;
  };
  return { requiresArg: true, describe: description, alias: [...alias], coerce }; // no type: yargs' own number would make NaN of a typing error
}

/** A flag that takes a word or a text. */
export function word(description: string, alias: readonly string[] = [], more: Options = {}): Options {
  return { type: 'string', requiresArg: true, describe: description, alias: [...alias], coerce: last, ...more };
}

/** A flag that may be given several times. */
export function words(description: string, alias: readonly string[] = []): Options {
  return { type: 'string', requiresArg: true, describe: description, alias: [...alias], coerce: (v: unknown) => (v === undefined ? v : [v].flat()) };
}

/** `context`: what the context's length is to the command. */
export function loadFlags(yargs: Argv, model: Options = {}, context = 'tokens that the context holds'): Argv {
  return yargs.options({
    model: word('GGUF file (default: the small story model that comes with llama-ts)', ['m'], model),
    'context-tokens': numeric('context-tokens', context, ['c', 'ctx-size']),
    threads: numeric('threads', 'threads that compute (default: physical cores)', ['t']),
    'batch-tokens': numeric('batch-tokens', 'tokens computed in one step at most', ['b', 'batch-size']),
    'cache-type': word('how the context is stored', [], { choices: ['f16', 'f32', 'q8_0'] }),
    backend: word('what computes: auto, cpu, or a device such as vulkan:0 (llama-ts --version lists them)', ['dev', 'device']),
    'gpu-layers': word('layers that a device computes: a number, all, or auto for what fits (default)', ['ngl', 'n-gpu-layers']),
    isa: word('instruction set of the CPU, or variant of a device\'s kernels, by name'),
    'exact-ranks': { type: 'boolean', describe: 'under mpirun: the bits of one rank, at the cost of more to send' },
    verbose: { type: 'boolean', describe: 'say what was loaded and how long it took', alias: 'v' },
  }).group(['model', 'context-tokens', 'threads', 'batch-tokens', 'cache-type', 'backend', 'gpu-layers', 'isa', 'exact-ranks'], 'Model:');
}

function samplerFlag({ name, type, sentence, fallback }: SamplerParameter): Options {
  const described = `${sentence} (default ${String(fallback)})`;
  if (type === 'boolean') return { type: 'boolean', describe: described, group: 'Sampling:' };
  return { ...numeric(kebab(name), described, familiar[name]), group: 'Sampling:' };
}

const parameters = samplers.flatMap((s) => s.parameters);

export function generateFlags(yargs: Argv): Argv {
  return yargs
    .options({
      'max-tokens': numeric('max-tokens', 'stop after this many tokens (default: -1, the end of the context)', ['n', 'n-predict', 'predict']),
      stop: words('stop where this text appears; may be given several times', ['r', 'reverse-prompt']),
      'ignore-end': { type: 'boolean', describe: 'never choose a token that ends the text', alias: 'ignore-eos' },
    })
    .options({
      seed: { ...numeric('seed', 'the same seed gives the same text (default: -1, a random one)', ['s']), group: 'Sampling:' },
      samplers: { ...word(`samplers in this order: ${samplers.map((s) => s.name).join(';')}`), group: 'Sampling:' },
      'logit-bias': { ...words('ID=BIAS: added to a token\'s logit; may be given several times', ['l']), group: 'Sampling:' },
      ...Object.fromEntries(parameters.map((p) => [kebab(p.name), samplerFlag(p)])),
    });
}

// Leaves out what was not given.
function given<T extends object>(flags: Flags, names: readonly (keyof T & string)[]): Partial<T> {
  return Object.fromEntries(names.flatMap((n) => (flags[n] === undefined ? [] : [[n, flags[n]]]))) as Partial<T>;
}

export function loadOptions(flags: Flags): LoadOptions {
  const options: LoadOptions = given<LoadOptions>(flags, ['contextTokens', 'threads', 'batchTokens', 'cacheType', 'backend', 'isa', 'exactRanks']);
  const { gpuLayers } = flags;
  if (typeof gpuLayers !== 'string') return options;
  if (gpuLayers !== 'all' && gpuLayers !== 'auto' && !/^\d+$/.test(gpuLayers)) throw new Error(`--gpu-layers: expected a number, all or auto, found "${gpuLayers}"`);
  return { ...options, gpuLayers: gpuLayers === 'all' || gpuLayers === 'auto' ? gpuLayers : Number(gpuLayers) };
}

function bias(entries: readonly string[]): Record<number, number> {
  const pairs = entries.map((entry) => {
    const found = /^(\d+)\s*[=:]?\s*([-+]?\S+)$/.exec(entry);
    const value = found?.[2] === 'false' ? -Infinity : Number(found?.[2] ?? NaN);
    if (!found || Number.isNaN(value)) throw new Error(`--logit-bias: expected ID=NUMBER, found "${entry}"`);
    return [Number(found[1]), value] as const;
  });
  return Object.fromEntries(pairs);
}

export function generateOptions(flags: Flags): GenerateOptions {
  const options: GenerateOptions = given<GenerateOptions>(flags, ['maxTokens', 'stop', 'ignoreEnd', ...parameters.map((p) => p.name)] as (keyof (GenerateOptions & SamplerOptions))[]);
  if (options.maxTokens === -1) delete options.maxTokens;
  if (typeof flags.seed === 'number' && flags.seed !== -1) options.seed = flags.seed;
  if (typeof flags.samplers === 'string') options.samplers = flags.samplers.split(/[;,]/).map((s) => s.trim()) as NonNullable<GenerateOptions['samplers']>;
  if (Array.isArray(flags.logitBias)) options.logitBias = bias(flags.logitBias as string[]);
  return options;
}

/** A whole number list: "5,6,7". */
export function idList(text: string, name: string): number[] {
  return text.split(',').map((part) => {
    if (!/^\s*\d+\s*$/.test(part)) throw new Error(`${name}: expected token ids like 5,6,7, found "${part.trim()}"`);
    return Number(part);
  });
}
