// The body of POST /v1/responses, and the conversation that it is.
import * as v from 'valibot';

import type { BoundOptions, GenerateOptions, JsonSchema, MessageInput } from '../../index';
import type { Call } from '../call';
import { ApiError, wrong } from '../failure';
import { newId, type Ask } from '../inner';
import { samplingEntries, samplingOf } from '../samplers';
import { integer, maybe, object, someOf } from '../wire';
import { limitOf } from './chat';
import type { KeptItem } from './response-store';
import { toolOptions, type WireChoice, type WireTool } from './tools';

const unread = (kind: string) => v.looseObject({ type: v.literal(kind) });

const part = v.variant('type', [
  v.object({ type: v.picklist(['input_text', 'output_text', 'text', 'summary_text', 'reasoning_text']), text: v.string() }),
  v.object({ type: v.literal('refusal'), refusal: v.string() }),
  unread('input_image'),
  unread('input_file'),
  unread('input_audio'),
]);

const content = v.union([v.string(), someOf(part, 10_000)], 'Expected a string or an array of parts');

const message = v.object({ type: maybe(v.literal('message')), id: maybe(v.string()), role: v.picklist(['system', 'developer', 'user', 'assistant']), content });

const kinds = [
  v.object({ type: v.literal('function_call'), id: maybe(v.string()), call_id: v.string(), name: v.string(), arguments: v.string() }),
  v.object({ type: v.literal('function_call_output'), id: maybe(v.string()), call_id: v.string(), output: content }),
  v.object({ type: v.literal('reasoning'), id: maybe(v.string()), summary: maybe(someOf(part, 1000)), content: maybe(someOf(part, 1000)) }),
  message,
] as const;

/** An item of a response that is kept, by its id alone: the AI SDK sends what it was given so. */
const reference = v.object({ type: v.literal('item_reference'), id: v.string() });

const item = v.union([...kinds, reference], 'Expected a message, function_call, function_call_output, reasoning or item_reference');

const tool = v.looseObject({
  type: v.string(),
  name: maybe(v.string()),
  description: maybe(v.string()),
  parameters: maybe(object),
  strict: maybe(v.boolean()),
});

const named = v.object({ type: v.literal('function'), name: v.string() });

/** The body. */
export const responseRequest = v.object({
  model: maybe(v.string()),
  input: v.union([v.string(), v.pipe(someOf(item, 100_000), v.minLength(1))], 'Expected a text or an array of items'),
  ...samplingEntries,
  instructions: maybe(v.string()),
  max_output_tokens: maybe(integer(1)),
  tools: maybe(someOf(tool, 10_000)),
  tool_choice: maybe(
    v.union(
      [
        v.picklist(['none', 'auto', 'required']),
        named,
        v.object({ type: v.literal('allowed_tools'), mode: v.picklist(['auto', 'required']), tools: someOf(named, 10_000) }),
      ],
      "Expected 'none', 'auto', 'required', a function by its name or allowed_tools",
    ),
  ),
  parallel_tool_calls: maybe(v.boolean()),
  text: maybe(
    v.object({
      format: maybe(
        v.variant('type', [
          v.object({ type: v.literal('text') }),
          v.object({ type: v.literal('json_object') }),
          v.object({ type: v.literal('json_schema'), name: maybe(v.string()), schema: object, strict: maybe(v.boolean()) }),
        ]),
      ),
    }),
  ),
  reasoning: maybe(v.object({ effort: maybe(v.string()), summary: maybe(v.string()) })),
  store: maybe(v.boolean()),
  stream: maybe(v.boolean()),
  previous_response_id: maybe(v.string()),
  metadata: maybe(object),
  include: maybe(someOf(v.string(), 100)),
  top_logprobs: maybe(integer(0, 20)),
  background: maybe(v.boolean()),
  conversation: maybe(v.unknown()),
});

/** A request. */
export type ResponseRequest = v.InferOutput<typeof responseRequest>;
type Given = v.InferOutput<typeof item>;

/** An item that is there itself. */
export type Item = Exclude<Given, v.InferOutput<typeof reference>>;

function textOf(given: v.InferOutput<typeof content>, at: string): string {
  if (typeof given === 'string') return given;
  return given
    .map((each, i) => {
      if ('text' in each) return each.text as string;
      if ('refusal' in each) return each.refusal as string;
      throw wrong(`${at}[${i}]`, `this model reads text alone, found a part of type ${each.type}`, 'unsupported');
    })
    .join('');
}

type Mutable = { -readonly [K in keyof MessageInput]: MessageInput[K] };

/** Items as messages: calls belong to the assistant's message that they stand behind. */
function messagesOf(items: readonly Item[]): MessageInput[] {
  const messages: Mutable[] = [];
  const names = new Map<string, string>(); // of calls
  let thought = '';
  const assistant = (): Mutable => {
    const last = messages.at(-1);
    if (last?.role === 'assistant') return last;
    const begun: Mutable = { role: 'assistant', content: '' };
    messages.push(begun);
    return begun;
  };
  items.forEach((each, i) => {
    if (each.type === 'reasoning') {
      thought = textOf(each.content ?? [], `input[${i}].content`);
    } else if (each.type === 'function_call') {
      names.set(each.call_id, each.name);
      const of = assistant();
      of.tool_calls = [...(of.tool_calls ?? []), { id: each.call_id, type: 'function', function: { name: each.name, arguments: each.arguments } }];
      if (thought !== '') of.reasoning_content = thought;
      thought = '';
    } else if (each.type === 'function_call_output') {
      const name = names.get(each.call_id);
      const output = textOf(each.output, `input[${i}].output`);
      messages.push({ role: 'tool', content: output, tool_call_id: each.call_id, ...(name !== undefined && { name }) });
    } else {
      const said = textOf(each.content, `input[${i}].content`);
      messages.push({ role: each.role, content: said, ...(thought !== '' && each.role === 'assistant' && { reasoning_content: thought }) });
      thought = '';
    }
  });
  return messages;
}

