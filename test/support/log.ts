// What other processes write to a file, awaited.
import { existsSync, readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** The lines that are there. */
export const linesOf = (path: string): string[] => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []);

/** Resolves when a line is there. */
export function lineOf(path: string, line: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!linesOf(path).includes(line)) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(dirname(path), (_, name) => {
      if (name === null || name === basename(path)) look();
    });
    look();
  });
}

/** The process whose id the first line says. */
export const pidOf = (path: string): number => Number(/^pid (\d+)$/.exec(linesOf(path)[0] ?? '')?.[1]);

/** Whether a process runs; one that has ended, and that nobody has asked about, does not. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
