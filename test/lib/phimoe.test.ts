// Phi-3.5-MoE against what scripts/phimoe.py computes from its description, whose experts weigh as SparseMixer has it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertModel, inspectModel, loadModel } from 'llama-ts';
import { folderOf, readSafetensors, temporaryFolder } from '../fixtures/safetensors';
import { quantile, rowDistances } from '../support/distance';

const folder = join(__dirname, '../fixtures/phimoe');
const logits = new Float32Array(new Uint8Array(readFileSync(join(folder, 'logits.f32'))).buffer);
const { ids } = JSON.parse(readFileSync(join(folder, 'ids.json'), 'utf8')) as { ids: number[] };

test('the folder and the GGUF made of it give the logits of the description', async () => {
  using out = temporaryFolder();
  const file = join(out.path, 'x.gguf');
  await convertModel(folder, file);
  for (const path of [folder, file])
    for (const backend of ['ref', 'cpu'] as const) {
      await using model = await loadModel(path, { backend, cacheType: 'f32', contextTokens: 64 });
      const distances = rowDistances(await model.logits(ids), logits, logits.length / ids.length);
      // The CPU rounds what meets BF16, which may choose other experts.
      expect(backend === 'ref' ? Math.max(...distances) : quantile(distances, 0.5)).toBeLessThanOrEqual(backend === 'ref' ? 1e-5 : 6e-2);
    }
});

test('the GGUF file has the names and keys of llama.cpp', async () => {
  using out = temporaryFolder();
  const file = join(out.path, 'x.gguf');
  await convertModel(folder, file);
  const { metadata, tensors } = await inspectModel(file);
  const names = new Set(tensors.map((t) => t.name.replace(/blk\.\d/, 'blk')));
  const biased = ['attn_k', 'attn_norm', 'attn_output', 'attn_q', 'attn_v', 'ffn_norm'].flatMap((n) => [`blk.${n}.weight`, `blk.${n}.bias`]);
  const experts = ['ffn_down_exps', 'ffn_gate_exps', 'ffn_gate_inp', 'ffn_up_exps'].map((n) => `blk.${n}.weight`);
  const outer = ['output.bias', 'output.weight', 'output_norm.bias', 'output_norm.weight', 'rope_factors_long.weight', 'rope_factors_short.weight'];
  expect([...names].sort()).toEqual([...biased, ...experts, ...outer, 'token_embd.weight'].sort());
  expect(metadata.get('general.architecture')).toBe('phimoe');
  expect([metadata.get('phimoe.expert_count'), metadata.get('phimoe.expert_used_count')]).toEqual([6, 2]);
  expect(metadata.get('phimoe.attention.layer_norm_rms_epsilon')).toBeCloseTo(1e-5, 9);
  expect(metadata.get('phimoe.rope.scaling.attn_factor')).toBeCloseTo(1.19, 6);
});

test('with a half-precision cache it stays near', async () => {
  await using model = await loadModel(folder, { contextTokens: 64 });
  expect(quantile(rowDistances(await model.logits(ids), logits, logits.length / ids.length), 0.5)).toBeLessThanOrEqual(2e-2);
});

test.each([
  [{ router_jitter_noise: 0.1 }, /router_jitter_noise: expected 0\.01/],
  [{ hidden_act: 'gelu' }, /hidden_act/],
])('what is not run is refused by its key: %p', async (config, message) => {
  using out = temporaryFolder();
  folderOf(folder, out.path, [readSafetensors(join(folder, 'model.safetensors'))], config);
  await expect(loadModel(out.path)).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringMatching(message) as string });
});
