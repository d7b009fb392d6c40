import { setTimeout as pause } from 'node:timers/promises';
import type { CommandModule } from 'yargs';

import { numeric, word, type Flags } from '../flags';
import { Interrupt } from '../interrupt';
import { metricsOf, rowsOf, type Sample } from '../watch';

async function read(url: string, key: string | undefined): Promise<Sample> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  let response: Response;
  try {
    response = await fetch(`${url}/metrics`, { headers, signal: AbortSignal.timeout(5000) });
  } catch (error) {
    throw new Error(`top: ${url} does not answer: ${((error as Error).cause as Error | undefined)?.message ?? (error as Error).message}`);
  }
  if (!response.ok) throw new Error(`top: ${url} answers ${response.status}${response.status === 401 ? ': give --api-key' : ''}`);
  return { at: performance.now(), values: metricsOf(await response.text()) };
}

async function top(flags: Flags): Promise<void> {
  const url = String(flags.url ?? 'http://127.0.0.1:8080').replace(/\/+$/, '');
  const key = (flags.apiKey as string | undefined) ?? process.env.LLAMA_API_KEY;
  const signal = new Interrupt().arm();
  const often = ((flags.interval as number | undefined) ?? 1) * 1000;
  let before = await read(url, key);
  for (let left = (flags.times as number | undefined) ?? Infinity; left > 0 && !signal.aborted; left--) {
    await pause(often, undefined, { signal }).catch(() => {}); // Ctrl-C
    if (signal.aborted) break;
    const now = await read(url, key);
    if (process.stdout.isTTY) process.stdout.write('\x1b[2J\x1b[H');
    process.stdout.write(`${[`${url}`, '', ...rowsOf(before, now)].join('\n')}\n`);
    before = now;
  }
}

const command: CommandModule = {
  command: 'top [url]',
  describe: 'watch a server: requests, tokens a second, memory',
  builder: (yargs) =>
    yargs.positional('url', { type: 'string', describe: 'the server (default http://127.0.0.1:8080)' }).options({
      'api-key': word('key of the server (also LLAMA_API_KEY)'),
      interval: numeric('interval', 'seconds between two looks (default 1)'),
      times: numeric('times', 'how often to look (default: until Ctrl-C)', ['n']),
    }),
  handler: (flags) => top(flags),
};

export default command;
