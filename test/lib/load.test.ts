import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { backends, embeddedModel, inspectModel, LlamaError, loadModel, loadTokenizer, version, type LoadOptions } from 'llama-ts';

const rejection = async (promise: PromiseLike<unknown>): Promise<LlamaError> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof LlamaError) return error;
    throw new Error('not a LlamaError', { cause: error });
  }
  throw new Error('did not reject');
};

describe('loadModel', () => {
  test('tells what it loaded, and how far it is', async () => {
    const told: number[] = [];
    const model = await loadModel(embeddedModel, { threads: 1, onProgress: (fraction) => told.push(fraction) });
    expect(model.info).toMatchObject({ architecture: 'llama', name: 'Story 3.4M', layers: 4, width: 256, heads: 4, kvHeads: 2, vocabulary: 1024, threads: 1 });
    expect(model.info.chatTemplate).toContain('messages');
    expect(model.info.memory.total).toBeGreaterThan(model.info.fileBytes / 2);
    expect(told.at(-1)).toBe(1);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    await model.dispose();
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
    ['no threads', { threads: 0 }, /threads: expected an integer from 1/],
    ['half a thread', { threads: 1.5 }, /threads: .* found 1.5/],
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
