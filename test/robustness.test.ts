// Nothing kills the process: mutated model files, random arguments, models left behind by worker threads.
import { availableParallelism } from 'node:os';
import { runChild } from './support/children';
import { FixtureFolder, tinyShapes } from './fixtures/tiny-models';
import { sanitized, storyModel } from './support/shared';
import { manyOf, thorough } from './support/thorough';

const folder = new FixtureFolder();
afterAll(() => folder.remove());

const codes = ['FILE', 'DISK', 'FORMAT', 'UNSUPPORTED', 'MEMORY', 'CONTEXT', 'ARGUMENT', 'TEMPLATE', 'DEVICE', 'DISPOSED', 'AbortError', 'ran'];

interface Findings {
  outcomes: Map<string, number>;
  faults: string[]; // crashes, hangs, what was thrown and is no LlamaError
  slowest: number; // milliseconds of the processor
}

function read(lines: readonly string[], findings: Findings): number | undefined {
  let open: number | undefined;
  for (const line of lines) {
    const started = /^start (\d+)$/.exec(line);
    if (started) open = Number(started[1]);
    const ended = /^end (\d+) (\d+) (.*)$/.exec(line);
    if (!ended) continue;
    open = undefined;
    const what = JSON.parse(ended[3]!) as string;
    findings.outcomes.set(what.slice(0, 40), (findings.outcomes.get(what.slice(0, 40)) ?? 0) + 1);
    findings.slowest = Math.max(findings.slowest, Number(ended[2]));
    if (!codes.includes(what)) findings.faults.push(`${ended[1]}: ${what}`);
  }
  return open;
}

// Runs cases [first, last) of a script, going on behind one that killed its process.
async function span(script: string, first: number, last: number, args: (from: number, to: number) => string[], findings: Findings): Promise<void> {
  while (first < last) {
    const child = await runChild(script, args(first, last), 20_000);
    const open = read(child.lines, findings);
    if (child.end === 'done' && open === undefined) return;
    findings.faults.push(`${open ?? 'before the first'}: ${child.end} ${child.errors.slice(-500)}`);
    if (open === undefined || findings.faults.length > 20) return;
    first = open + 1;
  }
}

async function explore(script: string, count: number, args: (from: number, to: number) => string[]): Promise<Findings> {
  const findings: Findings = { outcomes: new Map(), faults: [], slowest: 0 };
  const spans = Math.min(4, availableParallelism());
  const edge = (i: number) => Math.floor((count * i) / spans);
  await Promise.all(Array.from({ length: spans }, (_, i) => span(script, edge(i), edge(i + 1), args, findings)));
  return findings;
}

const count = manyOf(1000);

test(`${count} mutated model files: a LlamaError, or a model that runs`, async () => {
  const files = [
    folder.model(tinyShapes.plain, 'Q8_0'),
    folder.model(tinyShapes['biases, rope factors'], 'Q4_K'),
    folder.model(tinyShapes['qwen2, yarn'], 'F16'),
    folder.model(tinyShapes['qwen3, one layer, seven heads'], 'Q4_0'),
    storyModel,
  ];
  const { faults, outcomes, slowest } = await explore('mutants.cjs', count, (from, to) => [folder.path, `${from}`, `${to}`, ...files]);
  expect(faults).toEqual([]);
  expect([...outcomes.values()].reduce((a, b) => a + b)).toBe(count);
  expect(outcomes.get('FORMAT')).toBeGreaterThan(count / 5);
  expect(outcomes.get('ran')).toBeGreaterThan(count / 50);
  expect(slowest).toBeLessThan(5000);
}, 600_000);

test(`${count} random arguments: a LlamaError, or a call that works`, async () => {
  const { faults, outcomes } = await explore('options.cjs', count, (from, to) => [storyModel, `${from}`, `${to}`]);
  expect(faults).toEqual([]);
  expect([...outcomes.values()].reduce((a, b) => a + b)).toBe(count);
  expect(outcomes.get('ARGUMENT')).toBeGreaterThan(0.3 * count);
}, 600_000);

thorough(
  '140 models loaded and left in worker threads: no crash, no leak',
  async () => {
    const child = await runChild('workers.cjs', [storyModel, '140'], 30_000);
    expect(`${child.end} ${child.errors}`.trim()).toBe('done');
    const resident = child.lines.map((line) => (JSON.parse(line) as { megabytes: number }).megabytes);
    expect(resident).toHaveLength(140);
    // The first cycles fill what the allocators keep. A model left behind would be 4 MB each time, 400 in all,
    // and 27 where it is that of one worker in fifteen alone, which ends at once while its model runs.
    // The address sanitizer keeps 2 MB of each worker, of one that does nothing too.
    if (!sanitized) expect(Math.max(...resident.slice(110)) - Math.max(...resident.slice(10, 40))).toBeLessThan(25);
  },
  300_000,
);
