import type { CommandModule } from 'yargs';

import { downloads } from '../../lib';
import type { Flags } from '../flags';
import { size } from '../model-name';
import { note, print } from '../screen';
import { columns } from '../table';

/** Each program has its models to itself, and no other sees them; what all share is the cache, and who brings what into it. */
async function status(flags: Flags): Promise<void> {
  const running = (await downloads()).filter((download) => download.running);
  if (flags.json === true) return print(`${JSON.stringify(running)}\n`);
  note('Downloads that run are listed; a model that a program has loaded is seen by that program alone.');
  const rows = running.map(({ what, bytes, total = 0, pid, host, since }) => [
    what,
    `${size(bytes)} of ${size(total)}`,
    `${Math.floor((100 * bytes) / Math.max(1, total))}%`,
    `${pid} on ${host}`,
    since?.toISOString().slice(0, 19) ?? '',
  ]);
  await print(running.length === 0 ? '' : columns([['DOWNLOAD', 'SIZE', 'DONE', 'PROCESS', 'SINCE'], ...rows]));
}

const command: CommandModule = {
  command: 'ps',
  describe: 'list the downloads of models that run, of every process',
  builder: (yargs) => yargs.options({ json: { type: 'boolean', describe: 'print them as JSON' } }),
  handler: (flags) => status(flags),
};

export default command;
