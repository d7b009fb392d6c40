// The flags that commands share. Names follow the API in kebab case, with those that llama.cpp's users know beside them.
import { readFileSync } from 'node:fs';
import type { Argv, Options } from 'yargs';

import type { BoundOptions, GenerateOptions, LoadOptions, SamplerOptions, SamplerParameter, TextBias } from '../lib';
import { readEscapes } from './escapes';
import { letterList, samplersByLetter, samplersByName } from './samplers';
import { samplers } from '../lib/generated/samplers'; // data alone: help is given without the addon

/** Flags as yargs gives them: by their name in the API. */
export type Flags = Readonly<Record<string, unknown>>;

const familiar: Readonly<Record<string, readonly string[]>> = {
  temperature: ['temp'],
  typicalP: ['typical'],
  penaltyLastN: ['repeat-last-n'],
  topNSigma: ['top-nsigma'],
  drySequenceBreakers: ['dry-sequence-breaker'],
  dynatempExponent: ['dynatemp-exp'],
  mirostatTau: ['mirostat-ent'],
  mirostatEta: ['mirostat-lr'],
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

/** One that takes this word too. */
function numberOr(word: string, { coerce, ...flag }: Options): Options {
  return { ...flag, coerce: (given: unknown) => (last(given) === word ? word : (coerce?.(given) as unknown)) };
}

/** A flag that takes a word or a text. */
export function word(description: string, alias: readonly string[] = [], more: Options = {}): Options {
  return { type: 'string', requiresArg: true, describe: description, alias: [...alias], coerce: last, ...more };
}

/** A flag that may be given several times. */
export function words(description: string, alias: readonly string[] = []): Options {
  return { type: 'string', requiresArg: true, describe: description, alias: [...alias], coerce: (v: unknown) => (v === undefined ? v : [v].flat()) };
}

const cacheTypes = ['f16', 'f32', 'q8_0'];

/** `context`: what the context's length is to the command. */
export function loadFlags(yargs: Argv, model: Options = {}, context = 'size of the context, in tokens'): Argv {
  return yargs
    .options({
      model: word('GGUF file, or a name such as hf:USER/REPO:Q4_K_M (default: the small story model that comes with llama-ts)', ['m'], model),
      'context-tokens': numeric('context-tokens', context, ['c', 'ctx-size']),
      threads: numberOr(
        'auto',
        numeric('threads', 'threads that compute: a number, or auto for what is measured to be fastest (default: physical cores)', ['t']),
      ),
      'batch-tokens': numeric('batch-tokens', 'most tokens to compute in one step', ['b', 'batch-size']),
      'ubatch-size': numeric('ubatch-size', 'same as --batch-tokens; takes precedence when both are given', ['ub']),
      'cache-type': word('type in which the context is stored', [], { choices: cacheTypes }),
      'cache-type-k': word('same as --cache-type, together with an equal --cache-type-v', ['ctk'], { choices: cacheTypes }),
      'cache-type-v': word('same as --cache-type, together with an equal --cache-type-k', ['ctv'], { choices: cacheTypes }),
      'pre-tokenizer': word('how text is cut into words, by name, such as llama-bpe, whatever the file says'),
      backend: word('where to compute: auto, cpu, or a device such as vulkan:0 (llama-ts --version lists them)', ['dev', 'device']),
      'gpu-layers': word('how many layers the device computes: a number, all, or auto for as many as fit (default)', ['ngl', 'n-gpu-layers']),
      'cpu-moe': { type: 'boolean', describe: 'the CPU computes all experts, whatever the device computes of their layers', alias: 'cmoe' },
      'n-cpu-moe': numeric('n-cpu-moe', 'the CPU computes the experts of the first so many layers', ['ncmoe']),
      'override-tensor': words('PATTERN=CPU: the CPU computes the experts of the layers that have a tensor of them whose name matches', ['ot']),
      isa: word("instruction set of the CPU, or variant of a device's kernels, by name"),
      mmap: { type: 'boolean', describe: '--no-mmap: read the weights into memory, instead of leaving them in the mapped file' },
      'huge-pages': {
        type: 'boolean',
        describe: "--no-huge-pages: leave mapped weights in the file's pages, which processes share, though they are read slower",
      },
      'exact-ranks': { type: 'boolean', describe: 'under mpirun: give exactly the bits of a single process, at the cost of more communication' },
      verbose: { type: 'boolean', describe: 'print what was loaded and how long it took', alias: 'v' },
    })
    .group(
      [
        'model',
        'context-tokens',
        'threads',
        'batch-tokens',
        'ubatch-size',
        'cache-type',
        'cache-type-k',
        'cache-type-v',
        'pre-tokenizer',
        'backend',
        'gpu-layers',
        'cpu-moe',
        'n-cpu-moe',
        'override-tensor',
        'isa',
        'mmap',
        'huge-pages',
        'exact-ranks',
      ],
      'Model:',
    );
}

function samplerFlag({ name, type, sentence, fallback }: SamplerParameter): Options {
  const described = `${sentence} (default ${String(fallback)})`;
  if (type === 'boolean') return { type: 'boolean', describe: described, group: 'Sampling:' };
  if (type === 'texts') {
    const shown = (fallback as readonly string[]).map((text) => JSON.stringify(text)).join(' ');
    return { ...words(`${sentence} May be given several times, "none" for none (default ${shown})`, familiar[name]), group: 'Sampling:' };
  }
  return { ...numeric(kebab(name), described, familiar[name]), group: 'Sampling:' };
}

const parameters = samplers.flatMap((s) => s.parameters);

export function generateFlags(yargs: Argv): Argv {
  return yargs
    .options({
      'max-tokens': numeric('max-tokens', 'stop after this many tokens (default: -1, when the context is full)', ['n', 'n-predict', 'predict']),
      stop: words('stop when this text appears; may be given several times', ['r', 'reverse-prompt']),
      escape: {
        type: 'boolean',
        describe: 'read \\n, \\r, \\t, \\\', \\", \\\\ and \\xHH in texts given on the command line (default: texts are taken literally)',
        alias: 'e',
      },
      'ignore-end': { type: 'boolean', describe: 'never choose a token that ends the text', alias: 'ignore-eos' },
    })
    .options(
      Object.fromEntries(
        Object.entries({
          'json-schema': word('the text is JSON that this JSON Schema allows; {} for any', ['j']),
          'json-schema-file': word('the same, of a file', ['jf']),
          'json-space': { type: 'boolean', describe: 'with a schema: JSON may be laid out in lines' } as Options,
          canonical: { type: 'boolean', describe: 'what must come is cut into tokens as the tokenizer cuts it, many a step' } as Options,
          grammar: word('the text is one of this grammar, in GBNF'),
          'grammar-file': word('the same, of a file'),
          lark: word('the text is one of this grammar, in the notation of Lark and llguidance'),
          'lark-file': word('the same, of a file'),
          regex: word('the whole text matches this regular expression, as JavaScript writes it'),
          choices: words('the text is one of these; given several times', ['choice']),
        }).map(([name, options]) => [name, { ...options, group: 'Structure:' }]),
      ),
    )
    .options({
      seed: { ...numeric('seed', 'the same seed gives the same text (default: -1, a random one)', ['s']), group: 'Sampling:' },
      samplers: { ...word(`samplers in this order, with semicolons between: ${samplers.map((s) => s.name).join(';')}`), group: 'Sampling:' },
      'sampler-seq': {
        ...word(`the same in letters: ${letterList}`, ['sampling-seq'], { conflicts: 'samplers' }),
        group: 'Sampling:',
      },
      'text-bias': {
        ...words("TEXT=BIAS or TEXT=BIAS@N: added to the logits of a text's tokens, for the first N tokens; may be given several times"),
        group: 'Sampling:',
      },
      'banned-strings': { ...words('the text never has this; may be given several times', ['banned-string']), group: 'Sampling:' },
      'logit-bias': { ...words("ID=BIAS: added to a token's logit; may be given several times", ['l']), group: 'Sampling:' },
      ...Object.fromEntries(parameters.map((p) => [kebab(p.name), samplerFlag(p)])),
    });
}

// Leaves out what was not given.
function given<T extends object>(flags: Flags, names: readonly (keyof T & string)[]): Partial<T> {
  return Object.fromEntries(names.flatMap((n) => (flags[n] === undefined ? [] : [[n, flags[n]]]))) as Partial<T>;
}

// llama.cpp stores keys and values in types of their own, f16 by default.
function cacheTypeOf({ cacheType, cacheTypeK: k = 'f16', cacheTypeV: v = 'f16', ...flags }: Flags): LoadOptions['cacheType'] | undefined {
  if (flags['cache-type-k'] === undefined && flags['cache-type-v'] === undefined) return undefined;
  if (cacheType !== undefined) throw new Error('--cache-type: means the same as --cache-type-k and --cache-type-v together: give either it or them');
  if (k !== v)
    throw new Error(
      `--cache-type-k, --cache-type-v: keys and values are stored alike: expected the same type for both (f16 where one is left out), found ${String(k)} and ${String(v)}`,
    );
  return k as NonNullable<LoadOptions['cacheType']>;
}

// Devices as llama.cpp writes them: Vulkan0, CUDA1, none.
function backendOf(name: string): NonNullable<LoadOptions['backend']> {
  if (name.includes(',')) throw new Error(`--backend: expected one device, found "${name}": a model uses one device and the CPU`);
  const device = /^(vulkan|cuda|rocm)(\d+)$/i.exec(name);
  if (device) return `${device[1]?.toLowerCase()}:${device[2]}` as NonNullable<LoadOptions['backend']>;
  return (/^none$/i.test(name) ? 'cpu' : name) as NonNullable<LoadOptions['backend']>;
}

/** What --cpu-moe, --n-cpu-moe and --override-tensor say; only one of them may. */
function cpuExpertsOf({ cpuMoe, nCpuMoe, overrideTensor }: Flags): LoadOptions['cpuExperts'] {
  const patterns = (overrideTensor as readonly string[] | undefined)?.flatMap((list) => list.split(','));
  if ([cpuMoe === true, nCpuMoe !== undefined, patterns !== undefined].filter(Boolean).length > 1)
    throw new Error('--cpu-moe, --n-cpu-moe and --override-tensor say the same thing: give one of them');
  if (cpuMoe === true) return true;
  if (patterns === undefined) return nCpuMoe as number | undefined;
  const sources = patterns.map((entry) => {
    const [, source, where] = /^(.+)=([^=]*)$/.exec(entry) ?? [];
    if (source === undefined || !/^cpu$/i.test(where!))
      throw new Error(`--override-tensor: expected PATTERN=CPU, found "${entry}"; experts alone can be placed, and on the CPU alone`);
    return source;
  });
  try {
    return new RegExp(sources.map((source) => `(?:${source})`).join('|'));
  } catch (error) {
    throw new Error(`--override-tensor: expected a regular expression: ${(error as Error).message}`);
  }
}

export function loadOptions(flags: Flags): LoadOptions {
  const options: LoadOptions = given<LoadOptions>(flags, [
    'contextTokens',
    'threads',
    'batchTokens',
    'cacheType',
    'preTokenizer',
    'isa',
    'mmap',
    'hugePages',
    'encoder',
    'exactRanks',
  ]);
  if (flags.ubatchSize !== undefined) options.batchTokens = flags.ubatchSize as number;
  const cacheType = cacheTypeOf(flags);
  if (cacheType !== undefined) options.cacheType = cacheType;
  if (typeof flags.backend === 'string') options.backend = backendOf(flags.backend);
  const experts = cpuExpertsOf(flags);
  if (experts !== undefined) options.cpuExperts = experts;
  const { gpuLayers } = flags;
  if (typeof gpuLayers !== 'string') return options;
  if (gpuLayers !== 'all' && gpuLayers !== 'auto' && !/^\d+$/.test(gpuLayers))
    throw new Error(`--gpu-layers: expected a number, all or auto, found "${gpuLayers}"`);
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

function textBias(entries: readonly string[], readText: (text: string) => string): TextBias[] {
  return entries.map((entry) => {
    const [, text = '', bias = '', tokens] = /^([\s\S]+)=([-+]?(?:\d+\.?\d*|\.\d+|inf(?:inity)?)|false)(?:@(\d+))?$/i.exec(entry) ?? [];
    if (text === '') throw new Error(`--text-bias: expected TEXT=NUMBER or TEXT=NUMBER@TOKENS, found "${entry}"`);
    const value = /^-inf|false/i.test(bias) ? -Infinity : Number(bias);
    return { text: readText(text), bias: value, ...(tokens !== undefined && { tokens: Number(tokens) }) };
  });
}

/** The text of a file that a flag names. */
function textOf(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${flag}: cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

/** What the text is bound to: one of these flags says it. */
function boundOptions({ jsonSchema, jsonSchemaFile, grammar, grammarFile, lark, larkFile, regex, choices, jsonSpace }: Flags): BoundOptions {
  const said = Object.entries({ jsonSchema, jsonSchemaFile, grammar, grammarFile, lark, larkFile, regex, choices }).filter(([, value]) => value !== undefined);
  if (said.length > 1) throw new Error(`${said.map(([name]) => `--${kebab(name)}`).join(', ')}: a text is bound to one thing: give one of them`);
  const schema = typeof jsonSchemaFile === 'string' ? textOf(jsonSchemaFile, '--json-schema-file') : (jsonSchema as string | undefined);
  const gbnf = typeof grammarFile === 'string' ? textOf(grammarFile, '--grammar-file') : (grammar as string | undefined);
  const inLark = typeof larkFile === 'string' ? textOf(larkFile, '--lark-file') : (lark as string | undefined);
  return {
    ...(schema !== undefined && { schema }),
    ...(inLark !== undefined && { lark: inLark }),
    ...(gbnf !== undefined && { grammar: gbnf }),
    ...(typeof regex === 'string' && { regex }),
    ...(Array.isArray(choices) && { choices: choices as string[] }),
    ...(jsonSpace === true && { whitespace: 'flexible' as const }),
  };
}

export function generateOptions(flags: Flags): GenerateOptions & BoundOptions {
  const options: GenerateOptions & BoundOptions = boundOptions(flags);
  Object.assign(options, plainOptions(flags));
  return options;
}

function plainOptions(flags: Flags): GenerateOptions {
  const options: GenerateOptions = given<GenerateOptions>(flags, [
    'maxTokens',
    'stop',
    'ignoreEnd',
    'canonical',
    ...parameters.map((p) => p.name),
  ] as (keyof (GenerateOptions & SamplerOptions))[]);
  const readText = (flag: string) => (text: string) => (flags.escape === true ? readEscapes(text, flag) : text);
  if (options.stop) options.stop = options.stop.map(readText('--stop'));
  for (const { name } of parameters.filter((p) => p.type === 'texts')) {
    const given = (options as Record<string, unknown>)[name] as string[] | undefined;
    if (given === undefined) continue;
    const texts = given.length === 1 && given[0] === 'none' ? [] : given.map(readText(`--${kebab(name)}`));
    Object.assign(options, { [name]: texts });
  }
  if (Array.isArray(flags.bannedStrings)) options.bannedStrings = (flags.bannedStrings as string[]).map(readText('--banned-strings'));
  if (Array.isArray(flags.textBias)) options.textBias = textBias(flags.textBias as string[], readText('--text-bias'));
  if (options.maxTokens === -1) delete options.maxTokens;
  if (typeof flags.seed === 'number' && flags.seed !== -1) options.seed = flags.seed;
  if (typeof flags.samplers === 'string') options.samplers = samplersByName(flags.samplers);
  if (typeof flags.samplerSeq === 'string') options.samplers = samplersByLetter(flags.samplerSeq);
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
