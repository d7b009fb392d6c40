// POST /v1/messages and /v1/messages/count_tokens.
import * as v from 'valibot';

import type { BoundOptions, GenerateOptions, JsonSchema } from '../../index';
import { route, type Call } from '../call';
import { ApiError, wrong } from '../failure';
import { answer, newId, promptTokens, type Answer, type Ask, type Choice } from '../inner';
import { toolOptions, type WireChoice, type WireTool } from '../openai/tools';
import { samplingEntries, samplingOf } from '../samplers';
import { streamed } from '../stream';
import { integer, maybe, number, object, someOf } from '../wire';
import { stopsOf } from '../openai/chat';
import { anthropicMessages, conversationOf, systemText } from './blocks';
import { MessageTalk } from './events';

const tool = v.looseObject({ type: maybe(v.string()), name: v.string(), description: maybe(v.string()), input_schema: maybe(object) });

const one = maybe(v.boolean());
const toolChoice = maybe(
  v.variant('type', [
    v.object({ type: v.literal('auto'), disable_parallel_tool_use: one }),
    v.object({ type: v.literal('any'), disable_parallel_tool_use: one }),
    v.object({ type: v.literal('none') }),
    v.object({ type: v.literal('tool'), name: v.string(), disable_parallel_tool_use: one }),
  ]),
);

const format = maybe(v.object({ type: v.literal('json_schema'), schema: object }));

const counted = {
  model: v.string(),
  messages: anthropicMessages,
  system: systemText,
  tools: maybe(someOf(tool, 10_000)),
  tool_choice: toolChoice,
  thinking: maybe(
    v.variant('type', [
      v.object({ type: v.literal('enabled'), budget_tokens: integer(1) }),
      v.object({ type: v.literal('disabled') }),
      v.object({ type: v.literal('adaptive') }),
    ]),
  ),
  output_config: maybe(v.object({ format, effort: maybe(v.string()) })),
  output_format: format,
};

const countRequest = v.object(counted);

const messageRequest = v.object({
  ...samplingEntries,
  ...counted,
  max_tokens: integer(1),
  temperature: maybe(number(0, 2)),
  thread: maybe(v.variant('type', [v.object({ type: v.literal('create') }), v.object({ type: v.literal('continue'), previous_message_id: v.string() })])),
  stop_sequences: maybe(someOf(v.string(), 1000)),
  stream: maybe(v.boolean()),
});

type CountRequest = v.InferOutput<typeof countRequest>;
type MessageRequest = v.InferOutput<typeof messageRequest>;

function toolsOf(call: Call, { tools, tool_choice: choice }: CountRequest): GenerateOptions {
  const all: WireTool[] = [];
  for (const { type, name, description, input_schema: parameters } of tools ?? []) {
    if (type === null || type === undefined || type === 'custom') all.push({ name, description, parameters });
    else call.state.log.tell('info', 'a tool was left out: this server runs none', { id: call.id, type: type.slice(0, 60) });
  }
  const words = { auto: 'auto', any: 'required', none: 'none' } as const;
  const wanted: WireChoice = !choice ? undefined : choice.type === 'tool' ? { name: choice.name } : words[choice.type];
  const single = choice && 'disable_parallel_tool_use' in choice && choice.disable_parallel_tool_use === true;
  return toolOptions(all, wanted, !single);
}

function reasoningOf({ thinking, output_config: config }: CountRequest): GenerateOptions {
  const effort = config?.effort;
  if (thinking?.type === 'disabled') return { reasoning: { effort: 'none' } };
  if (thinking?.type === 'enabled') return { reasoning: { budget: thinking.budget_tokens, ...(effort && { effort }) } };
  return effort ? { reasoning: { effort } } : {};
}

function boundOf({ output_config: config, output_format: old }: CountRequest): BoundOptions {
  const found = config?.format ?? old;
  return found ? { schema: found.schema as JsonSchema } : {};
}

function countAsk(call: Call, body: CountRequest): Ask {
  const messages = conversationOf(body.system, body.messages);
  if (messages.every(({ role }) => role === 'system')) throw wrong('messages', 'expected a message of the user, found none');
  return { model: body.model, inputs: [{ messages }], options: { ...toolsOf(call, body), ...reasoningOf(body) } };
}

function askOf(call: Call, body: MessageRequest): Ask {
  const ask = countAsk(call, body);
  return {
    ...ask,
    options: { ...ask.options, ...samplingOf(body), ...stopsOf(body.stop_sequences), ...boundOf(body), maxTokens: body.max_tokens },
  };
}

