// Faults at a chosen call of a program that writes a file, for what a clock would hit by luck only (test/fixtures/write-faults.c).
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './shared';

/** A call of the program while it writes, the how manieth of its kind, and what happens there. */
export type WriteFault = `${'open' | 'size' | 'write' | 'sync' | 'rename' | 'renamed'}:${number}:${'kill' | 'full' | 'cut'}`;

export interface Faulted {
  readonly happened: boolean; // whether the program came to that call
  readonly signal: NodeJS.Signals | null;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const compiler = process.platform === 'linux' ? ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0) : undefined;

/** A test that needs Linux and a C compiler; elsewhere it is skipped by name. */
export function faultTest(name: string, run: () => void | Promise<void>, timeoutMs = 120_000): void {
  const body = async (): Promise<void> => run();
  if (compiler !== undefined) test(name, body, timeoutMs);
  else test.skip(`${name} (skipped: needs Linux and a C compiler)`, body);
}

/** Compiles the library into a folder; its path. */
export function buildWriteFaults(folder: string): string {
  const library = join(folder, 'write-faults.so');
  const { status, stderr } = spawnSync(compiler!, ['-shared', '-fPIC', '-O1', '-o', library, join(root, 'test', 'fixtures', 'write-faults.c'), '-ldl'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the library of write faults does not compile: ${stderr}`);
  return library;
}

/** Runs a script of ours with a fault; `cut` names the file for that fault. */
export function runFaulted(library: string, fault: WriteFault, words: readonly string[], cut?: string): Faulted {
  const seen = `${library}.seen`;
  rmSync(seen, { force: true });
  const preload = [process.env.LD_PRELOAD, library].filter(Boolean).join(' ');
  const env = { ...process.env, LD_PRELOAD: preload, WRITE_FAULT: fault, WRITE_FAULT_SEEN: seen, ...(cut !== undefined && { WRITE_FAULT_FILE: cut }) };
  const { signal, status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', env, timeout: 100_000 });
  return { happened: existsSync(seen), signal, status, stdout, stderr };
}
