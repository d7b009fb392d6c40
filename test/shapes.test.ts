// The cpu backend against the judge on models of every architecture, rope scaling and weight type, in shapes that nobody trains.
import { loadModel, type LoadOptions } from 'llama-ts';
import { randomIds, FixtureFolder, tinyShapes, type TinyShapeName } from './fixtures/tiny-models';
import { random, weightTypes, type WeightTypeName } from './fixtures/weight-types';
import { quantile, rowDistances } from './support/distance';
import { isaNames, usableIsas } from './support/isas';

const folder = new FixtureFolder();
afterAll(() => folder.remove());

// Weights of these types meet activations of 8 bits; all others are decoded exactly and meet floats.
const integerTypes: readonly string[] = [
  ...['Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'IQ4_NL', 'MXFP4', 'Q2_K', 'Q3_K', 'Q4_K', 'Q5_K', 'Q6_K', 'IQ4_XS', 'TQ1_0', 'TQ2_0'],
  ...['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ3_XXS', 'IQ3_S', 'NVFP4', 'Q1_0', 'Q2_0'],
];
const shapeNames = Object.keys(tinyShapes) as TinyShapeName[];
const typeNames = Object.keys(weightTypes) as WeightTypeName[];
const isas = usableIsas();

async function logits(path: string, ids: number[], options: LoadOptions): Promise<Float32Array> {
  await using model = await loadModel(path, { contextTokens: 256, threads: 2, ...options });
  return await model.logits(ids);
}

// A model, ids and what the judge makes of them, kept for the tests that share them.
interface Judged {
  path: string;
  ids: number[];
  judge: Promise<Float32Array>;
}
const judged = new Map<string, Judged>();

function judgedModel(shape: TinyShapeName, type: WeightTypeName, seed: number): Judged {
  const key = `${shape} ${type} ${seed}`;
  let found = judged.get(key);
  if (!found) {
    const path = folder.model(tinyShapes[shape], type, seed);
    const ids = randomIds(80, tinyShapes[shape].vocabulary, random(seed));
    found = { path, ids, judge: logits(path, ids, { backend: 'ref', cacheType: 'f32' }) };
    judged.set(key, found);
  }
  return found;
}

async function compare(shape: TinyShapeName, type: WeightTypeName, seed: number, options: LoadOptions): Promise<number[]> {
  const { path, ids, judge } = judgedModel(shape, type, seed);
  return rowDistances(await logits(path, ids, { backend: 'cpu', ...options }), await judge, tinyShapes[shape].vocabulary);
}

// 8-bit activations are off by 0.7% a product (max / 127 a step over a block), and a random model of this size has few products
// to average that over; activations that meet BF16 are off by 0.1% a product. The cache's own rounding is 2^-11 for f16 and half a percent for q8_0.
function expectNear(distances: number[], type: WeightTypeName, cacheType: string): void {
  const rounded = integerTypes.includes(type) ? 5e-2 : type === 'BF16' ? 1e-2 : 0;
  const bound = Math.max(rounded, { f32: 1e-5, f16: 3e-3, q8_0: 2e-2 }[cacheType]!);
  expect(quantile(distances, 0.5)).toBeLessThanOrEqual(bound);
  expect(quantile(distances, 0.9)).toBeLessThanOrEqual(3 * bound);
  if (bound === 1e-5) expect(Math.max(...distances)).toBeLessThanOrEqual(bound);
}

describe('every shape, F16 and Q8_0', () => {
  for (const shape of shapeNames) {
    for (const type of ['F16', 'Q8_0'] as const) {
      test(`${shape}, ${type}`, async () => {
        expectNear(await compare(shape, type, 7, { cacheType: 'f32' }), type, 'f32');
      });
    }
  }
});

describe('every weight type', () => {
  for (const type of typeNames) {
    test(type, async () => {
      expectNear(await compare('plain', type, 11, { cacheType: 'f32' }), type, 'f32');
    });
  }
});

describe('every instruction set and KV type', () => {
  for (const isa of isaNames) {
    for (const cacheType of ['f16', 'f32', 'q8_0'] as const) {
      const run = async () => {
        for (const type of ['F16', 'BF16', 'Q4_0', 'Q4_K'] as const) {
          // Rows of Q8_0 are blocks of 32: heads of 80 are refused.
          const shape = cacheType === 'q8_0' ? 'plain' : 'one KV head, heads of 80';
          expectNear(await compare(shape, type, 13, { isa, cacheType }), type, cacheType);
        }
      };
      if (isas.includes(isa)) test(`${isa}, ${cacheType}`, run);
      else test.skip(`${isa}, ${cacheType} (skipped: this machine lacks it)`, run);
    }
  }
});
