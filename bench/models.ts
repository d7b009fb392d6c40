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

export const modelTypes = ['F16', 'Q8_0', 'Q4_0', 'Q4_K_M'] as const;
export type ModelType = (typeof modelTypes)[number];

// The mixes that llama.cpp's quantizer makes. Q4_K_M: Q6_K for the output matrix, and for attn_v and ffn_down in the first and last
// eighth of the layers and every third one between. Q4_0: Q6_K for the output matrix.
function tensorType(model: ModelType, name: string, layer: number): WeightTypeName {
  if (model === 'F16' || model === 'Q8_0') return model;
  if (name === 'output.weight') return 'Q6_K';
  if (model === 'Q4_0') return 'Q4_0';
  const eighth = shape.layers / 8;
  const more = layer < eighth || layer >= 7 * eighth || (layer - eighth) % 3 === 2;
  return more && /attn_v|ffn_down/.test(name) ? 'Q6_K' : 'Q4_K';
}

export function benchModel(type: ModelType, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `random-1b-${type}.gguf`);
  if (existsSync(path)) return path;
  const part = `${path}.part`;
  writeDenseModel(part, shape, { seed: 1, type: (name, layer) => tensorType(type, name, layer), rms: () => 0.02, poolBytes: 8 << 20 });
  renameSync(part, path);
  return path;
}

// Multiply-adds of one token's matrices, and the bytes of the weights it reads (the embedding row is nothing beside them).
export function weightsPerToken(): number {
  const { width, headWidth, heads, kvHeads, feedForward, layers, vocabulary } = shape;
  const attention = width * headWidth * (2 * heads + 2 * kvHeads);
  return layers * (attention + 3 * width * feedForward) + vocabulary * width;
}
