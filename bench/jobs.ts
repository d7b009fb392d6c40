// What is timed, of what fits a model's context. Prompts are random ids, the same for both sides of a pair and new in each, so that no cache knows them;
// only the prompt of a deep decode stays, as reading it is not timed.
import { random } from '../test/fixtures/weight-types';
import type { BenchBackend, Job, Space } from './side';

export interface Workload {
  name: string;
  room: number; // tokens of the longest sequence
  unit: 'int8 or fma' | 'read';
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
    { name: 'decode at 2k', room: 2049 + tokens, unit: 'read', make: () => ({ kind: 'decode', prompts: [prompt(2048, 4000)], tokens }) },
    {
      name: 'batch of 8',
      room: 17 + tokens,
      unit: 'int8 or fma',
      make: (pair) => ({ kind: 'batch', prompts: Array.from({ length: 8 }, (_, i) => prompt(16, 5000 + 8 * pair + i)), tokens: tokens / 2 }),
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

// The limit of the model's products, by what its matrices meet: F16 floats, BF16 its like, the others 8-bit integers.
export const limitOf = (type: string) => (type === 'F16' ? 'fmaGflops' : type === 'BF16' ? 'bf16Gflops' : 'int8Gops');
