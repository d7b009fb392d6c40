import type { CommandModule } from 'yargs';

import { save } from '../floats';
import { idList, loadFlags, word, type Flags } from '../flags';
import { adapterFlags } from '../adapters';
import { modelNameFlags } from '../model-name';
import { readText } from '../input';
import { Interrupt, interrupted } from '../interrupt';
import { load } from '../load';
import { note, print } from '../screen';

interface Ids {
  ids: number[];
  /** Of a model with an encoder, which reads those: what the decoder reads. */
  decoderIds: number[] | undefined;
}

const isIds = (value: unknown): value is number[] => Array.isArray(value) && value.every((id) => Number.isInteger(id) && (id as number) >= 0);

function fromFile(text: string, path: string): Ids {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error(`${path}: expected JSON, an array of token ids or an object with "ids"`);
  }
  const { ids, decoder_ids: decoderIds } = Array.isArray(found) ? { ids: found } : ((found ?? {}) as { ids?: unknown; decoder_ids?: unknown });
  if (!isIds(ids)) throw new Error(`${path}: expected an array of token ids or an object with "ids"`);
  if (decoderIds !== undefined && !isIds(decoderIds)) throw new Error(`${path}: expected an array of token ids as "decoder_ids"`);
  if (ids.length === 0) throw new Error(`${path}: expected at least one token id, found none`);
  return { ids, decoderIds };
}

async function idsOf(flags: Flags): Promise<Ids> {
  const decoderIds = typeof flags.decoderIds === 'string' ? idList(flags.decoderIds, '--decoder-ids') : undefined;
  if (typeof flags.ids === 'string') return { ids: idList(flags.ids, '--ids'), decoderIds };
  if (typeof flags.idsFile !== 'string') throw new Error('expected token ids: --ids 5,6,7 or --ids-file FILE.json');
  const read = fromFile(await readText(flags.idsFile), flags.idsFile);
  return { ids: read.ids, decoderIds: decoderIds ?? read.decoderIds };
}

async function logits(flags: Flags): Promise<void> {
  const interrupt = new Interrupt();
  const { ids, decoderIds } = await idsOf(flags);
  try {
    await using model = await load(flags, 'logits', interrupt.arm());
    const began = performance.now();
    const options = { signal: interrupt.arm() };
    const values = await (flags.hidden === true ? model.hidden(ids, options) : model.logits(ids, { ...options, decoderIds }));
    const ms = performance.now() - began;
    await save(flags.out as string, values);
    const columns = flags.hidden === true ? model.info.width : model.info.vocabulary;
    const rows = values.length / columns;
    if (flags.json === true) await print(`${JSON.stringify({ rows, columns, backend: model.info.backend, ms })}\n`);
    if (flags.verbose === true) note(`${rows} rows of ${columns} in ${ms.toFixed(0)} ms`);
  } catch (error) {
    if (!interrupt.pressed) throw error;
    process.exitCode = interrupted;
  }
}

const command: CommandModule = {
  command: 'logits',
  describe: 'write the logits after each token of a list, or the hidden rows, as little-endian float32',
  builder: (yargs) =>
    modelNameFlags(adapterFlags(loadFlags(yargs))).options({
      ids: word('token ids: 5,6,7', [], { conflicts: 'ids-file' }),
      'ids-file': word('JSON file: an array of token ids, or an object with "ids"'),
      'decoder-ids': word('of a model with an encoder, which reads those: the ids that the decoder reads (in --ids-file: "decoder_ids")'),
      out: word('file to write', ['o'], { demandOption: 'expected a file to write: -o OUT' }),
      hidden: { type: 'boolean', describe: 'the last hidden rows in place of logits' },
      json: { type: 'boolean', describe: 'print rows, columns and time as JSON' },
    }),
  handler: (flags) => logits(flags),
};

export default command;
