// Who may ask, and how much: hosts, origins, keys, bodies, headers.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { embeddedModel } from 'llama-ts';
import { createHandler, type LogEntry } from 'llama-ts/server';

import { ask, get, post, raw, served, start } from '../support/server';

const chat = '/v1/chat/completions';
const body = { messages: [{ role: 'user', content: 'SECRET PROMPT' }], max_tokens: 1 };

const statusOf = (text: string): number => Number(/^HTTP\/1\.[01] (\d+)/.exec(text)?.[1] ?? 0);

describe('hosts', () => {
  const server = served();
  const asked = async (...lines: string[]) => statusOf(await raw(server(), ['GET /v1/models HTTP/1.1', ...lines, 'Connection: close', '', ''].join('\r\n')));

  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'evil.localhost.example', '10.0.0.1'])('%s is refused', async (host) => {
    expect(await asked(`Host: ${host}`)).toBe(403);
    expect(await asked(`Host: ${host}:${server().port}`)).toBe(403);
  });

  test('loopback is served, by any of its names', async () => {
    for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '[::1]', 'localhost.'])
      expect([host, await asked(`Host: ${host}:${server().port}`)]).toEqual([host, 200]);
  });

  test('none, and two, are refused', async () => {
    expect(await asked()).toBe(400);
    expect(await asked('Host: localhost', 'Host: localhost')).toBe(400);
  });
});

