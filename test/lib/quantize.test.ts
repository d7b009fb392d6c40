// quantize() and llama-quantize: what is chosen, against the reference's files; that the output is whole or absent; errors.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, copyFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { inspectModel, loadModel, perplexity, quantize, quantizeTypes, type LlamaError, type QuantizeOptions } from 'llama-ts';
import { writeGguf, type TensorSpec } from '../fixtures/gguf-writer';
import { root, sharedJson, sharedPath, sharedTest } from '../support/shared';

const program = join(root, 'dist', 'bin', 'llama-quantize.js');
const embedded = join(root, 'models', 'story-Q8_0.gguf');
let folder = '';
let half = ''; // the embedded model in F16

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-quantize-'));
  half = join(folder, 'half.gguf');
  await quantize(embedded, half, { type: 'F16', allowRequantize: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const cli = (words: readonly string[]): { stdout: string; stderr: string; status: number | null } => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...words], { encoding: 'utf8', timeout: 120_000 });
  return { stdout, stderr, status };
};
const failure = async (call: Promise<unknown>): Promise<LlamaError> => call.then(() => Promise.reject(new Error('expected a failure')), (error: unknown) => error as LlamaError);
const counts = (types: readonly string[]): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const type of types) found[type] = (found[type] ?? 0) + 1;
  return found;
};

interface Run {
  type: string;
  imatrix: boolean;
  bytes: number;
  tensors: Record<string, number>;
}

describe('beside the reference', () => {
  /** An importance matrix that says nothing: every column of every matrix counts alike. */
  function even(path: string, tensors: readonly { name: string; shape: readonly number[] }[]): string {
    const floats = (n: number): (() => Buffer[]) => () => [Buffer.from(new Float32Array(n).fill(1).buffer)];
    const specs = tensors
      .filter(({ shape }) => shape.length > 1)
      .flatMap(({ name, shape }): TensorSpec[] => [
        { name: `${name}.in_sum2`, type: 'F32', columns: shape[0]!, rows: 1, chunks: floats(shape[0]!) },
        { name: `${name}.counts`, type: 'F32', columns: 1, rows: 1, chunks: floats(1) },
      ]);
    writeGguf(path, { 'general.type': ['string', 'imatrix'], 'imatrix.chunk_count': ['u32', 1], 'imatrix.chunk_size': ['u32', 256], 'imatrix.datasets': ['string[]', ['none']] }, specs);
    return path;
  }

  async function compare(model: string, runs: readonly Run[]): Promise<void> {
    const imatrix = even(join(folder, 'even.imatrix'), (await inspectModel(model)).tensors);
    for (const run of runs) {
      const report = await quantize(model, join(folder, 'none.gguf'), { type: run.type, dryRun: true, allowRequantize: true, ...(run.imatrix && { imatrix }) });
      const types = report.tensors.filter((t) => t.shape.length > 1).map((t) => t.to.toUpperCase());
      const wanted = Object.fromEntries(Object.entries(run.tensors).map(([type, n]) => [type.toUpperCase(), n]));
      expect({ run: run.type, tensors: counts(types) }).toEqual({ run: run.type, tensors: wanted });
      expect(Math.abs(report.bytes / run.bytes - 1)).toBeLessThan(0.01);
    }
  }

  type Golden = Record<'story' | 'smollm2', { runs: Run[] }>;
  const figures = 'golden/quantize.json';

  sharedTest('story: every mix gives the tensors the types of the reference, and its size within 1%', [figures, 'models/story-F32.gguf'], () =>
    compare(sharedPath('models/story-F32.gguf'), sharedJson<Golden>(figures).story.runs));

  sharedTest('SmolLM2, whose rows need other types in part: the same', [figures, 'models/SmolLM2-135M-Instruct-Q4_1.gguf'], () =>
    compare(sharedPath('models/SmolLM2-135M-Instruct-Q4_1.gguf'), sharedJson<Golden>(figures).smollm2.runs));
});

