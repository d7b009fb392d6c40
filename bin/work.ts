// Long work on files: a bar with the time left, Ctrl-C, and what was written.
import type { JobOptions, Written } from '../lib';
import { Interrupt } from './interrupt';
import { print, progress } from './screen';

/** Runs it with a bar on a terminal; the first Ctrl-C stops it. */
export async function work<T>(what: string, run: (options: Required<JobOptions>) => Promise<T>): Promise<T> {
  const bar = progress(what, { timeLeft: true });
  const signal = new Interrupt().arm();
  try {
    return await run({ onProgress: (f) => bar.show(f), signal });
  } finally {
    bar.end();
  }
}

export async function report(written: Written, json: boolean): Promise<void> {
  await print(json ? `${JSON.stringify(written)}\n` : `${written.path}: ${written.tensors} tensors, ${written.bytes} bytes\n`);
}
