// Where the next token cannot be chosen, or some may not be: damaged weights, bans, rows of the token table without a name.
import { closeSync, copyFileSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LlamaError, loadModel, type GenerateOptions, type LoadOptions, type Model, type Result } from 'llama-ts';

import { denseTensors } from '../fixtures/dense-model';
import { alignment, tensorBytes } from '../fixtures/gguf-writer';
import { FixtureFolder, tinyShapes } from '../fixtures/tiny-models';
import { storyModel } from './model';

const folder = new FixtureFolder();
afterAll(() => folder.remove());

const shape = { ...tinyShapes.plain, layers: 1 };
const settings: LoadOptions = { threads: 1, contextTokens: 512, backend: 'cpu' };
const mark = 201; // the token whose row is damaged

let written: string | undefined;
const sound = () => (written ??= folder.model(shape, 'F32'));

async function withModel<T>(path: string, use: (model: Model) => Promise<T>): Promise<T> {
  const model = await loadModel(path, settings);
  try {
    return await use(model);
  } finally {
    await model.dispose();
  }
}

// The same model but for one row of its token table, the first tensor.
function damaged(value: number): string {
  const path = join(folder.path, `damaged-${value}.gguf`);
  copyFileSync(sound(), path);
  const tensors = denseTensors(shape, { seed: 1, type: () => 'F32' });
  const bytes = tensors.reduce((sum, t) => sum + Math.ceil(tensorBytes(t) / alignment) * alignment, 0);
  const file = openSync(path, 'r+');
  writeSync(file, new Uint8Array(new Float32Array(shape.width).fill(value).buffer), 0, shape.width * 4, statSync(path).size - bytes + mark * shape.width * 4);
  closeSync(file);
  return path;
}

const prompts = Array.from({ length: 6 }, (_, i) => Array.from({ length: 20 + 30 * i }, (_, j) => 5 + ((i * 31 + j * 7) % 190)));
const options: GenerateOptions = { maxTokens: 12, temperature: 0, logprobs: 3, ignoreEnd: true, logitBias: { [mark]: -Infinity } };
const told = ({ text, ids, logprobs }: Result<string>) => ({ text, ids: [...ids], logprobs });

describe('logits that are not numbers', () => {
  test.each([NaN, Infinity])('a row of %d rejects the requests with its token, and no others', async (value) => {
    const right = await withModel(sound(), (model) => Promise.all(prompts.map(async (p) => told(await model.generate(p, options)))));
    await withModel(damaged(value), async (model) => {
      const bad = [...prompts[5]!.slice(0, 150), mark];
      const refused = expect(model.generate(bad, options)).rejects.toMatchObject({ code: 'FORMAT', message: expect.stringContaining('not numbers') });
      expect(await Promise.all(prompts.map(async (p) => told(await model.generate(p, options))))).toEqual(right);
      await refused;
      await expect(model.generate(bad)).rejects.toBeInstanceOf(LlamaError);
      expect(told(await model.generate(prompts[5]!, options))).toEqual(right[5]);
    });
  });
});

describe('bans', () => {
  const model = storyModel();
  const all = () => Object.fromEntries(Array.from({ length: model().info.vocabulary }, (_, i) => [i, -Infinity]));
  const refusal = { code: 'ARGUMENT', message: expect.stringContaining('no token is left') };
  const ways: GenerateOptions[] = [
    {},
    { temperature: 0 },
    { samplers: ['temperature'] },
    { samplers: ['topK', 'temperature'], topK: 1 },
    { topK: 0, topP: 1, minP: 0 },
  ];

  test.each(ways)('of every token leave none: %j', async (way) => {
    await expect(model().generate('Once', { ...way, seed: 1, logitBias: all() })).rejects.toMatchObject(refusal);
    const { 300: _, ...most } = all();
    const { ids } = await model().generate('Once', { ...way, seed: 1, maxTokens: 4, logitBias: most });
    expect([...ids]).toEqual([300, 300, 300, 300]);
  });

  test('of what is left by ignoreEnd leave none', async () => {
    const only = (id: number) => Object.fromEntries(Object.entries(all()).filter(([other]) => Number(other) !== id));
    let end = 0;
    while ((await model().generate('Once', { maxTokens: 1, logitBias: only(end) })).finish !== 'stop') end++;
    for (const way of ways) {
      await expect(model().generate('Once', { ...way, maxTokens: 1, logitBias: only(end), ignoreEnd: true })).rejects.toMatchObject(refusal);
    }
  });

  test('ignoreEnd never gives an end token, and goes on to maxTokens', async () => {
    const end = (await model().generate([{ role: 'user', content: 'Say hi.' }], { temperature: 0, maxTokens: 400 })).finish;
    expect(end).toBe('stop');
    const on = await model().generate([{ role: 'user', content: 'Say hi.' }], { temperature: 0, maxTokens: 400, ignoreEnd: true });
    expect(on.finish).toBe('length');
    expect(model().detokenize(on.ids, { special: true })).toBe(model().detokenize(on.ids));
  });
});

describe('rows of the token table without a name', () => {
  const named = 290;

  test('are never chosen, are named by number in logprobs, and cannot be biased', async () => {
    await withModel(folder.model({ ...shape, vocabulary: 330, padding: 330 - named }, 'F32'), async (model) => {
      expect(model.info.vocabulary).toBe(330);
      const flat: GenerateOptions = { maxTokens: 300, temperature: 100, topK: 0, topP: 1, minP: 0, seed: 3, logprobs: 100, ignoreEnd: true };
      const { ids, logprobs } = await model.generate([5, 6, 7], flat);
      expect(Math.max(...ids)).toBeLessThan(named);
      const unnamed = logprobs!.flatMap((l) => l.top).filter((t) => t.id >= named);
      expect(unnamed.length).toBeGreaterThan(0);
      expect(unnamed.every((t) => t.text === `<${t.id}>`)).toBe(true);
      await expect(model.generate([5], { logitBias: { [named]: 1 } })).rejects.toMatchObject({ code: 'ARGUMENT', message: expect.stringContaining('289') });
      await expect(model.generate([5], { logitBias: { [named - 1]: 1 }, maxTokens: 1 })).resolves.toBeDefined();
    });
  });
});

describe('usage.cached', () => {
  test.each([2, 9, 63, 64, 65, 100, 129])('counts tokens: all but the last of a prompt of %d that comes again', async (length) => {
    await withModel(sound(), async (model) => {
      const prompt = Array.from({ length }, (_, i) => 5 + ((i * 7) % 200));
      const exact: GenerateOptions = { maxTokens: 8, temperature: 0, logprobs: 20 };
      const first = await model.generate(prompt, exact);
      const again = await model.generate(prompt, exact);
      expect([first.usage.cached, again.usage.cached]).toEqual([0, length - 1]);
      expect(told(again)).toEqual(told(first));
    });
  });
});
