// POST /completion: llama.cpp's own.
import * as v from 'valibot';

import { route, type Call } from '../call';
import { bodyOf } from '../failure';
import { answer, using, type Answer, type Ask, type Choice, type Heard, type Input, type Logprob } from '../inner';
import { limitOf, stopsOf, stopTexts } from '../openai/chat';
import { tokenId } from '../openai/completions';
import { boundEntries, boundOf } from '../openai/format';
import { timingsOf } from '../openai/usage';
import { samplingEntries, samplingOf, settingsOf } from '../samplers';
import { comment, event, streamed, type Talk } from '../stream';
import { integer, maybe, number, someOf } from '../wire';

const mixed = someOf(v.union([v.string(), tokenId]), 1_000_000);
const onePrompt = v.union([v.string(), v.pipe(mixed, v.minLength(1))]);

/** Fields of everything that goes on from a prompt here. */
export const completionEntries = {
  ...samplingEntries,
  ...boundEntries,
  frequency_penalty: maybe(number(-100, 100)),
  presence_penalty: maybe(number(-100, 100)),
  n_predict: maybe(integer(-2)),
  max_tokens: maybe(integer(-1)),
  stop: stopTexts,
  stream: maybe(v.boolean()),
  n_probs: maybe(integer(0, 100)),
  return_tokens: maybe(v.boolean()),
  response_fields: maybe(someOf(v.string(), 100)),
  model: maybe(v.string()),
} satisfies v.ObjectEntries;

const completionRequest = v.object({
  ...completionEntries,
  prompt: v.union(
    [v.string(), v.pipe(mixed, v.minLength(1)), v.pipe(someOf(onePrompt, 1024), v.minLength(1))],
    'Expected a text, token ids, or an array of either',
  ),
});

/** Fields of a request, but for its prompt. */
export type CompletionFields = v.InferOutput<v.ObjectSchema<typeof completionEntries, undefined>>;
type Prompt = v.InferOutput<typeof completionRequest>['prompt'];

/** A list of texts is several prompts; one with numbers in it is one. */
function promptsOf(prompt: Prompt): (string | readonly (string | number)[])[] {
  if (typeof prompt === 'string') return [prompt];
  return (prompt as readonly unknown[]).some((each) => typeof each === 'number')
    ? [prompt as readonly (string | number)[]]
    : (prompt as (string | readonly (string | number)[])[]);
}

async function inputOf(call: Call, model: string | null | undefined, prompt: string | readonly (string | number)[]): Promise<Input> {
  if (typeof prompt === 'string') return { text: prompt };
  if (prompt.every((each) => typeof each === 'number')) return { ids: prompt as readonly number[] };
  return using(call, call.state.models.find(model), async (of) => {
    const ids = prompt.map((each) => (typeof each === 'number' ? [each] : [...of.tokenize(each, { special: true })]));
    return { ids: [...(await of.promptIds('')), ...ids.flat()] };
  });
}

/** The one inner request of it. */
export function askOf(body: CompletionFields, inputs: readonly Input[]): Ask {
  return {
    model: body.model,
    inputs,
    options: {
      ...samplingOf(body),
      ...limitOf(body.n_predict ?? body.max_tokens),
      ...stopsOf(body.stop),
      ...boundOf(body),
      ...(body.n_probs && { logprobs: body.n_probs }),
    },
  };
}

const probabilities = (logprobs: readonly Logprob[]): unknown[] =>
  logprobs.map(({ id, token, bytes, logprob, top }) => ({ id, token, bytes, logprob, top_logprobs: top }));

function stopType({ finish, stopString }: Choice): string {
  if (finish === 'length') return 'limit';
  return stopString === undefined ? 'eos' : 'word';
}

