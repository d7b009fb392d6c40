// The instruction sets of the CPU backend that this machine runs, by the names that `isa` takes.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root, storyModel } from './shared';

export const isaNames = ['portable', 'avx2', 'avxvnni', 'avx512', 'neon', 'i8mm'] as const;

// Asked in a process of its own, as jest wants to know the tests before anything asynchronous has run.
const probe = `
  const { loadModel } = require(process.argv[1]);
  (async () => {
    const usable = [];
    for (const isa of process.argv.slice(3)) {
      try {
        const model = await loadModel(process.argv[2], { backend: 'cpu', isa, threads: 1, contextTokens: 64 });
        await model.dispose();
        usable.push(isa);
      } catch (error) {
        if (error.code !== 'DEVICE' && error.code !== 'ARGUMENT') throw error;
      }
    }
    console.log(JSON.stringify(usable));
  })();`;

export function usableIsas(): string[] {
  const library = join(root, 'dist', 'lib', 'index.js');
  return JSON.parse(execFileSync(process.execPath, ['-e', probe, library, storyModel, ...isaNames], { encoding: 'utf8' })) as string[];
}

// One test an instruction set; those that the machine lacks are skipped by name.
export function eachIsa(name: string, run: (isa: string) => Promise<void>, timeoutMs = 60_000): void {
  const usable = usableIsas();
  for (const isa of isaNames) {
    if (usable.includes(isa)) test(`${name}: ${isa}`, () => run(isa), timeoutMs);
    else test.skip(`${name}: ${isa} (skipped: this machine lacks it)`, () => run(isa));
  }
}
