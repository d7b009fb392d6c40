// Models by name, from a hub on loopback into a cache of its own.
import { randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectModel, loadModel, pull, type HubOptions, type PullOptions, type PullProgress } from 'llama-ts';

import { grown } from '../support/grown';
import { Hub, gitHash, sendBytes, sha256, type Seen } from '../support/hub';
import { storyModel } from '../support/shared';

const commit = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00';
const repo = 'someone/Tale-GGUF';
const folderOfRepo = 'models--someone--Tale-GGUF';
const large = randomBytes(37 * 2 ** 20 + 12345);
const small = randomBytes(100_000);
const story = readFileSync(storyModel);

let hub: Hub;
let cache = '';
let options: PullOptions;
const folders: string[] = [];

beforeAll(async () => void (hub = await Hub.open()));
afterAll(async () => {
  await hub.close();
  for (const folder of folders) rmSync(folder, { recursive: true });
});
beforeEach(() => {
  hub.reset();
  cache = mkdtempSync(join(tmpdir(), 'llama-ts-hub-'));
  folders.push(cache);
  options = { endpoint: hub.endpoint, cache, token: false };
  hub.repos.set(repo, { commit, files: { 'README.md': Buffer.from('# Tale'), 'tale-Q4_K_M.gguf': large, 'tale-Q8_0.gguf': small }, license: 'mit' });
});

const at = (...parts: string[]): string => join(cache, folderOfRepo, ...parts);
const failure = (promise: Promise<unknown>): Promise<Error & { code?: string; retryAfter?: number }> =>
  promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  );

