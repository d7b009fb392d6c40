// perplexity() and llama-ts perplexity against the reference's figures (golden/quantize.json) and against themselves.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { embeddedModel, type LlamaError, perplexity, quantize, type PerplexityResult } from 'llama-ts';
import { root, sharedJson, sharedPath, sharedTest, slowSharedTest } from '../support/shared';

interface Figures {
  perplexity: number;
  kl: number;
  kl99: number;
  same_top_percent: number;
}
interface Golden {
  context: number;
  texts: Record<string, { perplexity: number }>;
  runs: ({ type: string; imatrix: boolean } & Record<'stories', Figures>)[];
}
const golden = (model: 'story' | 'smollm2'): Golden => sharedJson<Record<string, Golden>>('golden/quantize.json')[model] as Golden;
const textOf = (name: string): string => readFileSync(sharedPath(`text/${name}.txt`), 'utf8');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-perplexity-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const tale = 'Once upon a time there was a brave fox named Tim. He lived in a forest. '.repeat(20);
const rejection = (call: Promise<unknown>): Promise<LlamaError> =>
  call.then(
    () => Promise.reject(new Error('did not reject')),
    (error: unknown) => error as LlamaError,
  );

function expectNear(found: number, wanted: number, part: number): void {
  if (!(Math.abs(found - wanted) <= part * wanted)) throw new Error(`expected ${wanted} within ${part}, found ${found}`);
}

sharedTest(
  'the story model: the figure of the reference, and Q8_0 is as far from it as the reference finds',
  ['models/story-F32.gguf', 'models/story-Q8_0.gguf', 'text/stories.txt', 'golden/quantize.json'],
  async () => {
    const { context, texts, runs } = golden('story');
    const [base, text] = [join(folder, 'story.base'), textOf('stories')];
    const found = await perplexity(sharedPath('models/story-F32.gguf'), text, { context, saveBase: base, backend: 'cpu' });
    expectNear(found.perplexity, texts.stories?.perplexity ?? NaN, 0.002);
    expect(found.error).toBeGreaterThan(0);
    const wanted = runs.find((r) => r.type === 'Q8_0' && !r.imatrix)?.stories as Figures;
    const { divergence, ...q8 } = await perplexity(sharedPath('models/story-Q8_0.gguf'), undefined, { base, backend: 'cpu' });
    expectNear(q8.perplexity, wanted.perplexity, 0.002);
    expect(divergence?.basePerplexity).toBeCloseTo(found.perplexity, 6);
    expect(divergence?.kl).toBeGreaterThan(0);
    expect(divergence?.kl).toBeLessThan(wanted.kl + 2e-5);
    expect(Math.abs(100 * (divergence?.sameTop ?? 0) - wanted.same_top_percent)).toBeLessThan(0.25);
    expect(divergence?.perplexityRatio).toBeCloseTo(q8.perplexity / found.perplexity, 6);
    const self = await perplexity(sharedPath('models/story-F32.gguf'), text, { base, backend: 'cpu' });
    expect(self.divergence).toMatchObject({ sameTop: 1 });
    expect(self.divergence?.kl).toBeLessThan(1e-7);
  },
  300_000,
);

// From the weights in F16, as the reference's figure is: the 8-bit products of Q4_1 are 0.6% off.
slowSharedTest(
  'SmolLM2: the figure of the reference',
  ['models/SmolLM2-135M-Instruct-Q4_1.gguf', 'text/genesis.txt', 'golden/quantize.json'],
  async () => {
    const { context, texts } = golden('smollm2');
    const half = join(folder, 'half.gguf');
    await quantize(sharedPath('models/SmolLM2-135M-Instruct-Q4_1.gguf'), half, { type: 'F16', allowRequantize: true });
    const found = await perplexity(half, textOf('genesis'), { context, backend: 'cpu' });
    expectNear(found.perplexity, texts.genesis?.perplexity ?? NaN, 0.002);
  },
  600_000,
);

test('tells how far it is, and what it read', async () => {
  const told: number[] = [];
  const found = await perplexity(embeddedModel, tale, { context: 32, threads: 1, batchTokens: 64, onProgress: (f) => told.push(f) });
  expect(found).toMatchObject({ context: 32, tokens: 15 * found.chunks });
  expect(found.chunks).toBeGreaterThan(5);
  expect(found.perplexity).toBeGreaterThan(1);
  expect([told[0], told.at(-1)]).toEqual([0, 1]);
  expect(told.length).toBeGreaterThan(3);
  expect(told.length).toBeLessThanOrEqual(102);
  for (const [i, fraction] of told.entries()) expect(fraction).toBeGreaterThan(told[i - 1] ?? -1);
  expect(found.divergence).toBeUndefined();
});

test('batches, threads and pieces do not show', async () => {
  const runs = await Promise.all(
    [
      { batchTokens: 512, threads: 1 },
      { batchTokens: 7, threads: 1 },
      { batchTokens: 200, threads: 2 },
    ].map((o) => perplexity(embeddedModel, tale, { context: 32, chunks: 4, ...o })),
  );
  expect(new Set(runs.map((r: PerplexityResult) => r.perplexity)).size).toBe(1);
});

