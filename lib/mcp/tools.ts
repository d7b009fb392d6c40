// The tools of a server of the Model Context Protocol, as models are offered tools.
import * as check from '../check';
import { LlamaError } from '../errors';
import { closedSchema } from '../schema';
import type { Tool } from '../tools';

interface Listed {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: object;
}

interface CallingOptions {
  readonly signal?: AbortSignal;
  readonly timeout?: number;
}

/** What is asked of a client: a connected `Client` of `@modelcontextprotocol/sdk` is one. */
export interface McpClient {
  listTools(params?: { cursor?: string }, options?: CallingOptions): Promise<{ readonly tools: readonly Listed[]; readonly nextCursor?: string | undefined }>;
  callTool(params: { name: string; arguments?: Record<string, unknown> }, resultSchema?: undefined, options?: CallingOptions): Promise<unknown>;
}

export interface McpToolsOptions {
  /** Put before each tool's name, to tell those of several servers apart: `files_`. */
  prefix?: string;
  /** How long a call may take, in milliseconds. Default: as long as the client lets. */
  timeoutMs?: number;
  /** Stop listing: the call rejects with the signal's reason. */
  signal?: AbortSignal;
}

const optionChecks: check.Checks<McpToolsOptions> = {
  prefix: check.string,
  timeoutMs: check.integer(1, 0x7fffffff),
  signal: check.signal,
};

const mostPages = 1000;

interface Part {
  readonly type: string;
  readonly text?: string;
  readonly mimeType?: string;
  readonly uri?: string;
  readonly resource?: { readonly uri: string; readonly text?: string };
}

/** A part of a result in words: what is no text is named, so that the model knows of it. */
function wordsOf({ type, text, mimeType = 'of an unknown type', uri, resource }: Part): string {
  if (type === 'text') return text ?? '';
  if (type === 'resource') return resource?.text ?? `[${resource?.uri ?? 'a resource'}, which is no text]`;
  return type === 'resource_link' ? `[${uri}]` : `[${type}, ${mimeType}, which is no text]`;
}

/** What the model is told of a result; throws what the tool calls an error. */
function toldOf(result: unknown): string {
  const { content = [], structuredContent, isError } = (result ?? {}) as { content?: readonly Part[]; structuredContent?: unknown; isError?: boolean };
  const words = content.length > 0 || structuredContent === undefined ? content.map(wordsOf).join('\n') : JSON.stringify(structuredContent);
  if (isError === true) throw new Error(words || 'the tool failed without a word');
  return words;
}

/** Models' templates take letters, digits, and - . _ in a name; servers may have others. */
const plain = (name: string): string => name.replace(/[^\w.-]/g, '_').slice(0, 64);

async function listed(client: McpClient, options: CallingOptions): Promise<Listed[]> {
  const all: Listed[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { tools, nextCursor } = await client.listTools(cursor === undefined ? {} : { cursor }, options);
    all.push(...tools);
    if (nextCursor === undefined) return all;
    cursor = nextCursor;
  }
  throw new LlamaError('ARGUMENT', `client: its server lists more than ${mostPages} pages of tools, and no end of them`);
}

/**
 * The tools of a connected client, for `tools` of `generate`, `chat` and the like. A call is aborted with the answer. What a tool gives is told to the
 * model as text; what it calls an error is one for the model, too.
 */
export async function mcpTools(client: McpClient, options?: McpToolsOptions): Promise<Record<string, Tool>> {
  const { prefix = '', timeoutMs, signal } = check.options<McpToolsOptions>(options, 'mcpTools', optionChecks);
  const timeout = timeoutMs === undefined ? {} : { timeout: timeoutMs };
  const tools: Record<string, Tool> = {};
  for (const { name, description, inputSchema } of await listed(client, { ...(signal && { signal }) })) {
    const known = plain(prefix + name);
    if (Object.hasOwn(tools, known)) throw new LlamaError('ARGUMENT', `client: its server has two tools that would both be called ${known}`);
    tools[known] = {
      ...(description !== undefined && { description }),
      parameters: closedSchema(inputSchema),
      run: async (args: Record<string, unknown>, { signal: ended }) =>
        toldOf(await client.callTool({ name, arguments: args }, undefined, { signal: ended, ...timeout })),
    } as Tool;
  }
  return tools;
}
