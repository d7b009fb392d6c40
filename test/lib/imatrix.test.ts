// imatrix() and llama-ts imatrix: what is in the file, runs that are stopped, files that are merged. native/check/measure_columns.cpp
// compares the sums with an independent implementation's.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { embeddedModel, imatrix, inspectModel, type LlamaError, quantize } from 'llama-ts';
import { root } from '../support/shared';
import { buildWriteFaults, faultTest, runFaulted, type WriteFault } from '../support/write-faults';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-imatrix-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const tale = Array.from(
  { length: 60 },
  (_, i) => `Once upon a time there were ${i} brave foxes. They lived in forest number ${i * 7}, and each had a friend. `,
).join('');
const options = { context: 32, threads: 1, batchTokens: 64, dataset: 'tale' };
const at = (name: string): string => join(folder, name);
const rejection = (call: Promise<unknown>): Promise<LlamaError> =>
  call.then(
    () => Promise.reject(new Error('did not reject')),
    (error: unknown) => error as LlamaError,
  );

/** The tensors of a small GGUF file by name. */
async function tensors(path: string): Promise<Map<string, Float32Array>> {
  const info = await inspectModel(path);
  const bytes = readFileSync(path);
  let from = bytes.length - info.tensors.reduce((sum, t) => sum + 32 * Math.ceil(t.bytes / 32), 0);
  const found = new Map<string, Float32Array>();
  for (const t of info.tensors) {
    found.set(t.name, new Float32Array(bytes.buffer.slice(bytes.byteOffset + from, bytes.byteOffset + from + t.bytes)));
    from += 32 * Math.ceil(t.bytes / 32);
  }
  return found;
}

async function expectSame(a: string, b: string): Promise<void> {
  const [one, other] = [await tensors(a), await tensors(b)];
  expect([...one.keys()]).toEqual([...other.keys()]);
  for (const [name, values] of one) {
    const worst = values.reduce((most, v, i) => Math.max(most, Math.abs(v - (other.get(name)?.[i] ?? NaN)) / (Math.abs(v) + 1e-9)), 0);
    expect([name, worst < 1e-5]).toEqual([name, true]);
  }
}

test('the file has the names that other tools read', async () => {
  const found = await imatrix(embeddedModel, tale, at('whole'), options);
  const info = await inspectModel(at('whole'));
  expect(Object.fromEntries(info.metadata)).toEqual({
    'general.type': 'imatrix',
    'imatrix.datasets': ['tale'],
    'imatrix.chunk_count': found.chunks,
    'imatrix.chunk_size': 32,
  });
  expect(found).toMatchObject({ resumed: 0, allChunks: found.chunks, tensors: 28 });
  expect(info.tensors).toHaveLength(56);
  expect(info.tensors.find((t) => t.name === 'blk.0.ffn_down.weight.in_sum2')).toMatchObject({ type: 'F32' });
  const values = await tensors(at('whole'));
  for (const [name, v] of values) {
    if (name.endsWith('.counts')) expect([...v]).toEqual([found.chunks * 32]);
    else expect(v.every((x) => x >= 0) && v.some((x) => x > 0)).toBe(true);
  }
  expect(values.get('blk.1.attn_q.weight.in_sum2')).toEqual(values.get('blk.1.attn_v.weight.in_sum2'));
  expect(values.has('output.weight.in_sum2') || values.has('token_embd.weight.in_sum2')).toBe(false);
});

test('the output matrix is there where it is asked for', async () => {
  expect(await imatrix(embeddedModel, tale, at('output'), { ...options, chunks: 2, processOutput: true })).toMatchObject({ chunks: 2, tensors: 29 });
});

test('batches and threads do not show', async () => {
  const settings = [
    { batchTokens: 7, threads: 1 },
    { batchTokens: 512, threads: 2 },
  ];
  for (const [i, s] of settings.entries()) await imatrix(embeddedModel, tale, at(`batch${i}`), { ...options, chunks: 4, ...s });
  expect(readFileSync(at('batch0')).equals(readFileSync(at('batch1')))).toBe(true);
});

