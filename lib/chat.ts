import './dispose';
import * as check from './check';
import { LlamaError } from './errors';
import type { Generation, Run } from './generation';
import type { BoundOptions, BoundTo, BoundValue, Grammar, Unbound } from './grammar';
import { message as messageCheck, messages as messagesCheck } from './prompt';
import { reasoningCheck, toolChecks, type ReasoningOptions, type ToolOptions } from './tools';
import { checkGenerate, generateChecks, type AllOptions, type GenerateOptions } from './sampling';
import type { SchemaSource } from './schema';
import type { Message, MessageInput } from './template';
import { fit, type Fitted } from './turns';

export interface ChatOptions extends ToolOptions {
  /** What the model is told before the conversation begins. */
  system?: string;
  /** A conversation to go on with. Its first message may be the system's, in place of the option. */
  messages?: readonly MessageInput[];
  /** A Jinja template in place of the model file's, or the name of one of the file's or of `templateNames`. */
  template?: string;
  /** Variables of the template, such as `enable_thinking`. */
  variables?: Readonly<Record<string, unknown>>;
  /**
   * What becomes of a conversation that no longer fits the context. `error`, the default: the answer rejects with `CONTEXT`. `dropOldest`: the prompt
   * leaves out the oldest turns after the system message, as many as make room for `maxTokens`, or for a quarter of the context where that is
   * less; `messages` keeps them, and the result says how many messages were `dropped`.
   */
  contextFull?: 'error' | 'dropOldest';
  /** How much the model reasons. */
  reasoning?: ReasoningOptions;
}

/** How an answer is given. */
export interface SendOptions extends GenerateOptions {
  /** How the answer begins; the model goes on from there. It is part of the message that is kept, not of the result's text. */
  prefix?: string;
  /** An answer that is aborted or fails enters `messages` with the text that was shown, if any was. Default false: it leaves no trace. */
  keepPartial?: boolean;
}

/** What `JSON.stringify(chat)` writes, and `model.chat` takes. */
export interface ChatJson extends Omit<ChatOptions, keyof ToolOptions> {
  messages: readonly Message[];
}

/** @internal */
export const chatChecks: check.Checks<ChatOptions> = {
  system: check.string,
  messages: messagesCheck,
  template: check.string,
  variables: check.variables,
  contextFull: check.oneOf(['error', 'dropOldest']),
  reasoning: reasoningCheck,
  ...toolChecks,
};

const sendChecks: check.Checks<SendOptions & BoundOptions> = { ...generateChecks, prefix: check.string, keepPartial: check.boolean };

/** @internal */
export type Setting = Omit<ChatOptions, 'system' | 'messages'>;

/**
 * What a chat asks: messages, of which the prompt may leave out the oldest.
 * @internal
 */
export interface Asked {
  readonly setting: Setting;
  readonly prefix: string;
  /** The messages without the first `dropped` behind the system's. */
  from(dropped: number): readonly Message[];
  /** The ids of as many of the latest turns as give at most `most` ids. */
  fit(idsFrom: (dropped: number) => Promise<Uint32Array>, most: number): Promise<Fitted>;
}

/**
 * Starts an answer; what `ask` throws rejects it.
 * @internal
 */
export type Answer = (call: (...args: never[]) => unknown, options: AllOptions, ask: () => Asked) => Run;

const frozen = (role: Message['role'], content: string): Message => Object.freeze({ role, content });

/** A conversation. It holds no memory of the model's beyond its messages: equal beginnings share what was computed. */
export class Chat implements AsyncDisposable {
  readonly #answer: Answer;
  readonly #setting: Setting;
  #messages: readonly Message[] = Object.freeze([]);
  #dropped = 0; // messages that the last prompt left out
  #running: Run | undefined;

  private constructor(setting: Setting, answer: Answer) {
    this.#setting = setting;
    this.#answer = answer;
  }

  /** @internal */
  static of({ system, messages = [], ...setting }: ChatOptions, answer: Answer): Chat {
    if (system !== undefined && messages[0]?.role === 'system') {
      throw new LlamaError('ARGUMENT', 'system: messages begin with a system message already: leave one of the two out');
    }
    const chat = new Chat(setting, answer);
    const kept = messages as readonly Message[]; // which were checked
    chat.#keep(system === undefined ? kept : [frozen('system', system), ...kept]);
    return chat;
  }

