// Several processes, one cache: one download, and none that dies holds up the others or leaves half a model.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedModels, downloads, pull, removeModel } from 'llama-ts';

import { grown } from '../support/grown';
import { Hub, sendBytes, sha256 } from '../support/hub';
import { root } from '../support/shared';

const repo = 'someone/Tale-GGUF';
const bytes = randomBytes(24 * 2 ** 20);
const hash = sha256(bytes);

interface Line {
  state?: string;
  bytes?: number;
  path?: string;
  broughtBytes?: number;
  code?: string;
}

/** A process that pulls, and what it says. */
class Puller {
  readonly lines: Line[] = [];
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  #wake: () => void = () => {};

  constructor(options: object) {
    this.child = spawn(process.execPath, [join(root, 'test', 'fixtures', 'pull.cjs'), `hf:${repo}`, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let rest = '';
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines.map((line) => JSON.parse(line) as Line));
      this.#wake();
    });
    this.ended = new Promise((resolve) =>
      this.child.once('close', () => {
        resolve();
        this.#wake();
      }),
    );
  }

  async said(what: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const found = this.lines.find(what);
      if (found) return found;
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }
}

let hub: Hub;
let cache = '';
/** Until it is called, the server sends no more than the first half. */
let goOn: () => void = () => {};
let options: { endpoint: string; cache: string; token: false };

beforeAll(async () => void (hub = await Hub.open()));
afterAll(() => hub.close());
beforeEach(() => {
  hub.reset();
  cache = mkdtempSync(join(tmpdir(), 'llama-ts-hub-'));
  options = { endpoint: hub.endpoint, cache, token: false };
  hub.repos.set(repo, { commit: 'c0ffee00'.repeat(5), files: { 'tale-Q4_K_M.gguf': bytes } });
});
afterEach(() => rmSync(cache, { recursive: true }));

const at = (...parts: string[]): string => join(cache, 'models--someone--Tale-GGUF', ...parts);
const lock = (): string => join(cache, '.locks', 'models--someone--Tale-GGUF', `${hash}.llama-ts`);
const incomplete = (): string => at('blobs', `${hash}.incomplete`);

/** What begins behind the first half waits for `goOn`. */
function holdSecondHalf(): void {
  const open = new Promise<void>((resolve) => (goOn = resolve));
  hub.instead = async ({ side, range }, response, request) => {
    if (side !== 'cdn' || Number(/\d+/.exec(range ?? '')?.[0]) < bytes.length / 2) return false;
    await open;
    sendBytes(bytes, '"x"', request, response);
    return true;
  };
}

/** Until a process is in the middle of it: a third is on the disk. */
async function inTheMiddle(puller: Puller): Promise<void> {
  await puller.said(({ state }) => state === 'downloading');
  await grown(incomplete(), bytes.length / 3);
}

test('where two ask, one brings it', async () => {
  holdSecondHalf();
  const first = new Puller(options);
  await inTheMiddle(first);
  const second = new Puller(options);
  await second.said(({ state }) => state === 'waiting');
  expect(await downloads({ cache })).toMatchObject([
    { what: `${repo}/tale-Q4_K_M.gguf`, running: true, total: bytes.length, pid: first.child.pid, host: hostname() },
  ]);
  await expect(removeModel(`hf:${repo}`, { cache })).rejects.toMatchObject({ code: 'DISK', message: expect.stringContaining('is bringing') as string });
  goOn();
  const [one, two] = await Promise.all([first.said(({ path }) => path !== undefined), second.said(({ path }) => path !== undefined)]);
  expect(one.path).toBe(two.path);
  expect([one.broughtBytes, two.broughtBytes]).toEqual([bytes.length, 0]);
  expect(new Set(hub.bytesAsked.map(({ range }) => range)).size).toBe(hub.bytesAsked.length);
  await Promise.all([first.ended, second.ended]);
  expect(readFileSync(one.path ?? '').equals(bytes)).toBe(true);
  expect(readdirSync(join(cache, '.locks', 'models--someone--Tale-GGUF'))).toEqual([]);
});

test('in one process too', async () => {
  const found = await Promise.all([pull(`hf:${repo}`, options), pull(`hf:${repo}`, options), pull(`hf:${repo}:Q4_K_M`, options)]);
  expect(found.map(({ broughtBytes }) => broughtBytes).sort()).toEqual([0, 0, bytes.length]);
});

test('one that is killed leaves a beginning, from which the next goes on', async () => {
  holdSecondHalf();
  const killed = new Puller(options);
  await inTheMiddle(killed);
  killed.child.kill('SIGKILL');
  await killed.ended;
  expect(existsSync(lock())).toBe(true);
  expect(existsSync(at('blobs', hash))).toBe(false);
  expect(await cachedModels({ cache })).toEqual([]);
  const kept = statSync(incomplete()).size;
  expect(kept).toBeGreaterThanOrEqual(bytes.length / 3);
  expect(readFileSync(incomplete()).equals(bytes.subarray(0, kept))).toBe(true);
  goOn();
  hub.seen.length = 0;
  const found = await pull(`hf:${repo}`, options);
  expect(found.broughtBytes).toBe(bytes.length - kept);
  expect(readFileSync(found.path).equals(bytes)).toBe(true);
});

test('one that waits takes over from one that is killed', async () => {
  holdSecondHalf();
  const killed = new Puller(options);
  await inTheMiddle(killed);
  const waiting = new Puller(options);
  await waiting.said(({ state }) => state === 'waiting');
  killed.child.kill('SIGKILL');
  goOn();
  const { path, broughtBytes } = await waiting.said((line) => line.path !== undefined);
  expect(broughtBytes).toBeLessThan(bytes.length);
  expect(readFileSync(path ?? '').equals(bytes)).toBe(true);
});

test('a lock that nobody has touched for long is nobody’s, wherever he was', async () => {
  mkdirSync(join(lock(), '..'), { recursive: true });
  const holder = { nonce: 'n', pid: 1, host: 'elsewhere', since: 0, what: 'x', bytes: 1, incomplete: incomplete() };
  for (const text of [JSON.stringify(holder), 'not JSON', '']) {
    writeFileSync(lock(), text);
    utimesSync(lock(), new Date(0), new Date(0));
    expect(await downloads({ cache })).toEqual([]);
    expect((await pull(`hf:${repo}`, options)).bytes).toBe(bytes.length);
    expect(existsSync(lock())).toBe(false);
    rmSync(at(), { recursive: true });
  }
});

test('another program that writes the same beginning is noticed', async () => {
  let wrote = false;
  const onProgress = (_: number, { bytes: got }: { bytes: number }): void => {
    if (got < 2 ** 20 || wrote) return;
    wrote = true;
    writeFileSync(incomplete(), 'more', { flag: 'a' });
  };
  await expect(pull(`hf:${repo}`, { ...options, onProgress })).rejects.toMatchObject({
    code: 'DISK',
    message: expect.stringContaining('another program writes this file') as string,
  });
  expect(existsSync(at('blobs', hash))).toBe(false);
  expect((await pull(`hf:${repo}`, options)).bytes).toBe(bytes.length);
});

test('a program that ends while it pulls takes its lock along', async () => {
  holdSecondHalf();
  const script = `
    const { pull } = require(${JSON.stringify(join(root, 'dist', 'lib'))});
    pull('hf:${repo}', { ...${JSON.stringify(options)}, onProgress: () => process.exit(7) });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: 'inherit' });
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(7);
  goOn();
  expect(existsSync(lock())).toBe(false);
  expect(await downloads({ cache })).toMatchObject([{ what: repo, running: false, path: incomplete() }]);
});
