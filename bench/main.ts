// llama-ts beside node-llama-cpp, or beside another build of itself: alternating pairs in one run, each side in a process of its own that waits while the other
// works. Prints the median ratio of each workload and what share of the machine's limits we reach; writes results/*.json.
//   npm run bench -- [--types F16,Q8_0 or all] [--threads 1,2] [--pairs 7] [--only prefill,decode] [--quick] [--models FOLDER] [--ours-only]
//   npm run bench -- --only 8k,32k,'of 32'             deep texts and many at once, which no run has that does not name them
//   npm run bench -- --blocks all --threads 2          a model of each block (blocks.ts), or of those named: qwen3moe,bert
//   npm run bench -- --backend vulkan --model FILE     a file of one's own, on a device (GGML_VK_VISIBLE_DEVICES=0: the peer takes a software one)
//   npm run bench -- --against FOLDER                  another build of ours, such as a worktree of the last release, instead of the peer
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { blockModel, blockModels } from './blocks';
import { chosenBy, contextFor, limitOf, workloads, workloadsOfBlock, type Workload } from './jobs';
import { measureLimits, type Limits } from './limits';
import { attentionPerPlace, benchModel, cacheBytesPerPlace, modelTypes, readShare, weightsPerToken, type ModelType } from './models';
import type { BenchBackend, Job, Setup, Space, Timing } from './side';

type Answer = { version?: string; space?: Space; timing?: Timing; error?: string };

const root = join(__dirname, '..', '..', '..');

class SideProcess {
  private readonly child: ChildProcess;
  version = '';
  space: Space | undefined;

  constructor(private readonly name: 'ours' | 'peer') {
    this.child = fork(join(__dirname, `${name}.js`), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }

  async open(setup: Setup): Promise<void> {
    const { version, space } = await this.ask({ setup });
    this.version = version!;
    this.space = space;
  }

  async run(job: Job): Promise<number> {
    const { tokens, seconds } = (await this.ask({ job })).timing!;
    return tokens / seconds;
  }

  close(): void {
    this.child.kill();
  }

  private ask(message: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null, signal: string | null) => reject(new Error(`${this.name} ended: ${code ?? signal}`));
      this.child.once('exit', ended);
      this.child.once('message', (answer: Answer) => {
        this.child.off('exit', ended);
        if (answer.error) reject(new Error(`${this.name}: ${answer.error}`));
        else resolve(answer);
      });
      this.child.send(message);
    });
  }
}

