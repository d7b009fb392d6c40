// T5: a text is encoded, another written. Truth: the logits that transformers computed, which golden.test.ts compares; what is generated
// follows from them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel, type Model, type Result } from 'llama-ts';
import { temporaryFolder } from '../fixtures/safetensors';
import { best, rowDistances } from '../support/distance';
import { referenceDecoderIds, referenceFiles, referenceFolder, referenceIds, referenceTolerance } from '../support/golden';
import { expectSameBits } from '../support/same-bits';
import { root, sharedFloats, sharedPath, sharedTest, storyModel } from '../support/shared';

const files = referenceFiles('t5-flan');
const path = (): string => sharedPath(`${referenceFolder('t5-flan')}/model-bf16.gguf`);
const load = (options: object = {}): Promise<Model> => loadModel(path(), { backend: 'cpu', contextTokens: 1024, ...options });
const greedy = { temperature: 0, ignoreEnd: true, maxTokens: 12 } as const;
const repeated = (ids: readonly number[], count: number): number[] => Array.from({ length: count }, (_, i) => ids[(i * 7) % ids.length]!);

// The best token, one after another, each time from the logits of all that is written.
async function written(model: Model, ids: readonly number[], count: number): Promise<number[]> {
  const decoderIds = [model.info.decoderStart];
  while (decoderIds.length <= count) {
    const logits = await model.logits(ids, { decoderIds });
    decoderIds.push(best(logits.subarray(-model.info.vocabulary)));
  }
  return decoderIds.slice(1);
}

sharedTest('what is written follows from the logits of what is written', files, async () => {
  await using model = await load();
  expect(model.info).toMatchObject({ architecture: 't5', layers: 4, decoderStart: 2, head: true });
  for (const ids of [referenceIds('t5-flan'), repeated(referenceIds('t5-flan'), 64), repeated(referenceIds('t5-flan'), 150)]) {
    const { ids: found, usage } = await model.generate(ids, greedy);
    expect(found).toEqual(await written(model, ids, 12));
    expect(usage).toMatchObject({ prompt: ids.length + 1, completion: 12 });
  }
});

sharedTest('alone, beside others and after the same text: the same', files, async () => {
  const of = referenceIds('t5-flan');
  const texts = [of, repeated(of, 64), repeated(of, 65), of.slice(0, 3), repeated(of, 150), [...repeated(of, 149), 5]];
  const asked = { ...greedy, maxTokens: 80, logprobs: 3 };
  const alone: Result<string>[] = [];
  for (const ids of texts) {
    await using model = await load();
    alone.push(await model.generate(ids, asked));
  }
  await using model = await load({ contextTokens: 640, maxSequences: 4 });
  for (const round of [0, 1]) {
    const together = await Promise.all(texts.map((ids) => model.generate(ids, asked)));
    together.forEach((got, i) => expect(got.logprobs).toEqual(alone[i]!.logprobs));
    if (round === 0) expect(together.map((got) => got.usage.cached)).toEqual(texts.map(() => 0));
  }
  const again = await model.generate(texts[5]!, asked);
  expect(again.logprobs).toEqual(alone[5]!.logprobs);
  expect(again.usage.cached).toBeGreaterThanOrEqual(150);
});

sharedTest('several answers to a text, which is encoded once', files, async () => {
  await using model = await load();
  const ids = repeated(referenceIds('t5-flan'), 100);
  const answers = await Promise.all(model.generate(ids, { n: 3, seed: 4, maxTokens: 9, ignoreEnd: true }));
  expect(answers.map((a) => a.usage.cached)).toEqual([0, 100, 100]);
  const [, second] = answers;
  const alone = await model.generate(ids, { seed: 5, maxTokens: 9, ignoreEnd: true });
  expect(alone.ids).toEqual(second!.ids);
  const stopped = model.generate(ids, { maxTokens: 200, ignoreEnd: true });
  stopped.abort(new Error('enough'));
  await expect(stopped).rejects.toThrow('enough');
});

sharedTest('a text gets the end token that the file asks for', files, async () => {
  await using model = await load();
  const text = 'the fox by the river';
  const { ids, usage } = await model.generate(text, greedy);
  const plain = Array.from(model.tokenize(text));
  expect(usage.prompt).toBe(plain.length + 1); // the decoder's first: this file asks for none
  expect(ids).toEqual(await written(model, plain, 12));
});

