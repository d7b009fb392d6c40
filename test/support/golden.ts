// Greedy continuations that an independent implementation computed (golden/*.json), and how near a model is to them.
import { loadModel, type LoadOptions } from 'llama-ts';
import { best, logProbabilities, rowDistances } from './distance';
import { hasShared, sharedFloats, sharedJson, sharedPath } from './shared';

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

/** Models of golden/hf, golden2/hf and golden2/embed whose architectures this build runs. */
export const referenceModels = [
  ...['llama', 'llama-bias', 'llama-rope3', 'llama-linear', 'mistral', 'mixtral', 'internlm3', 'qwen2', 'qwen2-yarn', 'qwen3'],
  ...['gemma3', 'gemma3-27b', 'gemma3-linear', 'gpt-oss', 'gpt-oss-odd', 'modern-bert'],
  ...['bert', 'xlm-roberta', 'roberta', 'nomic-bert', 'jina-bert-v2', 'jina-bert-v3', 'eurobert', 'gemma-embedding', 't5-encoder', 't5', 't5-flan'],
  ...['deepseek2-v2', 'deepseek2-v3', 'deepseek2-lite-yarn', 'deepseek2-v2-groups', 'deepseek2-v3-yarn'],
  ...['gemma3n', 'gemma4', 'gemma4-moe', 'gemma4-dense', 'gemma4-nocap', 'gemma4-share', 'gemma4-share5'],
  ...['lfm2', 'lfm2-conv4', 'lfm2moe', 'mamba', 'falcon-mamba', 'mamba2', 'mamba2-groups', 'jamba'],
  ...['granitehybrid', 'granitehybrid-dense', 'bamba', 'falcon-h1', 'falcon-h1-mult', 'falcon-h1-norm', 'nemotron-h', 'nemotron-h-moe'],
  ...['phi3', 'phi3-longrope', 'phi3-phi4mini', 'phi3-phi4mini-short', 'phi3-window', 'ministral3', 'ministral3-temp'],
  ...['granite', 'granite-mult', 'granite4-micro', 'smollm3', 'smollm3-yarn', 'seed-oss', 'hunyuan-dense', 'hunyuan-alpha', 'ernie4_5'],
  ...['internlm2', 'minicpm', 'minicpm3', 'exaone', 'arcee', 'arcee-yarn', 'apertus', 'qwen', 'baichuan7', 'baichuan13', 'olmo', 'olmo-clip'],
  ...['glm4moelite', 'qwen3moe', 'qwen3moe-yarn', 'qwen2moe', 'olmoe', 'granitemoe', 'glm4moe', 'glm4moe-groups', 'minimax-m2', 'minimax-m2-rot'],
  ...['ernie4_5-moe', 'ernie4_5-moe-2', 'ernie4_5-moe-noshared', 'dots1', 'hunyuan-moe', 'llama4'],
  ...['qwen3next', 'qwen3next-tied', 'qwen35', 'qwen35-tied', 'qwen35moe', 'qwen35moe-tied'],
  ...['gemma', 'gemma2', 'gemma2-27b', 'olmo2', 'olmo3', 'olmo3-yarn', 'exaone4', 'exaone4-window'],
  ...['cohere', 'cohere-qknorm', 'cohere2', 'cohere2-5', 'glm4', 'glm', 'chatglm'],
  ...['gpt2', 'gptneox', 'falcon', 'falcon40', 'falcon-11b', 'starcoder', 'starcoder2', 'phi2', 'stablelm', 'stablelm-12b'],
  ...['bloom', 'mpt', 'nemotron'],
] as const;

/** Folders that say what GGUF files have no key for, and the setting that does. */
export const folderModels = [
  ['mistral-window', 'sliding_window'],
  ['qwen2-window', 'sliding_window'],
  ['qwen3-window', 'sliding_window'],
  ['smollm3-norope', 'no_rope_layers'],
  ['ernie4_5-bias', 'use_bias'],
  ['gemma2-qscale', 'query_pre_attn_scalar'],
  ['starcoder2-window', 'sliding_window'],
] as const;

/** Models of which a row that rounding pushes over the edge of a choice, of experts or of a state's, differs much. */
export const choosy = (name: string) => /moe|^(mixtral|gpt-oss|deepseek2|qwen3next|qwen35|minimax|dots1|llama4|jamba)/.test(name);

/** And those of which most rows may differ more: llama.cpp with BF16 is 4.1e-2 from deepseek2-lite-yarn and 2.3e-2 from t5-flan. */
export const sensitive = (name: string) => choosy(name) || name === 't5-flan';

/** The folder of a model, below ../shared. */
export const referenceFolder = (name: string) =>
  ['golden2/hf', 'golden/hf', 'golden2/embed'].map((set) => `${set}/${name}`).find((path) => hasShared(path)) ?? `golden/hf/${name}`;
const index = (name: string) => referenceFolder(name).replace(/[^/]*$/, 'index.json');
interface Reference {
  tolerance: number;
  tolerance_gguf?: number;
  output: 'logits' | 'hidden';
}
const reference = (name: string) => sharedJson<Record<string, Reference>>(index(name))[name]!;
export const referenceFiles = (name: string) => [index(name), ...['ids.json', 'model-bf16.gguf'].map((f) => `${referenceFolder(name)}/${f}`)];
export const folderTolerance = (name: string) => reference(name).tolerance;
export const referenceTolerance = (name: string) => reference(name).tolerance_gguf ?? reference(name).tolerance; // of the GGUF file
export const referenceOutput = (name: string) => reference(name).output;
export const referenceDecoderIds = (name: string) => sharedJson<{ decoder_ids?: number[] }>(`${referenceFolder(name)}/ids.json`).decoder_ids;
export const referenceIds = (name: string) => sharedJson<{ ids: number[] }>(`${referenceFolder(name)}/ids.json`).ids;

/** As far as a file says that texts may go: two of the GGUF files say the width of a row in place of the context. */
export const idsWithin = (ids: readonly number[], { trainedContext }: { trainedContext: number }) => ids.slice(0, trainedContext);

/** How far each row of logits, or of hidden values, is from what transformers computed. `file`: below the model's folder, or the folder. */
export async function referenceDistances(name: string, options: LoadOptions, file = 'model-bf16.gguf'): Promise<number[]> {
  const { output } = reference(name);
  await using model = await loadModel(sharedPath(`${referenceFolder(name)}/${file}`), { contextTokens: 128, ...options });
  const ids = idsWithin(referenceIds(name), model.info);
  const decoderIds = referenceDecoderIds(name);
  const found = await (output === 'hidden' ? model.hidden(ids) : model.logits(ids, { decoderIds }));
  const rows = (decoderIds ?? ids).length;
  return rowDistances(found, sharedFloats(`${referenceFolder(name)}/${output}.f32`).subarray(0, found.length), found.length / rows);
}
