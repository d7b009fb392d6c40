// llama-quantize beside the peer's quantizer, alternating, on a file of 2.2 GB in F16.
//   npm run bench:quantize -- [--type Q4_K_M] [--threads 2] [--pairs 3] [--model FILE] [--models FOLDER] [--ours-only]
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchModel } from './models';

const fileTypes: Readonly<Record<string, number>> = {
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  Q5_0: 8,
  Q5_1: 9,
  Q2_K: 10,
  Q3_K_M: 12,
  Q4_K_S: 14,
  Q4_K_M: 15,
  Q5_K_M: 17,
  Q6_K: 18,
  IQ4_NL: 25,
  IQ4_XS: 30,
  IQ3_S: 26,
};

interface Measured {
  seconds: number;
  peakBytes: number;
}

const library = (): string => {
  const folder = join(__dirname, '..', '..', 'node_modules', '@node-llama-cpp', `linux-${process.arch}`, 'bins', `linux-${process.arch}`);
  const name = readdirSync(folder).find((n) => /^libllama\.(v.*\.)?so/.test(n));
  if (name === undefined) throw new Error(`no libllama in ${folder}`);
  return join(folder, name);
};

function peer(program: string, input: string, output: string, type: string, threads: number): Measured {
  const fileType = fileTypes[type];
  if (fileType === undefined) throw new Error(`--type: expected one of ${Object.keys(fileTypes).join(', ')}`);
  return JSON.parse(execFileSync(program, [library(), input, output, String(fileType), String(threads)], { encoding: 'utf8' })) as Measured;
}

const script = `const { quantize } = require(process.argv[1]);
const [, , input, output, type, threads] = process.argv;
const began = performance.now();
quantize(input, output, { type, threads: Number(threads), allowRequantize: true }).then(() =>
  console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, peakBytes: process.resourceUsage().maxRSS * 1024 })));`;

function ours(input: string, output: string, type: string, threads: number): Measured {
  const lib = join(__dirname, '..', '..', '..', 'dist', 'lib', 'index.js');
  return JSON.parse(execFileSync(process.execPath, ['-e', script, lib, input, output, type, String(threads)], { encoding: 'utf8' })) as Measured;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      type: { type: 'string', default: 'Q4_K_M' },
      threads: { type: 'string', default: '2' },
      pairs: { type: 'string', default: '3' },
      model: { type: 'string' },
      models: { type: 'string', default: process.env.LLAMA_TS_BENCH_MODELS ?? join(tmpdir(), 'llama-ts-bench') },
      'ours-only': { type: 'boolean', default: false },
    },
  });
  const input = values.model ?? (await benchModel('F16', values.models));
  const output = join(tmpdir(), `llama-ts-bench-${process.pid}.gguf`);
  const program = join(__dirname, 'quantize_peer');
  if (!values['ours-only']) execFileSync('cc', ['-O2', '-o', program, join(__dirname, '..', '..', 'quantize_peer.c'), '-ldl']);
  const times: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    const mine = ours(input, output, values.type, Number(values.threads));
    const bytes = statSync(output).size;
    times.ours.push(mine.seconds);
    console.log(`ours  ${mine.seconds.toFixed(2)} s, at most ${(mine.peakBytes / 1e6).toFixed(0)} MB, ${bytes} bytes`);
    if (values['ours-only']) continue;
    const other = peer(program, input, output, values.type, Number(values.threads));
    times.peer.push(other.seconds);
    console.log(`peer  ${other.seconds.toFixed(2)} s, at most ${(other.peakBytes / 1e6).toFixed(0)} MB, ${statSync(output).size} bytes`);
  }
  rmSync(output, { force: true });
  console.log(
    `${values.type}, ${values.threads} threads, ${statSync(input).size} bytes: ours ${median(times.ours).toFixed(2)} s${times.peer.length > 0 ? `, peer ${median(times.peer).toFixed(2)} s, ${(median(times.peer) / median(times.ours)).toFixed(2)} times as fast` : ''}`,
  );
}

void main();
