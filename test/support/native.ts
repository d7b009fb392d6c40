// The native checks and op cases (native/check, test/cases), one test each. They run in a process of their own while the tests
// wait for its words, so that a crash or a hang is the fault of the case that it happened in, and of no other.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './shared';

interface Outcome {
  name: string;
  state: 'passed' | 'failed' | 'skipped';
  message: string;
}

const suffix = process.platform === 'win32' ? '.exe' : '';
const places = [
  process.env.LLAMA_TS_CHECK,
  ...['build/node/native/check', 'build/native/check', 'build/node/Release'].map((f) => join(root, f, `llama-ts-check${suffix}`)),
];
const program = places.find((p) => p !== undefined && existsSync(p));

/** How long a case may be silent. The slowest takes seconds; a loaded machine many times that. */
const silenceMs = 240_000;

/** Outcomes by name as they come, and a promise of each that is asked for. */
class Outcomes {
  private readonly known = new Map<string, Outcome>();
  private readonly asked = new Map<string, (outcome: Outcome) => void>();
  private end = '';

  add(outcome: Outcome): void {
    this.known.set(outcome.name, outcome);
    this.asked.get(outcome.name)?.(outcome);
  }

  of(name: string): Promise<Outcome> {
    const known = this.known.get(name) ?? (this.end === '' ? undefined : { name, state: 'failed' as const, message: this.end });
    return known ? Promise.resolve(known) : new Promise((resolve) => this.asked.set(name, resolve));
  }

  /** Nothing more comes: `why` is what the cases that did not speak are told. */
  close(why: string): void {
    this.end = why;
    for (const [name, resolve] of this.asked) if (!this.known.has(name)) resolve({ name, state: 'failed', message: why });
  }
}

function runCases(path: string, args: readonly string[], outcomes: Outcomes): { stop: () => void } {
  const env = process.env.LLAMA_TS_TEST_VALIDATE ? { ...process.env, LLAMA_TS_VULKAN_VALIDATE: '1' } : process.env;
  const child = spawn(path, ['--json', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  let killed = '';
  let watch: NodeJS.Timeout | undefined;
  const heard = () => {
    clearTimeout(watch);
    watch = setTimeout(() => {
      killed = `no word for ${silenceMs / 1000} s; `;
      child.kill('SIGKILL');
    }, silenceMs);
  };
  heard();
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-2000)));
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    heard();
    outcomes.add(JSON.parse(line) as Outcome);
  });
  const ended = new Promise<string>((resolve) =>
    child.once('error', (e) => resolve(e.message)).once('close', (code, signal) => resolve(String(signal ?? code))),
  );
  void Promise.all([ended, new Promise((resolve) => lines.once('close', resolve))]).then(([end]) => {
    clearTimeout(watch);
    outcomes.close(`the checks ended before this one: ${killed}${end} ${errors}`);
  });
  return { stop: () => child.kill('SIGKILL') };
}

/** A test for every case of a part of `parts` (1 to `parts`), as the program deals them out. */
export function nativeChecks(part: number, parts: number): void {
  const found = program;
  if (found === undefined) {
    test('llama-ts-check is built', () => {
      throw new Error(`llama-ts-check was not found (${places.filter(Boolean).join(', ')}): run "npm test", which builds it`);
    });
    return;
  }
  const shard = [`--part=${part}/${parts}`];
  const names = execFileSync(found, ['--list', ...shard], { encoding: 'utf8', timeout: 60_000 })
    .split('\n')
    .filter(Boolean);
  const outcomes = new Outcomes();
  let running: { stop: () => void };
  beforeAll(() => void (running = runCases(found, shard, outcomes)));
  afterAll(() => running.stop());

  const ran: Outcome[] = [];
  // The environment of these tests asks it when a test is about to start.
  (globalThis as { nativeOutcome?: (name: string) => Promise<Outcome> | undefined }).nativeOutcome = (name) =>
    names.includes(name) ? outcomes.of(name) : undefined;
  for (const name of names) {
    test(name, async () => {
      ran.push(await outcomes.of(name));
      expect(ran.at(-1)).toEqual({ name, state: 'passed', message: '' });
    });
  }
  test('no two cases have one name, under which one would hide the other', () => expect(new Set(names).size).toBe(names.length));
  test('op cases ran on the CPU', () => expect(ran.filter(({ name }) => /^ops\/.* on cpu\b/.test(name)).length).toBeGreaterThan(100));
}
