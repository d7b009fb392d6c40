import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import {
  backends,
  compileRegex,
  embeddedModel,
  inspectModel,
  LlamaError,
  loadModel,
  loadTokenizer,
  splitModel,
  version,
  type LoadOptions,
  type Model,
} from 'llama-ts';

import { writeTinyFolder } from '../fixtures/tiny-folder';
import { sharedPath, sharedTest } from '../support/shared';

const rejection = async (promise: PromiseLike<unknown>): Promise<LlamaError> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof LlamaError) return error;
    throw new Error('not a LlamaError', { cause: error });
  }
  throw new Error('did not reject');
};

/** Of Linux's processors the first that this process may run on. */
const firstAllowed = (): string => /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!;

describe('loadModel', () => {
  test('tells what it loaded, and how far it is', async () => {
    const told: number[] = [];
    const model = await loadModel(embeddedModel, { threads: 1, onProgress: (fraction) => told.push(fraction) });
    expect(model.info).toMatchObject({ architecture: 'llama', name: 'Story 3.4M', layers: 4, width: 256, heads: 4, kvHeads: 2, vocabulary: 1024, threads: 1 });
    expect(model.info.chatTemplate).toContain('messages');
    expect(model.info.memory.total).toBeGreaterThan(model.info.fileBytes / 2);
    expect(told[0]).toBe(0);
    expect(told.at(-1)).toBe(1);
    expect(told.length).toBeLessThanOrEqual(102);
    for (const [i, fraction] of told.entries()) expect(fraction).toBeGreaterThan(told[i - 1] ?? -1);
    await model.dispose();
  });

  test('measures how many threads are fastest, which does not show in what is written', async () => {
    const text = async (threads: number | 'auto') => {
      await using model = await loadModel(embeddedModel, { backend: 'cpu', threads, contextTokens: 256 });
      const { threads: most, decodeThreads, backend } = model.info;
      return { most, decodeThreads, backend, ids: [...(await model.generate('Once upon a time', { maxTokens: 32, seed: 1 })).ids] };
    };
    const chosen = await text('auto');
    const alone = await text(1);
    expect(chosen.ids).toEqual(alone.ids);
    expect(alone).toMatchObject({ most: 1, decodeThreads: 1 });
    for (const n of [chosen.most, chosen.decodeThreads]) {
      expect(n).toBeGreaterThanOrEqual(1);
      expect(n).toBeLessThanOrEqual(availableParallelism());
    }
    const counted = `, ${chosen.most} thread${chosen.most > 1 ? 's' : ''}${chosen.decodeThreads === chosen.most ? '' : `, ${chosen.decodeThreads} to decode`}`;
    expect(chosen.backend).toMatch(new RegExp(`^cpu \\w+${counted}$`));
  });

  test('measures on the processors alone that the process may use', () => {
    if (process.platform !== 'linux') return;
    const program = `require('llama-ts').loadModel(${JSON.stringify(embeddedModel)}, { backend: 'cpu', threads: 'auto' }).then(({ info }) => console.log(info.threads, info.decodeThreads))`;
    const { stdout } = spawnSync('taskset', ['-c', firstAllowed(), process.execPath, '-e', program], { cwd: join(__dirname, '..', '..'), encoding: 'utf8' });
    expect(stdout).toBe('1 1\n');
  });

  test('takes a file: URL', async () => {
    await using model = await loadModel(pathToFileURL(embeddedModel), { threads: 1 });
    expect(model.info.layers).toBe(4);
  });

  test('rejects with FILE where there is none', async () => {
    const error = await rejection(loadModel('/no/such/file.gguf'));
    expect(error.code).toBe('FILE');
    expect(error.message).toContain('/no/such/file.gguf');
    expect(error.stack).toContain('load.test.ts');
  });

  test('rejects with FORMAT where it is not a model', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'llama-ts-'));
    const path = join(folder, 'text.gguf');
    writeFileSync(path, 'this is not a model, though it is long enough to have a header');
    expect((await rejection(loadModel(path))).code).toBe('FORMAT');
    expect((await rejection(loadTokenizer(path))).code).toBe('FORMAT');
    expect((await rejection(inspectModel(path))).code).toBe('FORMAT');
    rmSync(folder, { recursive: true });
  });

  test.each<[string, unknown, RegExp]>([
    ['an unknown option', { thread: 1 }, /unknown option "thread"/],
    ['a CLI spelling', { 'batch-tokens': 1 }, /spelled batchTokens/],
    ['no threads', { threads: 0 }, /threads: expected an integer from 1 to 256, found 0$/],
    ['too many threads', { threads: 257 }, /threads: expected an integer from 1 to 256, found 257$/],
    ['far too many threads', { threads: 1025 }, /threads: expected an integer from 1 to 256, found 1025$/],
    ['mmap of a word', { mmap: 'no' }, /mmap: expected true or false/],
    ['huge pages of a word', { hugePages: 'no' }, /hugePages: expected true or false/],
    ['half a thread', { threads: 1.5 }, /threads: .* found 1.5/],
    ['threads by another word', { threads: 'all' }, /threads: expected an integer from 1 to 256 or 'auto', found "all"$/],
    ['a backend that is not', { backend: 'quantum' }, /backend: expected one of/],
    ['an instruction set for ref', { backend: 'ref', isa: 'avx2' }, /isa/],
    ['a cache type that is not', { cacheType: 'q1' }, /cacheType/],
    ['a signal that is not', { signal: {} }, /signal: expected an AbortSignal/],
    ['an array', [], /expected an object/],
  ])('refuses %s', async (_, options, message) => {
    const error = await rejection(loadModel(embeddedModel, options as LoadOptions));
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toMatch(message);
  });

  test('names an instruction set that is not', async () => {
    const error = await rejection(loadModel(embeddedModel, { isa: 'avx9000' }));
    expect(['ARGUMENT', 'DEVICE']).toContain(error.code);
    expect(error.message).toContain('avx9000');
  });

  test('rejects with the reason of its signal', async () => {
    const reason = new Error('changed my mind');
    await expect(loadModel(embeddedModel, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const loading = loadModel(embeddedModel, { threads: 1, signal: controller.signal });
    controller.abort(reason);
    await expect(loading).rejects.toBe(reason);
  });

  test('rejects with what onProgress throws', async () => {
    const thrown = new Error('of the callback');
    const onProgress = (): void => {
      throw thrown;
    };
    await expect(loadModel(embeddedModel, { threads: 1, onProgress })).rejects.toBe(thrown);
  });

  test('disposes once however often it is asked', async () => {
    const model = await loadModel(embeddedModel, { threads: 1 });
    expect(model.dispose()).toBe(model.dispose());
    await model.dispose();
    expect(() => model.tokenize('x')).toThrow(expect.objectContaining({ code: 'DISPOSED' }) as Error);
    expect((await rejection(model.generate('x'))).code).toBe('DISPOSED');
  });
});

