import type { CommandModule } from 'yargs';

import { save } from '../floats';
import { idList, loadFlags, word, type Flags } from '../flags';
import { readText } from '../input';
import { Interrupt, interrupted } from '../interrupt';
import { load } from '../load';
import { note, print } from '../screen';

function fromFile(text: string, path: string): number[] {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error(`${path}: expected JSON, an array of token ids or an object with "ids"`);
  }
  const ids: unknown = Array.isArray(found) ? found : (found as { ids?: unknown } | null)?.ids;
  if (!Array.isArray(ids) || !ids.every((id) => Number.isInteger(id) && id >= 0)) {
    throw new Error(`${path}: expected an array of token ids or an object with "ids"`);
  }
  if (ids.length === 0) throw new Error(`${path}: expected at least one token id, found none`);
  return ids as number[];
}

async function idsOf(flags: Flags): Promise<number[]> {
  if (typeof flags.ids === 'string') return idList(flags.ids, '--ids');
  if (typeof flags.idsFile === 'string') return fromFile(await readText(flags.idsFile), flags.idsFile);
  throw new Error('expected token ids: --ids 5,6,7 or --ids-file FILE.json');
}

async function logits(flags: Flags): Promise<void> {
  const interrupt = new Interrupt();
  const ids = await idsOf(flags);
  try {
    await using model = await load(flags, 'logits', interrupt.arm());
    const began = performance.now();
    const options = { signal: interrupt.arm() };
    const values = await (flags.hidden === true ? model.hidden(ids, options) : model.logits(ids, options));
    const ms = performance.now() - began;
    await save(flags.out as string, values);
    const columns = values.length / ids.length;
    if (flags.json === true) await print(`${JSON.stringify({ rows: ids.length, columns, backend: model.info.backend, ms })}\n`);
    if (flags.verbose === true) note(`${ids.length} rows of ${columns} in ${ms.toFixed(0)} ms`);
  } catch (error) {
    if (!interrupt.pressed) throw error;
    process.exitCode = interrupted;
  }
}

const command: CommandModule = {
  command: 'logits',
  describe: 'write the logits after each token of a list, or the hidden rows, as little-endian float32',
  builder: (yargs) =>
    loadFlags(yargs).options({
      ids: word('token ids: 5,6,7', [], { conflicts: 'ids-file' }),
      'ids-file': word('JSON file: an array of token ids, or an object with "ids"'),
      out: word('file to write', ['o'], { demandOption: 'expected a file to write: -o OUT' }),
      hidden: { type: 'boolean', describe: 'the last hidden rows in place of logits' },
      json: { type: 'boolean', describe: 'print rows, columns and time as JSON' },
    }),
  handler: (flags) => logits(flags),
};

export default command;