/** Why it ended. */
export function stopReason({ finish, stopString }: Choice): { stop_reason: string; stop_sequence: string | null } {
  if (finish === 'calls') return { stop_reason: 'tool_use', stop_sequence: null };
  if (finish === 'length') return { stop_reason: 'max_tokens', stop_sequence: null };
  return stopString === undefined ? { stop_reason: 'end_turn', stop_sequence: null } : { stop_reason: 'stop_sequence', stop_sequence: stopString };
}

/** Tokens: those of the prompt that were known count apart. */
export const usageOf = ({ usage: { prompt, cached, completion } }: Answer): Record<string, number> => ({
  input_tokens: prompt - cached,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: cached,
  output_tokens: completion,
});

/** What a thinking block ends with: these blocks are not signed. */
export const signature = 'llama-ts';

function inputOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return {}; // it was cut off
  }
}

function blocksOf({ reasoning, text, calls }: Choice): unknown[] {
  return [
    ...(reasoning === '' ? [] : [{ type: 'thinking', thinking: reasoning, signature }]),
    ...(text === '' && calls.length > 0 ? [] : [{ type: 'text', text }]),
    ...calls.map((call) => ({ type: 'tool_use', id: call.id, name: call.name, input: inputOf(call.arguments) })),
  ];
}

/** The message while nothing of it is said. */
const begun = (model: string): Record<string, unknown> => ({
  id: `msg_${newId()}`,
  type: 'message',
  role: 'assistant',
  model,
  content: [],
  stop_reason: null,
  stop_sequence: null,
});

/** A conversation that requests go on from by the id of its last answer, as the SDK's runner of tools does. */
export interface Thread extends Pick<MessageRequest, 'system' | 'tools' | 'messages'> {
  readonly owner: string;
}

/** The whole request, of one that goes on from an answer. */
function whole({ state, owner }: Call, body: MessageRequest): MessageRequest {
  if (body.thread?.type !== 'continue') return body;
  const { previous_message_id: id } = body.thread;
  const found = state.threads.get(id, owner);
  if (found) return { ...body, system: body.system ?? found.system, tools: body.tools ?? found.tools, messages: [...found.messages, ...body.messages] };
  throw new ApiError(404, `thread: there is no message ${JSON.stringify(id.slice(0, 80))}: those of threads are kept for an hour, in memory`, {
    param: 'thread',
    more: { details: { error_code: 'thread_not_found' } }, // at which the SDK sends all of the conversation again
  });
}

/** Keeps what was said, where later requests go on from it. */
function keep({ state, owner }: Call, { thread, system, tools, messages }: MessageRequest, id: unknown, choice: Choice): void {
  if (!thread) return;
  const last = messages.at(-1);
  const begun = last?.role === 'assistant' ? last.content : []; // the answer goes on from it
  const content = [...(typeof begun === 'string' ? [{ type: 'text' as const, text: begun }] : begun), ...blocksOf(choice)] as typeof begun;
  const before = last?.role === 'assistant' ? messages.slice(0, -1) : messages;
  state.threads.put(String(id), { system, tools, messages: [...before, { role: 'assistant', content }], owner });
}

async function message(call: Call, given: MessageRequest): Promise<unknown> {
  const body = whole(call, given);
  const ask = askOf(call, body);
  const head = begun(call.state.models.find(ask.model).name);
  if (body.stream === true)
    return streamed(call, ask, new MessageTalk(head, await promptTokens(call, ask), call.id, (choice) => keep(call, body, head.id, choice)));
  const answered = await answer(call, ask);
  const [choice] = answered.choices;
  if (!choice) throw new Error('an answer has a choice');
  keep(call, body, head.id, choice);
  return { ...head, content: blocksOf(choice), ...stopReason(choice), usage: usageOf(answered) };
}

/** The routes. */
export const messageRoutes = [
  route({
    method: 'POST',
    path: '/v1/messages',
    form: 'anthropic',
    summary: 'Answers a conversation.',
    body: messageRequest,
    streams: 'text/event-stream',
    run: message,
  }),
  route({
    method: 'POST',
    path: '/v1/messages/count_tokens',
    form: 'anthropic',
    summary: 'Counts the tokens of a conversation.',
    body: countRequest,
    run: async (call, body) => ({ input_tokens: await promptTokens(call, countAsk(call, body)) }),
  }),
];