// Bytes of this process that lie in a file's own pages.
const mappedOf = (path: string): number =>
  readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.endsWith(realpathSync(path)))
    .map(
      (line) =>
        line
          .split(' ')[0]
          ?.split('-')
          .map((hex) => Number.parseInt(hex, 16)) ?? [],
    )
    .reduce((sum, [from = 0, to = 0]) => sum + to - from, 0);

describe('hugePages', () => {
  const linux = process.platform === 'linux' && !readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8').includes('[never]');
  const ids = Uint32Array.from({ length: 40 }, (_, i) => 300 + i);
  const tokens = async (model: Model): Promise<readonly number[]> => [...(await model.generate(ids, { temperature: 0, maxTokens: 24 })).ids];

  const name = "weights leave the file's pages while the model is used, with the same tokens";
  if (!linux) return test.skip(`${name} (skipped: the system has no huge pages)`, () => {});
  sharedTest(name, 'models/SmolLM2-135M-Instruct-Q4_1.gguf', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'llama-ts-'));
    const path = join(folder, 'model.gguf'); // no other test's
    cpSync(sharedPath('models/SmolLM2-135M-Instruct-Q4_1.gguf'), path);
    {
      await using model = await loadModel(path, { threads: 1, contextTokens: 256 });
      const all = mappedOf(path);
      expect(all).toBeGreaterThan(64 * 2 ** 20);
      const first = await tokens(model);
      for (let tries = 0; mappedOf(path) > all / 2 && tries < 5000; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(mappedOf(path)).toBeLessThan(all / 2);
      expect(await tokens(model)).toEqual(first);
      await using left = await loadModel(path, { threads: 1, contextTokens: 256, hugePages: false });
      expect(await tokens(left)).toEqual(first);
      expect(mappedOf(path)).toBeGreaterThanOrEqual(all);
    }
    rmSync(folder, { recursive: true });
  });
});

describe('a model that is disposed of', () => {
  const name = 'leaves nothing of its file, though grammars are kept that it was bound to';
  if (process.platform !== 'linux') return test.skip(`${name} (skipped: only Linux tells)`, () => {});
  test(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'llama-ts-'));
    const path = join(folder, 'model.gguf'); // no other test's
    cpSync(embeddedModel, path);
    const grammar = await compileRegex('[a-z ]+');
    const parameters = { type: 'object', properties: { zone: { enum: ['UTC', 'CET'] } } };
    const asked = [{ role: 'user', content: 'Hi' }] as const;
    const model = await loadModel(path, { threads: 1 });
    const wishes = [
      { grammar },
      { schema: { enum: ['yes', 'no'] } },
      { tools: { clock: { parameters } }, toolChoice: 'required', template: 'chatml' },
    ] as const;
    for (const wish of wishes) await model.generate([...asked], { maxTokens: 8, ...wish });
    expect(mappedOf(path)).toBeGreaterThan(0);
    await model.dispose();
    expect(mappedOf(path)).toBe(0);
    await using other = await loadModel(path, { threads: 1 });
    expect((await other.generate('Once', { grammar, maxTokens: 8 })).text).toMatch(/^[a-z ]+$/);
    rmSync(folder, { recursive: true });
  });
});

