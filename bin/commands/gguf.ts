// llama-ts gguf split|merge|show|set|diff
import { readFileSync } from 'node:fs';
import type { Argv, CommandModule } from 'yargs';

import { diffModels, editModel, mergeModel, splitModel, type Differences, type MetadataEdit, type MetadataType } from '../../lib';
import { numeric, word, words, type Flags } from '../flags';
import { jsonLine } from '../json';
import { explain, note, print } from '../screen';
import { report, work } from '../work';
import inspect from './inspect';

const json = { type: 'boolean', describe: 'print the result as JSON' } as const;

/** 2G, 500M, 1.5GB, 4096: with the units of a file's size, powers of 1000. */
function bytes(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([KMGT]?)B?$/i.exec(text.trim());
  const value = found ? Math.floor(Number(found[1]) * 1000 ** ' KMGT'.indexOf((found[2] ?? '').toUpperCase() || ' ')) : 0;
  if (value < 1) throw new Error(`--max-size: expected a size such as 2G or 500M, found "${text}"`);
  return value;
}

async function split(flags: Flags): Promise<void> {
  const { maxSize, maxTensors } = flags;
  if (maxSize === undefined && maxTensors === undefined) throw new Error('expected --max-size or --max-tensors');
  const parts = await work('Splitting', (options) =>
    splitModel(flags.file as string, flags.prefix as string, {
      ...options,
      ...(typeof maxSize === 'string' && { maxBytes: bytes(maxSize) }),
      ...(typeof maxTensors === 'number' && { maxTensors }),
    }),
  );
  await print(flags.json === true ? `${JSON.stringify(parts)}\n` : parts.map((p) => `${p.path}: ${p.bytes} bytes\n`).join(''));
}

async function merge(flags: Flags): Promise<void> {
  await report(await work('Merging', (options) => mergeModel(flags.first as string, flags.out as string, options)), flags.json === true);
}

/** KEY=TYPE:VALUE, or KEY=VALUE for a value of the type that the key has. */
function change(text: string): MetadataEdit {
  const found = /^([^=]+)=(?:((?:[ui](?:8|16|32|64)|f32|f64|bool|str)(?:\[\])?):)?([\s\S]*)$/.exec(text);
  if (!found) throw new Error(`expected KEY=TYPE:VALUE, such as general.name=str:Mine, found "${text}"`);
  // A type that there is not is no text that happens to begin so.
  if (found[2] === undefined && /^(?:[uif]\d+|bool|str|int|uint|float|double|string)(?:\[\])?:/.test(found[3] ?? ''))
    throw new Error(`${found[1]}: expected a type among u8 to u64, i8 to i64, f32, f64, bool, str, or a list of one such as u32[], found "${found[3]}"`);
  return typed(found[1] ?? '', found[2] as MetadataType | undefined, found[3] ?? '');
}

// A list comes as JSON; the text is handed on as it is, to be read by the type that it gets.
const typed = (key: string, type: MetadataType | undefined, text: string): MetadataEdit => ({ key, value: text, ...(type !== undefined && { type }) });

function changes(given: readonly string[]): MetadataEdit[] {
  const [key, value, ...more] = given;
  if (key !== undefined && value !== undefined && more.length === 0 && !key.includes('=')) return [change(`${key}=${value}`)];
  return given.map(change);
}

async function set(flags: Flags): Promise<void> {
  const edits = changes(flags.changes as string[]);
  if (typeof flags.chatTemplateFile === 'string')
    edits.push({ key: 'tokenizer.chat_template', type: 'str', value: readFileSync(flags.chatTemplateFile, 'utf8') });
  const remove = (flags.remove as string[] | undefined) ?? [];
  const written = await work('Writing', (options) =>
    editModel(flags.file as string, { ...options, set: edits, remove, ...(typeof flags.out === 'string' && { to: flags.out }) }),
  );
  await report(written, flags.json === true);
}

function table({ metadata, tensors }: Differences): string {
  const keys = metadata.map(({ key, what }) => `${key}: ${what}\n`);
  const lines = tensors.map(({ name, what, a, b, largest }) => {
    const sides = a === b ? a : [a, b].filter((side) => side !== '').join(' and ');
    return `${name}: ${what} (${sides})${largest === undefined ? '' : `, largest difference ${largest}`}\n`;
  });
  return [...keys, ...lines].join('') || 'no difference\n';
}

/** Exit codes as diff's: 0 where both are the same, 1 where they differ, 2 where that cannot be told. */
async function diff(flags: Flags): Promise<void> {
  const found = await work('Comparing', (options) => diffModels(flags.a as string, flags.b as string, options)).catch((error: unknown) => {
    note(`llama-ts: ${explain(error)}`);
    process.exit(2);
  });
  await print(flags.json === true ? jsonLine(found) : table(found));
  if (found.metadata.length > 0 || found.tensors.length > 0) process.exitCode = 1;
}

const commands = (yargs: Argv): Argv =>
  yargs
    .command(
      'split <file> <prefix>',
      'split a file into PREFIX-00001-of-0000N.gguf',
      (y) =>
        y
          .positional('file', { type: 'string', describe: 'GGUF file' })
          .positional('prefix', { type: 'string', describe: 'path that the names of the parts begin with' })
          .options({
            'max-size': word("bytes of a part's tensors at most: 2G, 500M"),
            'max-tensors': numeric('max-tensors', 'tensors in a part at most'),
            json,
          }),
      (flags) => split(flags),
    )
    .command(
      'merge <first> <out>',
      'make one file of a split one',
      (y) =>
        y
          .positional('first', { type: 'string', describe: 'the first part' })
          .positional('out', { type: 'string', describe: 'GGUF file to write' })
          .options({ json }),
      (flags) => merge(flags),
    )
    .command({ ...inspect, command: 'show <file>' })
    .command(
      'set <file> [changes..]',
      'change metadata: KEY=TYPE:VALUE, TYPE one of u8 to u64, i8 to i64, f32, f64, bool, str, or a list such as u32[]',
      (y) =>
        y
          .positional('file', { type: 'string', describe: 'GGUF file' })
          .positional('changes', { type: 'string', array: true, default: [], describe: 'KEY=TYPE:VALUE; without a type, that which the key has' })
          .options({
            remove: words('leave out the entry of this key; may be given several times'),
            'chat-template-file': word('set the chat template to the text of a file'),
            out: word('file to write (default: the new file takes the place of the old one)', ['o']),
            json,
          }),
      (flags) => set(flags),
    )
    .command(
      'diff <a> <b>',
      'compare two models; the exit code is 1 where they differ, 2 where they cannot be read',
      (y) =>
        y
          .positional('a', { type: 'string', describe: 'GGUF file or folder' })
          .positional('b', { type: 'string', describe: 'GGUF file or folder' })
          .options({ json }),
      (flags) => diff(flags),
    )
    .demandCommand(1, 1, 'expected split, merge, show, set or diff', 'expected one of split, merge, show, set, diff');

const command: CommandModule = {
  command: 'gguf <command>',
  describe: 'split, merge, show, set or diff GGUF files',
  builder: commands,
  handler: () => {},
};

export default command;
