// PEFT folders for models of many architectures, whose files order, join or stack weights in their own ways. Truth: the same folders with the adapter's
// changes merged into their weights.
import { writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from 'llama-ts';
import { floatsOf, folderOf, readSafetensors, safetensors, temporaryFolder, type StoredTensor, type Tensors } from '../fixtures/safetensors';
import { random } from '../fixtures/weight-types';
import { rowDistances } from '../support/distance';
import { referenceFolder, referenceIds } from '../support/golden';
import { sharedPath, sharedTest } from '../support/shared';

const rank = 2;
const f32 = (shape: number[], values: Float32Array): StoredTensor => ({ dtype: 'F32', shape, bytes: Buffer.from(values.buffer) });
const isProjection = (name: string, { shape }: StoredTensor): boolean =>
  shape.length === 2 && /(layers|h|blocks)\.\d+\..*(proj|dense\w*|fc\d|w\d|query_key_value|to_4h|4h_to_h)\.weight$/.test(name);

/** The folder's tensors with random changes of its projections, and these as PEFT stores them. */
function changed(tensors: Tensors, next: () => number): [merged: Tensors, adapter: Tensors] {
  const merged: Tensors = new Map();
  const adapter: Tensors = new Map();
  for (const [name, tensor] of tensors) {
    if (!isProjection(name, tensor)) {
      merged.set(name, tensor);
      continue;
    }
    const [rows, columns] = tensor.shape as [number, number];
    const a = Float32Array.from({ length: rank * columns }, () => (next() - 0.5) * 0.6);
    const b = Float32Array.from({ length: rows * rank }, () => (next() - 0.5) * 0.2);
    const w = floatsOf(tensor);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) for (let k = 0; k < rank; k++) w[r * columns + c]! += 3 * b[r * rank + k]! * a[k * columns + c]!;
    merged.set(name, f32(tensor.shape, w));
    const module = `base_model.model.${name.replace(/\.weight$/, '')}`;
    adapter.set(`${module}.lora_A.weight`, f32([rank, columns], a)).set(`${module}.lora_B.weight`, f32([rows, rank], b));
  }
  return [merged, adapter];
}

const names =
  'mistral qwen2 phi3 gemma gemma2 olmo2 glm4 starcoder2 stablelm cohere granite exaone4 llama-bias smollm3 ernie4_5 seed-oss olmo nemotron hunyuan-dense arcee falcon mixtral qwen2moe olmoe dots1 phi2 falcon40 gptneox lfm2 granitehybrid jamba mamba2 qwen3next qwen3moe granitemoe nemotron-h'.split(
    ' ',
  );

/** Writes both: the folder with the changes merged, and the adapter's. */
function writeBoth(folder: string, to: string): [whole: string, beside: string] {
  const [merged, adapter] = changed(readSafetensors(sharedPath(`${folder}/model.safetensors`)), random(3));
  const [whole, beside] = ['merged', 'adapter'].map((n) => join(to, n)) as [string, string];
  for (const path of [whole, beside]) mkdirSync(path);
  folderOf(sharedPath(folder), whole, [merged]);
  writeFileSync(join(beside, 'adapter_model.safetensors'), safetensors(adapter));
  writeFileSync(join(beside, 'adapter_config.json'), JSON.stringify({ peft_type: 'LORA', r: rank, lora_alpha: 3 * rank }));
  return [whole, beside];
}

const options = { backend: 'ref', cacheType: 'f32', contextTokens: 128 } as const;
const files = (folder: string): string[] => ['model.safetensors', 'model-bf16.gguf', 'ids.json'].map((file) => `${folder}/${file}`);

describe.each(names)('%s', (name) => {
  const folder = referenceFolder(name);
  sharedTest('an adapter beside the model is the same as merged', files(folder), async () => {
    using temporary = temporaryFolder();
    const [whole, beside] = writeBoth(folder, temporary.path);
    const ids = referenceIds(name);
    await using expected = await loadModel(whole, options);
    await using model = await loadModel(sharedPath(`${folder}/model-bf16.gguf`), { ...options, adapters: [{ path: beside }] });
    const [wanted, found, without] = await Promise.all([expected.logits(ids), model.logits(ids), model.logits(ids, { adapters: [] })]);
    const middle = (a: Float32Array): number => rowDistances(a, wanted, model.info.vocabulary).sort((x, y) => x - y)[ids.length >> 1]!;
    expect(middle(found)).toBeLessThanOrEqual(4e-5);
    expect(middle(without)).toBeGreaterThan(1e-3);
  });
});

// Its files have a matrix in two, one of them turned; numbers that are multiplied into weights.
describe.each([
  ['deepseek2-v3', 'kv_b_proj'],
  ['falcon-h1', 'down_proj'],
])('%s', (name, module) => {
  const folder = referenceFolder(name);
  sharedTest('what changes weights that its files store otherwise is refused', files(folder), async () => {
    using temporary = temporaryFolder();
    const [, beside] = writeBoth(folder, temporary.path);
    const loading = loadModel(sharedPath(`${folder}/model-bf16.gguf`), { ...options, adapters: [{ path: beside }] });
    await expect(loading).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining(module) });
  });
});
