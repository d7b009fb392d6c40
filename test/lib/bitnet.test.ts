// BitNet b1.58 against what scripts/bitnet.py computes from its description; the file is laid out as llama.cpp's.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertModel, diffModels, inspectModel, loadModel, quantize } from 'llama-ts';
import { folderOf, readSafetensors, temporaryFolder } from '../fixtures/safetensors';
import { quantile, rowDistances } from '../support/distance';

const folder = (name: string) => join(__dirname, '../fixtures/bitnet', name);
const floats = (path: string) => new Float32Array(new Uint8Array(readFileSync(path)).buffer);
const { ids } = JSON.parse(readFileSync(join(folder('packed'), 'ids.json'), 'utf8')) as { ids: number[] };

async function distances(path: string, backend: 'cpu' | 'ref', wanted = 'packed'): Promise<number[]> {
  await using model = await loadModel(path, { backend, cacheType: 'f32', contextTokens: 64 });
  const found = await model.logits(ids);
  return rowDistances(found, floats(join(folder(wanted), 'logits.f32')), found.length / ids.length);
}

for (const name of ['packed', 'master']) {
  test(`${name}: the folder and the GGUF made of it give the logits of the description`, async () => {
    using out = temporaryFolder();
    const file = join(out.path, 'x.gguf');
    await convertModel(folder(name), file);
    for (const path of [folder(name), file]) {
      expect(Math.max(...(await distances(path, 'ref', name)))).toBeLessThanOrEqual(1e-5);
      const rounded = await distances(path, 'cpu', name); // to BF16, what meets weights of BF16
      expect(quantile(rounded, 0.5)).toBeLessThanOrEqual(2e-2);
      expect(quantile(rounded, 0.9)).toBeLessThanOrEqual(6e-2);
    }
  });
}

test('the GGUF file has the names, types and keys of llama.cpp', async () => {
  using out = temporaryFolder();
  const file = join(out.path, 'x.gguf');
  await convertModel(folder('packed'), file);
  const { metadata, tensors } = await inspectModel(file);
  const layer = (i: number) =>
    ['attn_k', 'attn_norm', 'attn_output', 'attn_q', 'attn_sub_norm', 'attn_v', 'ffn_down', 'ffn_gate', 'ffn_norm', 'ffn_sub_norm', 'ffn_up'].map(
      (n) => `blk.${i}.${n}.weight ${n.endsWith('norm') ? 'F32' : 'BF16'}`,
    );
  expect(tensors.map((t) => `${t.name} ${t.type}`).sort()).toEqual([...layer(0), ...layer(1), 'output_norm.weight F32', 'token_embd.weight BF16'].sort());
  const keys = { architecture: 'bitnet', blocks: 2, activation: 'relu2', scaling: 'linear', factor: 1 };
  expect({
    architecture: metadata.get('general.architecture'),
    blocks: metadata.get('bitnet.block_count'),
    activation: metadata.get('bitnet.hidden_activation'),
    scaling: metadata.get('bitnet.rope.scaling.type'),
    factor: metadata.get('bitnet.rope.scaling.factor'),
  }).toEqual(keys);
});

test('ternary weights and those that they are rounded from become the same file', async () => {
  using out = temporaryFolder();
  const [a, b] = [join(out.path, 'a.gguf'), join(out.path, 'b.gguf')];
  await convertModel(folder('packed'), a, { name: 'x' });
  await convertModel(folder('master'), b, { name: 'x' });
  expect(await diffModels(a, b)).toMatchObject({ metadata: [], tensors: [] });
});

// 32 and 64 columns: no blocks of 256 fit, and Q4_0 of ternary values is exact but for its scale of 16 bits.
test('quantized to ternary types, rows that are too short become Q4_0 and stay near', async () => {
  using out = temporaryFolder();
  const file = join(out.path, 'x.gguf');
  const report = await quantize(folder('packed'), file, { type: 'TQ2_0' });
  const types = new Map(report.tensors.map((t) => [t.name, t.to]));
  expect([types.get('blk.0.attn_q.weight'), types.get('blk.1.ffn_down.weight'), types.get('token_embd.weight')]).toEqual(['Q4_0', 'Q4_0', 'Q8_0']);
  expect(quantile(await distances(file, 'ref'), 0.5)).toBeLessThanOrEqual(2e-2);
});

test('what is not run is refused by its key', async () => {
  const tensors = readSafetensors(join(folder('packed'), 'model.safetensors'));
  for (const [config, message] of [
    [{ hidden_act: 'gelu' }, /hidden_act: expected silu or relu2, found "gelu"/],
    [{ quantization_config: { quant_method: 'bitnet', linear_class: 'bitlinear' } }, /linear_class: expected autobitlinear/],
  ] as const) {
    using out = temporaryFolder();
    folderOf(folder('packed'), out.path, [tensors], config);
    await expect(loadModel(out.path)).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringMatching(message) as string });
  }
  using out = temporaryFolder();
  tensors.delete('model.layers.1.mlp.up_proj.weight_scale');
  folderOf(folder('packed'), out.path, [tensors]);
  await expect(loadModel(out.path)).rejects.toMatchObject({ code: 'FORMAT', message: expect.stringContaining('weight_scale') as string });
});
