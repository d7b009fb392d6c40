// POST /v1/chat/completions.
import * as v from 'valibot';

import type { GenerateOptions } from '../../index';
import { route, type Call } from '../call';
import { bodyOf, wrong } from '../failure';
import { answer, newId, promptTokens, type Answer, type Ask, type Choice, type Heard, type Logprob } from '../inner';
import { samplingEntries, samplingOf } from '../samplers';
import { comment, event, streamed, type Talk } from '../stream';
import { integer, maybe, number, object, someOf } from '../wire';
import { boundEntries, boundOf, responseFormat } from './format';
import { conversation, messages } from './messages';
import { toolEntries, toolsOf } from './tools';
import { contentLogprobs, finishReason, timingsOf, usageOf } from './usage';

/** Texts that end an answer. */
export const stopTexts = maybe(v.union([v.string(), someOf(v.string(), 1000)], 'Expected a string or an array of strings'));

/** Texts as the engine takes them; an empty one never comes. */
export function stopsOf(stop: string | readonly string[] | null | undefined): Pick<GenerateOptions, 'stop'> {
  const texts = [stop ?? []].flat().filter((text) => text !== '');
  return texts.length > 0 ? { stop: texts } : {};
}

/** Tokens at most; -1 is as many as there is room for. */
export const tokenLimit = maybe(integer(-1));

/** Their number, as the engine takes it. */
export const limitOf = (limit: number | null | undefined): Pick<GenerateOptions, 'maxTokens'> =>
  limit === null || limit === undefined || limit < 0 ? {} : { maxTokens: limit };

/** Answers to one prompt. */
export const answersCount = maybe(integer(1, 128));

const efforts = v.picklist(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);

const chatRequest = v.object({
  model: maybe(v.string()),
  messages,
  ...samplingEntries,
  ...toolEntries,
  ...boundEntries,
  response_format: responseFormat,
  frequency_penalty: maybe(number(-2, 2)),
  presence_penalty: maybe(number(-2, 2)),
  max_tokens: tokenLimit,
  max_completion_tokens: tokenLimit,
  n: answersCount,
  stop: stopTexts,
  stream: maybe(v.boolean()),
  stream_options: maybe(v.object({ include_usage: maybe(v.boolean()) })),
  logprobs: maybe(v.boolean()),
  top_logprobs: maybe(integer(0, 20)),
  reasoning_effort: maybe(efforts),
  chat_template_kwargs: maybe(object),
  functions: maybe(v.array(v.unknown())),
  timings_per_token: maybe(v.boolean()),
});

type ChatRequest = v.InferOutput<typeof chatRequest>;

function askOf(body: ChatRequest): Ask {
  if (body.logprobs !== true && body.top_logprobs) throw wrong('top_logprobs', 'has no effect without logprobs: true: leave it out, or ask for them');
  if (body.functions && body.functions.length > 0) throw wrong('functions', 'functions are offered as tools: give tools and tool_choice', 'unsupported');
  const { reasoning_effort: effort, chat_template_kwargs: variables } = body;
  const limit = body.max_completion_tokens ?? body.max_tokens;
  return {
    model: body.model,
    inputs: [{ messages: conversation(body.messages) }],
    n: body.n ?? 1,
    options: {
      ...samplingOf(body),
      ...limitOf(limit),
      ...stopsOf(body.stop),
      ...toolsOf(body),
      ...boundOf(body),
      ...(body.logprobs === true && { logprobs: body.top_logprobs ?? 0 }),
      ...(effort && { reasoning: { effort } }),
      ...(variables && { variables }),
    },
  };
}

interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

/** What all chunks of an answer begin with. */
export const headOf = (prefix: string, model: string): Head => ({ id: `${prefix}-${newId()}`, created: Math.floor(Date.now() / 1000), model });

const fingerprint = 'llama-ts';

