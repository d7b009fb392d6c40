// Several ranks under the launchers of Open MPI and MPICH: the native cases, an app, the command line, and everything that can go wrong
// with a rank. A launcher that is not installed is skipped by name.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, storyModel } from './support/shared';

interface Launcher {
  name: string;
  program: string;
  flags: readonly string[];
  survive: readonly string[]; // does not end the others where a rank dies
}

const launchers: readonly Launcher[] = [
  { name: 'Open MPI', program: 'mpirun.openmpi', flags: ['--allow-run-as-root', '--oversubscribe'], survive: ['--enable-recovery'] },
  { name: 'MPICH', program: 'mpirun.mpich', flags: [], survive: ['-disable-auto-cleanup'] },
];

const found = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const check = [process.env.LLAMA_TS_CHECK, ...['build/node/native/check', 'build/native/check'].map((f) => join(root, f, 'llama-ts-check'))].find((p) => p !== undefined && existsSync(p));
const app = join(root, 'test', 'fixtures', 'ranks.cjs');
const cli = join(root, 'dist', 'bin', 'llama-ts.js');

interface End {
  lines: Record<string, unknown>[]; // of rank 0
  stdout: string;
  stderr: string;
  code: number | null;
  seconds: number;
}

function run({ program, flags }: Launcher, ranks: number, words: readonly string[], env: Record<string, string> = {}, more: readonly string[] = []): Promise<End> {
  const began = Date.now();
  return new Promise((resolve) => {
    const child = spawn(program, [...flags, ...more, '-n', String(ranks), ...words], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const watch = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 100_000);
    child.on('close', (code) => {
      clearTimeout(watch);
      const lines = stdout.split('\n').filter((l) => l.startsWith('{')).map((l) => JSON.parse(l) as Record<string, unknown>);
      resolve({ lines, stdout, stderr, code, seconds: (Date.now() - began) / 1000 });
    });
  });
}

const node = (...words: string[]): string[] => [process.execPath, ...words];

// A launcher may drop what a process says once another died: each writes to a file named after its rank.
const toFiles = ['sh', '-c', 'exec "$0" "$@" >"$SAY_TO/$OMPI_COMM_WORLD_RANK$PMI_RANK" 2>&1'];

for (const launcher of launchers) {
  const { name, program } = launcher;
  if (!found(program)) {
    test.skip(`${name} (skipped: ${program} is not installed)`, () => {});
    continue;
  }
  describe(name, () => {
    let folder = '';
    let alone: End;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'llama-ts-ranks-'));
      alone = await run(launcher, 1, node(app, storyModel));
    }, 60_000);
    afterAll(() => rmSync(folder, { recursive: true }));

    test.each([1, 2, 3, 4])('the native cases on %i ranks', async (ranks) => {
      expect(check).toBeDefined();
      const { stdout, stderr, code } = await run(launcher, ranks, [check!, 'mpi/']);
      expect({ stdout, stderr, code }).toMatchObject({ code: 0, stdout: expect.stringMatching(/[1-9]\d* passed, 0 failed/) as string });
    }, 120_000);

    test.each([2, 3, 4])('an app on %i ranks: one output, the text of one rank in exact mode', async (ranks) => {
      const { lines, code, stderr } = await run(launcher, ranks, node(app, storyModel), { EXACT: '1' });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(lines.map((l) => l.rank)).toEqual([0, 0, 0]);
      expect(lines[0]!.loaded).toMatch(new RegExp(`^${ranks} ranks, exact: attention heads .*output rows .*feed-forward `));
      expect(lines[1]!.texts).toEqual(alone.lines[1]!.texts);
    }, 60_000);

    test('the command line: rank 0 reads the prompt and prints', async () => {
      const words = node(cli, 'run', '-m', storyModel, '-p', 'The brave fox', '-n', '12', '--temp', '0', '--exact-ranks', '-v');
      const one = spawnSync(words[0]!, words.slice(1), { encoding: 'utf8' });
      const three = await run(launcher, 3, words);
      expect(three).toMatchObject({ code: 0, stdout: one.stdout });
      expect(three.stderr).toMatch(/3 ranks, exact: /);
    }, 60_000);

    const failures: readonly (readonly [fault: string, code: string, message: RegExp, seconds: number])[] = [
      ['absent', 'DEVICE', /^rank 1 of 3 ended before it loaded the model/, 15],
      ['killed', 'DEVICE', /^rank 1 died/, 15],
      ['stopped', 'DEVICE', /^rank 1 has not been heard of/, 25],
      ['options', 'ARGUMENT', /^rank 1 has contextTokens 256, rank 0 has contextTokens 512/, 15],
      ['file', 'ARGUMENT', /^rank 1 has a model file of /, 15],
    ];
    test.each(failures)('a rank that is %s ends all others with %s', async (fault, expected, message, limit) => {
      const other = join(folder, 'other.gguf');
      const bytes = readFileSync(storyModel);
      bytes[bytes.length - 64]! ^= 1; // of a weight: all sizes and names stay
      writeFileSync(other, bytes);
      const words = node(app, storyModel, fault, '1');
      const end = await run(launcher, 3, [...toFiles, ...words], { OTHER_MODEL: other, SAY_TO: folder }, fault === 'killed' ? launcher.survive : []);
      const [zero, two] = [0, 2].map((rank) => readFileSync(join(folder, String(rank)), 'utf8')) as [string, string];
      const said = zero.split('\n').filter((l) => l.startsWith('{')).map((l) => JSON.parse(l) as Record<string, unknown>).at(-1);
      expect({ said, stderr: end.stderr }).toMatchObject({ said: { code: expected, message: expect.stringMatching(message) as string } });
      expect(two).toMatch(new RegExp(`llama-ts \\(rank 2\\): ${expected}: rank [01] `)); // so do those that follow
      if (fault !== 'killed') expect(end.code).not.toBe(0); // Open MPI forgives it where it lets the others live
      expect(end.seconds).toBeLessThan(limit);
    }, 110_000);

    test('a rank that is killed ends the job where the launcher has its way', async () => {
      const end = await run(launcher, 3, node(app, storyModel, 'killed', '1'));
      expect(end.code).not.toBe(0);
      expect(end.seconds).toBeLessThan(20);
    }, 110_000);
  });
}
