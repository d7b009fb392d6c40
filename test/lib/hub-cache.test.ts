// What the cache has, and how it is emptied; and whether Hugging Face's own package agrees on where things lie.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedModels, downloads, pull, removeModel } from 'llama-ts';

import { Hub, sha256 } from '../support/hub';
import { layModel } from '../support/hub-cache';

const commits = ['a'.repeat(40), 'b'.repeat(40)] as const;
let cache = '';
beforeEach(() => (cache = mkdtempSync(join(tmpdir(), 'llama-ts-hub-'))));
afterEach(() => rmSync(cache, { recursive: true, force: true }));

const lay = (repo: string, commit: string, path: string, text: string, revision = 'main'): string =>
  layModel(cache, repo, path, Buffer.from(text), commit, revision);

test('lists the models of all repositories, by the names that load them', async () => {
  const old = lay('a/b', commits[0], 'm-Q4_K_M.gguf', 'old', '');
  const fresh = lay('a/b', commits[1], 'm-Q4_K_M.gguf', 'new one');
  const tag = lay('a/b', commits[0], 'm-Q8_0.gguf', 'eight', 'v1');
  lay('a/b', commits[1], 'README.md', '# b');
  const parts = [1, 2].map((i) => lay('c-d/e', commits[0], `big/m-F16-0000${i}-of-00002.gguf`, `part ${i}`));
  lay('c-d/e', commits[0], 'half-Q4_0-00001-of-00002.gguf', 'half');
  const two = ['x-Q4_0.gguf', 'y-Q4_0.gguf'].map((name) => lay('f/g', commits[0], name, name));
  mkdirSync(join(cache, 'datasets--h--i'));
  writeFileSync(join(cache, 'version.txt'), '1');
  const found = await cachedModels({ cache });
  expect(found.map(({ reference, path, files, bytes, revisions }) => ({ reference, path, parts: files.length, bytes, revisions }))).toEqual([
    { reference: 'hf:a/b:Q4_K_M#v1', path: old, parts: 1, bytes: 3, revisions: ['v1'] },
    { reference: 'hf:a/b:Q8_0#v1', path: tag, parts: 1, bytes: 5, revisions: ['v1'] },
    { reference: 'hf:a/b:Q4_K_M', path: fresh, parts: 1, bytes: 7, revisions: ['main'] },
    { reference: 'hf:c-d/e:F16', path: parts[0], parts: 2, bytes: 12, revisions: ['main'] },
    { reference: 'hf:f/g/x-Q4_0.gguf', path: two[0], parts: 1, bytes: 11, revisions: ['main'] },
    { reference: 'hf:f/g/y-Q4_0.gguf', path: two[1], parts: 1, bytes: 11, revisions: ['main'] },
  ]);
  for (const { reference, path } of found) expect((await pull(reference, { cache, offline: true })).path).toBe(path);
  expect(await cachedModels({ cache: join(cache, 'nowhere') })).toEqual([]);
});

test('removes one model, with its blob unless another revision has it too', async () => {
  const shared = 'the same in both';
  const [first, second] = commits.map((commit, i) => lay('a/b', commit, 'm-Q4_K_M.gguf', shared, i === 0 ? 'v1' : 'main'));
  const other = lay('a/b', commits[1], 'm-Q8_0.gguf', 'eight');
  expect(await removeModel('hf:a/b:Q4_K_M#v1', { cache })).toEqual({ files: [first], bytes: 0 });
  expect([existsSync(first ?? ''), existsSync(second ?? '')]).toEqual([false, true]);
  expect(await removeModel('hf:a/b:Q4_K_M', { cache })).toEqual({ files: [second], bytes: shared.length });
  expect(existsSync(other)).toBe(true);
  await expect(removeModel('hf:a/b:Q4_K_M', { cache })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('it has hf:a/b:Q8_0') as string,
  });
  await removeModel('hf:a/b:Q8_0', { cache });
  expect(existsSync(join(cache, 'models--a--b'))).toBe(false);
});

