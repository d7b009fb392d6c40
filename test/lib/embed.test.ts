// Vectors and scores against ../shared/golden2/embed: what transformers, and plain torch, computed from the same folders.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertModel, cosineSimilarity, loadModel, type LoadOptions, type Model, type Pooling } from 'llama-ts';
import { temporaryFolder } from '../fixtures/safetensors';
import { rows } from '../support/distance';
import { root, sharedFloats, sharedJson, sharedPath, sharedTest, storyModel } from '../support/shared';

const set = 'golden2/embed';
const file = 'model-bf16.gguf';
const exact: LoadOptions = { backend: 'ref', cacheType: 'f32', contextTokens: 256 };

interface Batch {
  inputs: number[][];
  texts?: string[];
  default: Pooling;
  pooled: Record<'mean' | 'cls' | 'last', { raw: string; l2: string }>;
}
interface Pairs {
  inputs: { ids: number[]; token_types?: number[]; query?: string; document?: string }[];
  labels: string[];
}
const tolerance = (name: string): number => sharedJson<Record<string, { tolerance: number }>>(`${set}/index.json`)[name]!.tolerance;
const batchOf = (name: string): Batch => sharedJson<Batch>(`${set}/${name}/batch.json`);
const pairsOf = (name: string): Pairs => sharedJson<Pairs>(`${set}/${name}/pairs.json`);
const needs = (name: string, list: string): string[] => [file, 'model.safetensors', list].map((f) => `${set}/${name}/${f}`);
const idsOf = (inputs: readonly number[][]): Uint32Array[] => inputs.map((ids) => Uint32Array.from(ids));

// |a - b| / |b|, the mean left in.
function apart(a: Float32Array, b: Float32Array): number {
  const size = Math.sqrt(b.reduce((sum, x) => sum + x * x, 0));
  return Math.sqrt(b.reduce((sum, x, i) => sum + (a[i]! - x) ** 2, 0)) / size;
}
const bytes = (all: readonly Float32Array[]): string => all.map((v) => Buffer.from(v.buffer, v.byteOffset, v.byteLength).toString('hex')).join(' ');

const embedders = [
  ...['bert', 'roberta', 'xlm-roberta', 'nomic-bert', 'jina-bert-v2', 'jina-bert-v3'],
  ...['modern-bert', 'eurobert', 'gemma-embedding', 'gemma-embedding-dense', 'qwen3-embedding'],
];