describe('mmap: false', () => {
  const ids = Uint32Array.from({ length: 40 }, (_, i) => 300 + i);
  const bytes = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

  test('gives the same logits, and goes on when the file is cut or overwritten', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'llama-ts-'));
    const path = join(folder, 'model.gguf');
    cpSync(embeddedModel, path);
    await using mapped = await loadModel(embeddedModel, { threads: 1 });
    const right = bytes(await mapped.logits(ids));
    const told: number[] = [];
    await using model = await loadModel(path, { threads: 1, mmap: false, onProgress: (fraction) => told.push(fraction) });
    expect(bytes(await model.logits(ids)).equals(right)).toBe(true);
    truncateSync(path, 100);
    expect(bytes(await model.logits(ids)).equals(right)).toBe(true);
    writeFileSync(path, 'no model any more');
    const [text, same] = await Promise.all(
      [model, mapped].map((m) => m.generate([{ role: 'user', content: 'Tell me a story.' }], { temperature: 0, maxTokens: 8 }).then((r) => r.text)),
    );
    expect(text).toBe(same);
    expect(model.detokenize(model.tokenize('Once'))).toBe('Once');
    expect([told[0], told.at(-1)]).toEqual([0, 1]);
    for (const [i, fraction] of told.entries()) expect(fraction).toBeGreaterThan(told[i - 1] ?? -1);
    expect([model.info.mmap, mapped.info.mmap]).toEqual([false, true]);
    expect(model.info.memory).toEqual(mapped.info.memory);
    rmSync(folder, { recursive: true });
  });

  test('of a split file, and of a folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'llama-ts-'));
    const parts = await splitModel(embeddedModel, join(folder, 'part'), { maxTensors: 12 });
    expect(parts.length).toBeGreaterThan(2);
    const paths = parts.map((p) => p.path);
    writeTinyFolder(join(folder, 'tiny'));
    const loaded = async (path: string, mmap: boolean): Promise<Model> => loadModel(path, { threads: 1, mmap, contextTokens: 64 });
    await using split = await loaded(paths[0] ?? '', false);
    await using whole = await loaded(embeddedModel, true);
    await using tiny = await loaded(join(folder, 'tiny'), false);
    await using same = await loaded(join(folder, 'tiny'), true);
    for (const path of [...paths, join(folder, 'tiny', 'model.safetensors')]) truncateSync(path, 10);
    expect(bytes(await split.logits(ids)).equals(bytes(await whole.logits(ids)))).toBe(true);
    const few = [1, 2, 3];
    expect((await tiny.logits(few)).length).toBe(3 * tiny.info.vocabulary);
    expect(same.info.memory.weights).toBe(tiny.info.memory.weights);
    rmSync(folder, { recursive: true });
  });

  test('can be stopped, and tells what it cannot read', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const loading = loadModel(embeddedModel, { mmap: false, signal: controller.signal });
    controller.abort(reason);
    await expect(loading).rejects.toBe(reason);
    expect((await rejection(loadModel('/no/such/file.gguf', { mmap: false }))).code).toBe('FILE');
  });
});

describe('memory', () => {
  const script = (body: string): string => {
    const prelude = `const { loadModel, embeddedModel } = require(${JSON.stringify(join(__dirname, '..', '..'))}); `;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', `${prelude} (async () => {${body}})()`], { encoding: 'utf8', timeout: 250_000 });
    expect(stderr).toBe('');
    return stdout;
  };

  // The JavaScript side of a model is tiny: V8 has to be told what is behind it, or nothing makes it collect.
  test('models that are not disposed of are collected, and their threads end', () => {
    if (process.platform !== 'linux') return;
    const out = script(`
      const threads = () => require('node:fs').readdirSync('/proc/self/task').length;
      const before = threads();
      let most = 0;
      for (let i = 0; i < 60; i++) {
        const m = await loadModel(embeddedModel, { threads: 1, contextTokens: 16384 });
        await m.generate('Once', { maxTokens: 1 });
        await new Promise((r) => setTimeout(r, 1));
        most = Math.max(most, threads() - before);
      }
      console.log(most < 30, most);`);
    expect(out).toMatch(/^true/);
  });
});

test('version and backends', () => {
  expect(version).toBe((jest.requireActual('../../package.json') as { version: string }).version);
  const found = new Map(backends().map((b) => [b.name, b]));
  expect(found.get('cpu')).toMatchObject({ usable: true, devices: [] });
  expect(found.get('cpu')?.variants).toContain('portable');
  expect(found.get('ref')).toMatchObject({ usable: true, variants: [] });
  for (const b of found.values()) expect(b.usable).toBe(b.reason === undefined);
});

describe('inspectModel', () => {
  test('reads metadata and tensors', async () => {
    const info = await inspectModel(embeddedModel);
    expect(info.metadata.get('general.architecture')).toBe('llama');
    expect(info.metadata.get('llama.block_count')).toBe(4);
    expect(info.metadata.get('tokenizer.ggml.tokens')).toHaveLength(1024);
    expect(info.tensors.find((t) => t.name === 'token_embd.weight')).toEqual({ name: 'token_embd.weight', type: 'Q8_0', shape: [256, 1024], bytes: 278528 });
  });
});
