// What names mean, which file is chosen, what the environment says, and other parts that need no server.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { suggestedModels } from 'llama-ts';

import { candidates, choose, projectorOf, quantOf } from '../../lib/hub/choice';
import { headerEnd } from '../../lib/hub/header-end';
import { Meter, type PullProgress } from '../../lib/hub/meter';
import { isReference, isSafePath, parseReference, spelled, type HubReference } from '../../lib/hub/reference';
import { waitOf } from '../../lib/hub/retry';
import { settingsOf } from '../../lib/hub/settings';
import { storyModel } from '../support/shared';

const official = 'https://huggingface.co';
const hub = (repo: string, more: Partial<HubReference> = {}): HubReference => ({ kind: 'hub', repo, revision: 'main', ...more });

describe('names', () => {
  test.each<[string, HubReference]>([
    ['hf:user/repo', hub('user/repo')],
    ['HF:user/repo', hub('user/repo')],
    ['hf://user/repo', hub('user/repo')],
    ['user/repo', hub('user/repo')],
    ['hf:user/repo:Q4_K_M', hub('user/repo', { quant: 'Q4_K_M' })],
    ['hf:user/repo:latest', hub('user/repo')],
    ['hf:user/repo:', hub('user/repo')],
    ['hf.co/user/repo:UD-Q4_K_XL', hub('user/repo', { quant: 'UD-Q4_K_XL' })],
    ['huggingface.co/user/repo', hub('user/repo')],
    ['hf:user/repo@v1:Q8_0', hub('user/repo', { revision: 'v1', quant: 'Q8_0' })],
    ['hf:user/repo:Q8_0#refs/pr/3', hub('user/repo', { revision: 'refs/pr/3', quant: 'Q8_0' })],
    ['hf:user/repo/a/b.gguf', hub('user/repo', { file: 'a/b.gguf' })],
    ['hf:user/repo/b.gguf#v1', hub('user/repo', { file: 'b.gguf', revision: 'v1' })],
    ['hf:user/repo:b.gguf', hub('user/repo', { file: 'b.gguf' })],
    ['hf:a.b-c/d_e.f-1', hub('a.b-c/d_e.f-1')],
    ['https://huggingface.co/user/repo', hub('user/repo')],
    ['https://hf.co/user/repo:Q4_0', hub('user/repo', { quant: 'Q4_0' })],
    ['https://huggingface.co/user/repo/tree/main', hub('user/repo')],
    ['https://huggingface.co/user/repo/blob/main/a/b.gguf', hub('user/repo', { file: 'a/b.gguf' })],
    ['https://www.huggingface.co/user/repo/resolve/v1/b.gguf?download=true', hub('user/repo', { file: 'b.gguf', revision: 'v1' })],
    ['https://huggingface.co/user/repo/blob/refs%2Fpr%2F1/b%20c.gguf', hub('user/repo', { file: 'b c.gguf', revision: 'refs/pr/1' })],
    ['hf.co/user/repo/resolve/main/b.gguf', hub('user/repo', { file: 'b.gguf' })],
    ['qwen3-4b', hub('Qwen/Qwen3-4B-GGUF', { quant: 'Q4_K_M' })],
    ['hf:Qwen3-4B', hub('Qwen/Qwen3-4B-GGUF', { quant: 'Q4_K_M' })],
  ])('%s', (text, expected) => {
    const found = parseReference(text, official);
    expect(found).toEqual(expected);
    expect(parseReference(spelled(found), official)).toEqual(expected);
  });

  test('other addresses are files of their own; pages of a mirror are the hub’s', () => {
    const other = 'https://example.com/models/a%20b.gguf?key=1';
    expect(parseReference(other, official)).toEqual({ kind: 'url', url: new URL(other) });
    expect(parseReference('https://mirror.example/hf/user/repo/resolve/main/x.gguf', 'https://mirror.example/hf')).toEqual(
      hub('user/repo', { file: 'x.gguf' }),
    );
    expect(parseReference('http://huggingface.co/user/x.gguf', official)).toMatchObject({ kind: 'url' });
  });

  test.each([
    ['hf:', 'is none of the names that llama-ts pull lists'],
    ['hf:nothing', 'is none of the names'],
    ['hf:user/', 'is none of the names'],
    ['hf:../..', 'is no repository'],
    ['hf:user/..', 'is no repository'],
    ['hf:user/a--b', 'is no repository'],
    ['hf:-user/repo', 'is no repository'],
    ['hf:user/repo:Q4:K', 'is no quantization'],
    ['hf:user/repo:../../x', 'is no quantization'],
    ['hf:user/repo#../../x', 'is no revision'],
    ['hf:user/repo/../../x.gguf', 'is no path in a repository'],
    ['hf:user/repo/x\\..\\y.gguf', 'is no path in a repository'],
    ['hf:user/repo/x.bin', 'is no GGUF file'],
    ['hf:user/repo/x.gguf:Q4_0', 'a file and a quantization'],
    ['https://huggingface.co/user/repo/settings', 'no page of a model'],
    ['https://huggingface.co/user/repo/blob/main/%E0%A4%A.gguf', 'no part of an address'],
    ['https://user:secret@example.com/x.gguf', 'with a password'],
    ['https://example.com/x.bin', 'does not end in the name of a GGUF file'],
    ['https://example.com/..%2f..%2fx.gguf', 'does not end in the name of a GGUF file'],
    ['ftp://example.com/x.gguf', 'begin with https'],
    ['https://', 'is no address'],
  ])('%s is refused', (text, why) => {
    expect(() => parseReference(text, official)).toThrow(expect.objectContaining({ code: 'ARGUMENT', message: expect.stringContaining(why) as string }));
  });

  test('what can only be a name, and what is a path', () => {
    for (const name of ['hf:a/b', 'hf.co/a/b', 'huggingface.co/a/b', 'https://x/y.gguf', 'http://x/y.gguf'])
      expect([name, isReference(name)]).toEqual([name, true]);
    for (const path of ['a/b', './hf.co/a', 'model.gguf', 'hf', 'C:\\models\\x.gguf', '/hf:x', 'qwen3-4b'])
      expect([path, isReference(path)]).toEqual([path, false]);
  });

  test('paths that are taken stay in their folder on every system', () => {
    for (const path of ['a', 'a/b.gguf', 'a b', '.gitattributes', 'ü.gguf']) expect([path, isSafePath(path)]).toEqual([path, true]);
    for (const path of ['', '..', 'a/../b', '/a', 'a//b', 'a\\b', 'c:a', 'a\0', 'a\n', 'a.', 'a ', '.', 'x'.repeat(1025)])
      expect([path, isSafePath(path)]).toEqual([path, false]);
  });

  test('the suggested ones can be pulled by their names, from small to large', () => {
    for (const { name, reference } of suggestedModels) expect(parseReference(name, official)).toEqual(parseReference(reference, official));
    expect(suggestedModels.map(({ bytes }) => bytes)).toEqual(suggestedModels.map(({ bytes }) => bytes).sort((a, b) => a - b));
  });
});

