// Several ranks under the launchers of Open MPI and MPICH: the native cases, an app, the command line, and everything that can go wrong
// with a rank. A launcher that is not installed is skipped by name.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { best, logProbabilities, quantile } from './support/distance';
import { expected, gap, goldenCases, topErrors } from './support/golden';
import { root, sharedPath, sharedTest, storyModel } from './support/shared';

const smolModel = 'models/SmolLM2-135M-Instruct-Q4_1.gguf';
const smolGolden = 'golden/smollm2.json';

interface Launcher {
  name: string;
  program: string;
  flags: readonly string[];
}

const launchers: readonly Launcher[] = [
  { name: 'Open MPI', program: 'mpirun.openmpi', flags: ['--allow-run-as-root', '--oversubscribe'] },
  { name: 'MPICH', program: 'mpirun.mpich', flags: [] },
];

const found = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const check = [process.env.LLAMA_TS_CHECK, ...['build/node/native/check', 'build/native/check'].map((f) => join(root, f, 'llama-ts-check'))].find(
  (p) => p !== undefined && existsSync(p),
);
const app = join(root, 'test', 'fixtures', 'ranks.cjs');
const cli = join(root, 'dist', 'bin', 'llama-ts.js');

interface End {
  lines: Record<string, unknown>[]; // of rank 0
  stdout: string;
  stderr: string;
  code: number | null; // null: nothing ended for so long that it was killed
}

function run({ program, flags }: Launcher, ranks: number, words: readonly string[], env: Record<string, string> = {}): Promise<End> {
  return new Promise((resolve) => {
    const child = spawn(program, [...flags, '-n', String(ranks), ...words], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const watch = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 100_000);
    child.on('close', (code) => {
      clearTimeout(watch);
      const lines = stdout
        .split('\n')
        .filter((l) => l.startsWith('{'))
        .map((l) => JSON.parse(l) as Record<string, unknown>);
      resolve({ lines, stdout, stderr, code });
    });
  });
}

const node = (...words: string[]): string[] => [process.execPath, ...words];

// A launcher may drop what a process says once another died, and may kill the others: each writes to a file named after its rank, and
// the launcher's own child is a shell that stays until all ranks of $STAY have ended. So it learns of a death when there is nothing left
// to lose.
// The last turn is for a job that hangs, which the watch of run() ends; shells of a killed launcher must not stay for ever.
const toFiles = [
  'sh',
  '-c',
  `rank="$OMPI_COMM_WORLD_RANK$PMI_RANK"
  "$0" "$@" >"$SAY_TO/$rank" 2>&1; code=$?
  : >"$SAY_TO/ended.$rank"
  case " $STAY " in *" $rank "*) ;; *) exit $code;; esac
  turn=0
  for other in $STAY; do
    while [ $turn -lt 2000 ] && ! [ -e "$SAY_TO/ended.$other" ]; do sleep 0.05; turn=$((turn + 1)); done
  done
  exit $code`,
];

