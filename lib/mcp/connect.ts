// Servers of the Model Context Protocol, started and connected to by @modelcontextprotocol/sdk, which is loaded when this is called.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import '../dispose';
import { native } from '../binding';
import * as check from '../check';
import { LlamaError } from '../errors';
import { peerError } from '../peer';
import type { Tool } from '../tools';
import type { McpServer, McpServers } from './servers';
import { mcpTools, type McpClient } from './tools';

export interface ConnectMcpOptions {
  /** How long a call may take, in milliseconds. Default: as long as the SDK lets, a minute. */
  timeoutMs?: number;
  /** Whether what servers write to their error output is shown. Default false: its end is part of the error where one does not start. */
  showErrors?: boolean;
  /** Stop connecting: the call rejects with the signal's reason, and what was started ends. */
  signal?: AbortSignal;
}

/** Servers that are connected to. Whoever connects disposes of them: that ends what was started. */
export interface McpConnection extends AsyncDisposable {
  /** The tools of all servers, for `tools` of `generate` and `chat`. Names that several servers have begin with the server's: `files_search`. */
  readonly tools: Readonly<Record<string, Tool>>;
  /** Of each server the names of its tools. */
  readonly servers: Readonly<Record<string, readonly string[]>>;
  /** The processes that were started. */
  readonly pids: readonly number[];
  dispose(): Promise<void>;
}

const optionChecks: check.Checks<ConnectMcpOptions> = {
  timeoutMs: check.integer(1, 0x7fffffff),
  showErrors: check.boolean,
  signal: check.signal,
};

/** What is used of the SDK, whose own declarations are of ES modules. */
interface Transport {
  readonly pid?: number | null;
  readonly stderr?: Readable | null;
  start(): Promise<void>;
  onclose?: () => void;
}

interface Client extends McpClient {
  connect(transport: Transport, options?: { signal?: AbortSignal }): Promise<void>;
  close(): Promise<void>;
}

interface Sdk {
  readonly Client: new (who: { name: string; version: string }) => Client;
  readonly StdioClientTransport: new (server: object) => Transport;
  readonly StreamableHTTPClientTransport: new (url: URL, options: object) => Transport;
}

const sdkName = '@modelcontextprotocol/sdk';
const parts = ['client/index.js', 'client/stdio.js', 'client/streamableHttp.js'];

/** Where this package cannot see it, the project's own. */
function sdk(): Sdk {
  const from = (load: NodeJS.Require): Sdk => Object.assign({}, ...parts.map((part) => load(`${sdkName}/${part}`) as object)) as Sdk;
  try {
    return from(require);
  } catch (error) {
    try {
      return from(createRequire(join(process.cwd(), 'index.js')));
    } catch {
      throw peerError(sdkName, 'a connection to MCP servers', error);
    }
  }
}

const mostOfErrors = 2000; // letters

/** The end of what a stream says. */
function endOf(stream: Readable | null | undefined): () => string {
  let text = '';
  stream?.on('data', (more: Buffer) => (text = (text + more.toString()).slice(-mostOfErrors)));
  return () => text.trim();
}

function transportOf({ StdioClientTransport, StreamableHTTPClientTransport }: Sdk, server: McpServer, stderr: 'inherit' | 'pipe'): Transport {
  if ('url' in server) return new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers: server.headers ?? {} } });
  const { command, args = [], env, cwd } = server;
  return new StdioClientTransport({ command, args: [...args], stderr, ...(env && { env }), ...(cwd !== undefined && { cwd }) });
}

interface Connected {
  readonly name: string;
  readonly client: Client;
  readonly pid: number | undefined;
  readonly tools: Record<string, Tool>;
}

const longestEnd = 10_000; // ms

/** The process behind a transport, if it starts one, and its end. */
class Process {
  pid: number | undefined;
  #ended = Promise.resolve();

  constructor(transport: Transport) {
    const start = transport.start.bind(transport);
    transport.start = async () => {
      const closed = new Promise<void>((resolve) => {
        const before = transport.onclose;
        transport.onclose = () => {
          before?.();
          resolve();
        };
      });
      await start();
      this.pid = transport.pid ?? undefined;
      if (this.pid !== undefined) this.#ended = closed;
    };
  }

  /** The SDK ends what it has given up, and waits for it only where it is asked to end it. */
  async gone(): Promise<void> {
    await Promise.race([this.#ended, sleep(longestEnd, undefined, { ref: false })]);
  }
}

async function connected(loaded: Sdk, name: string, server: McpServer, { showErrors, signal, timeoutMs }: ConnectMcpOptions): Promise<Connected> {
  const client = new loaded.Client({ name: 'llama-ts', version: native.version });
  let said = (): string => '';
  let started: Process | undefined;
  try {
    const transport = transportOf(loaded, server, showErrors === true ? 'inherit' : 'pipe');
    started = new Process(transport);
    said = endOf(transport.stderr);
    await client.connect(transport, signal && { signal });
    const tools = await mcpTools(client, { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) });
    return { name, client, pid: started.pid, tools };
  } catch (cause) {
    await client.close();
    await started?.gone();
    signal?.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LlamaError('ARGUMENT', `the MCP server ${name} cannot be used: ${[why, said()].filter(Boolean).join('; it said: ')}`, { cause });
  }
}

/** Tools by names that no two servers share. */
function named(all: readonly Connected[]): Map<Connected, [string, Tool][]> {
  const count = new Map<string, number>();
  for (const name of all.flatMap(({ tools }) => Object.keys(tools))) count.set(name, (count.get(name) ?? 0) + 1);
  const own = (server: Connected, name: string): string => ((count.get(name) ?? 0) > 1 ? `${server.name.replace(/[^\w.-]/g, '_')}_${name}`.slice(0, 64) : name);
  return new Map(all.map((server) => [server, Object.entries(server.tools).map(([name, tool]) => [own(server, name), tool])]));
}

/**
 * Starts servers, or connects to those at an address, and lists their tools. Needs the package `@modelcontextprotocol/sdk`; rejects with `PACKAGE`
 * where it is not installed, and with `ARGUMENT` where a server cannot be used: then none is left running.
 */
export async function connectMcp(servers: McpServers, options?: ConnectMcpOptions): Promise<McpConnection> {
  const checked = check.options<ConnectMcpOptions>(options, 'connectMcp', optionChecks);
  const loaded = sdk();
  const attempts = await Promise.allSettled(Object.entries(servers).map(([name, server]) => connected(loaded, name, server, checked)));
  const all = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
  let ending: Promise<void> | undefined;
  const dispose = (): Promise<void> => (ending ??= Promise.all(all.map(({ client }) => client.close())).then(() => {}));
  const failed = attempts.find((attempt) => attempt.status === 'rejected');
  if (failed) {
    await dispose();
    throw failed.reason;
  }
  const names = named(all);
  const tools = [...names.values()].flat();
  return {
    tools: Object.fromEntries(tools),
    servers: Object.fromEntries([...names].map(([{ name }, own]) => [name, own.map(([tool]) => tool)])),
    pids: all.flatMap(({ pid }) => (pid === undefined ? [] : [pid])),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}