describe('the choice among files', () => {
  const files = (...paths: string[]) => paths.map((path) => ({ path }));
  const chosen = (name: string, ...paths: string[]): string[] =>
    choose(parseReference(name, official) as HubReference, files(...paths)).parts.map(({ path }) => path);

  test.each([
    ['m-Q4_K_M.gguf', 'Q4_K_M'],
    ['m.q4_k_m.gguf', 'Q4_K_M'],
    ['m_Q8_0.gguf', 'Q8_0'],
    ['m-UD-IQ2_XXS.gguf', 'UD-IQ2_XXS'],
    ['Q5_K_S/m-00001-of-00003.gguf', 'Q5_K_S'],
    ['BF16/m-F16-00001-of-00003.gguf', 'F16'],
    ['m-fp16.gguf', 'F16'],
    ['m-mxfp4.gguf', 'MXFP4'],
    ['m-MXFP4_MOE.gguf', 'MXFP4_MOE'],
    ['m-TQ2_0.gguf', 'TQ2_0'],
    ['Q4-story.gguf', undefined],
    ['m.gguf', undefined],
  ])('%s is of type %s', (path, quant) => expect(quantOf(path)).toBe(quant));

  test('Q4_K_M where none is named, else the nearest', () => {
    expect(chosen('a/b', 'm-Q8_0.gguf', 'm-Q4_K_M.gguf', 'm-Q4_0.gguf')).toEqual(['m-Q4_K_M.gguf']);
    expect(chosen('a/b', 'm-Q2_K.gguf', 'm-Q4_0.gguf', 'm-Q8_0.gguf')).toEqual(['m-Q4_0.gguf']);
    expect(chosen('a/b', 'm-F16.gguf', 'm-Q6_K.gguf', 'm-Q2_K.gguf')).toEqual(['m-Q6_K.gguf']);
    expect(chosen('a/b', 'gpt-mxfp4.gguf', 'gpt-F16.gguf')).toEqual(['gpt-mxfp4.gguf']);
    expect(chosen('a/b', 'only.gguf', 'README.md')).toEqual(['only.gguf']);
  });

  test('a quantization in any case, and no other that only looks like it', () => {
    const all = ['m-IQ4_XS.gguf', 'm-Q4_K_M.gguf', 'm-UD-Q4_K_M.gguf', 'm-Q4_K_M_L.gguf', 'm-Q4_K.gguf'];
    expect(chosen('a/b:q4_k_m', ...all)).toEqual(['m-Q4_K_M.gguf']);
    expect(chosen('a/b:Q4_K', ...all)).toEqual(['m-Q4_K.gguf']);
    expect(chosen('a/b:ud-q4_k_m', ...all)).toEqual(['m-UD-Q4_K_M.gguf']);
    expect(chosen('a/b:Q4_K_M_L', ...all)).toEqual(['m-Q4_K_M_L.gguf']);
    expect(() => chosen('a/b:Q4', ...all)).toThrow('has no Q4');
  });

  test('parts in their order, all of them or none', () => {
    const parts = [3, 1, 2].map((i) => `Q4_K_M/m-Q4_K_M-0000${i}-of-00003.gguf`);
    expect(chosen('a/b:Q4_K_M', ...parts)).toEqual([...parts].sort());
    expect(chosen(`hf:a/b/${parts[1]}`, ...parts)).toEqual([...parts].sort());
    expect(() => chosen('a/b', ...parts.slice(1))).toThrow('has no GGUF file');
    expect(() => chosen(`hf:a/b/${parts[1]}`, ...parts.slice(1))).toThrow('has not all parts');
  });

  test('what is beside a model is none', () => {
    const all = files(
      'm-Q4_0.gguf',
      'mmproj-m-F16.gguf',
      'm.mmproj-Q8_0.gguf',
      'imatrix.gguf',
      'm-imatrix.gguf',
      'mtp-m-Q8_0.gguf',
      'sub/x-Q4_1.gguf',
      'sub/mmproj-BF16.gguf',
    );
    expect(candidates(all).map(({ name }) => name)).toEqual(['m-Q4_0.gguf', 'sub/x-Q4_1.gguf']);
    expect(projectorOf(candidates(all)[0]!, all)?.path).toBe('mmproj-m-F16.gguf');
    expect(projectorOf(candidates(all)[1]!, all)?.path).toBe('sub/mmproj-BF16.gguf');
    expect(projectorOf(candidates(files('m.gguf'))[0]!, files('m.gguf'))).toBeUndefined();
  });

  test('several models of one type have to be told apart', () => {
    expect(() => chosen('a/b', 'x-Q4_0.gguf', 'y-Q4_0.gguf')).toThrow(
      'hf:a/b means several files: x-Q4_0.gguf, y-Q4_0.gguf; name one of them, such as hf:a/b/x-Q4_0.gguf',
    );
  });
});

