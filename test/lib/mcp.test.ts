// Tools of the Model Context Protocol, from servers of the real SDK.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { connectMcp, mcpServers, mcpTools, type McpClient, type McpConnection, type Tool } from 'llama-ts';

import { hermes, onModels } from '../support/ecosystem';
import { lineOf, linesOf, pidOf, runs } from '../support/log';
import { root } from '../support/shared';

const script = join(root, 'test', 'fixtures', 'mcp-server.cjs');

let folder = '';
let log = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-mcp-'));
  log = join(folder, 'log');
});
afterEach(() => rmSync(folder, { recursive: true }));

const server = (...kinds: string[]) => ({ command: process.execPath, args: [script, log, ...kinds] });

/** Calls a tool as an answer does. */
function call(tools: Readonly<Record<string, Tool>>, name: string, args: object = {}, signal = new AbortController().signal): unknown {
  const context = { signal, call: { name, arguments: args as Record<string, unknown>, argumentsText: JSON.stringify(args) } };
  return tools[name]?.run?.(args as never, context);
}

describe('mcpTools', () => {
  let client: Client;
  let tools: Record<string, Tool> = {};
  beforeEach(async () => {
    client = new Client({ name: 'test', version: '1' });
    await client.connect(new StdioClientTransport({ ...server(), stderr: 'ignore' }));
    tools = await mcpTools(client);
  });
  afterEach(() => client.close());

  test('what a server lists is offered, closed to arguments that it does not list', () => {
    expect(Object.keys(tools)).toEqual(['weather', 'fails', 'a_name_with_marks', 'data', 'waits']);
    expect(tools.weather).toMatchObject({
      description: 'The weather in a city.',
      parameters: { type: 'object', properties: { city: { enum: ['Bern', 'Oslo'] } }, required: ['city'], additionalProperties: false },
    });
  });

  test('what a tool gives is told as text; what it calls an error is one', async () => {
    expect(await call(tools, 'weather', { city: 'Oslo' })).toBe('7 degrees in Oslo');
    expect(linesOf(log)).toContain('weather Oslo');
    expect(await call(tools, 'data')).toBe('{"n":5}');
    expect(await call(tools, 'a_name_with_marks')).toBe('[image, image/png, which is no text]\ninside\n[file:///b.txt]');
    await expect(call(tools, 'fails')).rejects.toThrow('no line');
    await expect(call(tools, 'weather', { city: 'Rome' })).rejects.toThrow(/city/);
  });

  test('an abort ends the call at the server, too', async () => {
    const abort = new AbortController();
    const waits = call(tools, 'waits', {}, abort.signal);
    await call(tools, 'weather', { city: 'Bern' }); // behind it
    expect(linesOf(log)).toContain('waiting');
    abort.abort();
    await expect(waits).rejects.toThrow();
    await call(tools, 'weather', { city: 'Bern' });
    expect(linesOf(log)).toContain('aborted');
  });

  test('prefixes, and options that are wrong', async () => {
    expect(Object.keys(await mcpTools(client, { prefix: 'far ' }))).toContain('far_weather');
    await expect(mcpTools(client, { timeoutMs: 0 })).rejects.toMatchObject({ code: 'ARGUMENT' });
    await expect(mcpTools(client, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow();
  });
});

describe('lists', () => {
  const listing = (list: McpClient['listTools']): McpClient => ({ listTools: list, callTool: () => Promise.resolve({}) });
  const named = (name: string) => ({ name, inputSchema: { type: 'object' } });

  test('come page by page', async () => {
    const cursors: unknown[] = [];
    const tools = await mcpTools(
      listing(async (params) => {
        cursors.push(params?.cursor);
        const page = Number(params?.cursor ?? 0);
        return { tools: [named(`t${page}`)], ...(page < 2 && { nextCursor: String(page + 1) }) };
      }),
    );
    expect(Object.keys(tools)).toEqual(['t0', 't1', 't2']);
    expect(cursors).toEqual([undefined, '1', '2']);
  });

  test('without an end are refused, and those with two tools of one name', async () => {
    await expect(mcpTools(listing(async () => ({ tools: [], nextCursor: 'x' })))).rejects.toMatchObject({ code: 'ARGUMENT' });
    await expect(mcpTools(listing(async () => ({ tools: [named('a b'), named('a/b')] })))).rejects.toThrow('two tools that would both be called a_b');
  });
});

onModels((model) => {
  test('a model calls them, and goes on with what they gave', async () => {
    await using connection = await connectMcp({ test: server('one') });
    const answer = model().generate([{ role: 'user', content: 'Is it warm in Oslo?' }], {
      tools: connection.tools,
      toolChoice: 'required',
      maxRounds: 2,
      template: hermes,
      temperature: 0,
      maxTokens: 200,
    });
    const results: string[] = [];
    for await (const part of answer) if (part.type === 'toolResult') results.push(part.content);
    const called = (await answer).toolCalls?.[0]?.arguments.city as string;
    expect(results).toEqual([`7 degrees in ${called}`]);
    expect(linesOf(log)).toContain(`weather ${called}`);
  });
});

describe('connectMcp', () => {
  test('tells the tools of several servers apart, and ends what it started', async () => {
    const second = { ...server(), args: [script, join(folder, 'log2')] };
    const connection = await connectMcp({ near: server('one'), 'far away': second });
    expect(connection.servers).toEqual({ near: ['near_weather'], 'far away': ['far_away_weather', 'fails', 'a_name_with_marks', 'data', 'waits'] });
    expect(await call(connection.tools, 'far_away_weather', { city: 'Bern' })).toBe('7 degrees in Bern');
    expect([linesOf(log).length, linesOf(join(folder, 'log2')).length]).toEqual([1, 2]);
    expect([...connection.pids].sort()).toEqual([pidOf(log), pidOf(join(folder, 'log2'))].sort());
    expect(connection.pids.map(runs)).toEqual([true, true]);
    await connection.dispose();
    expect(connection.pids.map(runs)).toEqual([false, false]);
    await connection.dispose(); // again
  });

  test('a server that does not start is told with its words, and the others end', async () => {
    const broken = { ...server(), args: [script, join(folder, 'log2'), 'broken'] };
    const failed: unknown = await connectMcp({ good: server(), bad: broken }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'ARGUMENT', message: expect.stringMatching(/^the MCP server bad cannot be used: .*; it said: no database here$/) });
    expect(runs(pidOf(log))).toBe(false);
    await expect(connectMcp({ none: { command: join(folder, 'nothing') } })).rejects.toThrow(/^the MCP server none cannot be used: .*ENOENT/);
  });

  test('an abort while it connects rejects with the reason, and ends what was started', async () => {
    const abort = new AbortController();
    const other = join(folder, 'log2');
    const silent = `require('node:fs').appendFileSync(${JSON.stringify(other)}, 'pid ' + process.pid + '\\nup\\n'); process.stdin.resume()`;
    const connecting = connectMcp({ good: server(), silent: { command: process.execPath, args: ['-e', silent] } }, { signal: abort.signal });
    lineOf(other, 'up').then(() => abort.abort(new Error('enough')));
    await expect(connecting).rejects.toThrow('enough');
    expect(runs(pidOf(other))).toBe(false);
  });

  describe('over HTTP', () => {
    let http: Server;
    let connection: McpConnection | undefined;
    const asked: (string | undefined)[] = [];
    beforeEach(async () => {
      http = createServer(async (request, response) => {
        asked.push(request.headers.authorization);
        const own = new McpServer({ name: 'http', version: '1' });
        own.registerTool('ping', { description: 'Answers.' }, () => ({ content: [{ type: 'text', text: 'pong' }] }));
        const transport = new StreamableHTTPServerTransport({});
        await own.connect(transport as never);
        await transport.handleRequest(request, response);
      });
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    });
    afterEach(async () => {
      await connection?.dispose();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    });

    test('a server at an address is asked with its headers', async () => {
      process.env.LLAMA_TS_TEST_TOKEN = 'secret';
      const { port } = http.address() as AddressInfo;
      const servers = mcpServers({ mcpServers: { web: { url: `http://127.0.0.1:${port}/mcp`, headers: { Authorization: 'Bearer ${LLAMA_TS_TEST_TOKEN}' } } } });
      connection = await connectMcp(servers);
      expect(connection.pids).toEqual([]);
      expect(await call(connection.tools, 'ping')).toBe('pong');
      expect(new Set(asked)).toEqual(new Set(['Bearer secret']));
    });
  });

  test('without the SDK, an error says what to install', () => {
    const copy = join(folder, 'copy');
    mkdirSync(join(copy, 'node_modules'), { recursive: true });
    for (const name of ['package.json', 'dist', 'build']) symlinkSync(join(root, name), join(copy, name));
    symlinkSync(join(root, 'node_modules', 'node-gyp-build'), join(copy, 'node_modules', 'node-gyp-build'), 'junction');
    const text = `require('./dist/lib').connectMcp({}).catch((e) => console.log(e.name, e.code, e.message))`;
    const flags = ['--preserve-symlinks', '--preserve-symlinks-main', '-e', text];
    expect(spawnSync(process.execPath, flags, { cwd: copy, encoding: 'utf8' }).stdout).toBe(
      'LlamaError PACKAGE a connection to MCP servers needs the package @modelcontextprotocol/sdk: it is not installed: npm install @modelcontextprotocol/sdk\n',
    );
  });
});

describe('configurations of other clients', () => {
  test('are read', () => {
    process.env.LLAMA_TS_TEST_FOLDER = '/data';
    const config = {
      mcpServers: {
        files: {
          command: 'npx',
          args: ['-y', 'files', '${LLAMA_TS_TEST_FOLDER}/a', '${LLAMA_TS_TEST_NONE:-b}'],
          env: { KEY: '1' },
          cwd: '/tmp',
          type: 'stdio',
        },
        bare: { command: 'bare' },
        off: { command: 'off', disabled: true },
        web: { type: 'http', url: 'https://example.org/mcp' },
      },
      other: true,
    };
    expect(mcpServers(config)).toEqual({
      files: { command: 'npx', args: ['-y', 'files', '/data/a', 'b'], env: { KEY: '1' }, cwd: '/tmp' },
      bare: { command: 'bare', args: [], env: undefined },
      web: { url: 'https://example.org/mcp', headers: undefined },
    });
  });

  test.each([
    [undefined, /"mcpServers"/],
    [{ mcpServers: [] }, /"mcpServers"/],
    [{ mcpServers: { a: 'b' } }, /^mcpServers\.a: expected an object/],
    [{ mcpServers: { a: {} } }, /^mcpServers\.a\.command: expected a text/],
    [{ mcpServers: { a: { command: 'b', args: 'c' } } }, /^mcpServers\.a\.args: expected a list/],
    [{ mcpServers: { a: { command: 'b', env: 'c' } } }, /^mcpServers\.a\.env: expected an object/],
    [{ mcpServers: { a: { type: 'sse', url: 'http://b' } } }, /^mcpServers\.a: .*HTTP/],
    [{ mcpServers: { a: { command: '${LLAMA_TS_TEST_NONE}' } } }, /^mcpServers\.a\.command: .*LLAMA_TS_TEST_NONE/],
  ])('%j is refused', (config, message) => {
    expect(() => mcpServers(config)).toThrow(expect.objectContaining({ code: 'ARGUMENT', message: expect.stringMatching(message) }));
  });
});