describe('the file', () => {
  test('says what it is, loads and tells a story', async () => {
    const out = join(folder, 'q4.gguf');
    const told: number[] = [];
    const report = await quantize(half, out, { onProgress: (f) => told.push(f) });
    expect(report.type).toBe('Q4_K_M');
    expect(told.at(-1)).toBe(1);
    expect([...told].sort((a, b) => a - b)).toEqual(told);
    const info = await inspectModel(out);
    expect(info.bytes).toBe(report.bytes);
    expect(info.metadata.get('general.file_type')).toBe(15);
    expect(info.metadata.get('general.quantization_version')).toBe(2);
    expect(counts(info.tensors.filter((t) => t.shape.length > 1).map((t) => t.type))).toEqual({ Q4_K: 24, Q6_K: 5 });
    await using model = await loadModel(out, { backend: 'cpu' });
    const { text } = await model.generate('Once upon a time', { maxTokens: 20, temperature: 0 });
    expect(text).toMatch(/[a-z]{3}/);
  });

  test('has the same bytes whatever the threads', async () => {
    const outs = await Promise.all([1, 2, 5].map(async (threads) => {
      const out = join(folder, `threads-${threads}.gguf`);
      await quantize(half, out, { type: 'Q4_K_M', threads });
      return digest(out);
    }));
    expect(new Set(outs).size).toBe(1);
  });

  test('COPY copies every byte of every tensor', async () => {
    const out = join(folder, 'copy.gguf');
    await quantize(half, out, { type: 'COPY' });
    expect(digest(out)).toBe(digest(half));
  });

  test('flags: tensor types by pattern, output type, layers left out, metadata', async () => {
    const out = join(folder, 'flags.gguf');
    const report = await quantize(half, out, {
      type: 'Q4_0',
      tensorTypes: [['blk\\.0\\.ffn_(up|down)', 'q8_0'], ['ffn_up', 'Q5_1']],
      tokenEmbeddingType: 'Q5_0',
      pruneLayers: [1],
      overrides: { 'general.name': 'short', 'my.flag': true, 'my.number': 7, 'my.ratio': 0.5, 'my.float': { float: 3 } },
    });
    const info = await inspectModel(out);
    const type = (name: string): string | undefined => info.tensors.find((t) => t.name === name)?.type;
    expect([type('blk.0.ffn_up.weight'), type('blk.0.ffn_down.weight'), type('blk.1.ffn_up.weight'), type('blk.1.ffn_gate.weight'), type('token_embd.weight')]).toEqual(['Q8_0', 'Q8_0', 'Q5_1', 'Q4_0', 'Q5_0']);
    expect(info.metadata.get('llama.block_count')).toBe(3);
    expect(report.tensors.some((t) => t.name.startsWith('blk.3.'))).toBe(false);
    expect(['general.name', 'my.flag', 'my.number', 'my.ratio', 'my.float'].map((key) => info.metadata.get(key))).toEqual(['short', true, 7, 0.5, 3]);
    await using model = await loadModel(out, { backend: 'cpu' });
    expect(model.info.layers).toBe(3);
  });

  test('a size is kept, and bits a weight', async () => {
    const bytes = 2_000_000;
    const report = await quantize(half, join(folder, 'target.gguf'), { targetSize: bytes });
    expect(report.bytes).toBeLessThanOrEqual(bytes);
    expect(report.bytes).toBeGreaterThan(0.97 * bytes);
    expect((await inspectModel(join(folder, 'target.gguf'))).bytes).toBe(report.bytes);
    const bits = await quantize(half, join(folder, 'bits.gguf'), { targetBpw: 4.2, dryRun: true });
    expect(bits.bpw).toBeLessThanOrEqual(4.2);
    expect(bits.bpw).toBeGreaterThan(4.05);
    expect((await failure(quantize(half, join(folder, 'tiny.gguf'), { targetSize: 1000 }))).message).toMatch(/expected at least \d+ bytes/);
  });

  sharedTest('types chosen for a size lose less than the mix of that size', ['models/story-F32.gguf', 'text/stories.txt'], async () => {
    const model = sharedPath('models/story-F32.gguf');
    const text = readFileSync(sharedPath('text/stories.txt'), 'utf8').slice(0, 60_000);
    const base = join(folder, 'story.base');
    await perplexity(model, text, { context: 256, backend: 'cpu', saveBase: base });
    const divergence = async (out: string): Promise<number> => (await perplexity(out, text, { context: 256, backend: 'cpu', base })).divergence?.kl ?? NaN;
    for (const type of ['Q4_K_M', 'Q2_K']) {
      const [mix, chosen] = [join(folder, 'mix.gguf'), join(folder, 'chosen.gguf')];
      const { bytes } = await quantize(model, mix, { type });
      expect((await quantize(model, chosen, { targetSize: bytes })).bytes).toBeLessThanOrEqual(bytes);
      expect(await divergence(chosen)).toBeLessThan(0.8 * (await divergence(mix)));
    }
  });
});

