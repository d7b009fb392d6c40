// POST /v1/completions: texts that are gone on from.
import * as v from 'valibot';

import { route, type Call } from '../call';
import { bodyOf, wrong } from '../failure';
import { answer, type Answer, type Ask, type Choice, type Heard, type Input, type Logprob } from '../inner';
import { samplingEntries, samplingOf } from '../samplers';
import { comment, event, streamed, type Talk } from '../stream';
import { integer, maybe, number, someOf } from '../wire';
import { answersCount, headOf, limitOf, stopsOf, stopTexts, tokenLimit } from './chat';
import { boundEntries, boundOf, responseFormat } from './format';
import { finishReason, timingsOf, usageOf } from './usage';

/** A token's number. */
export const tokenId = integer(0, 0x7fffffff);

const prompts = v.union(
  [
    v.string(),
    v.pipe(someOf(tokenId, 1_000_000), v.minLength(1)),
    v.pipe(someOf(v.string(), 1024), v.minLength(1)),
    v.pipe(someOf(someOf(tokenId, 1_000_000), 1024), v.minLength(1)),
  ],
  'Expected a text, token ids, or an array of either',
);

const completionRequest = v.object({
  model: maybe(v.string()),
  prompt: prompts,
  suffix: maybe(v.string()),
  ...samplingEntries,
  ...boundEntries,
  response_format: responseFormat,
  frequency_penalty: maybe(number(-2, 2)),
  presence_penalty: maybe(number(-2, 2)),
  max_tokens: tokenLimit,
  n: answersCount,
  best_of: maybe(integer(1, 128)),
  stop: stopTexts,
  stream: maybe(v.boolean()),
  stream_options: maybe(v.object({ include_usage: maybe(v.boolean()) })),
  logprobs: maybe(integer(0, 5)),
  echo: maybe(v.boolean()),
});

type CompletionRequest = v.InferOutput<typeof completionRequest>;

const usualTokens = 16; // as in OpenAI's API

/** Prompts as they may be written: one or several, texts or ids. */
export function inputsOf(prompt: string | readonly number[] | readonly string[] | readonly (readonly number[])[]): Input[] {
  if (typeof prompt === 'string') return [{ text: prompt }];
  if (typeof prompt[0] === 'number') return [{ ids: prompt as readonly number[] }];
  return (prompt as readonly (string | readonly number[])[]).map((each) => (typeof each === 'string' ? { text: each } : { ids: each }));
}

function askOf(body: CompletionRequest): Ask {
  const { n, best_of: best, suffix, echo, logprobs } = body;
  const inputs = inputsOf(body.prompt);
  if (best !== null && best !== undefined && best > (n ?? 1)) throw wrong('best_of', 'this server answers n times and gives all answers: leave it out');
  if (echo === true && logprobs !== null && logprobs !== undefined)
    throw wrong('echo', 'the log-probabilities of a prompt are not told: leave one of the two out');
  if (echo === true && inputs.some((input) => 'ids' in input)) throw wrong('echo', 'expected a prompt that is text');
  const filled =
    suffix === null || suffix === undefined || suffix === ''
      ? inputs
      : inputs.map((input) => {
          if ('text' in input) return { prefix: input.text, suffix };
          throw wrong('suffix', 'expected a prompt that is text');
        });
  if (filled !== inputs && (n ?? 1) > 1) throw wrong('n', 'with suffix, one answer is given');
  return {
    model: body.model,
    inputs: filled,
    n: n ?? 1,
    options: {
      ...samplingOf(body),
      ...limitOf(body.max_tokens ?? usualTokens),
      ...stopsOf(body.stop),
      ...boundOf(body),
      ...(logprobs !== null && logprobs !== undefined && { logprobs }),
    },
  };
}

/** Log-probabilities as this API has them; offsets count letters. */
function legacyLogprobs(logprobs: readonly Logprob[], from: number): unknown {
  let at = from;
  const offsets = logprobs.map(({ token }) => {
    const start = at;
    at += token.length;
    return start;
  });
  return {
    tokens: logprobs.map(({ token }) => token),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top }) => Object.fromEntries(top.map(({ token, logprob }) => [token, logprob]))),
    text_offset: offsets,
  };
}

class CompletionTalk implements Talk {
  readonly type = 'text/event-stream';
  readonly ping = comment;
  readonly #offsets = new Map<number, number>();
  readonly #echoed = new Set<number>();

  constructor(
    private readonly head: ReturnType<typeof headOf>,
    private readonly requestId: string,
    private readonly includeUsage: boolean,
    private readonly echo: (choice: number) => string,
  ) {}

  begin(): string {
    return '';
  }

  heard(heard: Heard): string {
    const { choice } = heard;
    const echo = this.#echoed.has(choice) ? '' : this.echo(choice);
    this.#echoed.add(choice);
    const before = echo === '' ? '' : this.#chunk(choice, echo);
    if (heard.type === 'text') return before + this.#chunk(choice, heard.text, heard.logprobs);
    return heard.type === 'end' ? before + this.#chunk(choice, '', heard.logprobs, heard.of) : before;
  }

  #chunk(index: number, text: string, logprobs?: readonly Logprob[], end?: Choice): string {
    const from = this.#offsets.get(index) ?? 0;
    this.#offsets.set(index, from + text.length);
    return event({
      ...this.head,
      object: 'text_completion',
      choices: [
        { text, index, logprobs: logprobs && logprobs.length > 0 ? legacyLogprobs(logprobs, from) : null, finish_reason: end ? finishReason(end) : null },
      ],
    });
  }

  end(answered: Answer): string {
    const usage = this.includeUsage ? event({ ...this.head, object: 'text_completion', choices: [], usage: usageOf(answered) }) : '';
    return `${usage}data: [DONE]\n\n`;
  }

  fail(error: Parameters<Talk['fail']>[0]): string {
    return event(bodyOf('openai', error, this.requestId));
  }
}

async function complete(call: Call, body: CompletionRequest): Promise<unknown> {
  const ask = askOf(body);
  const head = headOf('cmpl', call.state.models.find(ask.model).name);
  const echo = (index: number): string => {
    const input = ask.inputs[Math.floor(index / (ask.n ?? 1))];
    if (body.echo !== true || !input) return '';
    return 'prefix' in input ? input.prefix : 'text' in input ? input.text : '';
  };
  if (body.stream === true) return streamed(call, ask, new CompletionTalk(head, call.id, body.stream_options?.include_usage === true, echo));
  const answered = await answer(call, ask);
  const [first] = answered.choices;
  return {
    ...head,
    object: 'text_completion',
    choices: answered.choices.map((choice) => ({
      text: echo(choice.index) + choice.text,
      index: choice.index,
      logprobs: choice.logprobs ? legacyLogprobs(choice.logprobs, 0) : null,
      finish_reason: finishReason(choice),
    })),
    usage: usageOf(answered),
    ...(first && { timings: timingsOf(first) }),
  };
}

/** The routes. */
export const completionRoutes = [
  route({
    method: 'POST',
    path: '/v1/completions',
    form: 'openai',
    summary: 'Goes on from texts.',
    body: completionRequest,
    streams: 'text/event-stream',
    run: complete,
  }),
];
