// Chat templates: the model file's Jinja source makes a prompt of messages.
import { LlamaError } from './errors';
import { Budget, type Steps } from './jinja/budget';
import { Converter } from './jinja/convert';
import { finish, inSlices } from './jinja/drive';
import { Template } from './jinja/template';
import type { Value } from './jinja/values';
import type { NativeVocabulary, Segment } from './native';
import { Spelling } from './spelling';

/** One turn of a conversation. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
}

/** @internal */
export const roles = ['system', 'user', 'assistant', 'tool'] as const;

/**
 * Variables of the template. What `tools` and `documents` hold is text of the user's, as messages are.
 * @internal
 */
export type Variables = Readonly<Record<string, unknown>>;

/** @internal */
export interface RenderOptions {
  /** What `strftime_now` tells. Default: now. */
  now?: Date;
  /** Ends a render that goes on in slices; it rejects with the reason. */
  signal?: AbortSignal | undefined;
}

const fromUser = new Set(['tools', 'documents']);

/**
 * The chat template of one model, held to Jinja2 as transformers sets it up. A template comes with the model file, so
 * it is not trusted: its work and what it makes are bounded, and it runs in slices between which the event loop goes on.
 * @internal
 */
export class ChatTemplate {
  readonly #source: string;
  readonly #vocabulary: NativeVocabulary;
  readonly #spelling: Spelling;
  #compiled: Template | undefined;

  constructor(source: string, vocabulary: NativeVocabulary) {
    this.#source = source;
    this.#vocabulary = vocabulary;
    this.#spelling = new Spelling(vocabulary.controls);
  }

  /**
   * The prompt of a conversation. Control tokens that the template writes are control tokens; the same letters in a
   * message stay letters, whatever the template does with them, so that nobody can end a turn by typing its end.
   * Throws `TEMPLATE` where the template cannot be read, refuses the messages, or takes more than its bounds.
   */
  render(messages: readonly Message[], variables: Variables, options: RenderOptions = {}): Segment[] {
    const budget = new Budget();
    return finish(this.#steps(budget, messages, variables, options), budget);
  }

  /** The same, given at once where it takes some milliseconds only, and otherwise in slices. */
  renderInSlices(messages: readonly Message[], variables: Variables, options: RenderOptions = {}): Segment[] | Promise<Segment[]> {
    const budget = new Budget();
    return inSlices(this.#steps(budget, messages, variables, options), budget, options.signal);
  }

  *#steps(budget: Budget, messages: readonly Message[], variables: Variables, { now = new Date() }: RenderOptions): Steps<Segment[]> {
    const template = yield* naming('the chat template cannot be parsed', this.#compile(budget));
    return yield* naming('the chat template refuses these messages', this.#fill(template, budget, messages, variables, now));
  }

  *#compile(budget: Budget): Steps<Template> {
    return (this.#compiled ??= yield* Template.compile(this.#source, budget));
  }

  *#fill(template: Template, budget: Budget, messages: readonly Message[], variables: Variables, now: Date): Steps<Segment[]> {
    const converter = new Converter();
    const all = yield* this.#variables(converter, messages, variables);
    budget.given(converter.given);
    return yield* this.#spelling.segments(yield* template.render({ budget, now }, all), budget);
  }

  *#variables(converter: Converter, messages: readonly Message[], variables: Variables): Steps<Map<string, Value>> {
    const { beginText: bos_token, endText: eos_token } = this.#vocabulary;
    const usual = { bos_token, eos_token, add_generation_prompt: true, tools: null, documents: null };
    const all = new Map<string, Value>([['messages', yield* converter.messages(messages, roles)]]);
    for (const [name, value] of Object.entries({ ...usual, ...variables })) {
      if (value !== undefined) all.set(name, yield* converter.value(value, fromUser.has(name)));
    }
    return all;
  }
}

/** Whatever fails inside is a `TEMPLATE` that says what failed. */
function* naming<T>(what: string, steps: Steps<T>): Steps<T> {
  try {
    return yield* steps;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const deep = cause instanceof RangeError && why.includes('call stack');
    throw new LlamaError('TEMPLATE', `${what}: ${deep ? 'it nests too deeply' : why.split('\n')[0]}`, { cause });
  }
}
