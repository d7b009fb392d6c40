// Files made of files: split, merged, edited, compared.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { diffModels, editModel, embeddedModel, inspectModel, loadModel, mergeModel, quantize, splitModel } from 'llama-ts';
import { temporaryFolder } from '../fixtures/safetensors';
import { root } from '../support/shared';

const none = { metadata: [], tensors: [] };

describe('split and merge', () => {
  test('by tensors: every part is complete, and together they are the file', async () => {
    using made = temporaryFolder();
    const { tensors } = await inspectModel(embeddedModel);
    const parts = await splitModel(embeddedModel, join(made.path, 'm'), { maxTensors: 20 });
    expect(parts).toHaveLength(Math.ceil(tensors.length / 20));
    expect(parts[0]!.path).toBe(join(made.path, `m-00001-of-0000${parts.length}.gguf`));
    for (const { path, bytes } of parts) expect(readFileSync(path)).toHaveLength(bytes);
    const first = await inspectModel(parts[0]!.path);
    expect(first.parts).toBe(parts.length);
    expect(first.metadata.get('split.count')).toBe(parts.length);
    expect(first.metadata.get('split.tensors.count')).toBe(tensors.length);
    expect(await diffModels(parts[0]!.path, embeddedModel)).toEqual(none);
    const merged = await mergeModel(parts[0]!.path, join(made.path, 'merged.gguf'));
    expect(merged.tensors).toBe(tensors.length);
    expect(readFileSync(merged.path).equals(readFileSync(embeddedModel))).toBe(true);
    await using model = await loadModel(parts[0]!.path, { contextTokens: 64 });
    expect((await model.generate('Once', { maxTokens: 3, seed: 1 })).text).not.toBe('');
  });

  test('by bytes: no part has more, but for one tensor', async () => {
    using made = temporaryFolder();
    const limit = 300_000;
    const parts = await splitModel(embeddedModel, join(made.path, 'm'), { maxBytes: limit });
    expect(parts.length).toBeGreaterThan(2);
    const { tensors } = await inspectModel(embeddedModel);
    const bytes = tensors.map((t) => t.bytes);
    let expected = 0;
    let sum = Infinity;
    for (const b of bytes) {
      if (sum + b > limit) [expected, sum] = [expected + 1, 0];
      sum += b;
    }
    expect(parts).toHaveLength(expected);
  });

  test('without a limit, from the second part, and onto what is read: refused', async () => {
    using made = temporaryFolder();
    await expect(splitModel(embeddedModel, join(made.path, 'm'), {})).rejects.toMatchObject({ code: 'ARGUMENT' });
    const [first, second] = await splitModel(embeddedModel, join(made.path, 'm'), { maxTensors: 20 });
    await expect(mergeModel(second!.path, join(made.path, 'x'))).rejects.toMatchObject({ code: 'FORMAT' });
    linkSync(second!.path, join(made.path, 'link.gguf'));
    for (const to of [first!.path, second!.path, join(made.path, 'link.gguf')])
      await expect(mergeModel(first!.path, to)).rejects.toMatchObject({ code: 'ARGUMENT' });
    await expect(splitModel(first!.path, join(made.path, 'm'), { maxTensors: 20 })).rejects.toMatchObject({ code: 'ARGUMENT' });
    expect(readdirSync(made.path).filter((n) => n.endsWith('.partial'))).toEqual([]);
  });

  test('a damaged file is refused, and nothing is written', async () => {
    using made = temporaryFolder();
    const bad = join(made.path, 'bad.gguf');
    writeFileSync(bad, readFileSync(embeddedModel).subarray(0, 100_000));
    const refused = { code: 'FORMAT' };
    await expect(splitModel(bad, join(made.path, 'm'), { maxTensors: 1 })).rejects.toMatchObject(refused);
    await expect(mergeModel(bad, join(made.path, 'm'))).rejects.toMatchObject(refused);
    await expect(editModel(bad, { remove: ['general.name'], to: join(made.path, 'm') })).rejects.toMatchObject(refused);
    await expect(diffModels(bad, embeddedModel)).rejects.toMatchObject(refused);
    expect(readdirSync(made.path)).toEqual(['bad.gguf']);
  });
});

