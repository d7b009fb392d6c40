// POST /v1/responses: answers as items, kept for requests that go on from them.
import type { MessageInput } from '../../index';
import { bare, route, type Call, type State } from '../call';
import { wrong } from '../failure';
import { answer, newId, promptTokens, type Answer, type Choice } from '../inner';
import { streamed } from '../stream';
import { absent, conversationOf, responseRequest, type Conversation, type ResponseRequest } from './response-request';
import { ResponseTalk } from './response-events';
import { callItem, messageItem, reasoningItem } from './response-items';
import type { KeptItem, Stored } from './response-store';

/** The response while nothing is known of its end. */
function skeleton({ models, settings }: State, body: ResponseRequest): Record<string, unknown> & { id: string } {
  return {
    id: `resp_${newId()}`,
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    model: models.find(body.model).name,
    output: [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    service_tier: 'default',
    store: body.store ?? true,
    temperature: body.temperature ?? null,
    text: { format: body.text?.format ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? settings.toolChoice,
    tools: body.tools ?? [],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? null,
    truncation: 'disabled',
    usage: null,
  };
}

/** Its items, where they were not told one by one. */
function itemsOf({ reasoning, text, calls, finish, logprobs }: Choice): unknown[] {
  const whole = finish === 'length' ? 'incomplete' : 'completed';
  return [
    ...(reasoning === '' ? [] : [reasoningItem(`rs_${newId()}`, reasoning)]),
    ...(text === '' && calls.length > 0 ? [] : [messageItem(`msg_${newId()}`, text, whole, logprobs)]),
    ...calls.map((call, i) => callItem(`fc_${newId()}`, call, i === calls.length - 1 ? whole : 'completed')),
  ];
}

/** The response at its end. */
export function completed(begun: Readonly<Record<string, unknown>>, answered: Answer, output: readonly unknown[]): Record<string, unknown> {
  const { usage, choices } = answered;
  const cut = choices[0]?.finish === 'length';
  return {
    ...begun,
    status: cut ? 'incomplete' : 'completed',
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    output,
    usage: {
      input_tokens: usage.prompt,
      input_tokens_details: { cached_tokens: usage.cached },
      output_tokens: usage.completion,
      output_tokens_details: { reasoning_tokens: usage.reasoning },
      total_tokens: usage.prompt + usage.completion,
    },
  };
}

/** Keeps a response, and the conversation behind it. */
export function keep(call: Call, body: ResponseRequest, { items, messages }: Conversation, response: Record<string, unknown>, { choices }: Answer): void {
  const [choice] = choices;
  if (body.store === false || !choice) return;
  const said: MessageInput = {
    role: 'assistant',
    content: choice.text,
    ...(choice.reasoning !== '' && { reasoning_content: choice.reasoning }),
    ...(choice.calls.length > 0 && {
      tool_calls: choice.calls.map(({ id, name, arguments: text }) => ({ id, type: 'function' as const, function: { name, arguments: text } })),
    }),
  };
  const kept = response as Stored['response'] & typeof response;
  call.state.responses.put(kept.id, {
    response: kept,
    messages: [...messages, said],
    input: items,
    owner: call.owner,
  });
}

const usualItems = 20; // as in OpenAI's API
const mostItems = 100;

/** A page of the items that a response answered. */
function listOf(items: readonly KeptItem[], query: URLSearchParams): unknown {
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw wrong('order', "expected 'asc' or 'desc'");
  const limit = Number(query.get('limit') ?? usualItems);
  if (!Number.isInteger(limit) || limit < 1 || limit > mostItems) throw wrong('limit', `expected an integer from 1 to ${mostItems}`);
  const all = order === 'asc' ? items : [...items].reverse();
  const after = query.get('after');
  const before = after === null ? -1 : all.findIndex(({ id }) => id === after);
  if (after !== null && before < 0) throw wrong('after', `there is no item ${JSON.stringify(after.slice(0, 80))} in it`);
  const data = all.slice(before + 1, before + 1 + limit);
  return { object: 'list', data, has_more: before + 1 + limit < all.length, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
}

async function respond(call: Call, body: ResponseRequest): Promise<unknown> {
  const conversation = conversationOf(call, body);
  const begun = skeleton(call.state, body);
  if (body.stream === true) {
    const end = (answered: Answer, output: readonly unknown[]): Record<string, unknown> => {
      const response = completed(begun, answered, output);
      keep(call, body, conversation, response, answered);
      return response;
    };
    return streamed(call, conversation.ask, new ResponseTalk(begun, end));
  }
  const answered = await answer(call, conversation.ask);
  const [choice] = answered.choices;
  const response = completed(begun, answered, choice ? itemsOf(choice) : []);
  keep(call, body, conversation, response, answered);
  return response;
}

/** The routes. */
export const responseRoutes = [
  route({
    method: 'POST',
    path: '/v1/responses',
    also: ['/responses'],
    form: 'openai',
    summary: 'Answers as items; goes on from an earlier response.',
    body: responseRequest,
    streams: 'text/event-stream',
    run: respond,
  }),
  route({
    method: 'POST',
    path: '/v1/responses/input_tokens',
    also: ['/responses/input_tokens'],
    form: 'openai',
    summary: 'Counts the tokens of a request.',
    body: responseRequest,
    run: async (call, body) => ({ object: 'response.input_tokens', input_tokens: await promptTokens(call, conversationOf(call, body).ask) }),
  }),
  bare({
    method: 'GET',
    path: '/v1/responses/*',
    also: ['/responses/*'],
    form: 'openai',
    summary: 'A response that is kept; with /input_items behind its id, what it answered, the last item first (`order`, `limit`, `after`).',
    run: async ({ state, rest, owner, query }) => {
      const [id = '', more] = rest.split('/');
      const found = more === undefined || more === 'input_items' ? state.responses.get(id, owner) : undefined;
      if (!found) throw absent(rest);
      return more === undefined ? found.response : listOf(found.input, query);
    },
  }),
  bare({
    method: 'DELETE',
    path: '/v1/responses/*',
    also: ['/responses/*'],
    form: 'openai',
    summary: 'Forgets a response.',
    run: async ({ state, rest, owner }) => {
      if (!state.responses.get(rest, owner)) throw absent(rest);
      state.responses.delete(rest);
      return { id: rest, object: 'response.deleted', deleted: true };
    },
  }),
];
