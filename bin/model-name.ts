// Models by name on the command line: which of the flags says what is meant, how far a download is, and what was chosen.
import type { Argv } from 'yargs';

import { pull, ranks, type HubOptions, type PulledModel, type PullOptions, type PullProgress } from '../lib';
import { numeric, word, type Flags } from './flags';
import { note } from './screen';

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** With the units of files, powers of 1000: `2.50 GB`. */
export function size(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toPrecision(3)} ${units[power]}`;
}

function time(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

/** Where models come from, for every command that takes a name. */
export function hubFlags(yargs: Argv): Argv {
  return yargs
    .options({
      'hf-token': word('token for models that are private or gated (default: HF_TOKEN, else what "hf auth login" has kept)', ['hft']),
      offline: { type: 'boolean', describe: 'use what is in the cache, and ask nobody (also HF_HUB_OFFLINE=1)' },
    })
    .group(['hf-token', 'offline'], 'Models by name:');
}

/** The same, with the flags that name a model. */
export function modelNameFlags(yargs: Argv): Argv {
  return hubFlags(
    yargs.options({
      'hf-repo': word('model of the hub, USER/REPO[:QUANT]: brought into the cache where it is not there', ['hf', 'hfr']),
      'hf-file': word('with -hf: the file, where the quantization does not tell it', ['hff']),
      'model-url': word('address of a GGUF file', ['mu']),
    }),
  ).group(['hf-repo', 'hf-file', 'model-url', 'hf-token', 'offline'], 'Models by name:');
}

export const connectionsFlag = numeric('connections', 'requests at once for a file, 1 to 16 (default: 4)');

export function hubOptions({ hfToken, offline }: Flags): HubOptions {
  return { ...(typeof hfToken === 'string' && { token: hfToken }), ...(offline === true && { offline }) };
}

/** A name as `hf:NAME`, unless it says itself where it is from. */
export const prefixed = (name: string): string => (/^(hf:|https?:\/\/|hf\.co\/|huggingface\.co\/)/i.test(name) ? name : `hf:${name}`);

/** The name that the flags give, where they give one and not a path. */
export function nameOf(flags: Flags): string | undefined {
  const { model, hfRepo, hfFile, modelUrl } = flags;
  const given = Object.entries({ '-m': model, '-hf': hfRepo, '-mu': modelUrl }).filter(([, value]) => typeof value === 'string');
  if (given.length > 1) throw new Error(`${given.map(([flag]) => flag).join(' and ')}: each names a model: give one of them`);
  if (typeof hfFile === 'string' && typeof hfRepo !== 'string') throw new Error('-hff: has an effect with -hf USER/REPO only');
  if (typeof modelUrl === 'string') return modelUrl;
  if (typeof hfRepo === 'string') return typeof hfFile === 'string' ? `${prefixed(hfRepo).replace(/:[\w.-]*$/, '')}/${hfFile}` : prefixed(hfRepo);
  return typeof model === 'string' && prefixed(model) === model ? model : undefined;
}

/** One line that is written anew while a download goes on; nothing where nobody reads a terminal. */
class Line {
  #shown = false;

  show({ file, number, files, bytes, total, bytesPerSecond, secondsLeft, state }: PullProgress): void {
    if (process.stderr.isTTY !== true) return;
    const which = files > 1 ? ` (${number} of ${files})` : '';
    const doing = state === 'waiting' ? 'another process brings' : state === 'checking' ? 'checking what is there of' : 'bringing';
    const speed = bytesPerSecond === undefined || state !== 'downloading' ? '' : `, ${size(bytesPerSecond)}/s, ${time(secondsLeft ?? 0)} left`;
    const text = `${doing} ${file}${which}: ${Math.floor((100 * bytes) / Math.max(1, total))}% of ${size(total)}${speed}`;
    process.stderr.write(`\r\x1b[2K${text.slice(0, Math.max(20, (process.stderr.columns || 80) - 1))}`);
    this.#shown = true;
  }

  end(): void {
    if (this.#shown) process.stderr.write('\r\x1b[2K');
    this.#shown = false;
  }
}

/** Brings a model, with a line that tells how far that is, and says what was chosen where the name left that open. */
export async function bringModel(name: string, options: PullOptions): Promise<PulledModel> {
  const line = new Line();
  let announced = false;
  const onProgress = (_: number, progress: PullProgress): void => {
    if (!announced && ranks.rank === 0 && process.stderr.isTTY !== true) note(`Bringing ${name}: ${size(progress.total)}`);
    announced = true;
    if (ranks.rank === 0) line.show(progress);
  };
  try {
    const found = await pull(name, { ...options, onProgress });
    line.end();
    if (ranks.rank === 0) say(name, found);
    return found;
  } finally {
    line.end();
  }
}

function say(name: string, { quant, quants, reference, broughtBytes, license }: PulledModel): void {
  const wasNamed = quant === undefined || name.toUpperCase().includes(quant);
  if (!wasNamed && quants.length > 1) note(`${name} names no quantization: this is ${quant}, of ${quants.join(', ')}`);
  if (broughtBytes > 0) note(`Brought ${reference}${license === undefined ? '' : `, license ${license}`}`);
}
