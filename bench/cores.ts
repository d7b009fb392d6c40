// What more cores than here would make of a token: the ops of a pass, timed on one thread of this machine, their loops cut as the CPU backend cuts
// them, and the costs of claims, barriers and wake-ups, simulated event by event. Checked against this machine's own threads first.
//   npm run bench:cores -- [--shape 1b] [--rows 1]      a model of the 1B class, 8b: of the 8B class; so many rows a pass
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeDenseModel } from '../test/fixtures/dense-model';
import { measureLimits } from './limits';
import { benchModel, shape } from './models';

const root = join(__dirname, '..', '..', '..');

/** Of this machine, in nanoseconds (cores.cpp). */
interface Costs {
  readonly own: number;
  readonly shared: number;
  readonly signal: number;
  readonly wake: number;
}

/** A line of `llama-ts-check --pass`. */
interface PassOp {
  readonly op: string;
  readonly rows: number;
  readonly cols: number;
  readonly us: number;
  readonly weights?: readonly (readonly [rows: number, stride: number])[];
}

interface Machine {
  readonly cores: number;
  readonly perCache: number; // cores that share a last-level cache
  readonly readGBs: number; // by all of them
}

/** A parallel loop, or what the caller does alone (tasks: 1). */
interface Region {
  readonly tasks: number;
  readonly us: number; // on one thread
  readonly bytes: number; // of weights that are read
}

// The shapes of machines: sockets that are sold, with what their memory gives of what it is said to give.
const machines: readonly Machine[] = [
  { cores: 8, perCache: 8, readGBs: 60 },
  { cores: 16, perCache: 8, readGBs: 65 },
  { cores: 32, perCache: 8, readGBs: 200 },
  { cores: 64, perCache: 8, readGBs: 380 },
  { cores: 96, perCache: 8, readGBs: 400 },
];

// Between cores of one last-level cache and between two caches: what is measured from one core to another on servers of this kind
// (a fourth, as a rule; the processors of a virtual machine are often in two caches, and `signal` is the cost of the slow one).
const nearShare = 0.25;

const pieceBytes = 192 << 10; // of weights that a task has at most; as in backend/cpu/matmul.cpp

/** The loops of an op as `threads` threads get them. */
function regionsOf(op: PassOp, threads: number, times: number): Region[] {
  const { rows, cols, us, weights } = op;
  if (weights !== undefined) {
    let tasks = 0;
    let bytes = 0;
    for (const [count, stride] of weights) {
      const most = threads === 1 ? pieceBytes / stride : Math.min(pieceBytes / stride, count / (4 * threads));
      tasks += Math.ceil(count / Math.max(8, Math.floor(most / 8) * 8));
      bytes += count * stride;
    }
    return Array.from({ length: times }, () => ({ tasks, us, bytes }));
  }
  const tasks = op.op === 'attend' ? Math.max(8, rows / 2) : Math.ceil(rows / (cols >= 8192 ? 1 : Math.floor(8192 / (cols + 1)) + 1));
  return Array.from({ length: times }, () => ({ tasks, us, bytes: 0 }));
}

/** How the threads of a loop find each other. */
interface Scheme {
  readonly name: string;
  readonly grouped: boolean; // whether a line of its own tells the threads of a cache of a loop, and counts them in and out
  readonly placed: boolean; // whether threads of a group share a cache, which takes threads that stay where they are
  readonly owned: boolean; // whether a thread takes its own stretch of tasks first, then those of others; else all claim from one counter
  readonly open: boolean; // whether threads stay in from loop to loop, and are not counted in and out
  readonly spread: boolean; // whether what the caller did alone, because there is one row, is cut over columns
}

const schemes: readonly Scheme[] = [
  { name: 'one counter', grouped: false, placed: false, owned: false, open: false, spread: false },
  { name: 'groups', grouped: true, placed: false, owned: false, open: false, spread: false },
  { name: 'groups, own first', grouped: true, placed: false, owned: true, open: false, spread: false },
  { name: '... threads by cache', grouped: true, placed: true, owned: true, open: false, spread: false },
  { name: '... open for a layer', grouped: true, placed: true, owned: true, open: true, spread: false },
  { name: '... one row over columns', grouped: true, placed: true, owned: true, open: true, spread: true },
];

/** A line of memory that one core has at a time: who wants it waits until those before him had it. */
class Line {
  private free = 0;
  private owner = -1;

  constructor(private readonly transfer: (from: number, to: number) => number) {}

  /** When `thread`, who asks at `now`, has changed it. */
  take(thread: number, now: number): number {
    this.free = Math.max(now, this.free) + this.transfer(this.owner, thread);
    this.owner = thread;
    return this.free;
  }
}

class Simulation {
  private readonly near: number;
  private seed = 1;

