// What the commands that read a text share: their flags, the bar, and Ctrl-C.
import type { Argv } from 'yargs';

import type { MeasureOptions } from '../lib';
import { loadFlags, loadOptions, numeric, word, type Flags } from './flags';
import { Interrupt, interrupted } from './interrupt';
import { note, progress } from './screen';

export function measureFlags(yargs: Argv): Argv {
  return loadFlags(yargs, { describe: 'GGUF file' }, 'tokens of a chunk of the text (default 512)').options({
    file: { ...word('text file', ['f']), group: 'Text:' },
    chunks: { ...numeric('chunks', 'chunks to read at most (default: the whole text)'), group: 'Text:' },
    'exact-ranks': { hidden: true },
    json: { type: 'boolean', describe: 'print the figures as JSON' },
  });
}

export function measureOptions(flags: Flags): MeasureOptions {
  const { contextTokens: context, threads, ...rest } = loadOptions(flags);
  const chunks = flags.chunks as number | undefined;
  if (threads === 'auto')
    throw new Error('--threads: expected a number, found "auto": this command reads at the speed of prompts, for which the default is right');
  return {
    ...rest,
    ...(threads !== undefined && { threads }),
    ...(context !== undefined && { context }),
    ...(chunks !== undefined && chunks !== -1 && { chunks }),
  };
}

/** Runs a call with a bar that tells the time left; Ctrl-C stops it. Undefined: it was stopped. */
export async function watched<T>(what: string, call: (job: Pick<MeasureOptions, 'onProgress' | 'signal'>) => Promise<T>): Promise<T | undefined> {
  const interrupt = new Interrupt();
  const bar = progress(what, { timeLeft: true });
  try {
    return await call({ onProgress: (fraction) => bar.show(fraction), signal: interrupt.arm() });
  } catch (error) {
    if (!interrupt.pressed) throw error;
    bar.end();
    note('stopped');
    process.exitCode = interrupted;
    return undefined;
  } finally {
    bar.end();
  }
}