interface Row {
  type: string;
  threads: number;
  workload: string;
  ours: number[]; // tokens a second, pair by pair
  peer: number[];
  ratio: number | undefined; // median over pairs of ours / peer
  ofLimit: number | undefined;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

// The share of the limit that the best of our runs reaches: bytes of weights and of a deep cache read for a decode, multiply-adds else,
// of which attention's at depth are floats'.
function shareOfLimit(w: Workload, type: string, rate: number, fileBytes: number, limits: Limits): number {
  const { depth = 0 } = w;
  if (w.unit === 'read') return (rate * (fileBytes * readShare() + depth * cacheBytesPerPlace())) / (limits.readGBs * 1e9);
  const products = (2 * weightsPerToken()) / limits[limitOf(type)];
  return (rate * (products + (depth * attentionPerPlace()) / limits.fmaGflops)) / 1e9;
}

async function timePairs(w: Workload, pairs: number, ours: SideProcess, peer: SideProcess | undefined): Promise<Pick<Row, 'ours' | 'peer'>> {
  const out = { ours: [] as number[], peer: [] as number[] };
  for (let pair = -1; pair < pairs; pair++) {
    const job = w.make(pair);
    // Who goes first changes from pair to pair; the pair before the first is a warm-up.
    const first = pair % 2 === 0;
    const a = first ? await ours.run(job) : undefined;
    const b = await peer?.run(job);
    const mine = a ?? (await ours.run(job));
    if (pair < 0) continue;
    out.ours.push(mine);
    if (b !== undefined) out.peer.push(b);
  }
  return out;
}

const number = (x: number | undefined, digits: number) => (x === undefined || Number.isNaN(x) ? '-' : x.toFixed(digits));

function printRow(r: Row): void {
  const cells = [
    r.type.padEnd(14),
    `${r.threads}`.padStart(7),
    r.workload.padEnd(19),
    number(median(r.ours), 1).padStart(8),
    number(median(r.peer), 1).padStart(8),
  ];
  console.log([...cells, number(r.ratio, 2).padStart(7), (r.ofLimit === undefined ? '-' : `${Math.round(100 * r.ofLimit)}%`).padStart(9)].join('  '));
}

interface Plan {
  types: ModelType[];
  blocks: string[]; // whose models are timed instead of those of `types`
  model: string | undefined; // the same
  backend: BenchBackend;
  threads: number[];
  pairs: number;
  quick: boolean;
  only: string;
  contextTokens: number | undefined; // absent: the usual
  models: string;
  peer: boolean;
  against: string | undefined; // another project of ours, built
}

function plan(): Plan {
  const { values } = parseArgs({
    options: {
      types: { type: 'string', default: 'F16,Q8_0,Q4_0,Q4_K_M' },
      threads: { type: 'string', default: '1,2' },
      pairs: { type: 'string', default: '7' },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      blocks: { type: 'string', default: '' },
      model: { type: 'string' },
      backend: { type: 'string', default: 'cpu' },
      models: { type: 'string', default: process.env.LLAMA_TS_BENCH_MODELS ?? join(tmpdir(), 'llama-ts-bench') },
      'ours-only': { type: 'boolean', default: false },
      against: { type: 'string' },
    },
  });
  const types = values.types === 'all' ? [...modelTypes] : (values.types.split(',') as ModelType[]);
  const unknown = types.find((t) => !modelTypes.includes(t));
  if (unknown) throw new Error(`--types: ${modelTypes.join(', ')} are known, not ${unknown}`);
  const every = Object.keys(blockModels);
  const blocks = values.blocks === 'all' ? every : values.blocks.split(',').filter(Boolean);
  const stranger = blocks.find((b) => !every.includes(b));
  if (stranger) throw new Error(`--blocks: all, or some of ${every.join(', ')} are known, not ${stranger}`);
  const { backend } = values;
  if (backend !== 'cpu' && backend !== 'vulkan') throw new Error(`--backend: cpu or vulkan, not ${backend}`);
  const pairs = values.quick ? 3 : Number(values.pairs);
  const against = values.against === undefined ? undefined : resolve(values.against);
  if (against !== undefined && !existsSync(join(against, 'dist', 'lib', 'index.js')))
    throw new Error(`--against: ${against} is no build of llama-ts: there is no dist/lib/index.js`);
  const { model, quick, only, models } = values;
  const contextTokens = backend === 'cpu' && blocks.length === 0 ? contextFor(only) : undefined;
  const threads = values.threads.split(',').map(Number);
  return { types, blocks, model, backend, threads, pairs, quick, only, contextTokens, models, peer: !values['ours-only'], against };
}

async function timeModel(p: Plan, type: string, model: string, threads: number, limits: Limits | undefined, rows: Row[]): Promise<string[]> {
  const ours = new SideProcess('ours');
  const peer = p.peer ? new SideProcess(p.against === undefined ? 'peer' : 'ours') : undefined;
  try {
    const setup: Setup = { root, model, threads, backend: p.backend, contextTokens: p.contextTokens };
    await ours.open(setup);
    await peer?.open(p.against === undefined ? setup : { ...setup, root: p.against });
    const all = p.blocks.length > 0 ? workloadsOfBlock(ours.space!) : workloads(p.quick, p.backend, ours.space!);
    const chosen = chosenBy(p.only, all);
    if (chosen.length === 0) throw new Error(`no workload fits the model and has "${p.only}" in its name`);
    for (const w of chosen) {
      const rates = await timePairs(w, p.pairs, ours, peer);
      const ratio = peer && median(rates.ours.map((o, i) => o / rates.peer[i]));
      const ofLimit = limits && shareOfLimit(w, type, Math.max(...rates.ours), statSync(model).size, limits);
      rows.push({ type, threads, workload: w.name, ...rates, ratio, ofLimit });
      printRow(rows.at(-1)!);
    }
    return [ours.version, ...(peer ? [peer.version] : [])];
  } finally {
    ours.close();
    peer?.close();
  }
}

const mostMoved = 0.1;

// How far the machine is from what it was.
const movedBy = (before: Limits, after: Limits): number =>
  Math.max(...(['readGBs', 'int8Gops', 'fmaGflops', 'bf16Gflops'] as const).map((name) => Math.abs(after[name] / before[name] - 1)));

async function main(): Promise<void> {
  const p = plan();
  const results = join(root, 'bench', 'results');
  mkdirSync(results, { recursive: true });
  const rows: Row[] = [];
  const limits: (Limits & { threads: number; moved: number })[] = [];
  let versions: string[] = [];
  for (const threads of p.threads) {
    const measured = p.model === undefined && p.blocks.length === 0 && p.backend === 'cpu' ? measureLimits(results, threads) : undefined;
    if (measured) {
      const { readGBs, int8Gops, fmaGflops, bf16Gflops } = measured;
      console.log(
        `${threads} thread${threads > 1 ? 's' : ''}: reads ${readGBs} GB/s, 8-bit dot products ${int8Gops} Gop/s, float FMA ${fmaGflops}, BF16 ${bf16Gflops} Gflop/s`,
      );
    }
    console.log('type            threads  workload                  ours      peer    ratio  of limit   (tokens/s, medians; the limit from our best run)');
    if (p.model !== undefined) versions = await timeModel(p, 'file', p.model, threads, measured, rows);
    else if (p.blocks.length > 0) for (const name of p.blocks) versions = await timeModel(p, name, blockModel(name, p.models), threads, measured, rows);
    else for (const type of p.types) versions = await timeModel(p, type, await benchModel(type, p.models, p.contextTokens), threads, measured, rows);
    const after = measured && measureLimits(results, threads);
    if (!measured || !after) continue;
    const moved = movedBy(measured, after);
    limits.push({ ...measured, threads, moved });
    console.log(`the limits moved by ${Math.round(100 * moved)}% meanwhile${moved > mostMoved ? ': something else ran, the figures count for nothing' : ''}`);
  }
  const file = join(results, `${new Date().toISOString().replaceAll(':', '-')}.json`);
  writeFileSync(file, `${JSON.stringify({ versions, cpu: cpus()[0]?.model, date: new Date().toISOString(), pairs: p.pairs, limits, rows }, null, 1)}\n`);
  console.log(`${versions.join(' beside ')}; written to ${file}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