for (const launcher of launchers) {
  const { name, program } = launcher;
  if (!found(program)) {
    test.skip(`${name} (skipped: ${program} is not installed)`, () => {});
    continue;
  }
  describe(name, () => {
    let [folder, models] = ['', ''];
    let alone: End;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'llama-ts-ranks-'));
      models = mkdtempSync(join(tmpdir(), 'llama-ts-ranks-models-'));
      alone = await run(launcher, 1, node(app, storyModel));
    }, 60_000);
    afterAll(() => [folder, models].forEach((f) => rmSync(f, { recursive: true })));

    // How the job ends, what rank 0 said last, and all that rank 2 said. A stopped rank never ends, and an absent one is told by its
    // process, of which the shell is a part: nobody waits for those.
    async function fail(fault: string, env: Record<string, string>): Promise<[End, Record<string, unknown> | undefined, string]> {
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
      const settings = { ...env, SAY_TO: folder, COMPUTING: join(folder, 'computing'), STAY: fault === 'stopped' || fault === 'absent' ? '0 2' : '0 1 2' };
      const end = await run(launcher, 3, [...toFiles, ...node(app, storyModel, fault, '1')], settings);
      const [zero, two] = [0, 2].map((rank) => readFileSync(join(folder, String(rank)), 'utf8')) as [string, string];
      return [
        end,
        zero
          .split('\n')
          .filter((l) => l.startsWith('{'))
          .map((l) => JSON.parse(l) as Record<string, unknown>)
          .at(-1),
        two,
      ];
    }

    test.each([1, 2, 3, 4])(
      'the native cases on %i ranks',
      async (ranks) => {
        expect(check).toBeDefined();
        const { stdout, stderr, code } = await run(launcher, ranks, [check!, 'mpi/']);
        expect({ stdout, stderr, code }).toMatchObject({ code: 0, stdout: expect.stringMatching(/[1-9]\d* passed, 0 failed/) as string });
      },
      120_000,
    );

    test.each([2, 3, 4])(
      'an app on %i ranks: one output, the text of one rank in exact mode',
      async (ranks) => {
        const { lines, code, stderr } = await run(launcher, ranks, node(app, storyModel), { EXACT: '1' });
        expect({ code, stderr }).toMatchObject({ code: 0 });
        expect(lines.map((l) => l.rank)).toEqual([0, 0, 0]);
        expect(lines[0]!.loaded).toMatch(new RegExp(`^${ranks} ranks, exact: output rows .*attention heads .*feed-forward `));
        expect(lines[1]!.texts).toEqual(alone.lines[1]!.texts);
      },
      60_000,
    );

    test('as on several machines, an app runs and a death is noticed', async () => {
      const env = { LLAMA_TS_RANKS_LINE: 'tcp' };
      expect(await run(launcher, 3, node(app, storyModel), env)).toMatchObject({ code: 0 });
      expect((await fail('killed', env))[1]).toMatchObject({ code: 'DEVICE', message: expect.stringMatching(/^rank 1 died/) as string });
    }, 240_000);

    // What ranks compute is the same under every launcher, as their texts are above: of the first that is there.
    if (program === launchers.find((l) => found(l.program))?.program) {
      sharedTest(
        'SmolLM2 on three ranks is within the integer tolerance',
        [smolModel, smolGolden],
        async () => {
          const out = join(folder, 'rows.f32');
          const cases = goldenCases(smolGolden).filter((c) => c.ids.length < 1000);
          const end = await run(launcher, 3, node(join(root, 'test', 'fixtures', 'ranks-logits.cjs'), sharedPath(smolModel), sharedPath(smolGolden), out));
          expect(end).toMatchObject({ code: 0 });
          const bytes = readFileSync(out);
          const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
          const steps = cases.flatMap((c) => c.steps);
          const width = values.length / steps.length;
          const seen = steps.map((step, i) => ({ step, logProbabilities: logProbabilities(values.slice(i * width, (i + 1) * width)) }));
          const errors = seen.flatMap((s) => topErrors(s));
          expect(quantile(errors, 0.5)).toBeLessThanOrEqual(0.08);
          expect(quantile(errors, 0.99)).toBeLessThanOrEqual(0.6);
          expect(seen.filter((s) => best(s.logProbabilities) !== expected(s.step) && gap(s.step) > 0.6)).toHaveLength(0);
        },
        400_000,
      );
    }

    test('the command line: rank 0 reads the prompt and prints', async () => {
      const words = node(cli, 'run', '-m', storyModel, '-p', 'The brave fox', '-n', '12', '--temp', '0', '--exact-ranks', '-v');
      const one = spawnSync(words[0]!, words.slice(1), { encoding: 'utf8' });
      const three = await run(launcher, 3, words);
      expect(three).toMatchObject({ code: 0, stdout: one.stdout });
      expect(three.stderr).toMatch(/3 ranks, exact: /);
    }, 60_000);

    // The messages tell how it was noticed: a process that ended, a line that closed, a silence; not by waiting until patience ends.
    const failures: readonly (readonly [fault: string, code: string, message: RegExp])[] = [
      ['absent', 'DEVICE', /^rank 1 of 3 ended before it loaded the model$/],
      ['killed', 'DEVICE', /^rank 1 died: its process ended without a word$/],
      ['stopped', 'DEVICE', /^rank 1 has not been heard of for 10 s/],
      ['options', 'ARGUMENT', /^rank 1 has contextTokens 256, rank 0 has contextTokens 512/],
      ['file', 'ARGUMENT', /^rank 1 has a model file of /],
    ];
    test.each(failures)(
      'a rank that is %s ends all others with %s',
      async (fault, wanted, message) => {
        const other = join(models, 'other.gguf');
        const bytes = readFileSync(storyModel);
        bytes[bytes.length - 64]! ^= 1; // of a weight: all sizes and names stay
        writeFileSync(other, bytes);
        const [end, said, two] = await fail(fault, { OTHER_MODEL: other });
        expect({ said, stderr: end.stderr }).toMatchObject({ said: { code: wanted, message: expect.stringMatching(message) as string } });
        expect(two).toMatch(new RegExp(`llama-ts \\(rank 2\\): ${wanted}: rank [01] `)); // so do those that follow
        expect(end.code).toBeGreaterThan(0);
      },
      240_000,
    );

    test('a rank that is killed ends the job where the launcher has its way', async () => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
      const end = await run(launcher, 3, node(app, storyModel, 'killed', '1'), { COMPUTING: join(folder, 'computing') });
      expect(end.code).toBeGreaterThan(0);
    }, 110_000);
  });
}