describe('whole or absent', () => {
  const names = (): string[] => readdirSync(join(folder, 'kill'));

  test('killed at many moments: the old file or the new one; then it goes on', async () => {
    mkdirSync(join(folder, 'kill'));
    const out = join(folder, 'kill', 'out.gguf');
    const whole = join(folder, 'whole.gguf');
    await quantize(half, whole, { type: 'Q5_K_M', threads: 1 });
    const wanted = digest(whole);
    let killed = 0;
    for (let i = 0; i < 12; i++) {
      const old = i % 2 === 1;
      rmSync(out, { force: true });
      if (old) copyFileSync(embedded, out);
      const before = old ? digest(out) : undefined;
      const child = spawn(process.execPath, [program, half, out, 'Q5_K_M', '1'], { stdio: 'ignore' });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      // From before the partial file is there to after it has its name.
      const late = setTimeout(() => child.kill('SIGKILL'), 60 + 45 * i);
      await ended;
      clearTimeout(late);
      if (child.signalCode === 'SIGKILL') killed++;
      if (existsSync(out)) expect([before, wanted]).toContain(digest(out));
      else expect(old).toBe(false);
    }
    expect(killed).toBeGreaterThan(0);
    await quantize(half, out, { type: 'Q5_K_M', threads: 1 });
    expect(digest(out)).toBe(wanted);
    expect(names()).toEqual(['out.gguf']);
  });

  test('stopped by a signal: nothing is left, or what a later call goes on from', async () => {
    const out = join(folder, 'stopped.gguf');
    const stopAt = async (options: QuantizeOptions): Promise<void> => {
      const controller = new AbortController();
      const call = quantize(half, out, { ...options, threads: 1, signal: controller.signal, onProgress: (f) => f > 0.3 && controller.abort(new Error('enough')) });
      expect((await failure(call)).message).toBe('enough');
      expect(existsSync(out)).toBe(false);
    };
    await stopAt({ type: 'Q6_K' });
    expect(existsSync(`${out}.partial`)).toBe(false);
    await stopAt({ type: 'Q6_K', keepPartial: true });
    expect(existsSync(`${out}.partial`)).toBe(true);
    const report = await quantize(half, out, { type: 'Q6_K' });
    expect(report.tensors.some((t) => t.to !== t.from && t.rmse === undefined)).toBe(true); // made by the call that was stopped
    const whole = join(folder, 'stopped-whole.gguf');
    await quantize(half, whole, { type: 'Q6_K' });
    expect(digest(out)).toBe(digest(whole));
  });

  test('a partial file that was damaged is made anew', async () => {
    const out = join(folder, 'damaged.gguf');
    const controller = new AbortController();
    await failure(quantize(half, out, { type: 'Q6_K', keepPartial: true, threads: 1, signal: controller.signal, onProgress: (f) => f > 0.6 && controller.abort() }));
    const bytes = readFileSync(`${out}.partial`);
    bytes.fill(0x5a, bytes.length >> 2, (bytes.length >> 2) + 4096);
    writeFileSync(`${out}.partial`, bytes);
    await quantize(half, out, { type: 'Q6_K' });
    const whole = join(folder, 'damaged-whole.gguf');
    await quantize(half, whole, { type: 'Q6_K' });
    expect(digest(out)).toBe(digest(whole));
  });

  const mountable = process.platform === 'linux' && process.getuid?.() === 0;
  const onRoot = mountable ? test : test.skip;
  onRoot('a full disk is a typed error, and nothing is left (needs root, for a small file system)', async () => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    if (mounted.status !== 0) throw new Error(`no small file system can be mounted here: ${String(mounted.stderr)}`);
    try {
      const error = await failure(quantize(half, join(disk, 'out.gguf'), { type: 'Q8_0' }));
      expect(error.code).toBe('DISK');
      expect(error.message).toMatch(/full.*needs \d+ bytes/);
      expect(readdirSync(disk)).toEqual([]);
      expect(cli([half, join(disk, 'out.gguf'), 'Q8_0']).status).toBe(4);
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});

describe('refused', () => {
  test('the input as the output, under any name', async () => {
    const link = join(folder, 'link.gguf');
    symlinkSync(half, link);
    const before = digest(half);
    for (const out of [half, link, join(folder, '.', 'half.gguf')]) expect((await failure(quantize(half, out))).code).toBe('ARGUMENT');
    expect(digest(half)).toBe(before);
  });

  test('quantized inputs, small types without an importance matrix, unknown names', async () => {
    const out = join(folder, 'refused.gguf');
    const refused = async (input: string, options: QuantizeOptions): Promise<string> => {
      const error = await failure(quantize(input, out, options));
      return `${error.code}: ${error.message}`;
    };
    expect(await refused(embedded, { type: 'Q4_0' })).toMatch(/^ARGUMENT: .*is quantized already, as Q8_0/);
    expect(await refused(half, { type: 'IQ2_XXS' })).toMatch(/^ARGUMENT: .*importance matrix/);
    expect(await refused(half, { type: 'Q9_X' })).toMatch(/^ARGUMENT: type: expected COPY or one of F32, .*found "Q9_X"/);
    expect(await refused(half, { tensorTypes: [['ffn', 'Q9']] })).toMatch(/^ARGUMENT: tensorTypes: expected a weight type/);
    expect(await refused(half, { tensorTypes: [['(', 'Q8_0']] })).toMatch(/^ARGUMENT: tensorTypes: expected a regular expression/);
    expect(await refused(half, { tensorTypes: [['(.*)*\\1$x', 'Q8_0'], ['(([a-z._0-9])+)+!$', 'Q8_0']] })).toMatch(/^ARGUMENT: tensorTypes: a pattern that takes too long/);
    expect(await refused(half, { pruneLayers: [0, 1, 2, 3] })).toMatch(/^ARGUMENT: layers to leave out: one at least/);
    for (const key of ['general.alignment', 'split.count']) expect(await refused(half, { overrides: { [key]: 7 } })).toMatch(/^ARGUMENT: .*cannot be set/);
    expect(await refused(half, { overrides: { 'my.number': 2 ** 40 } })).toMatch(/^ARGUMENT: .*my\.number/);
    expect(await refused(half, { pruneLayers: [77] })).toMatch(/^ARGUMENT: layers to leave out: expected 0 to 3, found 77/);
    expect(await refused(half, { imatrix: half })).toMatch(/^FORMAT: /);
    expect(await refused(join(folder, 'absent.gguf'), {})).toMatch(/^FILE: /);
    expect(existsSync(out)).toBe(false);
    expect((await failure(quantize(half, join(folder, 'no', 'such', 'folder.gguf')))).code).toBe('DISK');
    expect((await failure(quantize(half, folder))).code).toBe('DISK');
  });

  test('a damaged input', async () => {
    const cut = join(folder, 'cut.gguf');
    copyFileSync(half, cut);
    truncateSync(cut, 500_000);
    expect((await failure(quantize(cut, join(folder, 'from-cut.gguf')))).code).toBe('FORMAT');
  });
});

describe('llama-quantize', () => {
  test('writes, prints a table or JSON, and tells failures apart by its exit code', () => {
    const out = join(folder, 'cli.gguf');
    const done = cli([half, out, 'q4_k_m', '2']);
    expect(done).toMatchObject({ status: 0, stderr: '' });
    expect(done.stdout).toMatch(/^type +tensors +bytes +rms error\nQ4_K +24 .*\nQ6_K +5 .*\nF32 +9 .* copied\n.*Q4_K_M, \d\.\d\d bits a weight\)\n.*cli\.gguf\n$/);
    const json = JSON.parse(cli(['--json', '--dry-run', half, out, 'Q8_0']).stdout) as { type: string; tensors: unknown[] };
    expect(json).toMatchObject({ type: 'Q8_0' });
    expect(json.tensors.length).toBeGreaterThan(30);
    expect([[], ['--help'], ['--version']].map((words) => cli(words).status)).toEqual([0, 0, 0]);
    expect([[half], [half, out, 'Q9'], [half, out, 'Q8_0', 'x'], ['--nonsense', half, out, 'Q8_0'], ['--target-size', 'much', half, out]].map((words) => cli(words).status)).toEqual([2, 2, 2, 2, 2]);
    expect([join(folder, 'absent.gguf'), program].map((input) => cli([input, out, 'Q8_0']).status)).toEqual([3, 3]);
    expect(cli([half, join(folder, 'no', 'x.gguf'), 'Q8_0']).status).toBe(4);
  });

  test('names the output after the type where none is given', () => {
    expect(cli([half, 'Q5_0']).status).toBe(0);
    expect(existsSync(join(folder, 'ggml-model-Q5_0.gguf'))).toBe(true);
    expect(cli(['--target-bpw', '6', half]).status).toBe(0);
    expect(existsSync(join(folder, 'ggml-model-TARGET.gguf'))).toBe(true);
  });

  test('lists every type in its help', () => {
    const { stdout } = cli(['--help']);
    const text = stdout.replace(/\s+/g, ' ');
    for (const type of quantizeTypes().types) expect(text).toContain(` ${type}`);
  });
});