/** What a choice is, without its text. */
function endOf(choice: Choice, answered: Answer, ask: Ask, body: CompletionFields): Record<string, unknown> {
  const { usage } = choice;
  return {
    index: choice.index,
    id_slot: answered.slot,
    stop: true,
    model: answered.model.name,
    tokens_predicted: usage.completion,
    tokens_evaluated: usage.prompt,
    tokens_cached: usage.prompt + usage.completion,
    truncated: false,
    stop_type: stopType(choice),
    stopping_word: choice.stopString ?? '',
    has_new_line: choice.text.includes('\n'),
    generation_settings: {
      ...settingsOf(ask.options),
      seed: choice.seed,
      n_predict: body.n_predict ?? body.max_tokens ?? -1,
      stop: ask.options.stop ?? [],
      n_probs: body.n_probs ?? 0,
      stream: body.stream ?? false,
      ignore_eos: ask.options.ignoreEnd ?? false,
      grammar: body.grammar ?? '',
    },
    timings: timingsOf(choice),
  };
}

/** Only the fields that were asked for, by their paths. */
function fieldsOf(all: Record<string, unknown>, wanted: readonly string[] | null | undefined): unknown {
  if (!wanted || wanted.length === 0) return all;
  const found = wanted.flatMap((path) => {
    const value = path
      .split('/')
      .reduce<unknown>((of, key) => (typeof of === 'object' && of !== null && Object.hasOwn(of, key) ? (of as Record<string, unknown>)[key] : undefined), all);
    return value === undefined ? [] : [[path, value] as const];
  });
  return Object.fromEntries(found);
}

class CompletionTalk implements Talk {
  readonly type = 'text/event-stream';
  readonly ping = comment;
  readonly #told = new Map<number, number>(); // tokens

  constructor(
    private readonly requestId: string,
    private readonly last: (choice: Choice, answered: Answer, told: number) => unknown,
  ) {}

  begin(): string {
    return '';
  }

  heard(heard: Heard): string {
    if (heard.type !== 'text') return '';
    const { choice, ids, logprobs } = heard;
    this.#told.set(choice, (this.#told.get(choice) ?? 0) + ids.length);
    return event({
      index: choice,
      content: heard.text,
      tokens: ids,
      stop: false,
      ...(logprobs && { completion_probabilities: probabilities(logprobs) }),
    });
  }

  end(answered: Answer): string {
    return answered.choices.map((choice) => event(this.last(choice, answered, this.#told.get(choice.index) ?? 0))).join('');
  }

  fail(error: Parameters<Talk['fail']>[0]): string {
    return event(bodyOf('openai', error, this.requestId));
  }
}

/** Answers a request whose prompts are known. */
export async function completed(call: Call, body: CompletionFields, inputs: readonly Input[], several: boolean): Promise<unknown> {
  const ask = askOf(body, inputs);
  if (body.stream === true) {
    const last = (choice: Choice, answered: Answer, told: number): unknown =>
      fieldsOf({ content: '', tokens: choice.ids.slice(told), ...endOf(choice, answered, ask, body) }, body.response_fields);
    return streamed(call, ask, new CompletionTalk(call.id, last));
  }
  const answered = await answer(call, ask);
  const all = answered.choices.map((choice) => {
    const said = {
      content: choice.text,
      tokens: body.return_tokens === true ? choice.ids : [],
      ...(choice.logprobs && { completion_probabilities: probabilities(choice.logprobs) }),
    };
    return fieldsOf({ ...said, ...endOf(choice, answered, ask, body), prompt: promptText(inputs[choice.input]) }, body.response_fields);
  });
  return several ? all : all[0];
}

const promptText = (input: Input | undefined): string => (input && 'text' in input ? input.text : '');

/** The routes. */
export const nativeCompletionRoutes = [
  route({
    method: 'POST',
    path: '/completion',
    also: ['/completions'],
    form: 'openai',
    summary: "Goes on from prompts, as llama.cpp's own endpoint.",
    body: completionRequest,
    streams: 'text/event-stream',
    run: async (call, body) => {
      const prompts = promptsOf(body.prompt);
      const inputs = await Promise.all(prompts.map((prompt) => inputOf(call, body.model, prompt)));
      return completed(call, body, inputs, prompts.length > 1);
    },
  }),
];