describe('edit', () => {
  test('values of every type, lists, removals; tensors stay', async () => {
    using made = temporaryFolder();
    const to = join(made.path, 'x.gguf');
    await editModel(embeddedModel, {
      to,
      set: [
        { key: 'a.u8', type: 'u8', value: 255 },
        { key: 'a.i64', type: 'i64', value: -(2n ** 63n) },
        { key: 'a.u64', type: 'u64', value: 2n ** 64n - 1n },
        { key: 'a.f32', type: 'f32', value: 0.5 },
        { key: 'a.f64', type: 'f64', value: 1e-300 },
        { key: 'a.bool', type: 'bool', value: true },
        { key: 'a.text', value: 'ünï\n' },
        { key: 'a.list', type: 'i32[]', value: [1, -2] },
        { key: 'a.texts', type: 'str[]', value: ['x', '"y"'] },
        { key: 'llama.context_length', value: 77 },
      ],
      remove: ['general.name'],
    });
    const { metadata } = await inspectModel(to);
    const found = ['a.u8', 'a.i64', 'a.u64', 'a.f32', 'a.f64', 'a.bool', 'a.text', 'a.list', 'a.texts', 'llama.context_length', 'general.name'].map((k) =>
      metadata.get(k),
    );
    expect(found).toEqual([255, -(2n ** 63n), 2n ** 64n - 1n, 0.5, 1e-300, true, 'ünï\n', [1, -2], ['x', '"y"'], 77, undefined]);
    const { tensors, metadata: keys } = await diffModels(embeddedModel, to);
    expect(tensors).toEqual([]);
    expect(keys).toContainEqual({ key: 'llama.context_length', what: 'value' });
  });

  test('in place', async () => {
    using made = temporaryFolder();
    const file = join(made.path, 'x.gguf');
    copyFileSync(embeddedModel, file);
    await editModel(file, { set: [{ key: 'general.name', value: 'Mine' }] });
    expect((await inspectModel(file)).metadata.get('general.name')).toBe('Mine');
    expect(readdirSync(made.path)).toEqual(['x.gguf']);
  });

  const wrong: [string, Parameters<typeof editModel>[1]][] = [
    ['nothing to do', {}],
    ['a number out of range', { set: [{ key: 'a', type: 'u8', value: 256 }] }],
    ['a text for a number', { set: [{ key: 'a', type: 'u32', value: 'x' }] }],
    ['a word for a boolean', { set: [{ key: 'a', type: 'bool', value: 'yes' }] }],
    ['a list of mixed types', { set: [{ key: 'a', type: 'u32[]', value: [1, 'x'] }] }],
    ['a key that is not there', { remove: ['absent'] }],
    ['the architecture', { remove: ['general.architecture'] }],
    ['the alignment', { set: [{ key: 'general.alignment', type: 'u32', value: 64 }] }],
    ['the numbers of parts', { set: [{ key: 'split.count', type: 'u16', value: 2 }] }],
    ['an empty key', { set: [{ key: '', value: 'x' }] }],
    ['an unknown option', { unknown: 1 } as object],
  ];
  for (const [what, options] of wrong) {
    test(`${what}: ARGUMENT`, async () => {
      using made = temporaryFolder();
      await expect(editModel(embeddedModel, options.set || options.remove ? { ...options, to: join(made.path, 'x') } : options)).rejects.toMatchObject({
        code: 'ARGUMENT',
      });
      expect(readdirSync(made.path)).toEqual([]);
    });
  }
});

