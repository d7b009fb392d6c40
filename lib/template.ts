// Chat templates: the model file's Jinja source makes a prompt of messages.
import { LlamaError } from './errors';
import { Budget, type Steps } from './jinja/budget';
import { Converter } from './jinja/convert';
import { finish, inSlices } from './jinja/drive';
import { Template } from './jinja/template';
import type { Value } from './jinja/values';
import type { Segment, TemplateVocabulary } from './native';
import { Spelling } from './spelling';

/** A part of a message's content. This version reads text alone. */
export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

/** A call in a message of the assistant, as templates and OpenAI's API name it. */
export interface MessageCall {
  readonly id?: string;
  readonly type?: 'function';
  /** `arguments`: an object, or its JSON text. */
  readonly function: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> | string };
}

/** One turn of a conversation, with the names that templates and OpenAI's API use. */
export interface Message {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  /** Text; a list of text parts is read as one. */
  readonly content: string;
  /** Who speaks; of a tool's message the tool. */
  readonly name?: string;
  /** What the assistant thought. */
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly MessageCall[];
  /** Of a tool's message: the call that it answers. */
  readonly tool_call_id?: string;
}

/** A message as it may be given: content may be a list of parts, or nothing beside calls. */
export type MessageInput = Omit<Message, 'content'> & { readonly content?: string | readonly TextPart[] | null };

/** @internal */
export const roles = ['system', 'developer', 'user', 'assistant', 'tool'] as const;

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
  /** Lists may be appended to, and generators written as JSON, which transformers refuses. */
  lenient?: boolean;
}

const fromUser = new Set(['tools', 'documents', 'functions']);

/**
 * The chat template of one model, held to Jinja2 as transformers sets it up. A template comes with the model file, so
 * it is not trusted: its work and what it makes are bounded, and it runs in slices between which the event loop goes on.
 * @internal
 */
export class ChatTemplate {
  readonly #source: string;
  readonly #vocabulary: TemplateVocabulary;
  readonly #spelling: Spelling;
  #compiled: Template | undefined;

  constructor(source: string, vocabulary: TemplateVocabulary) {
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

  *#steps(budget: Budget, messages: readonly Message[], variables: Variables, options: RenderOptions): Steps<Segment[]> {
    const template = yield* naming('the chat template cannot be parsed', this.#compile(budget));
    return yield* naming('the chat template refuses these messages', this.#fill(template, budget, messages, variables, options));
  }

  *#compile(budget: Budget): Steps<Template> {
    return (this.#compiled ??= yield* Template.compile(this.#source, budget));
  }

  *#fill(template: Template, budget: Budget, messages: readonly Message[], variables: Variables, options: RenderOptions): Steps<Segment[]> {
    const { now = new Date(), lenient = false } = options;
    const converter = new Converter();
    const all = yield* this.#variables(converter, messages, variables);
    budget.given(converter.given);
    return yield* this.#spelling.segments(yield* template.render({ budget, now, lenient }, all), budget);
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
