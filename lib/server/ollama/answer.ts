// How Ollama's API tells an answer: lines of JSON, the last of which has counts and times.
import { bodyOf, type ApiError } from '../failure';
import type { Answer, Heard, Logprob } from '../inner';
import type { Talk } from '../stream';

/** Nanoseconds. */
export const nanoseconds = (ms: number): number => Math.max(1, Math.round(ms * 1e6));

/** What every line has. */
export const headOf = (model: string): { model: string; created_at: string } => ({ model, created_at: new Date().toISOString() });

/** Why an answer ended. */
export const doneReason = ({ choices }: Answer): string => (choices[0]?.finish === 'length' ? 'length' : 'stop');

/** Counts and times. */
export function statistics({ usage, choices, timing }: Answer): Record<string, number> {
  const [choice] = choices;
  return {
    total_duration: nanoseconds(timing.allMs),
    load_duration: nanoseconds(timing.loadMs),
    prompt_eval_count: usage.prompt,
    prompt_eval_duration: nanoseconds(choice?.timing.prefillMs ?? 0),
    eval_count: usage.completion,
    eval_duration: nanoseconds(choice?.timing.decodeMs ?? 0),
  };
}

/** Log-probabilities of tokens. */
export const logprobsOf = (logprobs: readonly Logprob[] | undefined): { logprobs?: unknown[] } => {
  if (!logprobs || logprobs.length === 0) return {};
  const one = ({ token, logprob, bytes }: Omit<Logprob, 'top'>): unknown => ({ token, logprob, bytes });
  return { logprobs: logprobs.map((each) => ({ ...(one(each) as object), ...(each.top.length > 0 && { top_logprobs: each.top.map(one) }) })) };
};

/** Calls: their arguments are objects. */
export const callOf = (name: string, text: string): unknown => {
  let given: unknown = {};
  try {
    given = JSON.parse(text);
  } catch {
    // it was cut off
  }
  return { function: { name, arguments: given } };
};

/** Where a line has what was said. */
export interface Place {
  /** Of a piece of an answer. */
  said(of: { text?: string; thinking?: string; calls?: unknown[] }): Record<string, unknown>;
  /** Of the last line. */
  last(answer: Answer): Record<string, unknown>;
}

/** Tells an answer. */
export class LineTalk implements Talk {
  readonly type = 'application/x-ndjson';
  readonly ping = ''; // readers of lines take none
  readonly #calls = new Map<number, { name: string; text: string }>();

  constructor(
    private readonly model: string,
    private readonly place: Place,
  ) {}

  begin(): string {
    return '';
  }

  heard(heard: Heard): string {
    switch (heard.type) {
      case 'text':
        return this.#line({ text: heard.text }, heard.logprobs);
      case 'reasoning':
        return this.#line({ thinking: heard.text });
      case 'callStart':
        this.#calls.set(heard.index, { name: heard.name, text: '' });
        return '';
      case 'callArguments': {
        const call = this.#calls.get(heard.index);
        if (call) call.text += heard.text;
        return '';
      }
      case 'callEnd': {
        const call = this.#calls.get(heard.index);
        return call ? this.#line({ calls: [callOf(call.name, call.text)] }) : '';
      }
      case 'end':
        return heard.logprobs && heard.logprobs.length > 0 ? this.#line({}, heard.logprobs) : '';
      default:
        return '';
    }
  }

  #line(of: Parameters<Place['said']>[0], logprobs?: readonly Logprob[]): string {
    return `${JSON.stringify({ ...headOf(this.model), ...this.place.said(of), done: false, ...logprobsOf(logprobs) })}\n`;
  }

  end(answered: Answer): string {
    const last = { ...headOf(this.model), ...this.place.last(answered), done: true, done_reason: doneReason(answered), ...statistics(answered) };
    return `${JSON.stringify(last)}\n`;
  }

  fail(error: ApiError): string {
    return `${JSON.stringify(bodyOf('ollama', error, ''))}\n`;
  }
}
