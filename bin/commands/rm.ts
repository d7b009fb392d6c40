import type { CommandModule } from 'yargs';

import { removeModel } from '../../lib';
import type { Flags } from '../flags';
import { size } from '../model-name';
import { print } from '../screen';

async function remove(flags: Flags): Promise<void> {
  for (const name of flags.names as string[]) {
    const removed = await removeModel(name);
    await print(
      flags.json === true
        ? `${JSON.stringify(removed)}\n`
        : `${removed.files.map((path) => `removed ${path}\n`).join('')}${size(removed.bytes)} are free again\n`,
    );
  }
}

const command: CommandModule = {
  command: 'rm <names..>',
  aliases: ['remove'],
  describe: 'remove models that are here by name',
  builder: (yargs) =>
    yargs
      .positional('names', { type: 'string', array: true, describe: 'as llama-ts ls lists them; hf:USER/REPO alone for all of a repository' })
      .options({ json: { type: 'boolean', describe: 'print what was removed as JSON' } }),
  handler: (flags) => remove(flags),
};

export default command;
