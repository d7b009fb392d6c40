// LoRA adapters and control vectors by the API and the command line. Truth: logits of models whose weights were merged in float64, or to whose layers
// directions were added (golden2/lora, golden2/cvec).
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel, type LoadOptions, type Model } from 'llama-ts';
import { writeStoryLora, writeStoryVector } from '../fixtures/adapter';
import { temporaryFolder } from '../fixtures/safetensors';
import { rowDistances } from '../support/distance';
import { expectSameBits } from '../support/same-bits';
import { hasShared, root, sharedFloats, sharedJson, sharedPath, sharedTest, storyModel } from '../support/shared';

interface LoraCase {
  name: string;
  adapters: { path: string | null; gguf: string | null; scale: number }[];
  logits: string;
}
interface VectorCase {
  name: string;
  vector: string;
  strength: number;
  layers: [number, number];
  logits: string;
}

const casesOf = <T>(folder: string): T[] => (hasShared(`${folder}/cases.json`) ? sharedJson<{ cases: T[] }>(`${folder}/cases.json`).cases : []);
const idsOf = (folder: string): number[] => sharedJson<{ ids: number[] }>(`${folder}/ids.json`).ids;
const exact = { backend: 'ref', cacheType: 'f32', contextTokens: 64 } as const satisfies LoadOptions;

async function expectLogits(model: Model, folder: string, file: string, options = {}): Promise<void> {
  const found = await model.logits(idsOf(folder), options);
  expect(Math.max(...rowDistances(found, sharedFloats(`${folder}/${file}`), model.info.vocabulary))).toBeLessThanOrEqual(1e-5);
}

const loraFolders = ['llama', 'qwen3', 'gemma3', 'qwen3moe'].map((name) => `golden2/lora/${name}`);

describe.each(loraFolders)('%s', (folder) => {
  const cases = casesOf<LoraCase>(folder);
  const forms = ['model-bf16.gguf', '.'].flatMap((base) => (['path', 'gguf'] as const).map((form) => [base, form] as const));
  test.each(forms)('base %s, adapters as %s: all at once, each call its own', async (base, form) => {
    const usable = cases.filter((c) => c.adapters.every((a) => a[form] !== null));
    const files = [...new Set(usable.flatMap((c) => c.adapters.map((a) => a[form]!)))];
    if (files.length === 0) return expect(hasShared(folder)).toBe(false);
    const adapters = files.map((file) => ({ path: sharedPath(`${folder}/${file}`), name: file, scale: 0 }));
    await using model = await loadModel(sharedPath(`${folder}/${base}`), { ...exact, adapters });
    expect(model.info.adapters).toEqual(files.map((name) => ({ name, kind: 'lora', scale: 0 })));
    await Promise.all([
      expectLogits(model, folder, 'logits.f32'),
      ...usable.map((c) => expectLogits(model, folder, c.logits, { adapters: c.adapters.map((a) => ({ name: a[form]!, scale: a.scale })) })),
    ]);
  });
});

describe.each(['llama', 'gemma2', 'mamba2', 'qwen3moe'].map((name) => `golden2/cvec/${name}`))('%s', (folder) => {
  sharedTest('control vectors, each case loaded, all beside each other', `${folder}/cases.json`, async () => {
    const cases = casesOf<VectorCase>(folder);
    const controlVectors = cases.map((c) => ({ path: sharedPath(`${folder}/${c.vector}`), name: c.name, scale: 0, layers: c.layers }));
    await using model = await loadModel(sharedPath(`${folder}/model-bf16.gguf`), { ...exact, controlVectors });
    await Promise.all([
      expectLogits(model, folder, 'logits.f32', { adapters: [] }),
      ...cases.map((c) => expectLogits(model, folder, c.logits, { adapters: [{ name: c.name, scale: c.strength }] })),
    ]);
  });
});