test('the text or the chunks can be fewer, not other', async () => {
  const base = join(folder, 'tale.base');
  const options = { context: 32, threads: 1 };
  const whole = await perplexity(embeddedModel, tale, { ...options, saveBase: base });
  expect(statSync(base).size).toBe(24 + 4 * 32 * whole.chunks + whole.tokens * (8 + 2 * 1024));
  expect(await perplexity(embeddedModel, undefined, { base, chunks: 2, threads: 1 })).toMatchObject({ chunks: 2, context: 32 });
  expect(await rejection(perplexity(embeddedModel, `x${tale}`, { ...options, base }))).toMatchObject({ code: 'ARGUMENT' });
});

test('a smaller type is further away', async () => {
  const [base, small] = [join(folder, 'whole.base'), join(folder, 'small.gguf')];
  await quantize(embeddedModel, small, { type: 'Q2_K', allowRequantize: true });
  await perplexity(embeddedModel, tale, { context: 32, threads: 1, saveBase: base });
  const { divergence } = await perplexity(small, tale, { threads: 1, base });
  expect(divergence?.kl).toBeGreaterThan(1e-3);
  expect(divergence?.klMax).toBeGreaterThanOrEqual(divergence?.kl99 ?? NaN);
  expect(divergence?.kl99).toBeGreaterThanOrEqual(divergence?.klMedian ?? NaN);
  expect(divergence?.sameTop).toBeLessThanOrEqual(1);
});

test('an abort stops it, and leaves no file', async () => {
  const controller = new AbortController();
  const saveBase = join(folder, 'stopped.base');
  const long = tale.repeat(50); // much that is left to do when the first progress is heard
  const call = perplexity(embeddedModel, long, {
    context: 32,
    threads: 1,
    batchTokens: 32,
    saveBase,
    signal: controller.signal,
    onProgress: (f) => void (f > 0 && controller.abort(new Error('enough'))),
  });
  await expect(call).rejects.toThrow('enough');
  expect(existsSync(saveBase)).toBe(false);
  await expect(perplexity(embeddedModel, tale, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
});

test('what cannot be measured is told', async () => {
  const code = async (call: Promise<unknown>): Promise<string> => (await rejection(call)).code;
  expect(await code(perplexity(embeddedModel, 'short', { context: 512 }))).toBe('ARGUMENT');
  expect(await code(perplexity(embeddedModel, undefined, {}))).toBe('ARGUMENT');
  expect(await code(perplexity(embeddedModel, tale, { context: 3 }))).toBe('ARGUMENT');
  expect(await code(perplexity(embeddedModel, tale.repeat(100), { context: 8192 }))).toBe('CONTEXT');
  expect(await code(perplexity('/no/such.gguf', tale))).toBe('FILE');
  expect(await code(perplexity(embeddedModel, tale, { base: embeddedModel }))).toBe('FORMAT');
  expect(await code(perplexity(embeddedModel, tale, { context: 32, saveBase: '/no/such/folder/base' }))).toBe('DISK');
  expect(await code(perplexity(embeddedModel, 5 as unknown as string))).toBe('ARGUMENT');
  const own = join(folder, 'own.gguf');
  copyFileSync(embeddedModel, own);
  expect(await code(perplexity(own, tale, { context: 32, saveBase: own }))).toBe('ARGUMENT');
  expect(readFileSync(own).equals(readFileSync(embeddedModel))).toBe(true);
});

describe('llama-ts perplexity', () => {
  const program = join(root, 'dist', 'bin', 'llama-ts.js');
  const cli = (...words: string[]): { stdout: string; stderr: string; status: number | null } =>
    spawnSync(process.execPath, [program, 'perplexity', ...words], { encoding: 'utf8', timeout: 50_000 });

  test('prints figures, saves a base, compares with it', () => {
    const [text, base] = [join(folder, 'tale.txt'), join(folder, 'cli.base')];
    writeFileSync(text, tale);
    const flags = ['-m', embeddedModel, '-c', '32', '-t', '1'];
    const saved = cli(...flags, '-f', text, '--kl-divergence-base', base);
    expect([saved.status, saved.stderr]).toEqual([0, '']);
    expect(saved.stdout).toMatch(/^perplexity +\d+\.\d+ \+\/- \d/);
    const compared = cli(...flags, '--kl-divergence-base', base, '--kl-divergence', '--chunks', '3', '--json');
    expect(JSON.parse(compared.stdout)).toMatchObject({ chunks: 3, context: 32, divergence: { sameTop: 1 } });
  });

  test('says what is missing', () => {
    expect(cli('-m', embeddedModel)).toMatchObject({ status: 1, stderr: 'llama-ts: expected a text: -f FILE\n' });
    expect(cli('-f', 'x').stderr).toContain('-m FILE.gguf');
    expect(cli('-m', embeddedModel, '-f', 'x', '--kl-divergence').stderr).toContain('--kl-divergence-base FILE');
  });
});
