// A conversation as a request, and its streamed answer as it is read.
import { schemaOf, toolsOf } from '../data/json';
import type { Call, Node, Settings, Timings, TokenChance } from '../data/types';
import type { ServerTool } from './client';
import { Failed } from './failure';
import { eventsOf, type ServerEvent } from './sse';

/** What is heard of an answer; `choice` says of which. */
export type Heard = { readonly choice: number } & (
  | { readonly type: 'text'; readonly text: string; readonly chances: readonly TokenChance[] }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'call'; readonly index: number; readonly id: string; readonly name: string; readonly arguments: string }
  | { readonly type: 'end'; readonly length: boolean; readonly chances: readonly TokenChance[]; readonly timings: Timings | undefined }
);

type Message = Readonly<Record<string, unknown>>;

function messageOf(node: Node): Message[] {
  if (node.role === 'user') return [{ role: 'user', content: node.text }];
  if (node.role === 'tool') return [{ role: 'tool', tool_call_id: node.call, name: node.name, content: node.text }];
  if (node.text === '' && node.calls.length === 0) return []; // it failed
  const calls = node.calls.map(({ id, name, arguments: given }) => ({ id, type: 'function', function: { name, arguments: given } }));
  return [
    {
      role: 'assistant',
      content: node.text,
      ...(node.reasoning !== '' && { reasoning_content: node.reasoning }),
      ...(calls.length > 0 && { tool_calls: calls }),
    },
  ];
}

/** Questions that follow each other, as the one between them was not answered, are one: templates want turns. */
function merged(messages: readonly Message[]): readonly Message[] {
  const all: Message[] = [];
  for (const message of messages) {
    const last = all.at(-1);
    if (last?.role !== 'user' || message.role !== 'user') all.push(message);
    else all[all.length - 1] = { role: 'user', content: `${String(last.content)}\n\n${String(message.content)}` };
  }
  return all;
}

/** How many others are asked for with each token. */
const alternatives = 6;

/** What may be called: the user's functions, and where they are wanted those of the server that have other names. */
function offeredBy({ tools }: Settings, server: readonly ServerTool[]): readonly unknown[] {
  const own = (tools.on ? toolsOf(tools.text) : undefined) ?? [];
  const taken = new Set(own.map((tool) => fields(fields(tool).function).name));
  const others = tools.server ? server.filter(({ name }) => !taken.has(name)) : [];
  return [...own, ...others.map((tool) => ({ type: 'function', function: tool }))];
}

/** The body of a request that answers what stands at the end of the path. `server`: the tools that it runs. */
export function bodyOf(
  path: readonly Node[],
  model: string,
  settings: Settings,
  answers: number,
  server: readonly ServerTool[],
): Readonly<Record<string, unknown>> {
  const { system, parameters, stop, chances, schema } = settings;
  const bound = schema.on ? schemaOf(schema.text) : undefined;
  const offered = offeredBy(settings, server);
  return {
    ...parameters,
    ...(model !== '' && { model }),
    messages: [...(system.trim() === '' ? [] : [{ role: 'system', content: system }]), ...merged(path.flatMap(messageOf))],
    stream: true,
    ...(answers > 1 && { n: answers }),
    ...(stop.length > 0 && { stop }),
    ...(chances && { logprobs: true, top_logprobs: alternatives }),
    ...(bound && { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: bound, strict: true } } }),
    ...(offered.length > 0 && { tools: offered }),
  };
}

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

const chancesOf = (logprobs: unknown): TokenChance[] =>
  list(fields(logprobs).content).map((each) => {
    const { token, logprob, top_logprobs: top } = fields(each);
    const others = list(top).map((other) => ({ text: text(fields(other).token), logprob: number(fields(other).logprob) }));
    return { text: text(token), logprob: number(logprob), top: others };
  });

function timingsOf(value: unknown): Timings | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const of = fields(value);
  return {
    promptTokens: number(of.prompt_n) + number(of.cache_n),
    cachedTokens: number(of.cache_n),
    promptMs: number(of.prompt_ms),
    tokens: number(of.predicted_n),
    ms: number(of.predicted_ms),
  };
}

function callsOf(choice: number, calls: unknown): Heard[] {
  return list(calls).map((each, i) => {
    const { index, id, function: called } = fields(each);
    const { name, arguments: given } = fields(called);
    return { choice, type: 'call', index: typeof index === 'number' ? index : i, id: text(id), name: text(name), arguments: text(given) };
  });
}

/** What a chunk says. Throws where it is an error. */
function heardIn(data: string): Heard[] {
  const chunk = fields(JSON.parse(data));
  if (chunk.error !== undefined) throw new Failed({ kind: 'failed', message: text(fields(chunk.error).message) || text(chunk.error) });
  return list(chunk.choices).flatMap((each): Heard[] => {
    const { index, delta, finish_reason: finish, logprobs } = fields(each);
    const choice = number(index);
    const { content, reasoning_content: reasoning, reasoning: other, tool_calls: calls } = fields(delta);
    const chances = chancesOf(logprobs);
    const said = text(content);
    const thought = text(reasoning) || text(other);
    const ended = typeof finish === 'string';
    return [
      ...(thought === '' ? [] : [{ choice, type: 'reasoning' as const, text: thought }]),
      ...(said === '' && (chances.length === 0 || ended) ? [] : [{ choice, type: 'text' as const, text: said, chances: ended ? [] : chances }]),
      ...callsOf(choice, calls),
      ...(ended ? [{ choice, type: 'end' as const, length: finish === 'length', chances, timings: timingsOf(chunk.timings) }] : []),
    ];
  });
}

/** An answer as it comes. Throws where the server says that it failed, and where the stream ends before the answer does. */
export async function* heardOf(events: AsyncIterable<ServerEvent>): AsyncGenerator<Heard, void, undefined> {
  for await (const { data } of events) {
    if (data === '[DONE]') return;
    yield* heardIn(data);
  }
  throw new Failed({ kind: 'broken', message: '' });
}

/** The same, of a body. */
export const reading = (body: ReadableStream<Uint8Array>): AsyncGenerator<Heard, void, undefined> => heardOf(eventsOf(body));

/** Calls with one more piece. */
export function withCall(calls: readonly Call[], piece: Extract<Heard, { type: 'call' }>): readonly Call[] {
  const at = calls[piece.index];
  const call = { id: piece.id || (at?.id ?? ''), name: piece.name || (at?.name ?? ''), arguments: (at?.arguments ?? '') + piece.arguments };
  if (at) return calls.with(piece.index, call);
  return [...calls, call];
}