describe('a file that is written takes the place of another', () => {
  const name = async (path: string) => (await inspectModel(path)).metadata.get('general.name');
  const rename = (path: string, to?: string) => editModel(path, { set: [{ key: 'general.name', value: 'Mine' }], ...(to !== undefined && { to }) });
  const mode = (path: string): number => statSync(path).mode & 0o7777;

  for (const wanted of [0o600, 0o640, 0o444, 0o755]) {
    test(`which had mode ${wanted.toString(8)}, and so has it`, async () => {
      using made = temporaryFolder();
      const file = join(made.path, 'x.gguf');
      copyFileSync(embeddedModel, file);
      chmodSync(file, wanted);
      await rename(file);
      expect([mode(file), await name(file)]).toEqual([wanted, 'Mine']);
      await mergeModel(embeddedModel, file);
      expect([mode(file), await name(file)]).toEqual([wanted, await name(embeddedModel)]);
      await quantize(embeddedModel, file, { type: 'COPY' });
      expect(mode(file)).toBe(wanted);
      expect(readdirSync(made.path)).toEqual(['x.gguf']);
    });
  }

  test('a new one has the mode that the process gives', async () => {
    using made = temporaryFolder();
    await rename(embeddedModel, join(made.path, 'x.gguf'));
    expect(mode(join(made.path, 'x.gguf'))).toBe(0o666 & ~process.umask());
  });

  test('nobody else reads it while it is written', async () => {
    using made = temporaryFolder();
    const file = join(made.path, 'x.gguf');
    writeFileSync(file, 'secret');
    chmodSync(file, 0o600);
    const seen: number[] = [];
    await mergeModel(embeddedModel, file, { onProgress: () => void (existsSync(`${file}.partial`) && seen.push(mode(`${file}.partial`))) });
    expect(seen.filter((m) => m !== 0o600)).toEqual([]);
    expect(seen.length).toBeGreaterThan(0);
  });

  test('links stay, through others and into other folders; what they lead to is replaced', async () => {
    using made = temporaryFolder();
    const at = (...parts: string[]): string => join(made.path, ...parts);
    mkdirSync(at('models'));
    mkdirSync(at('links'));
    copyFileSync(embeddedModel, at('models', 'x.gguf'));
    chmodSync(at('models', 'x.gguf'), 0o640);
    symlinkSync(join('..', 'models', 'x.gguf'), at('links', 'relative.gguf'));
    symlinkSync(at('links', 'relative.gguf'), at('absolute.gguf'));
    for (const path of [at('absolute.gguf'), at('links', 'relative.gguf')]) {
      await mergeModel(embeddedModel, at('models', 'x.gguf'));
      await rename(path);
      expect(lstatSync(path).isSymbolicLink()).toBe(true);
      expect([lstatSync(at('models', 'x.gguf')).isFile(), mode(at('models', 'x.gguf')), await name(at('models', 'x.gguf'))]).toEqual([true, 0o640, 'Mine']);
    }
    expect([readdirSync(made.path).sort(), readdirSync(at('links')), readdirSync(at('models'))]).toEqual([
      ['absolute.gguf', 'links', 'models'],
      ['relative.gguf'],
      ['x.gguf'],
    ]);
  });

  test('links to nothing, in a circle or to a folder, folders and devices: DISK, and all stays as it was', async () => {
    using made = temporaryFolder();
    const at = (file: string): string => join(made.path, file);
    symlinkSync('absent.gguf', at('dangling'));
    symlinkSync('circle2', at('circle1'));
    symlinkSync('circle1', at('circle2'));
    symlinkSync('.', at('folder'));
    const before = readdirSync(made.path).map((n) => [n, readlinkSync(at(n))]);
    for (const path of [at('dangling'), at('circle1'), at('folder'), made.path, '/dev/null', join(at('absent'), 'x.gguf'), '/proc/x.gguf']) {
      await expect(rename(embeddedModel, path)).rejects.toMatchObject({ code: 'DISK', message: expect.stringContaining(path) as string });
    }
    expect(readdirSync(made.path).map((n) => [n, readlinkSync(at(n))])).toEqual(before);
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });
});