describe('what comes is whole, and lies where others find it', () => {
  test('a blob by its hash, a link in the snapshot, a ref', async () => {
    const found = await pull(`hf:${repo}`, options);
    expect(found).toEqual({
      path: at('snapshots', commit, 'tale-Q4_K_M.gguf'),
      files: [at('snapshots', commit, 'tale-Q4_K_M.gguf')],
      reference: `hf:${repo}:Q4_K_M`,
      quant: 'Q4_K_M',
      quants: ['Q4_K_M', 'Q8_0'],
      commit,
      license: 'mit',
      bytes: large.length,
      broughtBytes: large.length,
    });
    expect(readFileSync(found.path).equals(large)).toBe(true);
    expect(readlinkSync(found.path)).toBe(join('..', '..', 'blobs', sha256(large)));
    expect(readFileSync(at('refs', 'main'), 'utf8')).toBe(commit);
    expect(existsSync(at('blobs', `${sha256(large)}.incomplete`))).toBe(false);
    expect(existsSync(join(cache, '.locks', folderOfRepo, `${sha256(large)}.llama-ts`))).toBe(false);
  });

  test('several requests bring it, and the token goes to the endpoint alone', async () => {
    await pull(`hf:${repo}`, { ...options, token: hub.token });
    const asked = hub.bytesAsked.map(({ range }) => range);
    expect(asked.length).toBe(Math.ceil(large.length / (8 * 2 ** 20)));
    expect(new Set(asked).size).toBe(asked.length);
    expect(hub.seen.filter(({ side }) => side === 'hub').every(({ authorization }) => authorization === 'Bearer hf_good')).toBe(true);
    expect(hub.bytesAsked.some(({ authorization }) => authorization !== undefined)).toBe(false);
  });

  test('what is there is not brought again, and offline it is found', async () => {
    const first = await pull(`hf:${repo}:q8_0`, options);
    hub.seen.length = 0;
    expect(await pull(`hf:${repo}:Q8_0`, options)).toEqual({ ...first, broughtBytes: 0 });
    expect(hub.bytesAsked).toEqual([]);
    hub.seen.length = 0;
    const { license: _, ...rest } = first;
    expect(await pull(`hf:${repo}:Q8_0`, { ...options, offline: true })).toEqual({ ...rest, quants: ['Q8_0'], broughtBytes: 0 });
    expect(await pull(`hf:${repo}`, { ...options, offline: true })).toMatchObject({ quant: 'Q8_0' });
    expect(await pull(`hf:${repo}:Q8_0`, { ...options, update: false })).toMatchObject({ path: first.path });
    expect(hub.seen).toEqual([]);
    expect(await failure(pull(`hf:${repo}:Q4_K_M`, { ...options, offline: true }))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/is not in the cache .*which has tale-Q8_0\.gguf of it.*offline/) as string,
    });
  });

  test('a newer commit shares the blobs that are the same', async () => {
    await pull(`hf:${repo}:Q8_0`, options);
    const newer = 'd00d'.repeat(10);
    hub.repos.get(repo)!.commit = newer;
    hub.seen.length = 0;
    expect(await pull(`hf:${repo}:Q8_0`, options)).toMatchObject({ commit: newer, broughtBytes: 0 });
    expect(hub.bytesAsked).toEqual([]);
    expect(readFileSync(at('refs', 'main'), 'utf8')).toBe(newer);
  });

  test('without links the file itself lies in the snapshot', async () => {
    process.env.HF_HUB_DISABLE_SYMLINKS = '1';
    try {
      const found = await pull(`hf:${repo}:Q8_0`, options);
      expect(lstatSync(found.path).isSymbolicLink()).toBe(false);
      expect(readFileSync(found.path).equals(small)).toBe(true);
      hub.seen.length = 0;
      expect(await pull(`hf:${repo}:Q8_0`, options)).toMatchObject({ broughtBytes: 0 });
      expect(hub.bytesAsked).toEqual([]);
    } finally {
      delete process.env.HF_HUB_DISABLE_SYMLINKS;
    }
  });

  test('a hub that lists no hashes tells them with the file', async () => {
    hub.listsHashes = false;
    const found = await pull(`hf:${repo}:Q8_0`, options);
    expect(readlinkSync(found.path)).toBe(join('..', '..', 'blobs', sha256(small)));
  });

  test('parts of a split model, and what reads images beside it', async () => {
    const parts = [1, 2, 3].map((i) => `Q6_K/tale-Q6_K-0000${i}-of-00003.gguf`);
    hub.repos.get(repo)!.files = {
      ...Object.fromEntries(parts.map((name, i) => [name, randomBytes(1000 + i)])),
      'mmproj-tale-F32.gguf': randomBytes(50),
      'mmproj-tale-F16.gguf': small,
    };
    const found = await pull(`hf:${repo}:Q6_K`, options);
    expect(found.files).toEqual(parts.map((name) => at('snapshots', commit, ...name.split('/'))));
    expect(found.path).toBe(found.files[0]);
    expect(found.mmproj).toBe(at('snapshots', commit, 'mmproj-tale-F16.gguf'));
    expect(found.bytes).toBe(3003 + small.length);
    expect((await pull(`hf:${repo}/${parts[0]}`, { ...options, mmproj: false })).mmproj).toBeUndefined();
  });

  test('a small file is checked by the hash that git gives it', async () => {
    hub.repos.get(repo)!.files = { 'tiny-Q8_0.gguf': Buffer.from('GGUF tiny') };
    hub.isLarge = () => false;
    const found = await pull(`hf:${repo}`, options);
    expect(readlinkSync(found.path)).toBe(join('..', '..', 'blobs', gitHash(Buffer.from('GGUF tiny'))));
  });

  test('progress rises to the end, with the time left', async () => {
    const told: [number, PullProgress][] = [];
    await pull(`hf:${repo}`, { ...options, onProgress: (fraction, progress) => told.push([fraction, progress]) });
    const fractions = told.map(([fraction]) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(told[0]).toEqual([0, { file: 'tale-Q4_K_M.gguf', number: 1, files: 1, bytes: 0, total: large.length, state: 'downloading' }]);
    expect(told.at(-1)).toMatchObject([1, { bytes: large.length, total: large.length }]);
  });
});

