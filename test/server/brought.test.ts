// Models of the hub that a server brings, serves and removes: from a hub on loopback, into a cache of its own.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LlamaServer } from 'llama-ts/server';

import { Hub } from '../support/hub';
import { ask, get, linesOf, post, start, until } from '../support/server';
import { storyModel } from '../support/shared';

const repo = 'someone/Tale-GGUF';
const name = `hf.co/${repo}:Q8_0`;
const admin = { 'x-api-key': 'admin-key-abc' };
const story = readFileSync(storyModel);
const before = { ...process.env };
const cache = mkdtempSync(join(tmpdir(), 'llama-ts-brought-'));

let hub: Hub;
let server: LlamaServer;
const on = { models: [], pull: true, adminKeys: ['admin-key-abc'], load: { contextTokens: 300, threads: 1 } };

beforeAll(async () => {
  hub = await Hub.open();
  Object.assign(process.env, { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cache, HF_HUB_OFFLINE: '' });
});
beforeEach(async () => {
  hub.reset();
  hub.repos.set(repo, { commit: 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00', files: { 'tale-Q8_0.gguf': story } });
  server = await start(on);
});
afterEach(() => server.close(0));
afterAll(async () => {
  process.env = before;
  await hub.close();
  rmSync(cache, { recursive: true });
});

const say = (model: string) => post(server, '/api/generate', { model, prompt: 'Once', stream: false, options: { num_predict: 2, temperature: 0 } });
const names = async () => (await get(server, '/api/tags')).json.models.map((model: { name: string }) => model.name) as string[];
const remove = () => ask(server, 'DELETE', '/api/delete', { model: name }, admin);

test('is brought by name, told of on the way, served, and removed from the disk', async () => {
  expect((await say(name)).status).toBe(404);
  const brought = await post(server, '/api/pull', { model: name }, admin);
  expect(brought.headers.get('content-type')).toBe('application/x-ndjson');
  const lines = linesOf(brought.text);
  expect(lines[0]).toEqual({ status: 'pulling manifest' });
  expect(lines.at(-1)).toEqual({ status: 'success' });
  const last = lines.filter((line) => line.status === 'pulling tale-Q8_0.gguf').at(-1);
  expect(last).toMatchObject({ digest: 'tale-Q8_0.gguf', total: story.length, completed: story.length });

  expect(await names()).toEqual([name]);
  expect((await get(server, '/v1/models')).json.data[0].id).toBe(name);
  const answers = await Promise.all([name, `hf:${repo}:q8_0`, repo, `hf.co/${repo}:latest`].map(say));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(new Set(answers.map(({ json }) => json.response)).size).toBe(1);
  expect((await say(`${repo}:Q4_K_M`)).status).toBe(404);

  expect((await get(server, '/api/ps')).json.models).toMatchObject([{ name, context_length: 300 }]);

  // what another server finds when it starts
  const next = await start(on);
  expect((await get(next, '/api/tags')).json.models).toMatchObject([{ name, size: story.length }]);
  await next.close(0);

  const file = join(cache, 'models--someone--Tale-GGUF', 'snapshots', 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00', 'tale-Q8_0.gguf');
  expect(existsSync(file)).toBe(true);
  expect((await remove()).status).toBe(200);
  expect([existsSync(file), await names(), (await say(name)).status]).toEqual([false, [], 404]);
  expect((await remove()).status).toBe(404);
});

test('is brought without a stream, and a newer file takes the place of an older one', async () => {
  for (const commit of ['c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00', 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee01']) {
    hub.repos.set(repo, { commit, files: { 'tale-Q8_0.gguf': story } });
    const brought = await post(server, '/api/pull', { name, stream: false }, admin);
    expect([brought.status, brought.json]).toEqual([200, { status: 'success' }]);
    expect([await names(), (await say(name)).status]).toEqual([[name], 200]);
  }
  expect((await remove()).status).toBe(200);
});

test('what the hub has not, and what is no model of the hub, is told; nothing is served', async () => {
  const streamed = await post(server, '/api/pull', { model: 'hf.co/someone/nothing' }, admin);
  expect(linesOf(streamed.text).at(-1).error).toContain('someone/nothing');
  const whole = await post(server, '/api/pull', { model: 'hf.co/someone/nothing', stream: false }, admin);
  expect([whole.status, typeof whole.json.error]).toEqual([404, 'string']);
  for (const model of ['http://169.254.169.254/model.gguf', `${hub.endpoint}/a/b/resolve/main/model.gguf`, '../../etc/passwd', 'llama', '', 7]) {
    const refused = await post(server, '/api/pull', { model }, admin);
    expect([model, refused.status, typeof refused.json.error]).toEqual([model, 400, 'string']);
  }
  expect(await names()).toEqual([]);
});

test('only who has the key, only where it is on, and never what was not brought', async () => {
  expect((await post(server, '/api/pull', { model: name })).status).toBe(403);
  expect((await ask(server, 'DELETE', '/api/delete', { model: name })).status).toBe(403);
  await expect(start({ models: [], pull: true })).rejects.toMatchObject({ code: 'ARGUMENT' });
  await expect(start({ models: [] })).rejects.toMatchObject({ code: 'ARGUMENT' });
  const still = await start({ adminKeys: on.adminKeys });
  expect((await post(still, '/api/pull', { model: name }, admin)).status).toBe(501);
  expect((await ask(still, 'DELETE', '/api/delete', { model: 'story' }, admin)).status).toBe(501);
  await still.close(0);
  const given = await start({ pull: true, adminKeys: on.adminKeys });
  expect((await ask(given, 'DELETE', '/api/delete', { model: 'story' }, admin)).status).toBe(403);
  expect(existsSync(storyModel)).toBe(true);
  await given.close(0);
});

test('a client that leaves ends the download; the next one goes on', async () => {
  let silent = true;
  hub.instead = ({ side }) => side === 'cdn' && silent; // no byte comes
  const client = new AbortController();
  const left = fetch(`${server.url}/api/pull`, { method: 'POST', body: JSON.stringify({ model: name }), headers: admin, signal: client.signal })
    .then((response) => response.text())
    .catch(() => 'left');
  await until(() => hub.bytesAsked.length > 0);
  client.abort();
  expect(await left).toBe('left');
  silent = false;
  const brought = await post(server, '/api/pull', { model: name, stream: false }, admin);
  expect(brought.json).toEqual({ status: 'success' });
  expect((await remove()).status).toBe(200);
});
