import { basename } from 'node:path';
import type { CommandModule } from 'yargs';

import { imatrix, type ImatrixOptions, type ImatrixResult } from '../../lib';
import { numeric, word, words, type Flags } from '../flags';
import { readText } from '../input';
import { modelPath } from '../load';
import { measureFlags, measureOptions, watched } from '../measure';
import { note, print } from '../screen';

function options(flags: Flags): ImatrixOptions {
  const { inFile, outputFrequency, processOutput, resume } = flags;
  return {
    ...measureOptions(flags),
    ...(inFile !== undefined && { inFiles: inFile as string[] }),
    ...(outputFrequency !== undefined && { outputFrequency: outputFrequency as number }),
    ...(typeof flags.file === 'string' && { dataset: basename(flags.file) }),
    processOutput: processOutput === true,
    resume: resume === true,
  };
}

function line(r: ImatrixResult, out: string): string {
  const read =
    r.backend === ''
      ? 'merged'
      : `read ${r.chunks} chunks in ${r.seconds.toFixed(1)} s on ${r.backend}${r.resumed > 0 ? `, after ${r.resumed} of an earlier run` : ''}`;
  return `${out}: ${read}; ${r.tensors} matrices from ${r.allChunks} chunks\n`;
}

async function run(flags: Flags): Promise<void> {
  const file = flags.file as string | undefined;
  const out = flags.output as string;
  if (file === undefined && flags.inFile === undefined) throw new Error('expected a calibration text: -f FILE, or files to merge: --in-file FILE');
  if (file !== undefined && flags.model === undefined) throw new Error('expected a model: -m FILE.gguf');
  const text = file === undefined ? undefined : await readText(file);
  const model = text === undefined ? undefined : await modelPath(flags);
  const result = await watched('Reading', (job) => imatrix(model, text, out, { ...options(flags), ...job }));
  if (!result) note(`${out} has what was read, if anything: --resume goes on`);
  else await print(flags.json === true ? `${JSON.stringify(result)}\n` : line(result, out));
}

const command: CommandModule = {
  command: 'imatrix',
  describe: 'write an importance matrix from a calibration text, for quantizing',
  builder: (yargs) =>
    measureFlags(yargs).options({
      output: { ...word('file to write (default: imatrix.gguf)', ['o', 'output-file']), default: 'imatrix.gguf' },
      'in-file': words('importance matrix to add; may be given several times, and without a text'),
      'output-frequency': numeric('output-frequency', 'write the file anew after this many chunks (default 10; 0: at the end alone)', [
        'ofreq',
        'save-frequency',
      ]),
      'process-output': { type: 'boolean', describe: 'the output matrix too' },
      resume: { type: 'boolean', describe: 'go on from the chunks that the file has already' },
    }),
  handler: (flags) => run(flags),
};

export default command;