describe('the environment', () => {
  const names = [
    'HF_HOME',
    'HF_HUB_CACHE',
    'HUGGINGFACE_HUB_CACHE',
    'XDG_CACHE_HOME',
    'HF_TOKEN',
    'HUGGING_FACE_HUB_TOKEN',
    'HF_TOKEN_PATH',
    'HF_ENDPOINT',
    'HF_HUB_OFFLINE',
  ];
  const more = ['TRANSFORMERS_OFFLINE', 'HF_HUB_DISABLE_IMPLICIT_TOKEN', 'HF_HUB_DOWNLOAD_TIMEOUT', 'LLAMA_TS_CACHE'];
  const kept = { ...process.env };
  let home = '';
  beforeEach(() => {
    for (const name of [...names, ...more]) delete process.env[name];
    home = mkdtempSync(join(tmpdir(), 'llama-ts-home-'));
    process.env.HF_HOME = home;
  });
  afterEach(() => {
    for (const name of [...names, ...more]) {
      if (kept[name] === undefined) delete process.env[name];
      else process.env[name] = kept[name];
    }
    rmSync(home, { recursive: true });
  });

  test('where the cache is', () => {
    expect(settingsOf().cache).toBe(join(home, 'hub'));
    process.env.HF_HUB_CACHE = '~/models/$HF_NAME';
    process.env.HF_NAME = 'mine';
    expect(settingsOf().cache).toBe(join(homedir(), 'models/mine'));
    delete process.env.HF_NAME;
    expect(settingsOf({ cache: '/x' }).cache).toBe('/x');
    process.env.HF_HUB_CACHE = '';
    delete process.env.HF_HOME;
    process.env.XDG_CACHE_HOME = '/cache';
    expect(settingsOf().cache).toBe(join('/cache', 'huggingface', 'hub'));
    delete process.env.XDG_CACHE_HOME;
    expect(settingsOf().cache).toBe(join(homedir(), '.cache', 'huggingface', 'hub'));
  });

  test('which token, and that it is a word', () => {
    expect(settingsOf().token).toBeUndefined();
    writeFileSync(join(home, 'token'), 'hf_kept\n');
    expect(settingsOf().token).toBe('hf_kept');
    process.env.HF_HUB_DISABLE_IMPLICIT_TOKEN = '1';
    expect(settingsOf().token).toBeUndefined();
    process.env.HF_TOKEN = ' hf_said ';
    expect(settingsOf().token).toBe('hf_said');
    expect(settingsOf({ token: 'hf_option' }).token).toBe('hf_option');
    expect(settingsOf({ token: false }).token).toBeUndefined();
    process.env.HF_TOKEN = 'two\nlines';
    expect(() => settingsOf()).toThrow(expect.objectContaining({ code: 'ARGUMENT', message: expect.not.stringContaining('lines') as string }));
    delete process.env.HF_TOKEN;
    delete process.env.HF_HUB_DISABLE_IMPLICIT_TOKEN;
    process.env.HF_TOKEN_PATH = join(home, 'folder');
    mkdirSync(join(home, 'folder'));
    expect(() => settingsOf()).toThrow(expect.objectContaining({ code: 'FILE' }));
  });

  test('the endpoint, offline, and how long a server may say nothing', () => {
    expect(settingsOf()).toMatchObject({ endpoint: official, offline: false, timeout: 30_000 });
    Object.assign(process.env, { HF_ENDPOINT: 'https://mirror.example/hf/', HF_HUB_OFFLINE: 'true', HF_HUB_DOWNLOAD_TIMEOUT: '7' });
    expect(settingsOf()).toMatchObject({ endpoint: 'https://mirror.example/hf', offline: true, timeout: 7000 });
    expect(settingsOf({ offline: false }).offline).toBe(false);
    process.env.HF_ENDPOINT = 'mirror';
    expect(() => settingsOf()).toThrow('HF_ENDPOINT: expected an address');
  });
});

