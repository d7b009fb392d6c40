// What the commands that read many texts share: where the texts or token ids come from, and where numbers go.
import type { Argv } from 'yargs';

import type { EmbedInput, ReadOptions } from '../lib';
import { save } from './floats';
import { loadFlags, word, type Flags } from './flags';
import { adapterFlags } from './adapters';
import { modelNameFlags, nameOf } from './model-name';
import { isPiped, readInput, readText } from './input';
import { note, print } from './screen';

export function textFlags(yargs: Argv): Argv {
  return modelNameFlags(adapterFlags(loadFlags(yargs, { describe: 'GGUF file or model folder, or a name such as hf:USER/REPO' }))).options({
    file: word('text file, a text a line', ['f']),
    'ids-file': word('JSON file: token ids as they are, a list or a list of lists', [], { conflicts: 'file' }),
    'type-ids-file': word('JSON file, as --ids-file: of each token, the text of a pair that it is of', [], { implies: 'ids-file' }),
    truncate: { type: 'boolean', describe: 'of texts that are too long, read the beginning (default: refuse them)' },
    out: word('file to write, little-endian float32 (default: JSON lines on standard output)', ['o']),
  });
}

/** What computes vectors has to be named. */
export function needModel(flags: Flags): void {
  if (flags.model === undefined && nameOf(flags) === undefined) throw new Error('expected a model: -m FILE.gguf, or -hf USER/REPO');
}

type Numbers = readonly number[];
const isNumbers = (value: unknown): value is Numbers => Array.isArray(value) && value.every((id) => Number.isInteger(id) && (id as number) >= 0);

async function numberLists(path: string): Promise<readonly Numbers[]> {
  let found: unknown;
  try {
    found = JSON.parse(await readText(path));
  } catch (error) {
    throw error instanceof SyntaxError ? new Error(`${path}: expected JSON`) : error;
  }
  const list = Array.isArray(found) ? found : (found as { ids?: unknown } | null)?.ids;
  if (isNumbers(list) && list.length > 0) return [list];
  if (Array.isArray(list) && list.length > 0 && list.every(isNumbers)) return list as Numbers[];
  throw new Error(`${path}: expected a list of whole numbers, or a list of such lists`);
}

const lines = (text: string): string[] => text.split(/\r?\n/).filter((line) => line !== '');

/** Texts behind a command, or the lines of a file or of standard input. */
export async function textsOf(flags: Flags, given: readonly string[]): Promise<string[]> {
  if (given.length > 0) return [...given];
  const found = typeof flags.file === 'string' ? await readText(flags.file) : isPiped() ? await readInput() : '';
  const all = lines(found);
  if (all.length === 0) throw new Error('expected texts: behind the command, with -f FILE, or a line each on standard input');
  return all;
}

/** Token ids of --ids-file; undefined: there are none. */
export async function idsOf(flags: Flags): Promise<EmbedInput[] | undefined> {
  if (typeof flags.idsFile !== 'string') return undefined;
  const ids = await numberLists(flags.idsFile);
  const types = typeof flags.typeIdsFile === 'string' ? await numberLists(flags.typeIdsFile) : undefined;
  if (types && types.length !== ids.length) throw new Error(`${String(flags.typeIdsFile)}: expected ${ids.length} lists, found ${types.length}`);
  return ids.map((list, i) => (types ? { ids: list, types: types[i] as Numbers } : { ids: list }));
}

/** How long texts are read, and the note about it. */
export const reading = (flags: Flags): Pick<ReadOptions, 'tooLong' | 'onTruncated'> => ({
  tooLong: flags.truncate === true ? 'truncate' : 'refuse',
  onTruncated: ({ index, tokens, read }) => note(`text ${index}: the first ${read} of ${tokens} tokens are read`),
});

/** To the file of -o, else a line each. */
export async function write(flags: Flags, rows: readonly Float32Array[], line: (row: Float32Array, index: number) => object): Promise<void> {
  if (typeof flags.out !== 'string') {
    for (const [i, row] of rows.entries()) await print(`${JSON.stringify(line(row, i))}\n`);
    return;
  }
  const all = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  await save(flags.out, all);
}
