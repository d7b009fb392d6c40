// The web page as the server gives it away.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { get, raw, served } from '../support/server';
import { root } from '../support/shared';

const folder = join(root, 'dist', 'web');
const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const files = readdirSync(folder);

const server = served({ apiKeys: ['a-key-of-the-test'] });

test('browsers get the page, without a key; others are told that a server is here', async () => {
  const page = await get(server(), '/', html);
  expect(page).toMatchObject({ status: 200, text: readFileSync(join(folder, 'index.html'), 'utf8') });
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('vary')).toMatch(/Accept/);
  expect(await get(server(), '/', { accept: '*/*' })).toMatchObject({ status: 200, text: 'Ollama is running' });
});

test('it may run its own files alone, and nothing may frame it', async () => {
  const { headers } = await get(server(), '/', html);
  const policy = new Map((headers.get('content-security-policy') ?? '').split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]));
  expect(policy.get('default-src')).toBe("'none'");
  expect(policy.get('script-src')).toBe("'self'");
  expect(policy.get('style-src')).toBe("'self'");
  expect(policy.get('connect-src')).toBe("'self'");
  expect(policy.get('frame-ancestors')).toBe("'none'");
  expect(policy.get('form-action')).toBe("'none'");
  expect(policy.get('base-uri')).toBe("'none'");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
});

test('every file that the page names is there, with its type, for ever', async () => {
  const named = [...readFileSync(join(folder, 'index.html'), 'utf8').matchAll(/(?:href|src)="([^"]+)"/g)].map((found) => found[1] ?? '');
  expect(named).toHaveLength(3);
  for (const name of named) {
    const { status, headers } = await get(server(), `/${name}`);
    expect([name, status]).toEqual([name, 200]);
    expect(headers.get('cache-control')).toMatch(/immutable/);
  }
});

test('bytes are packed where the reader takes them, and not sent again where it has them', async () => {
  const name = files.find((file) => file.startsWith('main-')) ?? '';
  const head = `GET /page/${name} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n`;
  const body = (answer: string): Buffer => Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1');
  const plain = await raw(server(), `${head}\r\n`);
  const packed = await raw(server(), `${head}Accept-Encoding: br, gzip\r\n\r\n`);
  const refused = await raw(server(), `${head}Accept-Encoding: gzip;q=0\r\n\r\n`);
  expect(body(plain).equals(readFileSync(join(folder, name)))).toBe(true);
  expect(packed).toMatch(/\r\ncontent-encoding: gzip\r\n/i);
  expect(gunzipSync(body(packed)).equals(body(plain))).toBe(true);
  expect(refused).not.toMatch(/content-encoding/i);
  const tag = /\r\netag: (.*)\r\n/i.exec(plain)?.[1] ?? '';
  expect(tag).not.toBe('');
  const again = await raw(server(), `${head}If-None-Match: ${tag}\r\n\r\n`);
  expect(again).toMatch(/^HTTP\/1\.1 304 /);
  expect(body(again)).toHaveLength(0);
  const headOnly = await raw(server(), `${head.replace('GET', 'HEAD')}\r\n`);
  expect(headOnly).toMatch(/^HTTP\/1\.1 200 /);
  expect(body(headOnly)).toHaveLength(0);
});

test.each([
  '/page/',
  '/page/nothing.js',
  '/page/../package.json',
  '/page/%2e%2e%2f%2e%2e%2fpackage.json',
  '/page/..%5cx',
  '/page/constructor',
  '/page/index.html',
])('nothing else of the disk: %s', async (path) => {
  expect(await raw(server(), `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 40[14] /);
});

test('it is small, loads nothing of another host, and has the licences of what is in it', () => {
  expect(files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)).toBeLessThan(250_000);
  for (const name of files.filter((each) => /\.(html|css)$/.test(each))) expect(readFileSync(join(folder, name), 'utf8')).not.toMatch(/https?:|url\(/);
  const licences = readFileSync(join(folder, 'LICENSES.txt'), 'utf8');
  for (const name of ['preact', '@preact/signals', '@preact/signals-core', 'marked']) expect(licences).toContain(`\n${name} `.trimStart());
});

describe('without the page', () => {
  const bare = served({ page: false });

  test('browsers are told what others are', async () => {
    expect(await get(bare(), '/', html)).toMatchObject({ status: 200, text: 'Ollama is running' });
    expect(await get(bare(), `/page/${files.find((name) => name.endsWith('.css'))}`)).toMatchObject({ status: 404 });
  });
});

test('whoever has a key of adminKeys is told that models may be managed', async () => {
  expect((await get(server(), '/props', { authorization: 'Bearer a-key-of-the-test' })).json).toMatchObject({ may_manage: false });
});

describe('with keys for managing', () => {
  const managed = served({ adminKeys: ['a-key-for-managing'] });

  test('the one who shows it may', async () => {
    expect((await get(managed(), '/props', { authorization: 'Bearer a-key-for-managing' })).json).toMatchObject({ may_manage: true });
    expect((await get(managed(), '/props')).json).toMatchObject({ may_manage: false });
  });
});

test('the description has a sentence for every sampler', async () => {
  const { json } = await get(server(), '/openapi.json', { authorization: 'Bearer a-key-of-the-test' });
  const { properties } = json.paths['/v1/chat/completions'].post.requestBody.content['application/json'].schema;
  for (const name of ['temperature', 'top_k', 'top_p', 'min_p', 'repeat_penalty', 'xtc_probability'])
    expect(properties[name].anyOf[0]).toMatchObject({
      description: expect.stringMatching(/\w+ .*\.$/),
      minimum: expect.any(Number),
      maximum: expect.any(Number),
    });
});