test('how long a server wants to be left alone', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(waitOf(new Headers({ 'retry-after': '3' }))).toBe(3000);
  expect(waitOf(new Headers({ 'retry-after': 'Thu, 01 Jan 2026 00:00:09 GMT' }), now)).toBe(9000);
  expect(waitOf(new Headers({ 'retry-after': 'Thu, 01 Jan 2025 00:00:09 GMT' }), now)).toBe(0);
  expect(waitOf(new Headers({ ratelimit: '"api";r=0;t=55' }))).toBe(55_000);
  expect(waitOf(new Headers({ 'retry-after': 'soon' }))).toBeUndefined();
  expect(waitOf(new Headers())).toBeUndefined();
});

test('the speed is that of the last seconds, and what was there before is none of it', () => {
  let now = 0;
  const told: PullProgress[] = [];
  const meter = new Meter(
    10_000,
    2,
    (progress) => told.push(progress),
    () => now,
  );
  meter.begin('a', 0);
  meter.at('checking', 4000);
  meter.at('downloading', 4000);
  for (let i = 1; i <= 4; i++) {
    now += 1000;
    meter.at('downloading', 4000 + 500 * i);
  }
  expect(told.at(-1)).toEqual({ file: 'a', number: 1, files: 2, bytes: 6000, total: 10_000, bytesPerSecond: 500, secondsLeft: 8, state: 'downloading' });
  const before = told.length;
  now += 50;
  meter.at('downloading', 6001);
  expect(told.length).toBe(before);
  meter.begin('b', 6000);
  meter.at('downloading', 4000);
  expect(told.at(-1)).toMatchObject({ file: 'b', number: 2, bytes: 10_000, secondsLeft: 0 });
});

test('where a header ends, whatever of it is there', () => {
  const bytes = readFileSync(storyModel);
  const end = headerEnd(bytes) ?? 0;
  // The list of tensors ends with the offset of the last one; behind it, padded, the weights begin.
  expect(bytes.readBigUInt64LE(end - 8)).toBeGreaterThan(0n);
  expect(headerEnd(bytes.subarray(0, end))).toBe(end);
  for (const length of [0, 3, 23, 24, 100, 5000, end - 1]) expect([length, headerEnd(bytes.subarray(0, length))]).toEqual([length, undefined]);
  const strange = Buffer.from(bytes.subarray(0, 1000));
  strange.writeUInt32LE(99, 4);
  expect(headerEnd(strange)).toBe(24);
  const huge = Buffer.from(bytes.subarray(0, 1000));
  huge.writeBigUInt64LE(2n ** 63n, 24); // the length of the first key
  expect(headerEnd(huge)).toBeUndefined();
});