sharedTest('what cannot be is refused', files, async () => {
  await using model = await load({ contextTokens: 256, batchTokens: 100 });
  const ids = referenceIds('t5-flan');
  await expect(model.embed({ ids })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await expect(model.hidden(ids)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await expect(model.logits(ids, { decoderIds: [] })).rejects.toMatchObject({ code: 'ARGUMENT' });
  await expect(model.logits(ids, { decoderIds: [320] })).rejects.toMatchObject({ code: 'ARGUMENT', message: expect.stringContaining('decoderIds') as string });
  await expect(model.generate(repeated(ids, 101))).rejects.toMatchObject({ code: 'CONTEXT', message: expect.stringContaining('batchTokens') as string });
  await expect(model.logits(ids, { decoderIds: repeated(ids, 250) })).rejects.toMatchObject({ code: 'CONTEXT' });
  await expect(model.generate(repeated(ids, 600))).rejects.toMatchObject({ code: 'CONTEXT', message: expect.stringContaining('512') as string });
  const { finish, usage } = await model.generate(ids, { temperature: 0, ignoreEnd: true });
  expect([finish, usage.completion]).toEqual(['context', 256 - 64 - 1]);
  await using story = await loadModel(storyModel, { contextTokens: 64 });
  await expect(story.logits([5], { decoderIds: [5] })).rejects.toMatchObject({ code: 'ARGUMENT' });
});

sharedTest('a step of few rows, and of a prompt in pieces, gives the same bits', files, async () => {
  const ids = referenceIds('t5-flan');
  const decoderIds = repeated(ids, 130);
  const [found, wanted] = await Promise.all(
    [50, 512].map(async (batchTokens) => {
      await using model = await load({ batchTokens });
      return await model.logits(ids, { decoderIds });
    }),
  );
  expectSameBits(found!, wanted!, 'in pieces');
});

sharedTest('llama-ts logits takes both lists of ids from one file', files, async () => {
  using out = temporaryFolder();
  const to = join(out.path, 'logits.f32');
  const ids = sharedPath(`${referenceFolder('t5')}/ids.json`);
  await using tied = await loadModel(sharedPath(referenceFolder('t5')), { backend: 'ref', cacheType: 'f32', contextTokens: 128 });
  const run = (...more: string[]) =>
    spawnSync(
      process.execPath,
      [
        join(root, 'dist/bin/llama-ts.js'),
        'logits',
        '-m',
        sharedPath(referenceFolder('t5')),
        '-o',
        to,
        '--backend',
        'ref',
        '--cache-type',
        'f32',
        '-c',
        '128',
        ...more,
      ],
      { encoding: 'utf8' },
    );
  expect(run('--ids-file', ids)).toMatchObject({ status: 0, stderr: '' });
  const floats = (): Float32Array => new Float32Array(new Uint8Array(readFileSync(to)).buffer);
  const wanted = sharedFloats(`${referenceFolder('t5')}/logits.f32`);
  const rows = referenceDecoderIds('t5')!.length;
  expect(Math.max(...rowDistances(floats(), wanted, wanted.length / rows))).toBeLessThanOrEqual(referenceTolerance('t5'));
  const first = floats().slice(0, wanted.length / rows);
  expectSameBits(await tied.logits(referenceIds('t5')), first, 'the first token, which is the default');
  expect(run('--ids', referenceIds('t5').join(','), '--decoder-ids', '2')).toMatchObject({ status: 0 });
  expectSameBits(floats(), first, 'the first token, as asked');
});

// What transformers' T5EncoderModel gives for the ids of the golden models, in the mean over its rows.
const encoded = JSON.parse(readFileSync(join(root, 'test', 'fixtures', 't5-encoders.json'), 'utf8')) as Record<'t5' | 't5-flan', number[]>;

for (const name of ['t5', 't5-flan'] as const)
  sharedTest(`the encoder alone gives vectors: ${name}`, referenceFiles(name), async () => {
    const wanted = encoded[name];
    for (const source of [referenceFolder(name), `${referenceFolder(name)}/model-bf16.gguf`]) {
      await using model = await loadModel(sharedPath(source), { backend: 'ref', cacheType: 'f32', encoder: true });
      expect(model.info).toMatchObject({ architecture: 't5', head: false });
      const [vector = new Float32Array()] = await model.embed([Uint32Array.from(referenceIds(name))], { pooling: 'mean', normalize: false });
      const size = Math.hypot(...wanted);
      expect(Math.hypot(...wanted.map((x, i) => x - vector[i]!)) / size).toBeLessThan(1e-4);
    }
    await using whole = await loadModel(sharedPath(referenceFolder(name)));
    await expect(whole.embed([Uint32Array.from(referenceIds(name))])).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('encoder: true'),
    });
  });

sharedTest('llama-ts embed takes the encoder of such a model', files, async () => {
  const words = ['embed', '-m', path(), '--pooling', 'mean', '--no-normalize', 'a text'];
  const { stdout, status } = spawnSync(process.execPath, [join(root, 'dist', 'bin', 'llama-ts.js'), ...words], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(JSON.parse(stdout).embedding).toHaveLength(64);
});