test('a run that was aborted is taken up', async () => {
  const long = tale.repeat(40); // much that is left to do when the first progress is heard
  const controller = new AbortController();
  const onProgress = (fraction: number): void => (fraction > 0.02 ? controller.abort(new Error('enough')) : undefined);
  await imatrix(embeddedModel, long, at('parts'), { ...options, chunks: 2 });
  const rest = imatrix(embeddedModel, long, at('parts'), { ...options, resume: true, outputFrequency: 0, onProgress, signal: controller.signal });
  await expect(rest).rejects.toThrow('enough');
  const read = (await inspectModel(at('parts'))).metadata.get('imatrix.chunk_count') as number;
  expect(read).toBeGreaterThan(20);
  expect(await imatrix(embeddedModel, long, at('parts'), { ...options, resume: true, chunks: read + 4 })).toMatchObject({
    resumed: read,
    chunks: 4,
    allChunks: read + 4,
  });
  await imatrix(embeddedModel, long, at('whole'), { ...options, chunks: read + 4 });
  await expectSame(at('whole'), at('parts'));
  expect(await rejection(imatrix(embeddedModel, tale, at('parts'), { ...options, resume: true, dataset: 'other' }))).toMatchObject({ code: 'ARGUMENT' });
  expect(await rejection(imatrix(embeddedModel, tale, at('parts'), { ...options, resume: true, context: 16 }))).toMatchObject({ code: 'ARGUMENT' });
});

test('files are merged, with a text and without', async () => {
  await imatrix(embeddedModel, tale, at('one'), { ...options, chunks: 3 });
  expect(await imatrix(embeddedModel, tale, at('added'), { ...options, chunks: 3, inFiles: [at('one')] })).toMatchObject({ chunks: 3, allChunks: 6 });
  expect(await imatrix(undefined, undefined, at('merged'), { inFiles: [at('one'), at('one')] })).toMatchObject({ chunks: 0, allChunks: 6, tensors: 28 });
  await expectSame(at('added'), at('merged'));
});

test('quantizing takes it', async () => {
  await imatrix(embeddedModel, tale, at('whole'), options);
  const found = await quantize(embeddedModel, at('q.gguf'), { type: 'IQ2_XS', allowRequantize: true, imatrix: at('whole') });
  expect(found.tensors.length).toBeGreaterThan(28);
});

test('what cannot be done is told, and leaves no file', async () => {
  const code = async (call: Promise<unknown>): Promise<string> => (await rejection(call)).code;
  expect(await code(imatrix(embeddedModel, 'short', at('x'), {}))).toBe('ARGUMENT');
  expect(await code(imatrix(undefined, undefined, at('x')))).toBe('ARGUMENT');
  expect(await code(imatrix(embeddedModel, undefined, at('x')))).toBe('ARGUMENT');
  expect(await code(imatrix(embeddedModel, tale, '/no/such/folder/x', options))).toBe('DISK');
  expect(await code(imatrix('/no/such.gguf', tale, at('x'), options))).toBe('FILE');
  expect(await code(imatrix(embeddedModel, tale, at('x'), { ...options, inFiles: [embeddedModel] }))).toBe('FORMAT');
  copyFileSync(embeddedModel, at('model.gguf'));
  copyFileSync(embeddedModel, at('x.partial')); // what x is written as
  await imatrix(embeddedModel, tale, at('y.partial'), { ...options, chunks: 2 });
  const before = ['model.gguf', 'x.partial', 'y.partial'].map((name) => readFileSync(at(name)));
  expect(await code(imatrix(at('model.gguf'), tale, at('model.gguf'), options))).toBe('ARGUMENT');
  expect(await code(imatrix(at('x.partial'), tale, at('x'), options))).toBe('ARGUMENT');
  expect(await code(imatrix(undefined, undefined, at('y'), { inFiles: [at('y.partial')] }))).toBe('ARGUMENT');
  expect(['model.gguf', 'x.partial', 'y.partial'].map((name, i) => readFileSync(at(name)).equals(before[i]!))).toEqual([true, true, true]);
  ['x.partial', 'y.partial'].forEach((name) => rmSync(at(name)));
  expect(existsSync(at('x'))).toBe(false);
});