function formatOf({ text }: ResponseRequest): BoundOptions {
  const format = text?.format;
  if (format?.type === 'json_schema') return { schema: format.schema as JsonSchema };
  return format?.type === 'json_object' ? { schema: { type: 'object' } } : {};
}

function toolsOf(call: Call, { tools, tool_choice: choice, parallel_tool_calls: parallel }: ResponseRequest): GenerateOptions {
  const all: WireTool[] = [];
  for (const { type, name, description, parameters } of tools ?? []) {
    if (type === 'function' && typeof name === 'string') all.push({ name, description, parameters });
    else if (type === 'function') throw wrong('tools', 'expected a name of each function, found none');
    else call.state.log.tell('info', 'a tool was left out: this server runs none', { id: call.id, type: type.slice(0, 60) });
  }
  if (typeof choice !== 'object' || choice === null) return toolOptions(all, choice ?? undefined, parallel);
  if (choice.type === 'function') return toolOptions(all, { name: choice.name }, parallel);
  const names = new Set(choice.tools.map((each) => each.name));
  const mode: WireChoice = choice.mode;
  return toolOptions(
    all.filter(({ name }) => names.has(name)),
    mode,
    parallel,
  );
}

/** What a request asks, and the conversation that it is the end of. */
export interface Conversation {
  readonly ask: Ask;
  /** What was given, each under an id. */
  readonly items: readonly KeptItem[];
  readonly messages: readonly MessageInput[];
}

const idPrefix = { message: 'msg', function_call: 'fc', function_call_output: 'fco', reasoning: 'rs' } as const;

/** The items of an input; those that are named are looked up. */
function itemsOf(call: Call, input: ResponseRequest['input']): KeptItem[] {
  const given: readonly Given[] = typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input;
  return given.map((each, i) => {
    if (each.type !== 'item_reference') {
      const type = each.type ?? 'message';
      const parts = 'role' in each && typeof each.content === 'string' ? { content: [{ type: partOf(each.role), text: each.content }] } : {};
      return { ...each, type, ...parts, id: each.id ?? `${idPrefix[type]}_${newId()}` } as KeptItem;
    }
    const found = call.state.responses.item(each.id, call.owner);
    if (found) return found;
    throw new ApiError(404, `input[${i}]: there is no item ${JSON.stringify(each.id.slice(0, 80))}: those of responses are kept for an hour, in memory`, {
      code: 'item_not_found',
      param: `input[${i}]`,
    });
  });
}

const partOf = (role: string): 'output_text' | 'input_text' => (role === 'assistant' ? 'output_text' : 'input_text');

/** The request as the one inner request. */
export function conversationOf(call: Call, body: ResponseRequest): Conversation {
  if (body.background === true) throw wrong('background', 'responses are given at once here: leave it out', 'unsupported');
  if (body.conversation !== null && body.conversation !== undefined)
    throw wrong('conversation', 'conversations are not kept here: previous_response_id goes on from a response', 'unsupported');
  const items = itemsOf(call, body.input);
  const own = messagesOf(items);
  const messages = [...earlier(call, body.previous_response_id), ...own];
  const told: MessageInput[] = body.instructions ? [{ role: 'system', content: body.instructions }] : [];
  const { effort } = body.reasoning ?? {};
  const wantsLogprobs = body.include?.includes('message.output_text.logprobs') === true;
  const options = {
    ...samplingOf(body),
    ...limitOf(body.max_output_tokens),
    ...toolsOf(call, body),
    ...formatOf(body),
    ...(effort && { reasoning: { effort } }),
    ...(wantsLogprobs && { logprobs: body.top_logprobs ?? 0 }),
  };
  return { items, messages, ask: { model: body.model, inputs: [{ messages: joined([...told, ...messages]) }], options } };
}

/** Templates take one system message, in front: instructions and what the input says as system or developer are one. */
function joined(messages: readonly MessageInput[]): readonly MessageInput[] {
  const first = messages.findIndex(({ role }) => role !== 'system' && role !== 'developer');
  const leading = messages.slice(0, first < 0 ? messages.length : first);
  if (leading.length < 2) return messages;
  const content = leading.map(({ content: said }) => said as string).join('\n\n');
  return [{ role: 'system', content }, ...messages.slice(leading.length)];
}

function earlier(call: Call, id: string | null | undefined): readonly MessageInput[] {
  if (id === null || id === undefined) return [];
  const found = call.state.responses.get(id, call.owner);
  if (found) return found.messages;
  throw absent(id, 'previous_response_id');
}

/** That there is no such response. */
export const absent = (id: string, param: string | null = null): ApiError =>
  new ApiError(404, `there is no response ${JSON.stringify(id.slice(0, 80))}: responses are kept for an hour, in memory, those with store: false not at all`, {
    code: 'response_not_found',
    param,
  });