  constructor(
    private readonly costs: Costs,
    private readonly machine: Machine,
    private readonly threads: number,
    private readonly scheme: Scheme,
    private readonly oneThreadGBs: number,
  ) {
    this.near = costs.signal * nearShare;
  }

  /** Microseconds of the whole list. */
  run(regions: readonly Region[]): number {
    let now = 0;
    for (const region of regions) now = region.tasks <= 1 && !this.spreads(region) ? now + region.us * 1000 : this.loop(region, now);
    return now / 1000;
  }

  private spreads({ us }: Region): boolean {
    return this.scheme.spread && this.threads > 1 && us > 2;
  }

  private cacheOf(thread: number): number {
    const { cores, perCache } = this.machine;
    return this.scheme.placed ? Math.floor(thread / perCache) : thread % Math.ceil(cores / perCache);
  }

  private groupOf(thread: number): number {
    return Math.floor(thread / this.machine.perCache);
  }

  private readonly transfer = (from: number, to: number): number => {
    if (from === to) return this.costs.own;
    return from >= 0 && this.cacheOf(from) === this.cacheOf(to) ? this.near : this.costs.signal;
  };

  // Up to a tenth more or less, always the same.
  private jitter(): number {
    this.seed = (Math.imul(this.seed, 1103515245) + 12345) & 0x7fffffff;
    return 0.9 + 0.2 * (this.seed / 0x7fffffff);
  }

  private loop(region: Region, begin: number): number {
    const { threads, scheme } = this;
    if (threads === 1) return begin + region.us * 1000;
    const tasks = this.spreads(region) ? Math.min(threads, Math.ceil(region.us / 2)) : region.tasks;
    // A task takes what it takes on one thread, or what memory needs for its bytes where all read.
    const rate = Math.min(this.machine.readGBs, this.oneThreadGBs * threads) / threads;
    const taskTime = Math.max((region.us * 1000) / tasks, region.bytes / tasks / rate);
    const lines = Array.from({ length: threads }, () => new Line(this.transfer)); // of each thread's own tasks
    const counter = new Line(this.transfer);
    const gates = Array.from({ length: this.groupOf(threads - 1) + 1 }, () => new Line(this.transfer)); // in and out of a group; the first of all
    const gate = (thread: number): Line => gates[scheme.grouped ? this.groupOf(thread) : 0];
    const left = Array.from({ length: threads }, (_, t) => (scheme.owned ? Math.floor(((t + 1) * tasks) / threads) - Math.floor((t * tasks) / threads) : 0));
    let rest = tasks;
    const told = this.tell(begin);
    const at = Array.from({ length: threads }, (_, t) => (t === 0 || scheme.open ? told[t] : gate(t).take(t, told[t])));
    const done = new Set<number>();
    while (done.size < threads) {
      let thread = -1;
      for (let t = 0; t < threads; t++) if (!done.has(t) && (thread < 0 || at[t] < at[thread])) thread = t;
      const from = scheme.owned ? this.victim(thread, left) : thread;
      if (rest === 0 || from < 0) {
        done.add(thread);
        continue;
      }
      at[thread] = (scheme.owned ? lines[from] : counter).take(thread, at[thread]);
      rest--;
      if (scheme.owned) left[from]--;
      at[thread] += taskTime * this.jitter();
    }
    // Each leaves through its gate, and the caller sees the last one.
    const order = at.map((_, t) => t).sort((a, b) => at[a] - at[b]);
    let end = at[0];
    for (const t of order) if (t > 0) end = Math.max(end, gate(t).take(t, at[t]));
    return end + (scheme.grouped ? (gates.length - 1) * this.near : 0) + this.costs.signal;
  }

  /** When each thread knows of the loop: readers of a line are served one after the other by a fourth of what the way takes, of one cache by less. */
  private tell(begin: number): number[] {
    const { signal } = this.costs;
    const groups = new Map<number, number>();
    let stores = 0;
    return Array.from({ length: this.threads }, (_, t) => {
      if (t === 0) return begin;
      const line = this.scheme.grouped ? this.groupOf(t) : 0;
      if (!groups.has(line)) groups.set(line, begin + (++stores * signal) / 4 + signal);
      const seen = groups.get(line)!;
      groups.set(line, seen + (this.scheme.placed ? this.near : signal) / 4);
      return seen;
    });
  }

  // Own tasks, then those of the own group, then those of others; -1: there are none.
  private victim(thread: number, left: readonly number[]): number {
    if (left[thread] > 0) return thread;
    const group = this.groupOf(thread);
    const near = left.findIndex((n, t) => n > 0 && this.groupOf(t) === group);
    return near >= 0 ? near : left.findIndex((n) => n > 0);
  }
}

function compiled(name: string, folder: string): string {
  const source = join(__dirname, '..', '..', `${name}.cpp`);
  const program = join(folder, name);
  if (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs)
    execFileSync(process.env.CXX ?? 'c++', ['-O2', '-std=c++20', '-pthread', source, '-o', program], { stdio: 'inherit' });
  return program;
}

