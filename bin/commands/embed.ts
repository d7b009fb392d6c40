import type { CommandModule } from 'yargs';

import type { EmbedOptions } from '../../lib';
import { numeric, word, type Flags } from '../flags';
import { load } from '../load';
import { watched } from '../measure';
import { idsOf, needModel, reading, textFlags, textsOf, write } from '../texts';

function options(flags: Flags): EmbedOptions {
  return {
    ...reading(flags),
    ...(flags.pooling !== undefined && { pooling: flags.pooling as NonNullable<EmbedOptions['pooling']> }),
    ...(flags.normalize !== undefined && { normalize: flags.normalize === true }),
    ...(flags.dimensions !== undefined && { dimensions: flags.dimensions as number }),
    ...(flags.instruction !== undefined && { instruction: flags.instruction as string }),
  };
}

async function embed(flags: Flags): Promise<void> {
  needModel(flags);
  const inputs = (await idsOf(flags)) ?? (await textsOf(flags, flags.text as string[]));
  await using model = await load({ ...flags, encoder: true }, 'embed');
  const vectors = await watched('Embedding', (job) => model.embed(inputs, { ...options(flags), ...job }));
  if (vectors) await write(flags, vectors, (vector, index) => ({ index, embedding: [...vector] }));
}

const command: CommandModule = {
  command: 'embed [text..]',
  describe: 'a vector of each text, near for texts that mean the same',
  builder: (yargs) =>
    textFlags(yargs)
      .positional('text', { type: 'string', array: true, default: [], describe: 'the texts' })
      .options({
        pooling: word('how rows become a vector: mean, cls or last; none: all rows (default: as the file says)', [], {
          choices: ['none', 'mean', 'cls', 'last'],
        }),
        normalize: { type: 'boolean', describe: 'divide each vector by its Euclidean norm (default; --no-normalize)' },
        dimensions: numeric('dimensions', 'keep the first so many numbers of each vector'),
        instruction: word('put before each text, as the model was trained for'),
      }),
  handler: (flags) => embed(flags),
};

export default command;
