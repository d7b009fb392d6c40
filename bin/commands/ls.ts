import type { CommandModule } from 'yargs';

import { cachedModels, downloads } from '../../lib';
import type { Flags } from '../flags';
import { size } from '../model-name';
import { note, print } from '../screen';
import { columns } from '../table';

async function list(flags: Flags): Promise<void> {
  const models = await cachedModels();
  if (flags.json === true) return print(`${JSON.stringify(models)}\n`);
  const broken = (await downloads()).filter(({ running }) => !running);
  if (models.length === 0) note('No model is here yet: llama-ts pull lists some for a beginning.');
  else {
    const rows = models.map(({ reference, bytes, modified }) => [reference, size(bytes), modified.toISOString().slice(0, 10)]);
    await print(columns([['NAME', 'SIZE', 'MODIFIED'], ...rows]));
  }
  for (const { what, bytes } of broken)
    note(`Of ${what} there are ${size(bytes)} of a download that was broken off: llama-ts pull goes on with it, llama-ts rm removes it.`);
}

const command: CommandModule = {
  command: 'ls',
  aliases: ['list'],
  describe: 'list the models that are here by name, whichever tool has brought them',
  builder: (yargs) => yargs.options({ json: { type: 'boolean', describe: 'print them as JSON' } }),
  handler: (flags) => list(flags),
};

export default command;