  /** The conversation so far: frozen, and another array whenever it changes. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /**
   * Says something and gives the answer. Both enter `messages` when the answer is complete; one that fails or is aborted leaves no trace, unless
   * `keepPartial` says so.
   */
  send(content: string, options?: SendOptions & Unbound): Generation<string>;
  send<const S extends SchemaSource | Grammar = never, const C extends string = never, V = never, J extends true = never>(
    content: string,
    options?: SendOptions & BoundTo<S, C, V, J>,
  ): Generation<BoundValue<S, C, V, J>>;
  send(content: string, options?: SendOptions & BoundOptions): Generation<unknown> {
    const said = frozen('user', check.string(content, 'content'));
    return this.#begin(Chat.prototype.send, options, () => [...this.#messages, said]);
  }

  /** Answers the last message of the user anew; the new answer takes the place of all behind that message once it is complete. */
  regenerate(options?: SendOptions & Unbound): Generation<string>;
  regenerate<const S extends SchemaSource | Grammar = never, const C extends string = never, V = never, J extends true = never>(
    options?: SendOptions & BoundTo<S, C, V, J>,
  ): Generation<BoundValue<S, C, V, J>>;
  regenerate(options?: SendOptions & BoundOptions): Generation<unknown> {
    return this.#begin(Chat.prototype.regenerate, options, () => {
      const asked = this.#messages.findLastIndex(({ role }) => role === 'user');
      if (asked < 0) throw new LlamaError('ARGUMENT', 'regenerate: there is no message of the user to answer: call send() first');
      return this.#messages.slice(0, asked + 1);
    });
  }

  /**
   * Puts a message in place of number `index`; a string changes its content alone. What was said behind it is dropped, as it answered the old one:
   * fork() before keeps both. After a user's message `regenerate()` gives the answer.
   */
  edit(index: number, message: string | Message): void {
    if (this.#messages.length === 0) throw new LlamaError('ARGUMENT', 'edit: there are no messages yet');
    const at = check.integer(0, this.#messages.length - 1)(index, 'index');
    const old = this.#messages[at] as Message;
    const changed = typeof message === 'string' ? frozen(old.role, message) : check.reading(messageCheck)(message, 'message');
    if (this.#running) throw busy('edit');
    this.#dropped = 0;
    this.#keep([...this.#messages.slice(0, at), changed]);
  }

  /** Another conversation that begins with what was said in this one. */
  fork(): Chat {
    const fork = new Chat(this.#setting, this.#answer);
    fork.#keep(this.#messages);
    fork.#dropped = this.#dropped;
    return fork;
  }

  /** The conversation and its settings as plain data, but for its tools; `model.chat` goes on from it. */
  toJSON(): ChatJson {
    const { tools, toolChoice, parallelToolCalls, maxRounds, ...setting } = this.#setting;
    return { messages: this.#messages, ...setting };
  }

  /** Aborts the answer that is being given. */
  async dispose(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #keep(messages: readonly Message[]): void {
    this.#messages = Object.freeze([...messages]);
    this.#dropped = Math.min(this.#dropped, this.#messages.length);
  }

  // Answers `question()`, which is the conversation up to the answer.
  #begin(call: (...args: never[]) => unknown, options: unknown, question: () => readonly Message[]): Run {
    const { prefix = '', keepPartial = false, ...settings } = checkGenerate<SendOptions & BoundOptions>(options, call.name, sendChecks);
    let asked: readonly Message[] | undefined;
    const { tools, toolChoice, parallelToolCalls, maxRounds, reasoning, contextFull: _, ...own } = this.#setting;
    const usual = definedOf({ ...own, tools, toolChoice, parallelToolCalls, maxRounds, reasoning });
    const answer = this.#answer(call, { ...usual, ...settings }, () => {
      if (this.#running) throw busy(call.name);
      const messages = (asked = question());
      return this.#asked(messages, prefix);
    });
    if (!asked) return answer; // it failed
    const before = asked;
    this.#running = answer;
    answer.onEnd((shown, complete, added) => {
      this.#running = undefined;
      const begun = added.length === 0 ? prefix : '';
      const said = complete && added.length > 0 ? added : [...added, frozen('assistant', begun + shown)];
      if (complete || (keepPartial && shown !== '')) this.#keep([...before, ...said]);
    });
    return answer;
  }

  #asked(messages: readonly Message[], prefix: string): Asked {
    const system = messages[0]?.role === 'system' ? 1 : 0;
    return {
      setting: this.#setting,
      prefix,
      from: (dropped) => [...messages.slice(0, system), ...messages.slice(system + dropped)],
      fit: async (idsFrom, most) => {
        const fitted = await fit(messages.slice(system), this.#dropped, idsFrom, most);
        this.#dropped = fitted.dropped;
        return fitted;
      },
    };
  }
}

const busy = (call: string): LlamaError =>
  new LlamaError('ARGUMENT', `${call}: the previous answer is still being generated: await it first, or fork() the chat`);

/** Without what is undefined. */
function definedOf<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
