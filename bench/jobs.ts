// What is timed. Prompts are random ids, the same for both sides of a pair and new in each, so that no cache knows them;
// only the prompt of a deep decode stays, as reading it is not timed.
import { shape } from './models';
import { random } from '../test/fixtures/weight-types';
import type { BenchBackend, Job } from './side';

export interface Workload {
  name: string;
  unit: 'int8 or fma' | 'read';
  make: (pair: number) => Job;
}

function prompt(length: number, seed: number): number[] {
  const next = random(seed);
  return Array.from({ length }, () => 300 + Math.floor(next() * (shape.vocabulary - 300)));
}

// For a device that the CPU may play: small enough to end.
function deviceWorkloads(): Workload[] {
  return [
    { name: 'prefill 64', unit: 'int8 or fma', make: (pair) => ({ kind: 'prefill', prompts: [prompt(64, 1000 + pair)], tokens: 1 }) },
    { name: 'decode at 0', unit: 'read', make: (pair) => ({ kind: 'decode', prompts: [prompt(2, 3000 + pair)], tokens: 4 }) },
  ];
}

export function workloads(quick: boolean, backend: BenchBackend): Workload[] {
  if (backend !== 'cpu') return deviceWorkloads();
  const tokens = quick ? 8 : 32;
  return [
    { name: 'prefill 256', unit: 'int8 or fma', make: (pair) => ({ kind: 'prefill', prompts: [prompt(256, 1000 + pair)], tokens: 1 }) },
    { name: 'prefill 512', unit: 'int8 or fma', make: (pair) => ({ kind: 'prefill', prompts: [prompt(512, 2000 + pair)], tokens: 1 }) },
    { name: 'decode at 0', unit: 'read', make: (pair) => ({ kind: 'decode', prompts: [prompt(2, 3000 + pair)], tokens }) },
    { name: 'decode at 2k', unit: 'read', make: () => ({ kind: 'decode', prompts: [prompt(2048, 4000)], tokens }) },
    {
      name: 'batch of 8',
      unit: 'int8 or fma',
      make: (pair) => ({ kind: 'batch', prompts: Array.from({ length: 8 }, (_, i) => prompt(16, 5000 + 8 * pair + i)), tokens: tokens / 2 }),
    },
  ];
}

// Operands of the model's matrices: float activations meet F16 weights, 8-bit ones the others.
export const usesFloats = (type: string) => type === 'F16';
