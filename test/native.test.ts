// The native checks and op cases (native/check, test/cases), one test each.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './support/shared';

interface Outcome {
  name: string;
  state: 'passed' | 'failed' | 'skipped';
  message: string;
}

const suffix = process.platform === 'win32' ? '.exe' : '';
const places = [process.env.LLAMA_TS_CHECK, ...['build/node/native/check', 'build/native/check', 'build/node/Release'].map((f) => join(root, f, `llama-ts-check${suffix}`))];
const program = places.find((p) => p !== undefined && existsSync(p));

function runAll(path: string): Outcome[] {
  const { stdout, signal, status, stderr } = spawnSync(path, ['--json'], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const outcomes = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Outcome);
  if (signal === null && (status === 0 || status === 1)) return outcomes;
  const names = execFileSync(path, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  const culprit = names.find((name) => !outcomes.some((o) => o.name === name)) ?? 'the end';
  return [...outcomes, { name: culprit, state: 'failed', message: `killed the checks: ${signal ?? status} ${stderr.slice(-2000)}` }];
}

/** How many op cases and whole models passed on each backend. */
function tally(outcomes: readonly Outcome[]): Map<string, { ops: number; models: number }> {
  const found = new Map<string, { ops: number; models: number }>();
  for (const { name, state } of outcomes) {
    const [, kind, backend = ''] = /^(ops|model)\/.* on ([\w-]+)/.exec(name) ?? [];
    if (kind === undefined || state !== 'passed') continue;
    const counts = found.get(backend) ?? { ops: 0, models: 0 };
    if (kind === 'ops') counts.ops++;
    else counts.models++;
    found.set(backend, counts);
  }
  return found;
}

if (!program) {
  test('llama-ts-check is built', () => {
    throw new Error(`llama-ts-check was not found (${places.filter(Boolean).join(', ')}): run "npm test", which builds it`);
  });
} else {
  const outcomes = runAll(program);
  for (const [backend, { ops, models }] of tally(outcomes)) {
    test(`on ${backend}: ${ops} op cases and ${models} golden models passed`, () => expect(backend === 'ref' ? models : ops).toBeGreaterThan(0));
  }
  for (const { name, state, message } of outcomes) {
    if (state === 'skipped') test.skip(`${name} (skipped: ${message})`, () => {});
    else test(name, () => expect({ state, message }).toEqual({ state: 'passed', message: '' }));
  }
}
