// Models that keep more than keys and values of all places: windows, latent keys, states; and experts. Whatever runs beside a request, however
// its text is cut, wherever its beginning comes from, it gets the bits that it gets alone.
import { loadModel, type GenerateOptions, type LoadOptions, type Model } from 'llama-ts';
import { writeDenseModel } from './fixtures/dense-model';
import { FixtureFolder, randomIds, tinyShapes } from './fixtures/tiny-models';
import { random } from './fixtures/weight-types';
import { runChild } from './support/children';
import { referenceFiles, referenceFolder } from './support/golden';
import { usableIsas } from './support/isas';
import { expectSameBits } from './support/same-bits';
import { sharedPath, sharedTest } from './support/shared';

const kinds = ['gemma3', 'gpt-oss', 'deepseek2-v3', 'qwen3next', 'qwen35'];
const path = (name: string) => sharedPath(`${referenceFolder(name)}/model-bf16.gguf`);
const open = (name: string, options: LoadOptions = {}) => loadModel(path(name), { backend: 'cpu', contextTokens: 1024, ...options });
const ids = randomIds(200, 300, random(7));

async function trace(model: Model, prompt: readonly number[], options: GenerateOptions) {
  const { ids: found, finish, logprobs, usage } = await model.generate([...prompt], { logprobs: 3, ignoreEnd: true, ...options });
  return { found, finish, logprobs, prompt: usage.prompt };
}

describe.each(kinds)('%s', (name) => {
  sharedTest('the same logits in chunks, on any threads and instruction set, beside others', referenceFiles(name), async () => {
    await using alone = await open(name, { threads: 1 });
    const expected = await alone.logits(ids);
    for (const isa of usableIsas()) {
      for (const batchTokens of [1, 7, 64, 512]) {
        await using model = await open(name, { isa, batchTokens, threads: 2 });
        const [found] = await Promise.all([model.logits(ids), model.logits(ids.slice(9, 80)), model.logits(ids.slice(3, 5))]);
        expectSameBits(found, expected, `${isa}, chunks of ${batchTokens}`);
      }
    }
  });

  sharedTest('eight requests go on from the beginning of another, with the bits of a fresh run', referenceFiles(name), async () => {
    await using model = await open(name, { threads: 2 });
    const prompt = (i: number) => [...ids.slice(0, 150), ...randomIds(20, 300, random(i))];
    const options = (i: number) => ({ seed: i, maxTokens: 12 });
    await model.generate(prompt(0), options(0));
    const found = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const run = model.generate(prompt(i + 1), { logprobs: 3, ignoreEnd: true, ...options(i) });
        expect((await run).usage.cached).toBeGreaterThanOrEqual(128);
        return (await run).logprobs;
      }),
    );
    await using fresh = await open(name, { threads: 1, batchTokens: 33, maxSequences: 1 });
    for (const [i, f] of found.entries()) expect(f).toEqual((await trace(fresh, prompt(i + 1), options(i))).logprobs);
  });

  sharedTest('what was generated is known to a request that goes on from it', referenceFiles(name), async () => {
    await using model = await open(name);
    const first = await model.generate(ids.slice(0, 100), { maxTokens: 30, ignoreEnd: true, seed: 3 });
    const longer = [...ids.slice(0, 100), ...first.ids, ...ids.slice(100, 140)];
    const again = await model.generate(longer, { maxTokens: 8, ignoreEnd: true, seed: 4, logprobs: 3 });
    expect(again.usage.cached).toBeGreaterThanOrEqual(128); // of 130 tokens, behind the last of which nothing was computed
    await using fresh = await open(name, { threads: 1 });
    const alone = await fresh.generate(longer, { maxTokens: 8, ignoreEnd: true, seed: 4, logprobs: 3 });
    expect(again.logprobs).toEqual(alone.logprobs);
  });

  sharedTest('requests that push each other out of the cache give what each gives alone', referenceFiles(name), async () => {
    const jobs = Array.from({ length: 10 }, (_, i) => ({ prompt: ids.slice(i % 3, 30 + 9 * i), options: { seed: i, maxTokens: 60 } }));
    await using small = await open(name, { contextTokens: 256, batchTokens: 48, maxSequences: 6, threads: 2 });
    await using alone = await open(name, { threads: 1, maxSequences: 1 });
    const found = await Promise.all(jobs.map((j) => trace(small, j.prompt, j.options)));
    for (const [i, j] of jobs.entries()) expect({ i, ...found[i] }).toEqual({ i, ...(await trace(alone, j.prompt, j.options)) });
  });
});

sharedTest('a model with windows holds the pages that its windows need', referenceFiles('gemma3'), async () => {
  const memory = async (contextTokens: number) => {
    await using model = await open('gemma3', { contextTokens, maxSequences: 1, batchTokens: 64 });
    return model.info.memory.kv;
  };
  const [small, large] = [await memory(1024), await memory(32768)];
  // Only the layers that see all of a text grow: of this model's, one in six at least.
  expect(large / small).toBeLessThan(32 / 2);
});

const folder = new FixtureFolder();
afterAll(() => folder.remove());

// Ten layers see 512 places, two all of 32,768: with a group of full pages alone the cache would be 96 MB.
(process.platform === 'linux' ? test : test.skip)(
  'a long prompt of a model with windows takes what info says, less than half of full pages',
  async () => {
    const path = `${folder.path}/windows.gguf`;
    const shape = { ...tinyShapes.plain, width: 64, layers: 12, heads: 1, kvHeads: 1, feedForward: 128, context: 32768 };
    writeDenseModel(path, { ...shape, architecture: 'gemma3', window: 512, tied: true }, { seed: 1, type: () => 'F16' });
    const child = await runChild('resident.cjs', [path, '{"contextTokens":32768}', '32760'], 240_000);
    expect(child).toMatchObject({ end: 'done', errors: '' });
    const { anonymous, memory } = JSON.parse(child.lines[0]!) as { anonymous: number; memory: Model['info']['memory'] };
    const fullPages = shape.layers * shape.context * 2 * shape.headWidth * 2;
    expect(memory.kv).toBeLessThan(0.4 * fullPages);
    expect(anonymous).toBeLessThan(0.5 * fullPages);
    const told = memory.kv + memory.scratch + memory.tables;
    const ofNode = 4e6; // at most: its heap, and code that it compiles while this runs
    expect(anonymous / told).toBeGreaterThan(0.95);
    expect((anonymous - ofNode) / told).toBeLessThan(1.1);
  },
  300_000,
);

sharedTest('an encoder reads whole texts, each alone', referenceFiles('modern-bert'), async () => {
  await using model = await open('modern-bert', { batchTokens: 100, threads: 2 });
  const texts = [ids.slice(0, 70), ids.slice(5, 100), ids.slice(9, 10)];
  const together = await Promise.all(texts.map((t) => model.hidden(t)));
  for (const [i, t] of texts.entries()) expectSameBits(together[i]!, await model.hidden(t), `text ${i}`);
  await expect(model.hidden(ids.slice(0, 101))).rejects.toMatchObject({ code: 'CONTEXT' });
  await expect(model.logits(ids.slice(0, 5))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await expect(model.generate(ids.slice(0, 5))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
});