describe('names and rows', () => {
  const tokens = async (): Promise<string[]> => [...((await inspectModel(embeddedModel)).metadata.get('tokenizer.ggml.tokens') as readonly string[])];
  const kinds = async (): Promise<number[]> => [...((await inspectModel(embeddedModel)).metadata.get('tokenizer.ggml.token_type') as readonly number[])];
  const withTokens = async (to: string, names: readonly string[], types: readonly number[]): Promise<void> => {
    const known = new Set(names);
    const merges = ((await inspectModel(embeddedModel)).metadata.get('tokenizer.ggml.merges') as readonly string[]).filter((m) =>
      known.has(m.replace(' ', '')),
    );
    const set = [
      { key: 'tokenizer.ggml.tokens', value: names },
      { key: 'tokenizer.ggml.token_type', value: types },
      { key: 'tokenizer.ggml.merges', value: merges },
    ];
    await editModel(embeddedModel, { to, set });
  };

  test('rows without a name are legal padding', async () => {
    using made = temporaryFolder();
    const file = join(made.path, 'x.gguf');
    await withTokens(file, (await tokens()).slice(0, 1000), (await kinds()).slice(0, 1000));
    await using model = await loadModel(file, { contextTokens: 64 });
    expect(model.info.vocabulary).toBe(1024);
    expect((await model.generate('Once', { maxTokens: 3, temperature: 0 })).finish).toBeDefined();
  });

  test("names without a row are another model's: FORMAT", async () => {
    using made = temporaryFolder();
    const file = join(made.path, 'x.gguf');
    await withTokens(file, [...(await tokens()), '[EXTRA]'], [...(await kinds()), 3]);
    await expect(loadModel(file)).rejects.toMatchObject({ code: 'FORMAT', message: expect.stringMatching(/tokenizer\.ggml\.tokens.*1024.*1025/) as string });
  });
});

describe('diff', () => {
  test('a value that is another is found, with how far it is', async () => {
    using made = temporaryFolder();
    const other = join(made.path, 'x.gguf');
    const bytes = readFileSync(embeddedModel);
    const { tensors } = await inspectModel(embeddedModel);
    const last = tensors.at(-1)!;
    for (let i = bytes.length - 64; i < bytes.length; i++) bytes.writeUInt8(bytes.readUInt8(i) ^ 1, i); // padding and the last values
    writeFileSync(other, bytes);
    const found = await diffModels(embeddedModel, other);
    expect(found.metadata).toEqual([]);
    expect(found.tensors).toMatchObject([{ name: last.name, what: 'values', a: expect.stringContaining(last.type) as string }]);
    expect(found.tensors[0]!.largest).toBeGreaterThan(0);
  });
});

describe('llama-ts gguf', () => {
  const run = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist', 'bin', 'llama-ts.js'), 'gguf', ...words], { encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  test('split, merge and diff tell by their exit codes', () => {
    using made = temporaryFolder();
    const prefix = join(made.path, 'm');
    const parts = JSON.parse(run('split', embeddedModel, prefix, '--max-size', '0.3M', '--json').stdout) as { path: string }[];
    expect(run('merge', parts[0]!.path, join(made.path, 'x.gguf')).status).toBe(0);
    expect(run('diff', embeddedModel, join(made.path, 'x.gguf'))).toMatchObject({ status: 0, stdout: 'no difference\n' });
    expect(run('set', join(made.path, 'x.gguf'), 'general.name', 'Mine').status).toBe(0);
    expect(run('diff', embeddedModel, join(made.path, 'x.gguf'))).toMatchObject({ status: 1, stdout: 'general.name: value\n' });
    expect(run('diff', embeddedModel, join(made.path, 'absent.gguf')).status).toBe(2);
    expect(run('split', embeddedModel, prefix).stderr).toContain('--max-size');
    expect(run('split', embeddedModel, prefix, '--max-size', '2X').stderr).toContain('2X');
  });

  test('set: typed values, a template from a file, removals, another file', () => {
    using made = temporaryFolder();
    const out = join(made.path, 'x.gguf');
    writeFileSync(join(made.path, 't.jinja'), '{{ messages }}');
    const words = [
      'set',
      embeddedModel,
      'a.b=u32:7',
      'a.url=str:http://x=y',
      '--chat-template-file',
      join(made.path, 't.jinja'),
      '--remove',
      'general.name',
      '--out',
      out,
    ];
    expect(run(...words)).toMatchObject({ status: 0, stderr: '' });
    const shown = JSON.parse(run('show', out, '--json').stdout) as { metadata: Record<string, unknown> };
    expect(shown.metadata).toMatchObject({ 'a.b': 7, 'a.url': 'http://x=y', 'tokenizer.chat_template': '{{ messages }}' });
    expect(shown.metadata).not.toHaveProperty(['general.name']);
    expect(run('set', embeddedModel, 'a=u32:x', '--out', join(made.path, 'y.gguf')).status).toBe(1);
    expect(existsSync(join(made.path, 'y.gguf'))).toBe(false);
  });

  test('set: what is no type is refused, not stored as a text', () => {
    using made = temporaryFolder();
    for (const value of ['u128:5', 'f16:1', 'int:5', 'u24[]:5']) {
      const out = join(made.path, 'y.gguf');
      expect(run('set', embeddedModel, `a=${value}`, '--out', out)).toMatchObject({ status: 1, stderr: expect.stringContaining(value) as string });
      expect(existsSync(out)).toBe(false);
    }
  });

  test('show --json and inspect --json: numbers that JSON has not, and exact ones', async () => {
    using made = temporaryFolder();
    const file = join(made.path, 'x.gguf');
    await editModel(embeddedModel, {
      to: file,
      set: [
        { key: 'a.inf', type: 'f32', value: 'Infinity' },
        { key: 'a.minus', type: 'f64', value: '-Infinity' },
        { key: 'a.nan', type: 'f32', value: 'NaN' },
        { key: 'a.list', type: 'f64[]', value: '[1.5,Infinity,NaN]' as unknown as number[] },
        { key: 'a.u64', type: 'u64', value: 2n ** 64n - 1n },
        { key: 'a.i64', type: 'i64', value: -(2n ** 63n) },
        { key: 'a.null', value: 'null' },
      ],
    });
    const { metadata } = JSON.parse(run('show', file, '--json').stdout) as { metadata: Record<string, unknown> };
    expect(metadata).toMatchObject({
      'a.inf': 'Infinity',
      'a.minus': '-Infinity',
      'a.nan': 'NaN',
      'a.list': [1.5, 'Infinity', 'NaN'],
      'a.u64': '18446744073709551615',
      'a.i64': '-9223372036854775808',
      'a.null': 'null',
    });
  });
});