test('removes a repository with what broken downloads left, and leaves what is no model', async () => {
  lay('a/b', commits[0], 'm-Q4_K_M.gguf', 'four');
  lay('a/b', commits[0], 'mmproj-F16.gguf', 'eyes');
  const card = lay('a/b', commits[0], 'README.md', '# b');
  writeFileSync(join(cache, 'models--a--b', 'blobs', `${'d'.repeat(64)}.incomplete`), 'begun');
  expect(await downloads({ cache })).toMatchObject([{ what: 'a/b', running: false, bytes: 5 }]);
  expect((await removeModel('hf:a/b', { cache })).bytes).toBe(13);
  expect(await downloads({ cache })).toEqual([]);
  expect(readFileSync(card, 'utf8')).toBe('# b');
});

test('with the last model that it served, what reads images goes too', async () => {
  lay('a/b', commits[0], 'm-Q4_K_M.gguf', 'four');
  lay('a/b', commits[0], 'm-Q8_0.gguf', 'eight');
  const eyes = lay('a/b', commits[0], 'mmproj-F16.gguf', 'eyes');
  await removeModel('hf:a/b:Q8_0', { cache });
  expect(existsSync(eyes)).toBe(true);
  await removeModel('hf:a/b:Q4_K_M', { cache });
  expect(existsSync(eyes)).toBe(false);
});

test('a blob outside of the repository is not touched', async () => {
  const outside = join(cache, 'store');
  writeFileSync(outside, 'shared by all');
  const at = lay('a/b', commits[0], 'm-Q4_K_M.gguf', 'x');
  rmSync(join(cache, 'models--a--b', 'blobs'), { recursive: true });
  mkdirSync(join(cache, 'models--a--b', 'blobs'));
  symlinkSync(outside, join(cache, 'models--a--b', 'blobs', sha256(Buffer.from('x'))));
  expect(await removeModel('hf:a/b', { cache })).toEqual({ files: [at], bytes: 0 });
  expect(readFileSync(outside, 'utf8')).toBe('shared by all');
  expect(existsSync(join(cache, 'models--a--b'))).toBe(false);
});

// Where Python has the package, the two bring files for each other; LLAMA_TS_HF_PYTHON names an interpreter that has it.
const python = process.env.LLAMA_TS_HF_PYTHON ?? 'python3';
const hasPackage = spawnSync(python, ['-c', 'import huggingface_hub']).status === 0;
const withPackage = hasPackage ? test : test.skip;

withPackage(
  `Hugging Face's own package finds what pull brought, and the other way round${hasPackage ? '' : ' (skipped: huggingface_hub is not installed)'}`,
  async () => {
    const hub = await Hub.open();
    const repo = 'someone/Tale-GGUF';
    const files = { 'tale-Q4_K_M.gguf': randomBytes(3_000_000), 'big/tale-Q8_0.gguf': randomBytes(2_000_000) };
    hub.repos.set(repo, { commit: commits[0], files });
    const theirs = (file: string, offline: boolean): Promise<string> => {
      const script = `from huggingface_hub import hf_hub_download, scan_cache_dir
print(hf_hub_download('${repo}', '${file}'), len(scan_cache_dir().warnings))`;
      const env = {
        ...process.env,
        HF_ENDPOINT: hub.endpoint,
        HF_HUB_CACHE: cache,
        HF_HOME: join(cache, '..', 'none'),
        HF_HUB_DISABLE_XET: '1',
        HF_HUB_OFFLINE: offline ? '1' : '0',
      };
      const child = spawn(python, ['-c', script], { env, stdio: ['ignore', 'pipe', 'ignore'] });
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      return new Promise((resolve) => child.once('close', () => resolve(said.trim())));
    };
    try {
      const ours = await pull(`hf:${repo}:Q4_K_M`, { cache, endpoint: hub.endpoint, token: false });
      expect(await theirs('tale-Q4_K_M.gguf', true)).toBe(`${ours.path} 0`);
      const [path] = (await theirs('big/tale-Q8_0.gguf', false)).split(' ');
      hub.seen.length = 0;
      expect(await pull(`hf:${repo}:Q8_0`, { cache, endpoint: hub.endpoint, token: false })).toMatchObject({ path, broughtBytes: 0 });
      expect(hub.bytesAsked).toEqual([]);
    } finally {
      await hub.close();
    }
  },
);
