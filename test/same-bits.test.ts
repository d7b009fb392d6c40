// Contract: the bits of a result depend on the model and the sequence alone, not on what else runs, on chunks, threads or ISA.
import { loadModel, type GenerateOptions, type LoadOptions, type Model } from 'llama-ts';
import { FixtureFolder, randomIds, tinyShapes } from './fixtures/tiny-models';
import { random, type WeightTypeName } from './fixtures/weight-types';
import { expectSameBits } from './support/same-bits';
import { usableIsas } from './support/isas';
import { storyModel } from './support/shared';

const folder = new FixtureFolder();
afterAll(() => folder.remove());
const isas = usableIsas();
const cacheTypes = ['f16', 'f32', 'q8_0'] as const;

async function logits(path: string, ids: number[], options: LoadOptions): Promise<Float32Array> {
  await using model = await loadModel(path, { backend: 'cpu', contextTokens: 512, ...options });
  return await model.logits(ids);
}

describe('logits of one sequence', () => {
  const ids = randomIds(140, 300, random(3)); // two whole pages of the cache and a bit
  // The portable kernels are slow, and chunks and threads are none of a kernel's business: one run shows them right.
  const ways = (isa: string) =>
    (isa === 'portable' ? [[2, 33]] : [1, 2].flatMap((threads) => [1, 7, 64, 512].map((chunk) => [threads, chunk]))) as [number, number][];
  for (const type of ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'MXFP4', 'Q4_K', 'Q6_K', 'Q5_K', 'IQ4_XS', 'Q2_K'] satisfies WeightTypeName[]) {
    test(`${type}: any chunks, threads and instruction set`, async () => {
      const path = folder.model(tinyShapes.plain, type, 5);
      const expected = await logits(path, ids, { threads: 1 });
      for (const isa of isas) {
        for (const [threads, batchTokens] of ways(isa)) {
          const found = await logits(path, ids, { isa, threads, batchTokens });
          expectSameBits(found, expected, `${isa}, ${threads} threads, chunks of ${batchTokens}`);
        }
      }
    }, 120_000);
  }

  test.each(cacheTypes)(
    'KV of %s: any chunks and instruction set',
    async (cacheType) => {
      const path = folder.model(tinyShapes['qwen2, tied'], 'Q8_0', 6);
      const expected = await logits(path, ids, { threads: 1, cacheType });
      for (const isa of isas) {
        for (const [threads, batchTokens] of ways(isa)) {
          const found = await logits(path, ids, { isa, threads, batchTokens, cacheType });
          expectSameBits(found, expected, `${isa}, ${threads} threads, chunks of ${batchTokens}`);
        }
      }
    },
    120_000,
  );

  test.each(['Q4_0', 'F16'] as const)('%s: beside seven other sequences', async (type) => {
    const path = folder.model({ ...tinyShapes.plain, context: 2048 }, type, 8);
    const sequences = Array.from({ length: 8 }, (_, i) => randomIds(20 + 31 * i, 300, random(i)));
    await using model = await loadModel(path, { backend: 'cpu', threads: 2, batchTokens: 96, contextTokens: 2048 });
    const together = await Promise.all(sequences.map((s) => model.logits(s)));
    for (const [i, s] of sequences.entries()) expectSameBits(together[i]!, await logits(path, s, { threads: 1 }), `sequence ${i}`);
  });
});

// Everything of a generation that must not change.
async function trace(model: Model, prompt: number[] | string, options: GenerateOptions) {
  const { ids, text, finish, logprobs, usage } = await model.generate(prompt, { logprobs: 5, ...options });
  return { ids: Array.from(ids), text, finish, logprobs, prompt: usage.prompt };
}

describe('generations', () => {
  test('after a prefix hit', async () => {
    await using model = await loadModel(storyModel, { backend: 'cpu', threads: 2, contextTokens: 1024 });
    const prompt = randomIds(300, 900, random(4)).map((id) => id + 20);
    const options = { maxTokens: 30, temperature: 0, ignoreEnd: true };
    const first = await model.generate(prompt, { ...options, logprobs: 5 });
    const second = await model.generate(prompt, { ...options, logprobs: 5 });
    expect(first.usage.cached).toBe(0);
    expect(second.usage.cached).toBeGreaterThan(0);
    expect(second.logprobs).toEqual(first.logprobs);
    // What generated tokens left in the cache is what reading them would have left.
    const longer = [...prompt, ...first.ids, ...prompt.slice(0, 40)];
    const continued = await trace(model, longer, options);
    await using fresh = await loadModel(storyModel, { backend: 'cpu', threads: 1, contextTokens: 1024, batchTokens: 33 });
    expect(continued).toEqual(await trace(fresh, longer, options));
  });

  test('two hundred at once, of mixed lengths: each as alone with the same seed', async () => {
    const next = random(9);
    const jobs = Array.from({ length: 200 }, (_, i) => ({
      prompt: randomIds(1 + Math.floor(next() * 120), 900, next).map((id) => id + 20),
      options: { seed: i, maxTokens: 1 + Math.floor(next() * 60), temperature: i % 3 === 0 ? 0 : 0.5 + next(), ignoreEnd: i % 2 === 0 },
    }));
    await using together = await loadModel(storyModel, { backend: 'cpu', threads: 2 });
    await using alone = await loadModel(storyModel, { backend: 'cpu', threads: 1, contextTokens: 512, maxSequences: 1 });
    const found = await Promise.all(jobs.map((j) => trace(together, j.prompt, j.options)));
    for (const [i, j] of jobs.entries()) expect({ i, ...found[i] }).toEqual({ i, ...(await trace(alone, j.prompt, j.options)) });
  }, 300_000);

  test('the same text from every instruction set', async () => {
    const texts = new Set<string>();
    for (const isa of isas) {
      await using model = await loadModel(storyModel, { backend: 'cpu', isa, threads: 2, contextTokens: 256 });
      texts.add(JSON.stringify(await trace(model, 'Once upon a time', { seed: 12, maxTokens: 60 })));
    }
    expect(texts.size).toBe(1);
  });
});