describe('llama-quantize --override-kv', () => {
  const run = (...words: string[]) => spawnSync(process.execPath, [join(root, 'dist', 'bin', 'llama-quantize.js'), ...words], { encoding: 'utf8' });
  const exact: [string, unknown][] = [
    ['u8:255', 255],
    ['i8:-128', -128],
    ['u16:65535', 65535],
    ['i16:-5', -5],
    ['u32:4294967295', 4294967295],
    ['i32:-7', -7],
    ['u64:18446744073709551615', 18446744073709551615n],
    ['i64:-9223372036854775808', -9223372036854775808n],
    ['u64:5', 5],
    ['f32:0.5', 0.5],
    ['f64:1e-300', 1e-300],
    ['bool:true', true],
    ['str:u64:5', 'u64:5'],
    ['int:5000000000', 5000000000],
    ['int:-3', -3],
    ['float:2', 2],
    ['u32[]:[1,2]', [1, 2]],
    ['str[]:["a"]', ['a']],
    ['7', 7],
    ['x y', 'x y'],
  ];
  test('every type of GGUF, and those of llama.cpp', async () => {
    using made = temporaryFolder();
    const out = join(made.path, 'x.gguf');
    expect(run(...exact.flatMap(([text], i) => ['--override-kv', `k.${i}=${text}`]), embeddedModel, out, 'COPY')).toMatchObject({ status: 0 });
    const { metadata } = await inspectModel(out);
    expect(exact.map((_, i) => metadata.get(`k.${i}`))).toEqual(exact.map(([, value]) => value));
  });

  test.each(['u64:x', 'u8:256', 'i8:-129', 'u64:-1', 'f32:x', 'bool:1', 'u128:5', 'i65:5', 'uint32:5', 'int:5.5', 'u64:', 'u32[]:1', 'u32[]:[x]'])(
    '%s is refused',
    (text) => {
      using made = temporaryFolder();
      const { status, stderr } = run('--override-kv', `k=${text}`, embeddedModel, join(made.path, 'x.gguf'), 'COPY');
      expect([status, stderr]).toEqual([2, expect.stringContaining('k')]);
      expect(readdirSync(made.path)).toEqual([]);
    },
  );
});
