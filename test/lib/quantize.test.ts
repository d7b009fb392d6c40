// quantize() and llama-quantize: what is chosen, against the reference's files; that the output is whole or absent; errors.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, copyFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  imatrix as writeImatrix,
  inspectModel,
  loadModel,
  perplexity,
  quantize,
  quantizeTypes,
  splitModel,
  type LlamaError,
  type QuantizeOptions,
} from 'llama-ts';
import { writeGguf, type TensorSpec } from '../fixtures/gguf-writer';
import { quantile, rowDistances } from '../support/distance';
import { longSharedTest, root, sharedJson, sharedPath, sharedTest } from '../support/shared';
import { buildWriteFaults, faultTest, runFaulted, type WriteFault } from '../support/write-faults';

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
const failure = async (call: Promise<unknown>): Promise<LlamaError> =>
  call.then(
    () => Promise.reject(new Error('expected a failure')),
    (error: unknown) => error as LlamaError,
  );
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

/** A GGUF file of tensors in F32, with values that differ: name, then its dimensions. */
function model(path: string, tensors: readonly (readonly [name: string, columns: number, rows?: number, experts?: number])[]): string {
  const values = (n: number): Buffer => Buffer.from(Float32Array.from({ length: n }, (_, i) => Math.sin(i * 0.7) + 0.01).buffer);
  const specs = tensors.map(([name, columns, rows, experts]): TensorSpec => {
    const n = columns * (rows ?? 1) * (experts ?? 1);
    return { name, type: 'F32', columns, ...(rows !== undefined && { rows }), ...(experts !== undefined && { experts }), chunks: () => [values(n)] };
  });
  writeGguf(path, { 'general.architecture': ['string', 'llama'], 'llama.block_count': ['u32', 1] }, specs);
  return path;
}

/** An importance matrix: name, columns, and how many rows each expert saw. */
function matrix(path: string, entries: readonly (readonly [name: string, columns: number, seen?: readonly number[]])[]): string {
  const floats =
    (values: readonly number[]): (() => Buffer[]) =>
    () => [Buffer.from(new Float32Array(values).buffer)];
  const specs = entries.flatMap(([name, columns, seen = [1]]): TensorSpec[] => [
    {
      name: `${name}.in_sum2`,
      type: 'F32',
      columns,
      rows: seen.length,
      chunks: floats(seen.flatMap((n) => Array.from({ length: columns }, (_, i) => n * (1 + (i % 7))))),
    },
    { name: `${name}.counts`, type: 'F32', columns: 1, rows: seen.length, chunks: floats(seen) },
  ]);
  writeGguf(
    path,
    {
      'general.type': ['string', 'imatrix'],
      'imatrix.chunk_count': ['u32', 1],
      'imatrix.chunk_size': ['u32', 256],
      'imatrix.datasets': ['string[]', ['none']],
    },
    specs,
  );
  return path;
}

describe('beside the reference', () => {
  async function compare(model: string, runs: readonly Run[]): Promise<void> {
    const matrices = (await inspectModel(model)).tensors.filter(({ shape }) => shape.length > 1);
    const imatrix = matrix(
      join(folder, 'whole.imatrix'),
      matrices.map((t) => [t.name, t.shape[0]!]),
    );
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
    compare(sharedPath('models/story-F32.gguf'), sharedJson<Golden>(figures).story.runs),
  );

  sharedTest('SmolLM2, whose rows need other types in part: the same', [figures, 'models/SmolLM2-135M-Instruct-Q4_1.gguf'], () =>
    compare(sharedPath('models/SmolLM2-135M-Instruct-Q4_1.gguf'), sharedJson<Golden>(figures).smollm2.runs),
  );
});