describe('the story model', () => {
  const temporary = temporaryFolder();
  afterAll(() => temporary[Symbol.dispose]());
  const folder = temporary.path;
  const [a, b, vector] = ['a', 'b', 'vector'].map((name) => join(folder, `${name}.gguf`)) as [string, string, string];
  writeStoryLora(a, 1);
  writeStoryLora(b, 2);
  writeStoryVector(vector, 3);
  const options: LoadOptions = {
    backend: 'cpu',
    contextTokens: 256,
    adapters: [{ path: a }, { path: b, scale: 0.5 }],
    controlVectors: [{ path: vector, scale: 0 }],
  };
  const prompt = 'Once upon a time';
  const settings = { maxTokens: 12, seed: 5, ignoreEnd: true, logprobs: 2 } as const;

  test('by default those of loadModel; a chat, embeddings and hidden rows have them too', async () => {
    await using model = await loadModel(storyModel, options);
    await using plain = await loadModel(storyModel, { backend: 'cpu', contextTokens: 256 });
    const both = { adapters: [{ name: 'a' }, { name: 'b', scale: 0.5 }] };
    const [usual, said, none, bare] = await Promise.all([
      model.generate(prompt, settings),
      model.generate(prompt, { ...settings, ...both }),
      model.generate(prompt, { ...settings, adapters: [] }),
      plain.generate(prompt, settings),
    ]);
    expect(usual.logprobs).toEqual(said.logprobs);
    expect(none.logprobs).toEqual(bare.logprobs);
    expect(usual.text).not.toBe(none.text);
    const steered = { adapters: [{ name: 'vector', scale: 0.8 }] };
    expectSameBits(await model.embed(prompt), await model.embed(prompt, both), 'embed');
    expect(await model.embed(prompt, steered)).not.toEqual(await model.embed(prompt, { adapters: [] }));
    expectSameBits(await model.hidden([5, 6], { adapters: [] }), await plain.hidden([5, 6]), 'hidden');
    expect(await model.hidden([5, 6], steered)).not.toEqual(await plain.hidden([5, 6]));
    const answers = await Promise.all([model.chat().send('Hello', { ...settings, adapters: [] }), plain.chat().send('Hello', settings)]);
    expect(answers[0].logprobs).toEqual(answers[1].logprobs);
  });

  test('what is wrong is refused', async () => {
    const load = (more: object) => loadModel(storyModel, { backend: 'cpu', contextTokens: 64, ...more });
    await expect(load({ adapters: [{ path: a }, { path: a }] })).rejects.toMatchObject({ code: 'ARGUMENT', message: expect.stringContaining('"a"') });
    await expect(load({ adapters: [{ name: 'a' }] })).rejects.toMatchObject({ code: 'ARGUMENT' });
    await expect(load({ adapters: [{ path: vector }] })).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('general.type') });
    await expect(load({ adapters: [{ path: storyModel }] })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(load({ controlVectors: [{ path: a }] })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(load({ controlVectors: [{ path: vector, layers: [3, 2] }] })).rejects.toMatchObject({ code: 'ARGUMENT' });
    await expect(load({ adapters: [{ path: join(folder, 'none.gguf') }] })).rejects.toMatchObject({ code: 'FILE' });
    await using model = await load({ adapters: [{ path: a }] });
    await expect(model.generate('x', { adapters: [{ name: 'b' }] })).rejects.toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining('a, found "b"'),
    });
    expect(() => model.generate('x', { adapters: [{ name: 'a', scale: NaN }] })).toThrow(expect.objectContaining({ code: 'ARGUMENT' }));
  });

  test('the flags of llama.cpp', async () => {
    const run = (...flags: string[]) => {
      const words = ['run', '-p', prompt, '-n', '12', '--seed', '5', '--backend', 'cpu', '-c', '256', '--ignore-end', '--json', ...flags];
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist', 'bin', 'llama-ts.js'), ...words], { encoding: 'utf8' });
      return { status, stderr, text: status === 0 ? (JSON.parse(stdout) as { text: string }).text : '' };
    };
    await using model = await loadModel(storyModel, options);
    const text = async (...adapters: { name: string; scale?: number }[]) => (await model.generate(prompt, { ...settings, adapters })).text;
    expect(run('--lora', a).text).toBe(await text({ name: 'a' }));
    expect(run('--lora-scaled', `${a}:0.5,${b}:-1`).text).toBe(await text({ name: 'a', scale: 0.5 }, { name: 'b', scale: -1 }));
    expect(run('--control-vector-scaled', `${vector}:0.8`, '--control-vector-layer-range', '1', '3').text).toBe(await text({ name: 'vector', scale: 0.8 }));
    expect(run('--lora-scaled', a)).toMatchObject({ status: 1, stderr: expect.stringContaining('FILE:SCALE') });
    expect(run('--control-vector-layer-range', '1', '3')).toMatchObject({ status: 1, stderr: expect.stringContaining('no effect') });
  });
});

sharedTest('folders of PEFT that ask for what is not applied are refused by name', 'golden2/lora/llama/A', async () => {
  using temporary = temporaryFolder();
  const from = sharedPath('golden2/lora/llama/A');
  const config = JSON.parse(readFileSync(join(from, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
  for (const [i, [key, value]] of Object.entries({
    use_dora: true,
    lora_bias: true,
    fan_in_fan_out: true,
    bias: 'all',
    modules_to_save: ['lm_head'],
    layer_replication: [[0, 1]],
    alpha_pattern: { '.*q_proj': 3 },
    peft_type: 'IA3',
  }).entries()) {
    const path = join(temporary.path, String(i));
    mkdirSync(path);
    writeFileSync(join(path, 'adapter_model.safetensors'), readFileSync(join(from, 'adapter_model.safetensors')));
    writeFileSync(join(path, 'adapter_config.json'), JSON.stringify({ ...config, [key]: value }));
    const loading = loadModel(sharedPath('golden2/lora/llama/model-bf16.gguf'), { ...exact, adapters: [{ path }] });
    await expect(loading).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining(key) });
  }
});
