import type { CommandModule } from 'yargs';

import { downloads } from '../../lib';
import { word, type Flags } from '../flags';
import { size } from '../model-name';
import { note, print } from '../screen';
import { columns } from '../table';

interface Loaded {
  readonly name: string;
  readonly size: number;
  readonly expires_at?: string;
}

const usual = 'http://127.0.0.1:8080';

/** The models that a server has loaded; undefined: none answers where one is looked for by itself. */
async function loadedAt(given: string | undefined, key: string | undefined): Promise<readonly Loaded[] | undefined> {
  const url = (given ?? usual).replace(/\/+$/, '');
  let response: Response;
  try {
    response = await fetch(`${url}/api/ps`, { headers: key === undefined ? {} : { authorization: `Bearer ${key}` }, signal: AbortSignal.timeout(5000) });
  } catch (error) {
    if (given === undefined) return undefined;
    throw new Error(`ps: ${url} does not answer: ${((error as Error).cause as Error | undefined)?.message ?? (error as Error).message}`);
  }
  const { models } = (await response.json().catch(() => ({}))) as { models?: unknown };
  if (response.ok && Array.isArray(models)) return models as Loaded[];
  if (given === undefined) return undefined;
  throw new Error(`ps: ${url} answers ${response.status}${response.status === 401 ? ': give --api-key' : ', and lists no models'}`);
}

const seconds = (date: string | undefined): string => (date === undefined || date > '2200' ? '' : date.slice(0, 19)); // further on: it stays

async function status(flags: Flags): Promise<void> {
  const url = flags.url as string | undefined;
  const [models, all] = await Promise.all([loadedAt(url, (flags.apiKey as string | undefined) ?? process.env.LLAMA_API_KEY), downloads()]);
  const running = all.filter((download) => download.running);
  if (flags.json === true) return print(`${JSON.stringify({ models: models ?? [], downloads: running })}\n`);
  if (models === undefined)
    note(`No server answers at ${usual}: give the address of another. A model that a program has loaded is seen by that program alone.`);
  const loaded = (models ?? []).map(({ name, size: bytes, expires_at: until }) => [name, size(bytes), seconds(until)]);
  const brought = running.map(({ what, bytes, total = 0, pid, host, since }) => [
    what,
    `${size(bytes)} of ${size(total)}`,
    `${Math.floor((100 * bytes) / Math.max(1, total))}%`,
    `${pid} on ${host}`,
    since?.toISOString().slice(0, 19) ?? '',
  ]);
  const tables = [
    ...(loaded.length === 0 ? [] : [columns([['MODEL', 'SIZE', 'UNTIL'], ...loaded])]),
    ...(brought.length === 0 ? [] : [columns([['DOWNLOAD', 'SIZE', 'DONE', 'PROCESS', 'SINCE'], ...brought])]),
  ];
  await print(tables.join('\n'));
}

const command: CommandModule = {
  command: 'ps [url]',
  describe: 'list the models that a server has loaded, and the downloads that run, of every process',
  builder: (yargs) =>
    yargs.positional('url', { type: 'string', describe: `the server (default ${usual})` }).options({
      'api-key': word('key of the server (also LLAMA_API_KEY)'),
      json: { type: 'boolean', describe: 'print them as JSON' },
    }),
  handler: (flags) => status(flags),
};

export default command;
