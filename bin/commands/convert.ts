import type { CommandModule } from 'yargs';

import { convertModel, type ConvertType } from '../../lib';
import { word, type Flags } from '../flags';
import { report, work } from '../work';

async function convert(flags: Flags): Promise<void> {
  const written = await work('Converting', (options) =>
    convertModel(flags.folder as string, flags.out as string, {
      ...options,
      type: flags.outtype as ConvertType,
      ...(typeof flags.modelName === 'string' && { name: flags.modelName }),
    }),
  );
  await report(written, flags.json === true);
}

const command: CommandModule = {
  command: 'convert <folder> <out>',
  describe: 'make a GGUF file of a Hugging Face folder with safetensors',
  builder: (yargs) =>
    yargs
      .positional('folder', { type: 'string', describe: 'folder with config.json, model.safetensors or its shards, and the tokenizer' })
      .positional('out', { type: 'string', describe: 'GGUF file to write' })
      .options({
        outtype: word('type of matrices; auto: as they are stored, FP8 as BF16', [], { choices: ['auto', 'f32', 'f16', 'bf16'], default: 'auto' }),
        'model-name': word("the model's name in the file (default: the folder's)"),
        json: { type: 'boolean', describe: 'print what was written as JSON' },
      }),
  handler: (flags) => convert(flags),
};

export default command;