// Two of its layers, which stand for all.
function layersOfLarge(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'random-8b-two-layers.gguf');
  if (existsSync(path)) return path;
  const large = { ...shape, width: 4096, layers: 2, headWidth: 128, feedForward: 14336 };
  writeDenseModel(`${path}.part`, large, { seed: 1, type: (name) => (name === 'output.weight' ? 'Q6_K' : 'Q4_K'), rms: () => 0.02, poolBytes: 8 << 20 });
  renameSync(`${path}.part`, path);
  return path;
}

function passOf(model: string, rows: number, threads: number): PassOp[] {
  const check = join(root, 'build', 'node', 'native', 'check', 'llama-ts-check');
  const text = execFileSync(check, ['--pass', model, '-t', `${threads}`, `${rows}`], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as PassOp);
}

// Of the ops before the first layer, of the layers, and behind the last: what is repeated is what has keys stored in it.
function layersOf(ops: readonly PassOp[]): [number, number] {
  const stores = ops.flatMap(({ op }, i) => (op === 'store_kv' ? [i] : []));
  const period = stores.length > 1 ? stores[1] - stores[0] : ops.length;
  const first = ops.findIndex(({ op }) => op === 'norm');
  return [first, first + period * stores.length];
}

function regions(ops: readonly PassOp[], threads: number, times: number): Region[] {
  const [first, last] = layersOf(ops);
  const of = (part: readonly PassOp[]): Region[] => part.flatMap((op) => regionsOf(op, threads, 1));
  return [...of(ops.slice(0, first)), ...Array.from({ length: times }, () => of(ops.slice(first, last))).flat(), ...of(ops.slice(last))];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { shape: { type: 'string', default: '1b' }, rows: { type: 'string', default: '1' } },
  });
  if (values.shape !== '1b' && values.shape !== '8b') throw new Error(`--shape: 1b or 8b, not ${values.shape}`);
  const results = join(root, 'bench', 'results');
  mkdirSync(results, { recursive: true });
  const folder = process.env.LLAMA_TS_BENCH_MODELS ?? join(tmpdir(), 'llama-ts-bench');
  const model = values.shape === '1b' ? await benchModel('Q4_K_M', folder) : layersOfLarge(folder);
  const times = values.shape === '1b' ? 1 : 16;
  const rows = Number(values.rows);
  const costs = JSON.parse(execFileSync(compiled('cores', results), [], { encoding: 'utf8' })) as Costs;
  console.log(`own claim ${costs.own} ns, contended ${costs.shared} ns, signal ${costs.signal} ns, wake-up ${(costs.wake / 1000).toFixed(1)} µs`);
  const limits = [1, 2].map((threads) => measureLimits(results, threads)!);
  const ops = passOf(model, rows, 1);
  const here: Machine = { cores: 2, perCache: 2, readGBs: limits[1].readGBs };
  console.log(`reads ${limits.map((l) => l.readGBs).join(' and ')} GB/s with one thread and two`);

  const loops = (threads: number): number => regions(ops, threads, times).filter((r) => r.tasks > 1).length;
  const alone = regions(ops, 2, times).filter((r) => r.tasks <= 1);
  const sum = (list: readonly { us: number }[]): number => list.reduce((all, { us }) => all + us, 0);
  console.log(
    `${rows} row${rows > 1 ? 's' : ''}: ${ops.length} ops, ${loops(2)} loops on threads, ${sum(alone).toFixed(0)} µs of ${sum(regions(ops, 2, times)).toFixed(0)} on the caller alone`,
  );
  const two = sum(regions(passOf(model, rows, 2), 2, times));
  const reckoned = new Simulation(costs, here, 2, schemes[0], limits[0].readGBs).run(regions(ops, 2, times));
  console.log(`two threads here: ${two.toFixed(0)} µs measured, ${reckoned.toFixed(0)} simulated`);

  console.log(`\n| threads | memory | nothing to pay | ${schemes.map((s) => s.name).join(' | ')} |`);
  console.log(`| --- | --- | --- | ${schemes.map(() => '---').join(' | ')} |`);
  const free: Costs = { own: 0, shared: 0, signal: 0, wake: 0 };
  for (const machine of machines) {
    const list = regions(ops, machine.cores, times); // as that many threads get them
    const ideal = new Simulation(free, machine, machine.cores, schemes[2], limits[0].readGBs).run(list);
    const each = schemes.map((s) => new Simulation(costs, machine, machine.cores, s, limits[0].readGBs).run(list));
    console.log(`| ${machine.cores} | ${machine.readGBs} GB/s | ${(ideal / 1000).toFixed(2)} ms | ${each.map((us) => (us / 1000).toFixed(2)).join(' | ')} |`);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
