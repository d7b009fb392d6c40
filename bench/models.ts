// The model that is timed: a dense llama of the 1B class with random weights, one file a type. Kept in a folder for the next run.
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { writeDenseModel, type DenseShape } from '../test/fixtures/dense-model';
import type { WeightTypeName } from '../test/fixtures/weight-types';

export const shape: DenseShape = {
  architecture: 'llama',
  width: 2048,
  layers: 16,
  heads: 32,
  kvHeads: 8,
  headWidth: 64,
  feedForward: 8192,
  vocabulary: 32000,
  context: 8192,
};

export const modelTypes = ['F16', 'BF16', 'Q8_0', 'Q4_0', 'Q4_K_M', 'Q5_K_M', 'Q6_K', 'Q3_K_M', 'Q2_K', 'IQ4_XS', 'MXFP4', 'IQ3_S', 'IQ2_XS', 'IQ1_S'] as const;
export type ModelType = (typeof modelTypes)[number];

type TypeOf = (name: string) => WeightTypeName;

// What the quantizer asks an importance matrix for, which random weights have none of, or takes for experts alone: one type, and a finer head.
const ofOneType: Partial<Record<ModelType, TypeOf>> = {
  F16: () => 'F16',
  BF16: () => 'BF16',
  Q8_0: () => 'Q8_0',
  MXFP4: (name) => (name === 'output.weight' ? 'Q8_0' : 'MXFP4'),
  IQ2_XS: (name) => (name === 'output.weight' ? 'Q5_K' : 'IQ2_XS'),
  IQ1_S: (name) => (name === 'output.weight' ? 'Q5_K' : 'IQ1_S'),
};

// The mix that our quantizer makes, which is llama.cpp's.
async function mixOf(type: ModelType, folder: string): Promise<TypeOf> {
  const { quantize } = require(join(__dirname, '..', '..', '..', 'dist', 'lib', 'index.js')) as typeof import('../lib/index');
  const { tensors } = await quantize(await benchModel('F16', folder), join(folder, 'none.gguf'), { type, dryRun: true });
  const types = new Map(tensors.map(({ name, to }) => [name, to as WeightTypeName]));
  return (name) => types.get(name)!;
}

// What deep texts need is written into a file of its own.
const deepContext = 65536;

export async function benchModel(type: ModelType, folder: string, context = shape.context): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const deep = context > shape.context;
  const path = join(folder, `random-1b-${deep ? 'deep-' : ''}${type}.gguf`);
  if (existsSync(path)) return path;
  const typeOf = ofOneType[type] ?? (await mixOf(type, folder));
  const part = `${path}.part`;
  writeDenseModel(part, deep ? { ...shape, context: deepContext } : shape, { seed: 1, type: typeOf, rms: () => 0.02, poolBytes: 8 << 20 });
  renameSync(part, path);
  return path;
}

// Multiply-adds of one token's matrices, and the bytes of the weights it reads (the embedding row is nothing beside them).
export function weightsPerToken(): number {
  const { width, headWidth, heads, kvHeads, feedForward, layers, vocabulary } = shape;
  const attention = width * headWidth * (2 * heads + 2 * kvHeads);
  return layers * (attention + 3 * width * feedForward) + vocabulary * width;
}

/** Operations of attention of one token for each place that it sees, and the bytes that it reads of a cache of F16. */
export const attentionPerPlace = () => 4 * shape.layers * shape.heads * shape.headWidth;
export const cacheBytesPerPlace = () => 4 * shape.layers * shape.kvHeads * shape.headWidth;

/** Of a file, the share of its bytes that a token's matrices are: all but the token table, which is taken to have as many bits a weight as they. */
export const readShare = (): number => weightsPerToken() / (weightsPerToken() + shape.vocabulary * shape.width);
