// Greedy continuations that an independent implementation computed (golden/*.json), and how near a model is to them.
import { loadModel, type LoadOptions } from 'llama-ts';
import { best, logProbabilities, rowDistances } from './distance';
import { sharedFloats, sharedJson, sharedPath } from './shared';

export interface Step {
  id: number;
  top: [id: number, logProbability: number][];
}
export interface GoldenCase {
  prompt: string;
  ids: number[];
  steps: Step[];
}
export const goldenCases = (file: string) => sharedJson<{ cases: GoldenCase[] }>(file).cases;

// What a model says before each step of a case, its predecessors fed as the file has them.
export interface Seen {
  step: Step;
  logProbabilities: Float32Array;
}

export async function teacherForced(path: string, options: LoadOptions, cases: readonly GoldenCase[]): Promise<Seen[]> {
  await using model = await loadModel(path, options);
  const width = model.info.vocabulary;
  const seen: Seen[] = [];
  for (const { ids, steps } of cases) {
    const logits = await model.logits([...ids, ...steps.slice(0, -1).map((s) => s.id)]);
    steps.forEach((step, k) => {
      const row = ids.length - 1 + k;
      seen.push({ step, logProbabilities: logProbabilities(logits.subarray(row * width, (row + 1) * width)) });
    });
  }
  return seen;
}

export const gap = ({ top }: Step) => top[0]![1] - top[1]![1];
export const expected = ({ top }: Step) => top[0]![0];
export const topErrors = ({ step, logProbabilities: lp }: Seen, floor = -Infinity) =>
  step.top.slice(0, 5).flatMap(([id, wanted]) => (wanted > floor ? [Math.abs(lp[id]! - wanted)] : []));

export function expectExact(seen: readonly Seen[], tolerance: number, floor?: number): void {
  for (const s of seen) {
    expect(Math.max(0, ...topErrors(s, floor))).toBeLessThanOrEqual(tolerance);
    if (gap(s.step) > tolerance) expect(best(s.logProbabilities)).toBe(expected(s.step));
  }
}

/** Models of golden/hf whose architectures this build runs. */
export const referenceModels = ['llama', 'llama-bias', 'llama-rope3', 'llama-linear', 'mistral', 'qwen2', 'qwen2-yarn', 'qwen3'] as const;
export const referenceFiles = (name: string) => ['golden/hf/index.json', ...['ids.json', 'logits.f32', 'model-bf16.gguf'].map((f) => `golden/hf/${name}/${f}`)];
export const referenceTolerance = (name: string) => sharedJson<Record<string, { tolerance: number }>>('golden/hf/index.json')[name]!.tolerance;

/** How far each row of logits is from what transformers computed. */
export async function referenceDistances(name: string, options: LoadOptions): Promise<number[]> {
  const { ids, shape } = sharedJson<{ ids: number[]; shape: number[] }>(`golden/hf/${name}/ids.json`);
  await using model = await loadModel(sharedPath(`golden/hf/${name}/model-bf16.gguf`), { contextTokens: 128, ...options });
  return rowDistances(await model.logits(ids), sharedFloats(`golden/hf/${name}/logits.f32`), shape.at(-1)!);
}