describe('llama-ts imatrix', () => {
  const program = join(root, 'dist', 'bin', 'llama-ts.js');
  const cli = (...words: string[]): { stdout: string; stderr: string; status: number | null } =>
    spawnSync(process.execPath, [program, 'imatrix', ...words], { encoding: 'utf8', timeout: 50_000 });

  test('writes, merges, and says what is missing', () => {
    writeFileSync(at('tale.txt'), tale);
    const flags = ['-m', embeddedModel, '-f', at('tale.txt'), '-c', '32', '-t', '1', '--chunks', '4'];
    expect(JSON.parse(cli(...flags, '-o', at('cli'), '--json').stdout)).toMatchObject({ chunks: 4, tensors: 28 });
    expect(cli('--in-file', at('cli'), '--in-file', at('cli'), '-o', at('both'))).toMatchObject({
      status: 0,
      stdout: `${at('both')}: merged; 28 matrices from 8 chunks\n`,
    });
    expect(cli('-o', at('none')).stderr).toContain('-f FILE');
    expect(cli('-f', at('tale.txt')).stderr).toContain('-m FILE.gguf');
  });

  faultTest('killed while it writes, or out of space, it leaves the old file or the new one, whole, and goes on', async () => {
    writeFileSync(at('tale.txt'), tale);
    const library = buildWriteFaults(folder);
    const flags = (out: string, chunks: number): string[] => [
      program,
      'imatrix',
      '-m',
      embeddedModel,
      '-f',
      at('tale.txt'),
      '-c',
      '32',
      '-t',
      '1',
      '--output-frequency',
      '0',
      '--resume',
      '--chunks',
      String(chunks),
      '-o',
      out,
    ];
    expect(cli(...flags(at('old'), 2).slice(2)).status).toBe(0);
    copyFileSync(at('old'), at('new'));
    expect(cli(...flags(at('new'), 4).slice(2)).status).toBe(0);
    const [old, made] = [readFileSync(at('old')), readFileSync(at('new'))];
    expect(old.equals(made)).toBe(false);
    const out = at('killed');
    const kill = (fault: WriteFault): Buffer | undefined => {
      const { happened, signal } = runFaulted(library, fault, flags(out, 4));
      expect({ fault, happened, signal }).toEqual({ fault, happened: true, signal: 'SIGKILL' });
      return existsSync(out) ? readFileSync(out) : undefined;
    };
    for (const fault of ['open:1:kill', 'size:1:kill', 'write:1:kill', 'write:60:kill', 'sync:1:kill', 'rename:1:kill'] as const) {
      copyFileSync(at('old'), out);
      expect([fault, kill(fault)?.equals(old)]).toEqual([fault, true]);
    }
    copyFileSync(at('old'), out);
    expect(kill('renamed:1:kill')?.equals(made)).toBe(true);
    rmSync(out);
    expect(kill('write:60:kill')).toBeUndefined();
    for (const fault of ['size:1:full', 'write:60:full', 'rename:1:full'] as const) {
      copyFileSync(at('old'), out);
      const { happened, status, stderr } = runFaulted(library, fault, flags(out, 4));
      expect({ fault, happened, status, stderr }).toEqual({ fault, happened: true, status: 1, stderr: expect.stringContaining(out) as string });
      expect(readFileSync(out).equals(old)).toBe(true);
      expect(existsSync(`${out}.partial`)).toBe(false);
    }
    copyFileSync(at('old'), out);
    expect(cli(...flags(out, 4).slice(2))).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(out).equals(made)).toBe(true);
    expect(readdirSync(folder).filter((n) => n.endsWith('.partial'))).toEqual([]);
  });
});
