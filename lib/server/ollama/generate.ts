// POST /api/generate and /api/chat.
import * as v from 'valibot';

import { route, type Call } from '../call';
import { wrong } from '../failure';
import { answer, type Answer, type Ask, type Choice, type Input } from '../inner';
import { toolOptions } from '../openai/tools';
import { tokenId } from '../openai/completions';
import { streamed } from '../stream';
import { maybe, object, someOf } from '../wire';
import { callOf, doneReason, headOf, LineTalk, logprobsOf, nanoseconds, statistics, type Place } from './answer';
import { generateOptions, ollamaEntries, secondsOf } from './options';

const images = maybe(someOf(v.string(), 1000));

const generateRequest = v.object({
  ...ollamaEntries,
  prompt: maybe(v.string()),
  suffix: maybe(v.string()),
  system: maybe(v.string()),
  template: maybe(v.string()),
  context: maybe(someOf(tokenId, 1_000_000)),
  raw: maybe(v.boolean()),
  images,
});

const toolCall = v.object({
  id: maybe(v.string()),
  function: v.object({ name: v.string(), arguments: maybe(v.union([object, v.string()], 'Expected an object')) }),
});

const message = v.object({
  role: v.picklist(['system', 'user', 'assistant', 'tool']),
  content: maybe(v.string()),
  thinking: maybe(v.string()),
  images,
  tool_calls: maybe(someOf(toolCall, 10_000)),
  tool_name: maybe(v.string()),
  tool_call_id: maybe(v.string()),
});

const tool = v.object({
  type: maybe(v.string()),
  function: v.object({ name: v.string(), description: maybe(v.string()), parameters: maybe(object) }),
});

const chatRequest = v.object({
  ...ollamaEntries,
  messages: maybe(someOf(message, 100_000)),
  tools: maybe(someOf(tool, 10_000)),
});

type GenerateRequest = v.InferOutput<typeof generateRequest>;
type ChatRequest = v.InferOutput<typeof chatRequest>;

const noImages = (at: string, given: readonly string[] | null | undefined): void => {
  if (given && given.length > 0) throw wrong(at, 'this model reads text alone', 'unsupported');
};

/** Loads a model, or lets it go: what a request without a prompt asks. */
async function hold(call: Call, body: GenerateRequest | ChatRequest, said: Record<string, unknown>): Promise<unknown> {
  const { models } = call.state;
  const from = performance.now();
  const served = models.find(body.model);
  const keepAlive = secondsOf(body.keep_alive);
  call.noted.model = served.name;
  const unload = keepAlive !== undefined && keepAlive <= 0;
  if (unload) await models.unload(served);
  else (await models.lease(served, call.signal, keepAlive)).release();
  return { ...headOf(body.model), ...said, done: true, done_reason: unload ? 'unload' : 'load', load_duration: nanoseconds(performance.now() - from) };
}

function generateInput(body: GenerateRequest, prompt: string): Input {
  if (body.suffix) return { prefix: prompt, suffix: body.suffix };
  if (body.raw === true) return { text: prompt };
  const system = body.system ? [{ role: 'system' as const, content: body.system }] : [];
  return { messages: [...system, { role: 'user', content: prompt }] };
}

async function generate(call: Call, body: GenerateRequest): Promise<unknown> {
  const { prompt, context } = body;
  noImages('images', body.images);
  if (body.template) throw wrong('template', 'templates of Go are not read: leave it out, or send raw: true', 'unsupported');
  secondsOf(body.keep_alive);
  if (!prompt) return hold(call, body, { response: '' });
  const ask: Ask = {
    model: body.model,
    inputs: [generateInput(body, prompt)],
    options: generateOptions(body),
    keepAlive: secondsOf(body.keep_alive),
    wantsPromptIds: body.suffix === null || body.suffix === undefined || body.suffix === '',
    ...(context && context.length > 0 && { before: context }),
  };
  const ids = ({ promptIds = new Uint32Array(), ids: own }: Choice): number[] => [...promptIds, ...own];
  const place: Place = {
    said: ({ text = '', thinking }) => ({ response: text, ...(thinking !== undefined && { thinking }) }),
    last: ({ choices }) => ({ response: '', ...(choices[0] && { context: ids(choices[0]) }) }),
  };
  if (body.stream !== false) return streamed(call, ask, new LineTalk(body.model, place));
  const answered = await answer(call, ask);
  const [choice] = answered.choices;
  return whole(body.model, answered, {
    ...place.last(answered),
    response: choice?.text ?? '',
    ...(choice?.reasoning && { thinking: choice.reasoning }),
  });
}

const whole = (model: string, answered: Answer, said: Record<string, unknown>): unknown => ({
  ...headOf(model),
  ...said,
  done: true,
  done_reason: doneReason(answered),
  ...logprobsOf(answered.choices[0]?.logprobs),
  ...statistics(answered),
});

function chatAsk(body: ChatRequest, given: NonNullable<ChatRequest['messages']>): Ask {
  const messages = given.map(({ role, content, thinking, images: pictures, tool_calls: calls, tool_name: name, tool_call_id: id }, i) => {
    noImages(`messages[${i}].images`, pictures);
    return {
      role,
      content: content ?? '',
      ...(thinking && { reasoning_content: thinking }),
      ...(name && { name }),
      ...(id && { tool_call_id: id }),
      ...(calls &&
        calls.length > 0 && {
          tool_calls: calls.map((each) => ({
            ...(each.id && { id: each.id }),
            type: 'function' as const,
            function: { name: each.function.name, arguments: each.function.arguments ?? {} },
          })),
        }),
    };
  });
  const tools = (body.tools ?? []).map((each) => each.function);
  return {
    model: body.model,
    inputs: [{ messages }],
    options: { ...generateOptions(body), ...toolOptions(tools, undefined, undefined) },
    keepAlive: secondsOf(body.keep_alive),
  };
}

async function chat(call: Call, body: ChatRequest): Promise<unknown> {
  secondsOf(body.keep_alive);
  const nothing = { message: { role: 'assistant', content: '' } };
  if (!body.messages || body.messages.length === 0) return hold(call, body, nothing);
  const ask = chatAsk(body, body.messages);
  const place: Place = {
    said: ({ text = '', thinking, calls }) => ({
      message: { role: 'assistant', content: text, ...(thinking !== undefined && { thinking }), ...(calls && { tool_calls: calls }) },
    }),
    last: () => nothing,
  };
  if (body.stream !== false) return streamed(call, ask, new LineTalk(body.model, place));
  const answered = await answer(call, ask);
  const [choice] = answered.choices;
  const said = place.said({
    text: choice?.text ?? '',
    ...(choice?.reasoning && { thinking: choice.reasoning }),
    ...(choice && choice.calls.length > 0 && { calls: choice.calls.map((each) => callOf(each.name, each.arguments)) }),
  });
  return whole(body.model, answered, said);
}

/** The routes. */
export const generateRoutes = [
  route({
    method: 'POST',
    path: '/api/generate',
    form: 'ollama',
    summary: 'Goes on from a prompt; without one, loads a model or lets it go.',
    body: generateRequest,
    streams: 'application/x-ndjson',
    run: generate,
  }),
  route({
    method: 'POST',
    path: '/api/chat',
    form: 'ollama',
    summary: 'Answers a conversation; without one, loads a model or lets it go.',
    body: chatRequest,
    streams: 'application/x-ndjson',
    run: chat,
  }),
];