describe('origins', () => {
  const server = served({ corsOrigins: ['https://app.example'], apiKeys: ['a-key-of-mine'] });
  const key = { authorization: 'Bearer a-key-of-mine' };
  const preflight = (origin: string) => ask(server(), 'OPTIONS', chat, undefined, { origin, 'access-control-request-method': 'POST' });

  test('one of the list gets itself, on everything, and needs no key to ask', async () => {
    const origin = 'https://app.example';
    const before = await preflight(origin);
    expect(before.status).toBe(204);
    expect(before.headers.get('access-control-allow-headers')).toContain('authorization');
    const told = [
      before,
      await post(server(), chat, body, { origin, ...key }),
      await post(server(), chat, '{', { origin, ...key }),
      await post(server(), chat, { ...body, stream: true }, { origin, ...key }),
    ];
    expect(told.map(({ status }) => status)).toEqual([204, 200, 400, 200]);
    for (const { headers } of told) expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([origin, 'Origin']);
  });

  test.each(['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'https://app.example:8443', 'null'])(
    '%s gets nothing, and changes nothing',
    async (origin) => {
      expect((await preflight(origin)).status).toBe(403);
      expect((await post(server(), chat, body, { origin, ...key })).status).toBe(403);
      const read = await get(server(), '/v1/models', { origin, ...key });
      expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([200, null]);
    },
  );

  test("a page of the server's own address may ask, one of another site without an origin may not", async () => {
    expect((await post(server(), chat, body, { origin: server().url, ...key })).status).toBe(200);
    const sent = JSON.stringify(body);
    const lines = [
      `Host: 127.0.0.1:${server().port}`,
      'Sec-Fetch-Site: cross-site',
      `Authorization: ${key.authorization}`,
      `Content-Length: ${sent.length}`,
      'Connection: close',
    ];
    expect(statusOf(await raw(server(), [`POST ${chat} HTTP/1.1`, ...lines, '', sent].join('\r\n')))).toBe(403);
  });
});

// What the packages openai 6 and @anthropic-ai/sdk 1 send from a browser, and the W3C's header of traces.
test.each([
  ['OpenAI', 'authorization,content-type,x-stainless-arch,x-stainless-lang,x-stainless-os,x-stainless-retry-count,x-stainless-timeout'],
  ['Anthropic', 'anthropic-dangerous-direct-browser-access,anthropic-version,content-type,x-api-key,x-stainless-helper-method'],
  ['traces', 'content-type, traceparent, tracestate'],
])('a page of the list may send the headers of clients of %s', async (_, names) => {
  const listed = await start({ corsOrigins: ['https://app.example'] });
  try {
    const preflight = (asked: string) =>
      ask(listed, 'OPTIONS', chat, undefined, {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': asked,
      });
    const allowed = ((await preflight(names)).headers.get('access-control-allow-headers') ?? '').split(/, */);
    expect(allowed).toEqual(expect.arrayContaining(names.split(/, */)));
    expect((await preflight('x-odd, <b>')).headers.get('access-control-allow-headers')).not.toContain('x-odd');
  } finally {
    await listed.close(0);
  }
});

describe('keys', () => {
  const log: LogEntry[] = [];
  const server = served({ apiKeys: ['first-key-abc', 'second-key-abc'], adminKeys: ['admin-key-abc'], logLevel: 'debug', log: (entry) => log.push(entry) });

  test.each([[''], ['Bearer x'], ['Bearer first-key-ab'], ['Bearer first-key-abcd'], ['Bearer FIRST-KEY-ABC'], ['Basic first-key-abc'], ['first-key-abc']])(
    '%j is refused, before the body is looked at',
    async (authorization) => {
      const told = await post(server(), chat, '{"broken', { authorization });
      expect([told.status, told.headers.get('www-authenticate'), told.json.error.code]).toEqual([401, 'Bearer', 'invalid_api_key']);
    },
  );

  test('each of them is taken, in either header', async () => {
    for (const headers of [{ authorization: 'Bearer first-key-abc' }, { authorization: 'bearer second-key-abc' }, { 'x-api-key': 'second-key-abc' }])
      expect((await post(server(), chat, body, headers as Record<string, string>)).status).toBe(200);
    expect((await post(server(), `${chat}?api_key=first-key-abc`, body)).status).toBe(401);
  });

  test('refusals have the form of their API; the health needs none', async () => {
    expect((await post(server(), '/v1/messages', {})).json).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
    expect((await post(server(), '/api/chat', {})).json).toEqual({ error: expect.any(String) });
    expect((await get(server(), '/v1/nothing')).status).toBe(401);
    expect((await get(server(), '/health')).json).toEqual({ status: 'ok' });
    expect((await get(server(), '/metrics')).status).toBe(401);
  });

  test('models are managed with a key of its own', async () => {
    const unload = (key: string) => post(server(), '/models/unload', { model: 'story' }, { 'x-api-key': key });
    expect((await unload('first-key-abc')).status).toBe(403);
    expect((await unload('admin-key-abc')).json.models).toMatchObject([{ name: 'story', state: 'unloaded' }]);
    expect((await post(server(), '/models/load', { model: 'story' }, { 'x-api-key': 'admin-key-abc' })).json.models).toMatchObject([{ state: 'loaded' }]);
  });

  test('neither keys nor prompts are in the log, the metrics or the settings', async () => {
    const key = { 'x-api-key': 'first-key-abc' };
    await post(server(), chat, body, key);
    await get(server(), '/zzz-unknown', key);
    const told = [JSON.stringify(log), (await get(server(), '/metrics', key)).text, (await get(server(), '/props', key)).text].join('\n');
    for (const secret of ['first-key', 'admin-key', 'SECRET', 'zzz-unknown']) expect(told).not.toContain(secret);
    expect(log).toContainEqual(expect.objectContaining({ msg: 'request', route: chat, status: 200, model: 'story', completionTokens: 1 }));
  });
});

describe('bodies and headers', () => {
  const server = served({ maxBodyBytes: 4096 });
  const head = () => `POST ${chat} HTTP/1.1\r\nHost: localhost:${server().port}\r\nContent-Type: application/json\r\n`;

  test('a body that says it is too large is refused before it comes', async () => {
    expect(statusOf(await raw(server(), `${head()}Content-Length: 10737418240\r\n\r\n{`, '}'))).toBe(413);
  });

  test('one that does not say so, while it comes', async () => {
    const chunk = `${(4000).toString(16)}\r\n${' '.repeat(4000)}\r\n`;
    expect(statusOf(await raw(server(), `${head()}Transfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`, '}}'))).toBe(413);
  });

  test.each([
    ['nothing', ''],
    ['half of an object', '{"model": '],
    ['null', 'null'],
    ['a list', '[1]'],
    ['more than an object', `${JSON.stringify(body)}}`],
    ['brackets a thousand deep', `{"messages":${'['.repeat(1000)}${']'.repeat(1000)}}`],
  ])('%s is 400', async (_, text) => {
    expect(await post(server(), chat, text)).toMatchObject({ status: 400, json: { error: { type: 'invalid_request_error' } } });
  });

  test('bytes that are no UTF-8 are 400, a prototype is only a name', async () => {
    const bytes = Buffer.concat([Buffer.from('{"messages":[{"role":"user","content":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}]}')]);
    expect((await fetch(server().url + chat, { method: 'POST', body: bytes })).status).toBe(400);
    const polluted = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},${JSON.stringify(body).slice(1)}`;
    expect((await post(server(), chat, polluted)).status).toBe(200);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('a client that asks first is told to go on', async () => {
    const text = JSON.stringify(body);
    const got = await raw(server(), `${head()}Content-Length: ${text.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n${text}`);
    expect(got).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/);
  });

  test('what is no HTTP, or too much of it, is refused', async () => {
    expect(statusOf(await raw(server(), `${head()}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`))).toBe(400);
    expect(statusOf(await raw(server(), `GET /health HTTP/1.1\r\nHost: localhost\r\nX-Big: ${'a'.repeat(200_000)}\r\n\r\n`))).toBe(431);
    expect(statusOf(await raw(server(), '\x16\x03\x01 hello\r\n\r\n'))).toBe(400);
    expect((await get(server(), '/health')).status).toBe(200);
  });

  // RFC 9112, 3.2.2: a server takes the whole address too, and then its host counts.
  test.each([
    ['http://localhost:1/health', 'localhost', 200],
    ['HTTP://127.0.0.1/health?of=it', 'evil.example', 200],
    ['http://localhost', 'localhost', 200],
    ['http://localhost/nope', 'localhost', 404],
    ['http://evil.example/health', 'localhost', 403],
    ['http://localhost@evil.example/health', 'localhost', 404],
  ])('a request for %s of a host %s: %i', async (target, host, status) => {
    expect(statusOf(await raw(server(), `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`))).toBe(status);
  });

  test('a slash behind a path is nothing; bodies that are packed are refused, and it is told which are not', async () => {
    expect((await get(server(), '/v1/models/')).json).toEqual((await get(server(), '/v1/models')).json);
    expect((await post(server(), `${chat}/`, body)).status).toBe(200);
    expect((await get(server(), '/page/')).status).toBe(404);
    const packed = await post(server(), chat, body, { 'content-encoding': 'gzip' });
    expect([packed.status, packed.headers.get('accept-encoding')]).toEqual([415, 'identity']);
    expect((await post(server(), chat, body, { 'content-encoding': 'Identity' })).status).toBe(200);
  });

  test('ids of requests are taken where they are plain, and made otherwise', async () => {
    expect((await get(server(), '/health', { 'x-request-id': 'my-id.1' })).headers.get('x-request-id')).toBe('my-id.1');
    expect((await get(server(), '/health', { 'x-request-id': 'a'.repeat(5000) })).headers.get('x-request-id')).toMatch(/^req_[\w-]{36}$/);
  });

  test('no path finds a file', async () => {
    for (const path of ['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '//etc/passwd', '/package.json', '/%00', '/v1/models/..%2f..%2fetc%2fpasswd'])
      expect([path, statusOf(await raw(server(), `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`))]).toEqual([path, 404]);
  });
});

describe('where it listens', () => {
  test('this machine alone, unless there is a key or everybody may use it', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'ARGUMENT', message: expect.stringContaining('--api-key') });
    const log: LogEntry[] = [];
    const server = await start({ host: '0.0.0.0', openToAll: true, logLevel: 'warn', log: (entry) => log.push(entry) });
    const open = await fetch(`http://127.0.0.1:${server.port}/health`);
    expect(open.status).toBe(200);
    expect(log).toMatchObject([{ level: 'warn' }]);
    await server.close(0);
  });

  test('a port in use, a certificate that is none, a model that is not there', async () => {
    const server = await start();
    for (const port of [-1, 1.5, 65_536])
      await expect(start({ port })).rejects.toMatchObject({ code: 'ARGUMENT', message: `port: expected an integer from 0 to 65535, found ${port}` });
    await expect(start({ port: server.port })).rejects.toMatchObject({ code: 'ARGUMENT', message: expect.stringContaining('in use') });
    await server.close(0);
    await expect(start({ tls: { cert: 'x', key: 'y' } })).rejects.toMatchObject({ code: 'ARGUMENT', message: expect.stringContaining('tls') });
    await expect(start({ model: '/nonexistent/x.gguf' })).rejects.toMatchObject({ code: 'FILE' });
  });

  test('with TLS', async () => {
    const text = (name: string) => readFileSync(join(__dirname, '..', 'fixtures', 'tls', name), 'utf8');
    const server = await start({ tls: { cert: text('cert.pem'), key: text('key.pem') } });
    expect(server.url).toMatch(/^https:/);
    const status = await new Promise((resolve, reject) =>
      request(`${server.url}/health`, { ca: text('cert.pem') }, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end(),
    );
    expect(status).toBe(200);
    expect(statusOf(await raw(server, 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'))).not.toBe(200);
    await server.close(0);
  });

  test("in another server: the handler answers, beside the server's own routes", async () => {
    const handler = createHandler({ model: embeddedModel });
    await handler.ready;
    const own = createServer((req, res) => (req.url === '/own' ? res.end('own') : handler(req, res)));
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(own.address() as AddressInfo).port}`;
    expect(await (await fetch(`${url}/own`)).text()).toBe('own');
    const answer = (await (await fetch(url + chat, { method: 'POST', body: JSON.stringify(body) })).json()) as { model: string };
    expect(answer.model).toBe('story-Q8_0');
    await handler.close();
    own.closeAllConnections();
    own.close();
  });

  test.each([[{}], [{ apiKeys: ['with space'] }], [{ corsOrigins: ['*'] }], [{ parallel: 0 }], [{ maxQueue: -1 }], [{ toolChoice: 'sometimes' }]])(
    'options that are wrong are refused: %j',
    async (options) => {
      const given = Object.keys(options).length === 0 ? { model: undefined, models: undefined } : options;
      await expect((async () => createHandler({ model: embeddedModel, ...given } as never))()).rejects.toMatchObject({ code: 'ARGUMENT' });
    },
  );
});
