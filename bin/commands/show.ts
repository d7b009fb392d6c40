import { existsSync } from 'node:fs';
import type { CommandModule } from 'yargs';

import { cachedModels, inspectModel, type CachedModel, type FileInfo } from '../../lib';
import type { Flags } from '../flags';
import { hubFlags, hubOptions, prefixed, size } from '../model-name';
import { print } from '../screen';
import { columns } from '../table';

/** What people want to know of a model, and where it lies. */
interface Shown {
  readonly name: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly context: number | undefined;
  readonly embedding: number | undefined;
  readonly layers: number | undefined;
  readonly quant: string;
  readonly bytes: number;
  readonly license: string | undefined;
  readonly chat: boolean;
  /** Where it is; absent of one that is not here. */
  readonly path: string | undefined;
}

/** The type that most of the weights' bytes have. */
function mostUsed({ tensors }: FileInfo): string {
  const bytes = new Map<string, number>();
  for (const tensor of tensors) bytes.set(tensor.type, (bytes.get(tensor.type) ?? 0) + tensor.bytes);
  return [...bytes].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
}

function shown(info: FileInfo, path: string | undefined, found: CachedModel | undefined): Shown {
  const { metadata } = info;
  const text = (key: string): string | undefined => (typeof metadata.get(key) === 'string' ? (metadata.get(key) as string) : undefined);
  const architecture = text('general.architecture') ?? '';
  const number = (key: string): number | undefined =>
    typeof metadata.get(`${architecture}.${key}`) === 'number' ? (metadata.get(`${architecture}.${key}`) as number) : undefined;
  return {
    name: text('general.name') ?? info.path,
    architecture,
    parameters: info.parameters,
    context: number('context_length'),
    embedding: number('embedding_length'),
    layers: number('block_count'),
    quant: found?.quant ?? mostUsed(info),
    bytes: info.bytes,
    license: text('general.license'),
    chat: metadata.has('tokenizer.chat_template'),
    path,
  };
}

function lines({ name, architecture, parameters, context, embedding, layers, quant, bytes, license, chat, path }: Shown): string {
  const rows = {
    name,
    architecture,
    parameters: `${(parameters / 1e6).toFixed(1)}M`,
    context: context === undefined ? undefined : `${context} tokens`,
    embedding: embedding === undefined ? undefined : `${embedding} wide`,
    layers: layers === undefined ? undefined : String(layers),
    weights: `${quant}, ${size(bytes)}`,
    license,
    chat: chat ? 'has a chat template' : 'no chat template: continues texts',
    path: path ?? 'not here: llama-ts pull brings it',
  };
  return columns(Object.entries(rows).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}

/** Whether a name can only be a file's: one that is not there is no model of the hub. */
const isPath = (name: string): boolean => /^(?:\.{0,2}[\\/]|[a-z]:[\\/])/i.test(name);

async function show(flags: Flags): Promise<void> {
  const given = flags.name as string;
  const name = existsSync(given) || isPath(given) ? given : prefixed(given);
  const info = await inspectModel(name, hubOptions(flags));
  const here = info.path !== name || existsSync(name);
  const found = (await cachedModels()).find(({ path }) => path === info.path);
  const what = shown(info, here ? info.path : undefined, found);
  await print(flags.json === true ? `${JSON.stringify(what)}\n` : lines(what));
}

const command: CommandModule = {
  command: 'show <name>',
  describe: 'show what a model is, here or at the hub, without bringing it',
  builder: (yargs) =>
    hubFlags(yargs.positional('name', { type: 'string', describe: 'GGUF file, or a name such as hf:USER/REPO:QUANT' })).options({
      json: { type: 'boolean', describe: 'print it as JSON' },
    }),
  handler: (flags) => show(flags),
};

export default command;