function messageOf({ text, reasoning, calls }: Choice): unknown {
  return {
    role: 'assistant',
    content: calls.length > 0 && text === '' ? null : text,
    refusal: null,
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(calls.length > 0 && {
      tool_calls: calls.map((call) => ({ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } })),
    }),
  };
}

function completionOf(head: Head, answered: Answer): unknown {
  const [first] = answered.choices;
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    system_fingerprint: fingerprint,
    choices: answered.choices.map((choice) => ({
      index: choice.index,
      message: messageOf(choice),
      finish_reason: finishReason(choice),
      logprobs: choice.logprobs ? { content: contentLogprobs(choice.logprobs), refusal: null } : null,
    })),
    usage: usageOf(answered),
    ...(first && { timings: timingsOf(first) }),
  };
}

class ChatTalk implements Talk {
  readonly type = 'text/event-stream';
  readonly ping = comment;
  readonly #begun = new Set<number>();

  constructor(
    private readonly head: Head,
    private readonly requestId: string,
    private readonly includeUsage: boolean,
  ) {}

  begin(): string {
    return '';
  }

  heard(heard: Heard): string {
    const { choice } = heard;
    const role = this.#begun.has(choice) ? '' : this.#chunk(choice, { role: 'assistant', content: '' });
    this.#begun.add(choice);
    return role + this.#said(heard);
  }

  #said(heard: Heard): string {
    const { choice } = heard;
    switch (heard.type) {
      case 'text':
        return this.#chunk(choice, { content: heard.text }, heard.logprobs);
      case 'reasoning':
        return this.#chunk(choice, { reasoning_content: heard.text });
      case 'callStart':
        return this.#chunk(choice, { tool_calls: [{ index: heard.index, id: heard.id, type: 'function', function: { name: heard.name, arguments: '' } }] });
      case 'callArguments':
        return this.#chunk(choice, { tool_calls: [{ index: heard.index, function: { arguments: heard.text } }] });
      case 'end':
        return this.#chunk(choice, {}, heard.logprobs, heard.of);
      default:
        return '';
    }
  }

  #chunk(index: number, delta: unknown, logprobs?: readonly Logprob[], end?: Choice): string {
    const { id, created, model } = this.head;
    return event({
      id,
      object: 'chat.completion.chunk',
      created,
      model,
      system_fingerprint: fingerprint,
      choices: [
        {
          index,
          delta,
          finish_reason: end ? finishReason(end) : null,
          ...(logprobs && (logprobs.length > 0 || !end) && { logprobs: { content: contentLogprobs(logprobs), refusal: null } }),
        },
      ],
      ...(end && { timings: timingsOf(end) }),
    });
  }

  end(answered: Answer): string {
    const { id, created, model } = this.head;
    const usage = this.includeUsage ? event({ id, object: 'chat.completion.chunk', created, model, choices: [], usage: usageOf(answered) }) : '';
    return `${usage}data: [DONE]\n\n`;
  }

  fail(error: Parameters<Talk['fail']>[0]): string {
    return event(bodyOf('openai', error, this.requestId));
  }
}

async function chat(call: Call, body: ChatRequest): Promise<unknown> {
  const ask = askOf(body);
  const head = headOf('chatcmpl', call.state.models.find(ask.model).name);
  if (body.stream === true) return streamed(call, ask, new ChatTalk(head, call.id, body.stream_options?.include_usage === true));
  return completionOf(head, await answer(call, ask));
}

/** The routes. */
export const chatRoutes = [
  route({
    method: 'POST',
    path: '/v1/chat/completions',
    also: ['/chat/completions'],
    form: 'openai',
    summary: 'Answers a conversation.',
    body: chatRequest,
    streams: 'text/event-stream',
    run: chat,
  }),
  route({
    method: 'POST',
    path: '/v1/chat/completions/input_tokens',
    also: ['/chat/completions/input_tokens'],
    form: 'openai',
    summary: 'Counts the tokens of a conversation.',
    body: chatRequest,
    run: async (call, body) => ({ object: 'response.input_tokens', input_tokens: await promptTokens(call, askOf(body)) }),
  }),
];