// What llama.cpp's rules make of models with an embedding a layer: rows of a table for all layers are wide, those of a layer narrow.
describe('per-layer embeddings', () => {
  async function types(model: string, type: string): Promise<(name: string) => string> {
    const report = await quantize(sharedPath(model), join(folder, 'none.gguf'), { type, dryRun: true });
    const all = new Map(report.tensors.map((t) => [t.name, t.to]));
    return (name) => all.get(name) ?? all.get(`${name}.weight`) ?? 'none';
  }
  const three = 'golden/hf/gemma3n/model-bf16.gguf';
  const four = 'golden/hf/gemma4/model-bf16.gguf';
  const experts = 'golden/hf/gemma4-moe/model-bf16.gguf';

  sharedTest('gemma3n: a tied table as an output, and what is small stays', [three], async () => {
    const q4 = await types(three, 'Q4_K_M');
    // 64 columns; 2560; 64; 256
    expect(['token_embd', 'per_layer_token_embd', 'blk.3.inp_gate', 'blk.3.proj'].map(q4)).toEqual(['Q8_0', 'Q6_K', 'Q5_0', 'Q4_K']);
    // Of five layers with values and of ten in all: the last eighth (of ten the first too), and every third.
    expect([0, 1, 2, 3, 4].map((i) => q4(`blk.${i}.attn_v`))).toEqual(['Q5_0', 'Q5_0', 'Q8_0', 'Q5_0', 'Q8_0']);
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => q4(`blk.${i}.ffn_down`)).join(' ')).toBe('Q8_0 Q5_0 Q5_0 Q8_0 Q5_0 Q5_0 Q8_0 Q5_0 Q8_0 Q8_0');
    const q8 = await types(three, 'Q8_0');
    expect(['token_embd', 'per_layer_token_embd', 'blk.0.attn_q', 'blk.0.proj'].map(q8)).toEqual(['Q8_0', 'Q8_0', 'Q8_0', 'Q8_0']);
    for (const of of [q4, q8]) {
      expect(['altup_proj', 'altup_unembd_proj', 'blk.0.altup_router', 'blk.0.laurel_l', 'blk.0.laurel_r', 'per_layer_model_proj'].map(of)).toEqual(
        Array(6).fill('BF16'),
      );
      expect(['blk.0.altup_predict_coef', 'blk.0.altup_correct_coef', 'per_layer_proj_norm', 'blk.0.post_norm'].map(of)).toEqual(Array(4).fill('F32'));
    }
  });

  sharedTest('gemma4: rows that no block divides become F16; routers and scales stay', [four, experts], async () => {
    const q4 = await types(four, 'Q4_K_M');
    // 128 columns; 64; 16
    expect(['per_layer_token_embd', 'blk.0.inp_gate', 'blk.0.proj', 'per_layer_model_proj'].map(q4)).toEqual(['Q8_0', 'Q5_0', 'F16', 'BF16']);
    expect(['blk.0.layer_output_scale', 'rope_freqs', 'per_layer_proj_norm'].map(q4)).toEqual(['F32', 'F32', 'F32']);
    const moe = await types(experts, 'Q4_K_M');
    // With 8 experts keys, values and outputs have more bits. 48 columns are no multiple of 32.
    expect(['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate_up_exps', 'ffn_down_exps', 'ffn_gate'].map((n) => moe(`blk.0.${n}`))).toEqual([
      ...['Q5_0', 'Q8_0', 'Q8_0', 'Q5_1', 'Q5_0', 'F16', 'Q5_0'],
    ]);
    expect(['ffn_gate_inp.weight', 'ffn_gate_inp.scale', 'ffn_down_exps.scale', 'pre_ffw_norm_2.weight'].map((n) => moe(`blk.0.${n}`))).toEqual(
      Array(4).fill('F32'),
    );
    // Where the mix's own type does not divide a tied table's rows, it is Q8_0.
    expect((await types(four, 'IQ3_XXS'))('token_embd')).toBe('Q8_0');
  });

  for (const model of [three, four, experts])
    sharedTest(`${model}: a file of Q8_0 is run, and is near`, [model, model.replace('model-bf16.gguf', 'ids.json')], async () => {
      const out = join(folder, 'q8.gguf');
      await quantize(sharedPath(model), out, { type: 'Q8_0' });
      const { ids } = sharedJson<{ ids: number[] }>(model.replace('model-bf16.gguf', 'ids.json'));
      const logits = async (path: string): Promise<Float32Array> => {
        await using one = await loadModel(path, { backend: 'ref', contextTokens: 128 });
        return await one.logits(ids);
      };
      const [found, wanted] = [await logits(out), await logits(sharedPath(model))];
      expect(quantile(rowDistances(found, wanted, wanted.length / ids.length), 0.5)).toBeLessThanOrEqual(0.05);
    });
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
    const outs = await Promise.all(
      [1, 2, 5].map(async (threads) => {
        const out = join(folder, `threads-${threads}.gguf`);
        await quantize(half, out, { type: 'Q4_K_M', threads });
        return digest(out);
      }),
    );
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
      tensorTypes: [
        ['blk\\.0\\.ffn_(up|down)', 'q8_0'],
        ['ffn_up', 'Q5_1'],
      ],
      tokenEmbeddingType: 'Q5_0',
      pruneLayers: [1],
      overrides: { 'general.name': 'short', 'my.flag': true, 'my.number': 7, 'my.ratio': 0.5, 'my.float': { float: 3 } },
    });
    const info = await inspectModel(out);
    const type = (name: string): string | undefined => info.tensors.find((t) => t.name === name)?.type;
    expect([
      type('blk.0.ffn_up.weight'),
      type('blk.0.ffn_down.weight'),
      type('blk.1.ffn_up.weight'),
      type('blk.1.ffn_gate.weight'),
      type('token_embd.weight'),
    ]).toEqual(['Q8_0', 'Q8_0', 'Q5_1', 'Q4_0', 'Q5_0']);
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

  longSharedTest('types chosen for a size lose less than the mix of that size', ['models/story-F32.gguf', 'text/stories.txt'], async () => {
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

  faultTest('killed at any step: the old file or the new one; then it goes on', async () => {
    mkdirSync(join(folder, 'kill'));
    const library = buildWriteFaults(folder);
    const out = join(folder, 'kill', 'out.gguf');
    const whole = join(folder, 'whole.gguf');
    await quantize(half, whole, { type: 'Q5_K_M', threads: 1 });
    const [wanted, old] = [digest(whole), digest(embedded)];
    const kill = (fault: WriteFault): string | undefined => {
      const { happened, signal } = runFaulted(library, fault, [program, half, out, 'Q5_K_M', '1']);
      expect({ fault, happened, signal }).toEqual({ fault, happened: true, signal: 'SIGKILL' });
      return existsSync(out) ? digest(out) : undefined;
    };
    // With what the kill before left, and from nothing.
    for (const fault of ['open:1:kill', 'size:1:kill', 'write:1:kill', 'write:20:kill', 'write:60:kill', 'sync:1:kill', 'rename:1:kill'] as const) {
      expect([fault, kill(fault)]).toEqual([fault, undefined]);
      copyFileSync(embedded, out);
      expect([fault, kill(fault)]).toEqual([fault, old]);
      rmSync(out);
      if (fault !== 'write:20:kill') rmSync(`${out}.partial`);
    }
    expect(kill('renamed:1:kill')).toBe(wanted);
    copyFileSync(embedded, out);
    expect(kill('write:60:kill')).toBe(old);
    const report = await quantize(half, out, { type: 'Q5_K_M', threads: 1 });
    expect(report.tensors.some((t) => t.to !== t.from && t.rmse === undefined)).toBe(true); // taken over from the call that was killed
    expect(digest(out)).toBe(wanted);
    expect(names()).toEqual(['out.gguf']);
  });

  faultTest('an input that is cut while it is read: FILE, nothing is left, the old file stays', () => {
    const library = buildWriteFaults(folder);
    const [input, out] = [join(folder, 'cut-in.gguf'), join(folder, 'cut-out.gguf')];
    for (const [fault, flags] of [
      ['open:1:cut', []],
      ['write:1:cut', []],
      ['write:60:cut', []],
      ['write:60:cut', ['--json']],
    ] as const) {
      copyFileSync(half, input);
      copyFileSync(embedded, out);
      const end = runFaulted(library, fault, [program, ...flags, input, out, 'Q5_K_M', '2'], input);
      expect(end).toMatchObject({
        happened: true,
        signal: null,
        status: 3,
        stdout: '',
        stderr: expect.stringMatching(/^llama-quantize: .*cut-in\.gguf: became shorter while it was read\n$/) as string,
      });
      expect(digest(out)).toBe(digest(embedded));
      expect(existsSync(`${out}.partial`)).toBe(false);
    }
  });

  faultTest('a disk that fills while it is written, where no space could be reserved: DISK, nothing is left, the old file stays', () => {
    const library = buildWriteFaults(folder);
    const out = join(folder, 'full-out.gguf');
    for (const fault of ['size:1:full', 'write:1:full', 'write:60:full', 'sync:1:full', 'rename:1:full'] as const) {
      copyFileSync(embedded, out);
      const end = runFaulted(library, fault, [program, half, out, 'Q5_K_M', '2']);
      expect({ fault, ...end }).toMatchObject({
        fault,
        happened: true,
        signal: null,
        status: 4,
        stdout: '',
        stderr: expect.stringContaining('full-out.gguf') as string,
      });
      expect(digest(out)).toBe(digest(embedded));
      expect(existsSync(`${out}.partial`)).toBe(false);
    }
  });

  test('stopped by a signal: nothing is left, or what a later call goes on from', async () => {
    const out = join(folder, 'stopped.gguf');
    // A type that takes long, so that there is much to stop.
    const type = 'IQ3_S';
    const stopAt = async (options: QuantizeOptions): Promise<void> => {
      const controller = new AbortController();
      const call = quantize(half, out, {
        ...options,
        type,
        threads: 1,
        signal: controller.signal,
        onProgress: (f) => f > 0.2 && controller.abort(new Error('enough')),
      });
      expect((await failure(call)).message).toBe('enough');
      expect(existsSync(out)).toBe(false);
    };
    await stopAt({});
    expect(existsSync(`${out}.partial`)).toBe(false);
    await stopAt({ keepPartial: true });
    expect(existsSync(`${out}.partial`)).toBe(true);
    const report = await quantize(half, out, { type });
    expect(report.tensors.some((t) => t.to !== t.from && t.rmse === undefined)).toBe(true); // made by the call that was stopped
    const whole = join(folder, 'stopped-whole.gguf');
    await quantize(half, whole, { type });
    expect(digest(out)).toBe(digest(whole));
  });

  faultTest('a partial file that was damaged is made anew', async () => {
    const out = join(folder, 'damaged.gguf');
    expect(runFaulted(buildWriteFaults(folder), 'write:100:kill', [program, half, out, 'Q6_K', '1'])).toMatchObject({ happened: true, signal: 'SIGKILL' });
    const bytes = readFileSync(`${out}.partial`);
    bytes.fill(0x5a, bytes.length >> 2, (bytes.length >> 2) + 4096);
    writeFileSync(`${out}.partial`, bytes);
    const { tensors } = await quantize(half, out, { type: 'Q6_K' });
    const encoded = tensors.filter((t) => t.to !== t.from);
    expect(encoded.filter((t) => t.rmse !== undefined).length).toBeGreaterThan(0); // the damaged ones,
    expect(encoded.filter((t) => t.rmse === undefined).length).toBeGreaterThan(0); // and those alone
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

describe('tensor types by pattern', () => {
  const dry = async (input: string, options: QuantizeOptions): Promise<[Record<string, string>, readonly string[]]> => {
    const { tensors, warnings } = await quantize(input, join(folder, 'none.gguf'), { type: 'Q8_0', dryRun: true, ...options });
    return [Object.fromEntries(tensors.map((t) => [t.name, t.to])), warnings];
  };
  const mixed = (): string =>
    model(join(folder, 'mixed.gguf'), [
      ['token_embd.weight', 256, 32],
      ['blk.0.attn_norm.weight', 256],
      ['blk.0.attn_q.weight', 256, 16],
      ['blk.0.attn_q.bias', 256],
      ['blk.0.attn_q_norm.weight', 256, 2],
      ['blk.0.ffn_norm.weight', 256],
      ['blk.0.ffn_gate_inp.weight', 256, 4],
      ['blk.0.ffn_gate_exps.weight', 256, 8, 4],
      ['blk.0.ffn_up_shexp.weight', 96, 16],
      ['output.weight', 256, 32],
    ]);

  test('vectors, norms and routers stay as they are, whatever fits them', async () => {
    for (const [pattern, changed] of [
      ['attn', ['blk.0.attn_q.weight']],
      ['ATTN_Q', ['blk.0.attn_q.weight']],
      ['ffn_gate', ['blk.0.ffn_gate_exps.weight']],
      ['^blk\\.0\\.', ['blk.0.attn_q.weight', 'blk.0.ffn_gate_exps.weight']],
      ['', ['token_embd.weight', 'blk.0.attn_q.weight', 'blk.0.ffn_gate_exps.weight', 'output.weight']],
    ] as const) {
      const [types] = await dry(mixed(), { tensorTypes: [[pattern, 'Q4_K']] });
      expect([pattern, Object.keys(types).filter((name) => types[name] === 'Q4_K')]).toEqual([pattern, changed]);
      for (const name of ['blk.0.attn_norm.weight', 'blk.0.attn_q.bias', 'blk.0.attn_q_norm.weight', 'blk.0.ffn_norm.weight', 'blk.0.ffn_gate_inp.weight'])
        expect([name, types[name]]).toEqual([name, 'F32']);
    }
  });

  test('a pattern that fits nothing that is quantized is refused by its name', async () => {
    const message = async (tensorTypes: readonly [string, string][], more: QuantizeOptions = {}): Promise<string> => {
      const error = await failure(dry(mixed(), { tensorTypes, ...more }));
      return `${error.code}: ${error.message}`;
    };
    expect(await message([['attn_qq', 'Q4_K']])).toMatch(
      /^ARGUMENT: tensorTypes: the pattern "attn_qq" fits no tensor that can be quantized: llama-ts inspect/,
    );
    expect(
      await message([
        ['attn', 'Q4_K'],
        ['norm', 'Q4_K'],
      ]),
    ).toMatch(
      /^ARGUMENT: tensorTypes: the pattern "norm" fits no tensor that can be quantized, but blk\.0\.attn_norm\.weight, blk\.0\.attn_q_norm\.weight, blk\.0\.ffn_norm\.weight: vectors, norms, routers/,
    );
    expect(await message([['ffn_gate_inp', 'Q4_K']])).toContain('"ffn_gate_inp" fits no tensor that can be quantized, but blk.0.ffn_gate_inp.weight');
    expect(await message([['bias', 'F16']])).toContain('"bias" fits no tensor');
    expect(await message([['^output', 'Q4_K']], { leaveOutputTensor: true })).toContain('"^output" fits no tensor');
    expect(await message([['^blk\\.1\\.', 'Q4_K']])).toContain('fits no tensor');
  });

  test('of several that fit the first counts, as in llama-quantize; a later one is then no mistake', async () => {
    const [types, warnings] = await dry(mixed(), {
      tensorTypes: [
        ['attn_q', 'Q6_K'],
        ['attn', 'Q5_K'],
        ['^(token_embd|output)', 'Q4_0'],
        ['output', 'Q2_K'],
      ],
      outputTensorType: 'F16',
    });
    expect([types['blk.0.attn_q.weight'], types['token_embd.weight'], types['output.weight']]).toEqual(['Q6_K', 'Q4_0', 'Q4_0']);
    expect(warnings).toEqual([]);
  });

  test('a type that does not divide a row gives way as in llama-quantize, and the report says so', async () => {
    const [types, warnings] = await dry(mixed(), { tensorTypes: [['_shexp', 'Q4_K']] });
    expect(types['blk.0.ffn_up_shexp.weight']).toBe('Q5_0');
    expect(warnings).toEqual(['Q5_0 in place of Q4_K, of whose blocks rows of 96 values are no multiple: blk.0.ffn_up_shexp.weight']);
  });

  test('what was said of one tensor stays where types are chosen for a size', async () => {
    const [types] = await dry(half, {
      targetBpw: 6,
      tensorTypes: [
        ['blk\\.0\\.attn_q', 'Q4_1'],
        ['attn_k', 'Q5_1'],
      ],
      tokenEmbeddingType: 'Q5_0',
    });
    expect([types['blk.0.attn_q.weight'], types['blk.2.attn_k.weight'], types['token_embd.weight'], types['blk.0.attn_norm.weight']]).toEqual([
      'Q4_1',
      'Q5_1',
      'Q5_0',
      'F32',
    ]);
  });

  test('a type for a tensor that is not there is told', async () => {
    expect((await dry(half, { outputTensorType: 'Q6_K' }))[1]).toEqual([expect.stringMatching(/no output\.weight, its head is token_embd\.weight/)]);
  });
});

describe('an importance matrix', () => {
  const parts = [
    ['blk.0.attn_q.weight', 256, 16],
    ['blk.0.attn_k.weight', 256, 16],
    ['blk.0.ffn_up_exps.weight', 256, 8, 4],
  ] as const;
  const table = ['token_embd.weight', 256, 32] as const;
  const head = ['output.weight', 256, 32] as const;
  const input = (): string => model(join(folder, 'guided.gguf'), [table, ...parts, head]);
  const whole = [
    ['blk.0.attn_q.weight', 256],
    ['blk.0.attn_k.weight', 256],
    ['blk.0.ffn_up_exps.weight', 256, [2, 2, 2, 2]],
  ] as const;
  type Entries = readonly (readonly [name: string, columns: number, seen?: readonly number[]])[];
  const outcome = async (entries: Entries | undefined, options: QuantizeOptions, from = input()): Promise<string> => {
    const imatrix = entries && matrix(join(folder, 'guide.imatrix'), entries);
    try {
      const { warnings } = await quantize(from, join(folder, 'guided-out.gguf'), { ...options, ...(imatrix !== undefined && { imatrix }) });
      return warnings.join('\n');
    } catch (error) {
      expect(existsSync(join(folder, 'guided-out.gguf'))).toBe(false);
      return `${(error as LlamaError).code}: ${(error as LlamaError).message}`;
    } finally {
      rmSync(join(folder, 'guided-out.gguf'), { force: true });
    }
  };
  const small = ['IQ1_S', 'IQ1_M', 'IQ2_XXS', 'IQ2_XS', 'IQ2_S', 'IQ2_M', 'Q2_K_S'];

  test.each(small)('%s is written with a matrix of the model, and never without', async (type) => {
    const layers: QuantizeOptions = { type, tokenEmbeddingType: 'Q4_0', outputTensorType: 'Q6_K' };
    expect(await outcome(whole, layers)).toBe('');
    expect(await outcome(undefined, layers)).toMatch(/^ARGUMENT: .*blk\.0\..*hardly usable without an importance matrix: make one/);
    expect(await outcome(whole.slice(1), layers)).toMatch(/^ARGUMENT: .*which blk\.0\.attn_q\.weight would get, (is|are) hardly usable .* says nothing of it/);
    expect(await outcome([['enc.0.attn_q.weight', 256]], layers)).toMatch(
      /^ARGUMENT: the importance matrix names no tensor of this model, but enc\.0\.attn_q\.weight: /,
    );
    expect(await outcome([...whole.slice(0, 2), ['blk.0.ffn_up_exps.weight', 256, [0, 0, 0, 0]]], layers)).toMatch(
      /^ARGUMENT: .*which blk\.0\.ffn_up_exps\.weight would get/,
    );
  });

  test('of another model: refused for every type', async () => {
    for (const type of ['Q4_K_M', 'Q8_0', 'F16', 'COPY', 'IQ1_S']) {
      expect(await outcome([['enc.0.attn_q.weight', 256], ...Array.from({ length: 30 }, (_, i) => [`x.${i}`, 32] as const)], { type })).toMatch(
        /^ARGUMENT: the importance matrix names no tensor of this model, but .{1,100} and 26 more: /,
      );
      expect(await outcome([], { type })).toMatch(/^ARGUMENT: the importance matrix names no tensor of this model, nor any other/);
      for (const [columns, seen] of [
        [512, [1]],
        [128, [1]],
        [256, [1, 1]],
      ] as const) {
        expect(await outcome([['blk.0.attn_q.weight', columns, seen], whole[1]], { type })).toMatch(
          /^ARGUMENT: the importance matrix has other columns or experts than this model for blk\.0\.attn_q\.weight: /,
        );
      }
      expect(await outcome([...whole.slice(0, 2), ['blk.0.ffn_up_exps.weight', 256, [1, 1, 1]]], { type })).toContain(
        'other columns or experts than this model for blk.0.ffn_up_exps.weight',
      );
    }
  });

  test('that does not speak of a tensor in another type: said, with the names', async () => {
    expect(await outcome(whole.slice(0, 1), { type: 'Q4_K_M' })).toBe(
      'the importance matrix says nothing of 2 of 5 encoded tensors, whose columns count alike: blk.0.attn_k.weight, blk.0.ffn_up_exps.weight',
    );
    expect(await outcome([...whole.slice(0, 2), ['blk.0.ffn_up_exps.weight', 256, [2, 0, 2, 1]]], { type: 'IQ2_XS' })).toMatch(
      /^the calibration text never reached some experts.*: blk\.0\.ffn_up_exps\.weight$/,
    );
    expect(await outcome(whole, { type: 'F16' })).toMatch(/without effect/);
  });

  test('says nothing of a token table, nor of the head where it was not asked for', async () => {
    expect(await outcome(whole, { type: 'Q4_K_M' })).toBe('');
    expect(await outcome(whole, { type: 'IQ2_XS' })).toBe('');
    expect(await outcome(whole, { type: 'IQ2_XS', tokenEmbeddingType: 'IQ2_XXS' })).toMatch(
      /^token_embd\.weight as IQ2_XXS: no importance matrix can speak of a table/,
    );
    expect(await outcome(whole, { type: 'IQ2_XS', outputTensorType: 'IQ2_XXS' })).toMatch(
      /^ARGUMENT: IQ2_XXS, which output\.weight would get, .*--process-output/,
    );
    expect(await outcome([...whole, ['output.weight', 256]], { type: 'IQ2_XS', outputTensorType: 'IQ2_XXS' })).toBe('');
    expect(await outcome(whole, { type: 'IQ2_XS', pure: true })).toMatch(/^ARGUMENT: IQ2_XS, which token_embd\.weight, output\.weight would get/);
    const tied = model(join(folder, 'tied.gguf'), [table, ...parts]);
    expect(await outcome(whole, { type: 'Q4_0', tokenEmbeddingType: 'IQ2_XXS' }, tied)).toMatch(/^ARGUMENT: IQ2_XXS, which token_embd\.weight would get/);
    expect(await outcome([...whole, ['token_embd.weight', 256]], { type: 'Q4_0', tokenEmbeddingType: 'IQ2_XXS' }, tied)).toBe('');
  });

  test('goes by the names of the input where layers are left out, and of all parts of a split one', async () => {
    const names = (await inspectModel(half)).tensors.filter((t) => t.shape.length > 1).map((t) => [t.name, t.shape[0]!] as const);
    const layers = names.filter(([name]) => name.startsWith('blk.'));
    expect(
      await outcome(
        layers.filter(([name]) => !name.startsWith('blk.1.')),
        { type: 'IQ2_XS', pruneLayers: [1] },
        half,
      ),
    ).toBe('');
    expect(
      await outcome(
        layers.filter(([name]) => !name.startsWith('blk.3.')),
        { type: 'IQ2_XS', pruneLayers: [1] },
        half,
      ),
    ).toMatch(/^ARGUMENT: .*which blk\.3\./);
    const split = await splitModel(half, join(folder, 'split'), { maxTensors: 15 });
    expect(await outcome(layers, { type: 'IQ2_XS' }, split[0]!.path)).toBe('');
    expect(await outcome(layers.slice(1), { type: 'IQ2_XS' }, split[0]!.path)).toContain(`which ${layers[0]![0]} would get`);
  });

  sharedTest('of the model that was asked for: what imatrix wrote is of use, and with other names it is refused', 'models/story-F32.gguf', async () => {
    const [good, foreign] = [join(folder, 'good.imatrix'), join(folder, 'foreign.imatrix')];
    await writeImatrix(embedded, 'Once upon a time there was a brave fox named Tim. '.repeat(40), good, { context: 64, chunks: 4 });
    writeFileSync(foreign, Buffer.from(readFileSync(good, 'latin1').replace(/blk\.(\d)\.(attn|ffn)/g, 'enc.$1.$2'), 'latin1'));
    const from = sharedPath('models/story-F32.gguf');
    const run = (imatrix: string): Promise<unknown> => quantize(from, join(folder, 'none.gguf'), { type: 'IQ1_S', imatrix, dryRun: true });
    await expect(run(good)).resolves.toMatchObject({ warnings: [] });
    await expect(run(foreign)).rejects.toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(/names no tensor of this model, but enc\.0\./) as string,
    });
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

  test('an output whose writing would write over something that is read', async () => {
    const guide = matrix(join(folder, 'precious.imatrix'), [['blk.0.attn_q.weight', 256]]);
    const began = join(folder, 'began.gguf.partial'); // where the output is written before it has its name
    copyFileSync(half, began);
    const before = [guide, began].map(digest);
    const refused = (input: string, out: string, options: QuantizeOptions = {}): Promise<unknown> =>
      expect(quantize(input, out, options)).rejects.toMatchObject({
        code: 'ARGUMENT',
        message: expect.stringMatching(/is read and would be written over/) as string,
      });
    await refused(half, guide, { imatrix: guide });
    await refused(began, join(folder, 'began.gguf'));
    expect([guide, began].map(digest)).toEqual(before);
  });

  test('a folder that may not be written', async () => {
    const closed = process.getuid?.() === 0 ? '/proc/self' : join(folder, 'closed');
    if (closed !== '/proc/self') mkdirSync(closed, { mode: 0o500 });
    if (process.platform === 'win32') return;
    expect((await failure(quantize(half, join(closed, 'out.gguf')))).code).toBe('DISK');
    expect(cli([half, join(closed, 'out.gguf'), 'Q4_0']).status).toBe(4);
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
    expect(
      await refused(half, {
        tensorTypes: [
          ['(.*)*\\1$x', 'Q8_0'],
          ['(([a-z._0-9])+)+!$', 'Q8_0'],
        ],
      }),
    ).toMatch(/^ARGUMENT: tensorTypes: a pattern that takes too long/);
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
    expect(done.stdout).toMatch(
      /^type +tensors +bytes +rms error\nQ4_K +24 .*\nQ6_K +5 .*\nF32 +9 .* copied\n.*Q4_K_M, \d\.\d\d bits a weight\)\n.*cli\.gguf\n$/,
    );
    const json = JSON.parse(cli(['--json', '--dry-run', half, out, 'Q8_0']).stdout) as { type: string; tensors: unknown[] };
    expect(json).toMatchObject({ type: 'Q8_0' });
    expect(json.tensors.length).toBeGreaterThan(30);
    expect([[], ['--help'], ['--version']].map((words) => cli(words).status)).toEqual([0, 0, 0]);
    expect(
      [[half], [half, out, 'Q9'], [half, out, 'Q8_0', 'x'], ['--nonsense', half, out, 'Q8_0'], ['--target-size', 'much', half, out]].map(
        (words) => cli(words).status,
      ),
    ).toEqual([2, 2, 2, 2, 2]);
    expect([join(folder, 'absent.gguf'), program].map((input) => cli([input, out, 'Q8_0']).status)).toEqual([3, 3]);
    expect(cli([half, join(folder, 'no', 'x.gguf'), 'Q8_0']).status).toBe(4);
  });

  test('names the output after the type where none is given', () => {
    expect(cli([half, 'Q5_0']).status).toBe(0);
    expect(existsSync(join(folder, 'ggml-model-Q5_0.gguf'))).toBe(true);
    expect(cli(['--target-bpw', '6', half]).status).toBe(0);
    expect(existsSync(join(folder, 'ggml-model-TARGET.gguf'))).toBe(true);
  });

  test('takes the flags of llama-quantize, and refuses those it has not by their whole name', () => {
    const file = join(folder, 'types.txt');
    writeFileSync(file, 'ffn_up=q5_1\n ffn_down=q5_0\tffn=q4_1\n');
    const flags = [
      '--allow-requantize',
      '--leave-output-tensor',
      '--keep-split',
      '--output-tensor-type',
      'q6_k',
      '--token-embedding-type',
      'q8_0',
      '--prune-layers',
      '0,2',
      '--override-kv',
      'my.n=int:5',
      '--tensor-type',
      'blk.1.ffn_up=q6_k',
      '--tensor-type-file',
      file,
      '--dry-run',
    ];
    const done = cli([...flags, half, 'q4_k_m']);
    expect(done).toMatchObject({ status: 0, stderr: expect.stringMatching(/^warning: .*no output\.weight/) as string });
    // Patterns see the numbers that layers have in the input: 1 is 0 in the output.
    expect(done.stdout).toMatch(/blk\.0\.ffn_up\.weight .*-> Q6_K\n/);
    expect(done.stdout).toMatch(/blk\.1\.ffn_up\.weight .*-> Q5_1\n/);
    expect(done.stdout).not.toMatch(/blk\.2\./);
    expect(cli(['--tensor-type-file', file, '--dry-run', half, 'q4_k_m']).stdout).toMatch(/blk\.0\.ffn_up\.weight .*-> Q5_1\n/);
    const usage = (...words: string[]): string => {
      const { status, stderr } = cli([...words, half, join(folder, 'never.gguf'), 'Q4_0']);
      return `${status}: ${stderr}`;
    };
    for (const flag of ['-pure', '-help', '-t']) expect(usage(flag)).toMatch(new RegExp(`^2: llama-quantize: ${flag}: no such flag`));
    for (const flag of ['--include-weights', '--state-file'])
      expect(usage(flag, 'x')).toMatch(new RegExp(`^2: llama-quantize: Unknown arguments?: ${flag.slice(2)}`));
    for (const type of ['int16', 'float32', 'arr'])
      expect(usage('--override-kv', `x.u=${type}:5`)).toMatch(
        new RegExp(`^2: llama-quantize: --override-kv: x\\.u: expected a type among int, float, bool, str, .*found "${type}"`),
      );
    expect(usage('--tensor-type-file', join(folder, 'absent.txt'))).toMatch(/^2: .*--tensor-type-file: .*absent\.txt cannot be read/);
    expect(usage('--tensor-type', 'norm=q8_0')).toMatch(/^2: llama-quantize: tensorTypes: the pattern "norm" fits no tensor that can be quantized/);
    expect(usage('--tensor-type', 'ffn')).toMatch(/^2: .*--tensor-type: expected NAME=VALUE/);
    expect(existsSync(join(folder, 'never.gguf'))).toBe(false);
  });

  test('files may be named like numbers or flags', () => {
    copyFileSync(half, join(folder, '007'));
    copyFileSync(half, join(folder, '-pure'));
    const inside = (words: readonly string[]): number | null => spawnSync(process.execPath, [program, '--dry-run', ...words], { cwd: folder }).status;
    expect([inside(['007', '1e3', 'Q4_0']), inside(['--', '-pure', 'Q4_0']), inside(['--', '--json', 'Q4_0'])]).toEqual([0, 0, 3]);
  });

  test('metadata: texts with a colon are texts', async () => {
    const out = join(folder, 'colon.gguf');
    expect(
      cli(['--override-kv', 'a.url=https://x.y/z', '--override-kv', 'a.text=str:u64:5', '--override-kv', 'a.word=hello: world', half, out, 'COPY']).status,
    ).toBe(0);
    const { metadata } = await inspectModel(out);
    expect(['a.url', 'a.text', 'a.word'].map((key) => metadata.get(key))).toEqual(['https://x.y/z', 'u64:5', 'hello: world']);
  });

  test('lists every type in its help', () => {
    const { stdout } = cli(['--help']);
    const text = stdout.replace(/\s+/g, ' ');
    for (const type of quantizeTypes().types) expect(text).toContain(` ${type}`);
  });
});
