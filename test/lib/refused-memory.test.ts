// Whatever the addon is refused, every call ends and what follows works: a small library, preloaded into a process, refuses the
// addon's allocations one by one, or has its threads come late to their locks.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runChild } from '../support/children';
import { root } from '../support/shared';

const folder = mkdtempSync(join(tmpdir(), 'llama-ts-refused-'));
const library = join(folder, 'refuse.so');
const source = join(root, 'test', 'fixtures', 'refuse.c');
const built = process.platform === 'linux' && spawnSync(process.env.CC ?? 'cc', ['-O1', '-shared', '-fPIC', '-o', library, source, '-ldl']).status === 0;
// A sanitizer brings a malloc of its own.
const usable = built && !process.env.LD_PRELOAD;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const silenceMs = 120_000;
const run = (phase: string) => runChild('refused-memory.cjs', [phase], silenceMs, { LD_PRELOAD: library });

(usable ? describe : describe.skip)(usable ? 'memory refused' : 'memory refused: needs Linux, a C compiler and the GNU C library', () => {
  test.each([
    ['load', 20, 40],
    ['generate', 20, 40],
    ['dispose', 1, 1], // takes none: what still runs rejects
  ])(
    'while %s runs',
    async (phase, leastTries, leastFailures) => {
      const { lines, errors, end } = await run(phase);
      expect({ end, errors, last: lines.at(-1) }).toEqual({ end: 'done', errors: '', last: 'done' });
      const [, tries = '0', failures = '0'] = /^tries (\d+) failures (\d+)$/.exec(lines.at(-2) ?? '') ?? [];
      expect(Number(tries)).toBeGreaterThanOrEqual(leastTries);
      expect(Number(failures)).toBeGreaterThanOrEqual(leastFailures);
    },
    600_000,
  );

  test('reports come whole and in their order, however late threads reach their locks', async () => {
    const { lines, errors, end } = await run('late');
    expect({ end, errors, last: lines.at(-1) }).toEqual({ end: 'done', errors: '', last: 'done' });
    expect(lines.filter((line) => line.startsWith('round'))).toHaveLength(30);
  }, 600_000);
});
