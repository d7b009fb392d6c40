// What is timed, of what fits a model's context. Prompts are random ids, the same for both sides of a pair and new in each, so that no cache knows them;
// only what is not timed stays: the prompt of a deep decode, what a deep prefill follows.
import { random } from '../test/fixtures/weight-types';
import type { BenchBackend, Job, Space } from './side';

export interface Workload {
  name: string;
  room: number; // tokens of the longest sequence
  unit: 'int8 or fma' | 'read';
  depth?: number; // tokens before those that are timed
  named?: string; // runs only where --only has this in it: reading 32k takes minutes
  make: (pair: number) => Job;
}

type Prompt = (length: number, seed: number) => number[];

/** Random ids past those of bytes and control tokens. */
function promptsOf({ vocabulary }: Space): Prompt {
  return (length, seed) => {
    const next = random(seed);
    return Array.from({ length }, () => 300 + Math.floor(next() * (vocabulary - 300)));
  };
}

// For a device that the CPU may play: small enough to end.
function deviceWorkloads(prompt: Prompt): Workload[] {
  return [
    { name: 'prefill 64', room: 65, unit: 'int8 or fma', make: (pair) => ({ kind: 'prefill', prompts: [prompt(64, 1000 + pair)], tokens: 1 }) },
    { name: 'decode at 0', room: 7, unit: 'read', make: (pair) => ({ kind: 'decode', prompts: [prompt(2, 3000 + pair)], tokens: 4 }) },
  ];
}

function cpuWorkloads(prompt: Prompt, quick: boolean): Workload[] {
  const tokens = quick ? 8 : 32;
  return [
    { name: 'prefill 256', room: 257, unit: 'int8 or fma', make: (pair) => ({ kind: 'prefill', prompts: [prompt(256, 1000 + pair)], tokens: 1 }) },
    { name: 'prefill 512', room: 513, unit: 'int8 or fma', make: (pair) => ({ kind: 'prefill', prompts: [prompt(512, 2000 + pair)], tokens: 1 }) },
    { name: 'decode at 0', room: 3 + tokens, unit: 'read', make: (pair) => ({ kind: 'decode', prompts: [prompt(2, 3000 + pair)], tokens }) },
    { name: 'decode at 2k', room: 2049 + tokens, unit: 'read', depth: 2048, make: () => ({ kind: 'decode', prompts: [prompt(2048, 4000)], tokens }) },
    batchOf(prompt, 8, tokens),
    { ...batchOf(prompt, 32, tokens), named: '32' },
    ...[8, 32].flatMap((k) => deepWorkloads(prompt, k, tokens)),
  ];
}

function batchOf(prompt: Prompt, size: number, tokens: number): Workload {
  const prompts = (pair: number) => Array.from({ length: size }, (_, i) => prompt(16, 5000 + size * pair + i));
  return { name: `batch of ${size}`, room: 17 + tokens, unit: 'int8 or fma', make: (pair) => ({ kind: 'batch', prompts: prompts(pair), tokens: tokens / 2 }) };
}

// Behind the same k * 1024 tokens, which are read once.
function deepWorkloads(prompt: Prompt, k: number, tokens: number): Workload[] {
  const depth = 1024 * k;
  const before = prompt(depth, 7000 + k);
  const shared = { depth, named: `${k}k` };
  return [
    { ...shared, name: `decode at ${k}k`, room: depth + 1 + tokens, unit: 'read', make: () => ({ kind: 'decode', prompts: [before], tokens }) },
    {
      ...shared,
      name: `prefill 512 at ${k}k`,
      room: depth + 513,
      unit: 'int8 or fma',
      make: (pair) => ({ kind: 'prefill', prompts: [prompt(512, 8000 + 10 * k + pair)], before, tokens: 1 }),
    },
  ];
}

// One of each kind for a model of each block.
function blockWorkloads(prompt: Prompt, encodes: boolean): Workload[] {
  const texts = (pair: number) => Array.from({ length: 32 }, (_, i) => prompt(64, 6000 + 32 * pair + i));
  if (encodes) return [{ name: 'embed 32 x 64', room: 64, unit: 'int8 or fma', make: (pair) => ({ kind: 'embed', prompts: texts(pair), tokens: 0 }) }];
  const chosen = ['prefill 512', 'decode at 0', 'batch of 8'];
  return cpuWorkloads(prompt, false).filter(({ name }) => chosen.includes(name));
}

export function workloadsOfBlock(space: Space): Workload[] {
  return blockWorkloads(promptsOf(space), space.encodes === true);
}

export function workloads(quick: boolean, backend: BenchBackend, space: Space): Workload[] {
  const prompt = promptsOf(space);
  const all = backend === 'cpu' ? cpuWorkloads(prompt, quick) : deviceWorkloads(prompt);
  return all.filter(({ room }) => room <= space.context);
}

/** Those that a text of --only asks for. */
export const chosenBy = (only: string, all: readonly Workload[]): Workload[] =>
  all.filter((w) => only.split(',').some((text) => w.name.includes(text) && text.includes(w.named ?? '')));

const usualContext = 2560;

/** Tokens of context that the deepest of those that --only asks for needs, with some room for others; undefined where none is deep. */
export function contextFor(only: string): number | undefined {
  const all = cpuWorkloads(() => [], false);
  const most = Math.max(0, ...chosenBy(only, all).map(({ room }) => room));
  return most > usualContext ? most + 4096 : undefined;
}

// The limit of the model's products, by what its matrices meet: F16 floats, BF16 its like, the others 8-bit integers.
export const limitOf = (type: string) => (type === 'F16' ? 'fmaGflops' : type === 'BF16' ? 'bf16Gflops' : 'int8Gops');