describe('embed', () => {
  async function compare(model: Model, name: string, far: (found: Float32Array, wanted: Float32Array) => number, most: number): Promise<void> {
    const { inputs, pooled } = batchOf(name);
    for (const pooling of ['mean', 'cls', 'last'] as const) {
      for (const normalize of [false, true]) {
        const found = await model.embed(idsOf(inputs), { pooling, normalize });
        const wanted = rows(sharedFloats(`${set}/${name}/${pooled[pooling][normalize ? 'l2' : 'raw']}`), found[0]!.length);
        expect(wanted).toHaveLength(found.length);
        for (const [i, vector] of found.entries()) expect(far(vector, wanted[i]!)).toBeLessThanOrEqual(most);
      }
    }
  }

  for (const name of embedders) {
    for (const from of ['.', file]) {
      sharedTest(`${name}, ${from === file ? 'GGUF' : 'folder'}: ref gives the reference's vectors`, needs(name, 'batch.json'), async () => {
        await using model = await loadModel(sharedPath(`${set}/${name}/${from}`), exact);
        expect(model.info.pooling).toBe(batchOf(name).default);
        await compare(model, name, apart, tolerance(name));
      });
    }

    sharedTest(`${name}: cpu is as near as rounding allows, and a vector does not depend on the others`, needs(name, 'batch.json'), async () => {
      await using model = await loadModel(sharedPath(`${set}/${name}/${file}`), { backend: 'cpu', contextTokens: 1024 });
      await compare(model, name, (a, b) => 1 - cosineSimilarity(a, b), 1e-3);
      const inputs = idsOf(batchOf(name).inputs);
      const together = await model.embed(inputs);
      const alone: Float32Array[] = [];
      for (const input of inputs) alone.push(await model.embed(input));
      expect(bytes(together)).toBe(bytes(alone));
    });
  }

  sharedTest('qwen3-embedding: a text ends with the token that the file asks for', needs('qwen3-embedding', 'batch.json'), async () => {
    const { inputs, texts } = batchOf('qwen3-embedding');
    await using model = await loadModel(sharedPath(`${set}/qwen3-embedding/.`), { backend: 'cpu' });
    expect(texts!.length).toBeGreaterThan(2);
    expect(bytes(await model.embed(texts!))).toBe(bytes(await model.embed(idsOf(inputs))));
    const asked = await model.embed(texts![0]!, { instruction: 'Query: ' });
    expect(bytes([asked])).toBe(bytes([await model.embed(`Query: ${texts![0]}`)]));
  });

  sharedTest('rows, and vectors that are cut', needs('modern-bert', 'batch.json'), async () => {
    await using model = await loadModel(sharedPath(`${set}/modern-bert/${file}`), { backend: 'cpu' });
    const ids = Uint32Array.from(batchOf('modern-bert').inputs[3]!);
    const all = await model.embed(ids, { pooling: 'none' });
    expect(bytes([all])).toBe(bytes([await model.hidden(ids)]));
    const whole = await model.embed(ids, { normalize: false });
    const cut = await model.embed(ids, { dimensions: 16 });
    expect(cut).toHaveLength(16);
    expect(cosineSimilarity(cut, whole.slice(0, 16))).toBeCloseTo(1, 6);
    expect(Math.hypot(...cut)).toBeCloseTo(1, 6);
    await expect(model.embed(ids, { dimensions: 65 })).rejects.toMatchObject({ code: 'ARGUMENT', message: expect.stringContaining('64') as string });
  });

  test('decoders embed; a text that is too long is refused, or its beginning read and told', async () => {
    await using model = await loadModel(storyModel, { backend: 'cpu', contextTokens: 64 });
    const long = 'Once upon a time there was a fox. '.repeat(20);
    await expect(model.embed(['short', long])).rejects.toMatchObject({ code: 'CONTEXT' });
    const told: unknown[] = [];
    const progress: number[] = [];
    const [short, read] = await model.embed(['short', long], {
      tooLong: 'truncate',
      onTruncated: (t) => told.push(t),
      onProgress: (f) => progress.push(f),
    });
    expect(told).toEqual([{ index: 1, tokens: expect.any(Number) as number, read: 64 }]);
    expect(progress.at(-1)).toBe(1);
    expect(bytes([short!])).toBe(bytes([await model.embed('short')]));
    const again = await model.embed(long, { tooLong: 'truncate', pooling: 'mean' });
    expect(apart(again, read!)).toBeGreaterThan(1e-3); // the last row of a decoder, by default
    await expect(model.rank('a', ['b'])).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(model.embed([{ ids: [1, 2], types: [0, 1] }])).rejects.toMatchObject({ code: 'ARGUMENT' });
    const wanted = (name: string, found: string) => ({
      code: 'ARGUMENT',
      message: `${name}: expected a text, a Uint32Array of token ids, or { ids }, found ${found}`,
    });
    await expect(model.embed([1, 2] as unknown as string[])).rejects.toMatchObject(wanted('texts[0]', '1'));
    await expect(model.embed([[1, 2]] as unknown as string[])).rejects.toMatchObject(wanted('texts[0]', 'an array of 2'));
    await expect(model.embed('a', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });
});

describe('scores', () => {
  const scorers = ['roberta-classify', 'xlm-roberta-rerank', 'modern-bert-rerank', 'qwen3-reranker', 'qwen3-reranker-untied'];

  async function worst(model: Model, name: string, scores = 'scores.f32', typed = false): Promise<number> {
    const { inputs } = pairsOf(name);
    const found = await model.classify(inputs.map(({ ids, token_types }) => (typed ? { ids, types: token_types! } : { ids })));
    const wanted = rows(sharedFloats(`${set}/${name}/${scores}`), model.info.outputs);
    expect(wanted).toHaveLength(found.length);
    return Math.max(...found.flatMap((row, i) => [...row].map((x, j) => Math.abs(x - wanted[i]![j]!))));
  }

  for (const name of scorers) {
    for (const from of ['.', file]) {
      sharedTest(`${name}, ${from === file ? 'GGUF' : 'folder'}: ref gives the reference's scores`, needs(name, 'pairs.json'), async () => {
        await using model = await loadModel(sharedPath(`${set}/${name}/${from}`), exact);
        expect(model.info.labels).toEqual(pairsOf(name).labels);
        expect(await worst(model, name)).toBeLessThanOrEqual(1e-5);
      });
    }

    sharedTest(`${name}: cpu is as near as rounding allows`, needs(name, 'pairs.json'), async () => {
      await using model = await loadModel(sharedPath(`${set}/${name}/${file}`), { backend: 'cpu', contextTokens: 1024 });
      const largest = Math.max(...sharedFloats(`${set}/${name}/scores.f32`).map(Math.abs));
      expect(await worst(model, name)).toBeLessThanOrEqual(2e-2 * largest);
    });
  }

  sharedTest(
    'bert-rerank: with its pooler and the types of tokens; a file without the pooler gives what it holds',
    needs('bert-rerank', 'pairs.json'),
    async () => {
      for (const from of ['.', 'model-pooler-bf16.gguf']) {
        await using model = await loadModel(sharedPath(`${set}/bert-rerank/${from}`), exact);
        expect(await worst(model, 'bert-rerank')).toBeLessThanOrEqual(1e-5);
        expect(await worst(model, 'bert-rerank', 'scores-types.f32', true)).toBeLessThanOrEqual(1e-5);
      }
      await using bare = await loadModel(sharedPath(`${set}/bert-rerank/${file}`), exact);
      expect(await worst(bare, 'bert-rerank', 'scores-without-pooler.f32')).toBeLessThanOrEqual(1e-5);
    },
  );

  sharedTest('modern-bert-rerank-cls: the folder alone says which row is scored', needs('modern-bert-rerank-cls', 'pairs.json'), async () => {
    const folder = sharedPath(`${set}/modern-bert-rerank-cls`);
    await using model = await loadModel(folder, exact);
    expect(await worst(model, 'modern-bert-rerank-cls')).toBeLessThanOrEqual(1e-5);
    using made = temporaryFolder();
    const message = expect.stringContaining('classifier_pooling') as string;
    await expect(convertModel(folder, join(made.path, 'x.gguf'))).rejects.toMatchObject({ code: 'UNSUPPORTED', message });
  });

  sharedTest('qwen3-reranker: rank() asks the question that the model was trained with', needs('qwen3-reranker', 'pairs.json'), async () => {
    const { inputs } = pairsOf('qwen3-reranker');
    await using model = await loadModel(sharedPath(`${set}/qwen3-reranker/${file}`), exact);
    const scores = await model.classify(inputs.map(({ ids }) => ({ ids })));
    for (const [i, { query, document }] of inputs.entries()) {
      const [one] = await model.rank(query!, [document!]);
      expect(one).toEqual({ index: 0, score: scores[i]![0], scores: scores[i] });
    }
    const ranked = await model.rank('the fox', ['no', 'the quick brown fox', 'yes']);
    expect(ranked.map((r) => r.index).sort()).toEqual([0, 1, 2]);
    expect(ranked.map((r) => r.score)).toEqual(ranked.map((r) => r.score).sort((a, b) => b - a));
    await expect(model.rank('the <|im_end|>', ['x'])).rejects.toMatchObject({ code: 'ARGUMENT' });
  });

  sharedTest(
    'pairs of texts are put together as the model was trained: begin, query, separator, document, separator',
    needs('bert-rerank', 'pairs.json'),
    async () => {
      await using model = await loadModel(sharedPath(`${set}/bert-rerank/.`), { backend: 'cpu' });
      const [query, document] = ['a fox', 'the river and the old bridge'];
      const [q, d] = [model.tokenize(query), model.tokenize(document)];
      const ids = [0, ...q, 1, ...d, 1];
      const types = ids.map((_, i) => (i < q.length + 2 ? 0 : 1));
      const [wanted] = await model.classify([{ ids, types }]);
      const [found] = await model.rank(query, [document]);
      expect(found!.scores).toEqual(wanted);
    },
  );

  sharedTest('llama-ts rerank scores token ids with their types', needs('bert-rerank', 'pairs.json'), async () => {
    using made = temporaryFolder();
    const { inputs } = pairsOf('bert-rerank');
    const [ids, types, out] = ['ids.json', 'types.json', 'scores.f32'].map((name) => join(made.path, name)) as [string, string, string];
    writeFileSync(ids, JSON.stringify(inputs.map((p) => p.ids)));
    writeFileSync(types, JSON.stringify(inputs.map((p) => p.token_types)));
    const words = ['rerank', '-m', sharedPath(`${set}/bert-rerank`), '--ids-file', ids, '--type-ids-file', types, '--backend', 'ref', '-o', out];
    expect(spawnSync(process.execPath, [join(root, 'dist', 'bin', 'llama-ts.js'), ...words], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    const wanted = sharedFloats(`${set}/bert-rerank/scores-types.f32`);
    const found = readFileSync(out);
    expect(found).toHaveLength(4 * wanted.length);
    wanted.forEach((x, i) => expect(Math.abs(found.readFloatLE(4 * i) - x)).toBeLessThanOrEqual(1e-3)); // a cache of 16 bits
  });
});
