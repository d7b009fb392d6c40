import type { CommandModule } from 'yargs';

import { suggestedModels } from '../../lib';
import { word, type Flags } from '../flags';
import { Interrupt, interrupted } from '../interrupt';
import { bringModel, connectionsFlag, hubFlags, hubOptions, size } from '../model-name';
import { note, print } from '../screen';
import { columns } from '../table';

/** What there is for those who have no model yet. Nothing is brought. */
function choice(): string {
  const rows = suggestedModels.map(({ name, bytes, license, purpose }) => [name, `about ${size(bytes)}`, license, purpose]);
  return `${columns([['NAME', 'SIZE', 'LICENSE', 'FOR'], ...rows])}
Bring one with llama-ts pull NAME, and talk to it with llama-ts chat -hf NAME. Any other GGUF model of the hub: llama-ts pull hf:USER/REPO:Q4_K_M
`;
}

async function pull(flags: Flags): Promise<void> {
  const json = flags.json === true;
  if (typeof flags.name !== 'string') return print(json ? `${JSON.stringify(suggestedModels)}\n` : choice());
  const interrupt = new Interrupt();
  try {
    const found = await bringModel(flags.name, {
      ...hubOptions(flags),
      ...(typeof flags.connections === 'number' && { connections: flags.connections }),
      ...(typeof flags.sha256 === 'string' && { sha256: flags.sha256 }),
      ...(flags.mmproj === false && { mmproj: false }),
      signal: interrupt.arm(),
    });
    await print(
      json ? `${JSON.stringify(found)}\n` : [...found.files, ...(found.mmproj === undefined ? [] : [found.mmproj])].map((path) => `${path}\n`).join(''),
    );
  } catch (error) {
    if (!interrupt.pressed) throw error;
    note('What came is kept: the same command goes on from there.');
    process.exitCode = interrupted;
  }
}

const command: CommandModule = {
  command: 'pull [name]',
  aliases: ['download', 'get'],
  describe: 'bring a model by its name; without one, list some for a beginning',
  builder: (yargs) =>
    hubFlags(
      yargs.positional('name', {
        type: 'string',
        describe: 'hf:USER/REPO, hf:USER/REPO:QUANT, hf:USER/REPO/FILE.gguf, an address, or a name that is listed without one',
      }),
    )
      .options({
        mmproj: { type: 'boolean', describe: '--no-mmproj: leave out what reads images beside the model' },
        sha256: word('of an address: the hash that the file has to have'),
        connections: connectionsFlag,
        json: { type: 'boolean', describe: 'print what was found as JSON' },
      })
      .example('$0 pull hf:Qwen/Qwen3-4B-GGUF:Q4_K_M', ''),
  handler: (flags) => pull(flags),
};

export default command;