describe('a download that is broken off goes on', () => {
  const beginning = 10 * 2 ** 20 + 77;
  const incomplete = (): string => at('blobs', `${sha256(large)}.incomplete`);
  const begun = (bytes: Buffer): void => {
    mkdirSync(at('blobs'), { recursive: true });
    writeFileSync(incomplete(), bytes);
  };
  const starts = (): number[] => hub.bytesAsked.map(({ range }) => Number(/\d+/.exec(range ?? '')?.[0]));

  test('from where a beginning ends, whoever left it', async () => {
    begun(large.subarray(0, beginning));
    const found = await pull(`hf:${repo}`, options);
    expect(readFileSync(found.path).equals(large)).toBe(true);
    expect(Math.min(...starts())).toBe(beginning);
    expect(found.broughtBytes).toBe(large.length - beginning);
  });

  test('a beginning that is whole needs no byte', async () => {
    begun(large);
    expect(await pull(`hf:${repo}`, options)).toMatchObject({ broughtBytes: 0 });
    expect(hub.bytesAsked).toEqual([]);
  });

  test.each([
    ['another beginning', (): Buffer => randomBytes(beginning)],
    ['one that is too long', (): Buffer => Buffer.concat([large, large.subarray(0, 5)])],
  ])('%s is thrown away', async (_, bytes) => {
    begun(bytes());
    const found = await pull(`hf:${repo}`, options);
    expect(readFileSync(found.path).equals(large)).toBe(true);
    expect(Math.min(...starts())).toBe(0);
  });

  test('when it was aborted, and nothing half-written has a name', async () => {
    const stop = new AbortController();
    hub.instead = ({ side, range }) => side === 'cdn' && Number(/\d+/.exec(range ?? '')?.[0]) > 16 * 2 ** 20; // no answer
    mkdirSync(at('blobs'), { recursive: true });
    const aborted = failure(pull(`hf:${repo}`, { ...options, signal: stop.signal }));
    await grown(incomplete(), beginning);
    stop.abort(new Error('enough'));
    expect(await aborted).toMatchObject({ message: 'enough' });
    expect(existsSync(at('blobs', sha256(large)))).toBe(false);
    expect(existsSync(at('snapshots'))).toBe(false);
    const kept = lstatSync(incomplete()).size;
    expect(kept).toBeGreaterThanOrEqual(beginning);
    expect(readFileSync(incomplete()).equals(large.subarray(0, kept))).toBe(true);
    hub.instead = () => false;
    hub.seen.length = 0;
    expect((await pull(`hf:${repo}`, options)).broughtBytes).toBe(large.length - kept);
    expect(Math.min(...starts())).toBe(kept);
  });

  test('where a callback throws, pull throws it', async () => {
    const thrown = new Error('mine');
    const onProgress = (): void => {
      throw thrown;
    };
    expect(await failure(pull(`hf:${repo}`, { ...options, onProgress }))).toBe(thrown);
  });

  test('while connections break, from where each was', async () => {
    let broken = 0;
    hub.instead = ({ side, range }, response, request) => {
      if (side !== 'cdn' || broken >= 3) return false;
      broken++;
      const from = Number(/\d+/.exec(range ?? '')?.[0]);
      const to = Number(/\d+$/.exec(range ?? '')?.[0]);
      response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${large.length}`, 'content-length': to + 1 - from });
      response.write(large.subarray(from, from + 100_000), () => request.socket.destroy());
      return true;
    };
    const found = await pull(`hf:${repo}`, options);
    expect(readFileSync(found.path).equals(large)).toBe(true);
    expect(broken).toBe(3);
    expect(found.broughtBytes).toBe(large.length);
  });

  test('while the server is restarted in the middle', async () => {
    let restarted: Promise<void> | undefined;
    hub.instead = ({ side, before }) => {
      if (side !== 'cdn' || before < 2 || restarted) return false;
      restarted = hub.restartCdn();
      return true;
    };
    const found = await pull(`hf:${repo}`, options);
    await restarted;
    expect(restarted).toBeDefined();
    expect(readFileSync(found.path).equals(large)).toBe(true);
  });

  test('with a server that knows no parts', async () => {
    hub.hasRanges = false;
    begun(large.subarray(0, beginning));
    const found = await pull(`hf:${repo}`, options);
    expect(readFileSync(found.path).equals(large)).toBe(true);
    expect(hub.bytesAsked.length).toBe(1);
    expect(found.broughtBytes).toBe(large.length - beginning);
  });

  test('with a server that knows no parts and breaks off', async () => {
    hub.hasRanges = false;
    hub.instead = ({ side, before }, response, request) => {
      if (side !== 'cdn' || before > 0) return false;
      response.writeHead(200, { 'content-length': large.length });
      response.write(large.subarray(0, beginning), () => request.socket.destroy());
      return true;
    };
    const found = await pull(`hf:${repo}`, options);
    expect(readFileSync(found.path).equals(large)).toBe(true);
    expect(hub.bytesAsked.length).toBe(2);
  });

  test('when an address that holds for a while holds no longer', async () => {
    let refused = 0;
    hub.instead = ({ side, range }, response) => {
      if (side !== 'cdn' || refused > 0 || range?.startsWith('bytes=0-') === true) return false;
      refused++;
      response.writeHead(403).end();
      return true;
    };
    const found = await pull(`hf:${repo}`, { ...options, connections: 1 });
    expect(readFileSync(found.path).equals(large)).toBe(true);
    expect(hub.seen.filter(({ path }) => path.includes('/resolve/')).length).toBe(2);
  });
});

describe('what is wrong is refused, with what to do', () => {
  const expectNothingKept = (): void => {
    expect(existsSync(at('blobs', sha256(small)))).toBe(false);
    expect(existsSync(at('snapshots'))).toBe(false);
  };
  const wrong = (code: string, message: RegExp) => ({ name: 'LlamaError', code, message: expect.stringMatching(message) as string });
  const ask = (more: PullOptions = {}, what = `hf:${repo}:Q8_0`): Promise<Error & { code?: string; retryAfter?: number }> =>
    failure(pull(what, { ...options, retries: 0, ...more }));

  test('another hash: nothing of it is kept', async () => {
    hub.instead = ({ side }, response, request) => {
      if (side !== 'cdn') return false;
      sendBytes(randomBytes(small.length), '"x"', request, response);
      return true;
    };
    expect(await ask()).toMatchObject(wrong('CORRUPT', new RegExp(`expected the hash ${sha256(small)}, found [0-9a-f]{64}: .*nothing of it was kept`)));
    expectNothingKept();
    expect(existsSync(at('blobs', `${sha256(small)}.incomplete`))).toBe(false);
  });

  test.each<[string, (seen: Seen, bytes: Buffer) => Buffer, boolean]>([
    ['longer, in parts', (_, bytes) => Buffer.concat([bytes, bytes]), true],
    ['shorter, in parts', (_, bytes) => bytes.subarray(0, -1), true],
    ['longer, as a whole', (_, bytes) => Buffer.concat([bytes, bytes]), false],
    ['shorter, as a whole', (_, bytes) => bytes.subarray(0, -1), false],
  ])('another length: %s', async (_, change, parts) => {
    hub.instead = (seen, response, request) => {
      if (seen.side !== 'cdn') return false;
      sendBytes(change(seen, small), '"x"', request, response, parts);
      return true;
    };
    expect(await ask()).toMatchObject(wrong('CORRUPT', new RegExp(`expected ${small.length} bytes, found (${2 * small.length}|${small.length - 1})`)));
    expectNothingKept();
  });

  test('an answer without a length that ends too early', async () => {
    hub.instead = ({ side }, response) => {
      if (side !== 'cdn') return false;
      response.writeHead(200);
      response.end(small.subarray(0, 500));
      return true;
    };
    expect(await ask()).toMatchObject(wrong('CORRUPT', /it ended after 500 of 100000 bytes/));
    expectNothingKept();
  });

  test('a gated model, without a token and with one that does not open it', async () => {
    hub.repos.get(repo)!.gated = true;
    expect(await ask()).toMatchObject(
      wrong('ACCESS', /is gated: accept its conditions at http.*someone\/Tale-GGUF, make a token at .*\/settings\/tokens, and give it as HF_TOKEN/),
    );
    expect(await ask({ token: 'hf_other' })).toMatchObject(wrong('ACCESS', /gated, and the token that was given has no access/));
    expect(await pull(`hf:${repo}:Q8_0`, { ...options, token: hub.token })).toMatchObject({ quant: 'Q8_0' });
  });

  test('a repository that is private or not there, one whose name is near, a revision that is not there', async () => {
    hub.repos.get(repo)!.private = true;
    expect(await ask()).toMatchObject(wrong('ACCESS', /does not exist at http.*, or is private: .*HF_TOKEN/));
    expect(await ask({}, 'hf:someone/Tail-GGUF')).toMatchObject(wrong('ACCESS', /does not exist .*; did you mean someone\/Tale-GGUF\?/));
    expect(await ask({ token: hub.token }, 'hf:someone/Tail-GGUF')).toMatchObject(
      wrong('NOT_FOUND', /someone\/Tail-GGUF: not found; did you mean someone\/Tale-GGUF\?/),
    );
    expect(await ask({ token: hub.token }, `hf:${repo}#v9`)).toMatchObject(wrong('NOT_FOUND', /at v9: not found, the repository has no such revision/));
  });

  test('a quantization and a file that are not there, and those that are near', async () => {
    expect(await ask({}, `hf:${repo}:Q4_K_S`)).toMatchObject(wrong('NOT_FOUND', /has no Q4_K_S: it has Q4_K_M, Q8_0; did you mean Q4_K_M\?/));
    expect(await ask({}, `hf:${repo}/tale-Q8_1.gguf`)).toMatchObject(wrong('NOT_FOUND', /has no file tale-Q8_1\.gguf: did you mean tale-Q8_0\.gguf\?/));
    hub.repos.get(repo)!.files = { 'model.safetensors': small };
    expect(await ask({}, `hf:${repo}`)).toMatchObject(wrong('NOT_FOUND', /has no GGUF file: it has safetensors, which llama-ts convert/));
  });

  test('too many requests: waits as long as it is told, and else says how long', async () => {
    let asked = 0;
    hub.instead = ({ side }, response) => {
      if (side !== 'cdn' || asked++ > 0) return false;
      response.writeHead(429, { 'retry-after': '0' }).end();
      return true;
    };
    expect(await pull(`hf:${repo}:Q8_0`, options)).toMatchObject({ broughtBytes: small.length });
    hub.instead = (_, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
      return true;
    };
    const error = await ask({ retries: 5 });
    expect(error).toMatchObject(wrong('RATE_LIMIT', /too many requests \(429\): it wants to be asked again in 3600 seconds/));
    expect(error.retryAfter).toBe(3600);
  });

  test('a server that fails is asked again, and then given up', async () => {
    let asked = 0;
    hub.instead = ({ side }, response) => {
      if (side !== 'cdn') return false;
      asked++;
      response.writeHead(503, { 'retry-after': '0' }).end();
      return true;
    };
    expect(await ask({ retries: 3 })).toMatchObject(wrong('NETWORK', /failed with status 503/));
    expect(asked).toBe(4);
  });

  test('redirects: in a circle, without end, to another scheme, to nowhere', async () => {
    const to = (location: (n: number) => string): void => {
      let n = 0;
      hub.instead = ({ side }, response) => {
        if (side !== 'cdn') return false;
        response.writeHead(302, { location: location(n++) }).end();
        return true;
      };
    };
    to(() => '/again');
    expect(await ask()).toMatchObject(wrong('NETWORK', /redirects without end/));
    to((n) => `/${n}`);
    expect(await ask()).toMatchObject(wrong('NETWORK', /redirects without end/));
    for (const other of ['ftp://127.0.0.1/x', 'file:///etc/passwd', 'https://127.0.0.1/x']) {
      to(() => other);
      expect(await ask()).toMatchObject(wrong('NETWORK', /redirects to (ftp|file|https):.*a change of scheme is not followed/));
    }
    to(() => 'http://');
    expect(await ask()).toMatchObject(wrong('NETWORK', /a redirect that says not where to/));
    expectNothingKept();
  });

  test('a token never leaves with a redirect, not even to another port of the same host and back', async () => {
    hub.instead = ({ side, path }, response) => {
      if (side !== 'cdn' || path.startsWith('/blobs/') === false) return false;
      response.writeHead(302, { location: `${hub.cdn}/plain/tale-Q8_0.gguf` }).end();
      return true;
    };
    await pull(`hf:${repo}:Q8_0`, { ...options, token: 'hf_secret' });
    expect(hub.bytesAsked.length).toBe(2);
    expect(hub.bytesAsked.some(({ authorization }) => authorization !== undefined)).toBe(false);
  });

  test('a server that says nothing is left', async () => {
    hub.instead = ({ side }, response) => {
      if (side !== 'cdn') return false;
      response.writeHead(206, { 'content-range': `bytes 0-${small.length - 1}/${small.length}`, 'content-length': small.length });
      response.write(small.subarray(0, 10));
      return true;
    };
    expect(await ask({ timeout: 200 })).toMatchObject(wrong('NETWORK', /the server has said nothing for 0\.2 seconds/));
  });

  test('no network', async () => {
    const gone = await Hub.open();
    await gone.close();
    expect(await ask({ endpoint: gone.endpoint })).toMatchObject(
      wrong('NETWORK', /cannot reach http:\/\/127\.0\.0\.1:\d+\/api.*: ECONNREFUSED; is there a network\?/),
    );
  });

  test('something that is no hub', async () => {
    hub.instead = (_, response) => {
      response.end('<html>');
      return true;
    };
    expect(await ask()).toMatchObject(wrong('NETWORK', /expected JSON: is http.* a hub\?/));
    hub.instead = (_, response) => {
      response.end('{"siblings":[]}');
      return true;
    };
    expect(await ask()).toMatchObject(wrong('NETWORK', /expected a listing of someone\/Tale-GGUF/));
  });

  test('paths that lead out of the cache are none of a repository', async () => {
    hub.repos.get(repo)!.files = { '../../../../evil-Q4_K_M.gguf': small, 'a\\..\\evil-Q4_K_M.gguf': small, '/evil-Q4_K_M.gguf': small };
    expect(await ask({}, `hf:${repo}`)).toMatchObject(wrong('NOT_FOUND', /has no GGUF file/));
  });

  test('no room on the disk is said before anything is asked for', async () => {
    hub.instead = ({ path }, response) => {
      if (!path.startsWith('/api/')) return false;
      const lfs = { sha256: 'ab'.repeat(32), size: 2 ** 52, pointerSize: 1 };
      response.end(JSON.stringify({ sha: commit, siblings: [{ rfilename: 'huge-Q4_K_M.gguf', size: 2 ** 52, lfs }] }));
      return true;
    };
    expect(await ask({}, `hf:${repo}`)).toMatchObject(wrong('DISK', /no room: expected 4503599\.6 GB free/));
    expect(hub.bytesAsked).toEqual([]);
  });

  test('a cache that cannot be written', async () => {
    writeFileSync(join(cache, folderOfRepo), 'a file');
    expect(await ask()).toMatchObject(wrong('DISK', /\((ENOTDIR|EEXIST|ENOENT)\)/));
  });

  test('options that are wrong', async () => {
    expect(await ask({ connections: 0 })).toMatchObject(wrong('ARGUMENT', /^connections: expected an integer from 1 to 16/));
    expect(await ask({ endpoint: 'huggingface.co' })).toMatchObject(wrong('ARGUMENT', /^endpoint: /));
    expect(await ask({ token: 'a\nb' })).toMatchObject(wrong('ARGUMENT', /^token: /));
    expect(await ask({ sha256: 'ab'.repeat(32) })).toMatchObject(wrong('ARGUMENT', /^sha256: is for plain addresses/));
    expect(await ask({}, 'nothing')).toMatchObject(wrong('ARGUMENT', /names no model/));
  });
});

describe('plain addresses', () => {
  test('are kept beside, and checked by the hash that the caller knows', async () => {
    const url = `${hub.cdn}/plain/tale-Q8_0.gguf`;
    const found = await pull(url, { ...options, sha256: sha256(small) });
    expect(readFileSync(found.path).equals(small)).toBe(true);
    expect(found.path.startsWith(join(cache, 'llama-ts'))).toBe(true);
    expect((await pull(new URL(url), { ...options, offline: true })).path).toBe(found.path);
    expect(await failure(pull(url, { ...options, sha256: sha256(large) }))).toMatchObject({ code: 'CORRUPT' });
    expect(await failure(pull(`${hub.cdn}/nothing.gguf`, options))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await failure(pull(`${hub.cdn}/plain/page.html`, options))).toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('loading and inspecting by name', () => {
  beforeEach(() => {
    hub.repos.get(repo)!.files = { 'story-Q8_0.gguf': story };
  });
  const where = (): HubOptions => ({ endpoint: hub.endpoint, cache, token: false });

  test('loadModel brings a model, and finds it the next time without asking', async () => {
    const told: [number, PullProgress | undefined][] = [];
    const model = await loadModel(`hf:${repo}:Q8_0`, { hub: where(), threads: 1, onProgress: (fraction, download) => told.push([fraction, download]) });
    expect((await model.generate('Once upon a time', { maxTokens: 3 })).usage.completion).toBe(3);
    await model.dispose();
    const fractions = told.map(([fraction]) => fraction);
    expect(fractions[0]).toBe(0);
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(told[0]?.[1]).toMatchObject({ total: story.length, file: 'story-Q8_0.gguf' });
    hub.seen.length = 0;
    await (await loadModel(`hf:${repo}:Q8_0`, { hub: where(), threads: 1 })).dispose();
    expect(hub.seen).toEqual([]);
    expect(await failure(loadModel(storyModel, { hub: where() }))).toMatchObject({ code: 'ARGUMENT' });
  });

  test('inspectModel fetches the header alone', async () => {
    const found = await inspectModel(`hf:${repo}`, where());
    const { path, ...rest } = await inspectModel(storyModel);
    expect(path).toBe(storyModel);
    expect(found).toEqual({ ...rest, path: `hf:${repo}` });
    expect(existsSync(at())).toBe(false);
    const fetched = hub.bytesAsked.map(({ range }) => (/^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? []).slice(1).map(Number));
    expect(fetched).toEqual([[0, 2 ** 20 - 1]]);
    const url = `${hub.cdn}/plain/story-Q8_0.gguf`;
    expect(await inspectModel(url, { cache })).toEqual({ ...rest, path: url });
  });
});
