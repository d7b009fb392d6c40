import './dispose';
import * as check from './check';
import { LlamaError } from './errors';
import type { Generation, Run } from './generation';
import { messages } from './prompt';
import type { GenerateOptions } from './sampling';
import type { Message } from './template';

export interface ChatOptions {
  /** What the model is told before the conversation begins. */
  system?: string;
  /** A conversation to go on with, without its system message. */
  messages?: readonly Message[];
  /** A Jinja template in place of the model file's. */
  template?: string;
  /** Variables of the template, such as `enable_thinking`. */
  variables?: Readonly<Record<string, unknown>>;
  /** Not there yet: throws `UNSUPPORTED`. */
  tools?: readonly unknown[];
}

const variables: check.Check<Readonly<Record<string, unknown>>> = (value, name) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { ...(value as Record<string, unknown>) }
    : check.refuse(name, 'an object of template variables', value);

export const chatChecks: check.Checks<ChatOptions> = {
  system: check.string,
  messages,
  template: check.string,
  variables,
  tools: () => {
    throw new LlamaError('UNSUPPORTED', 'tools: this version does not call tools: leave them out');
  },
};

/** Starts the answer to what `ask` gives; a failure of either rejects it. */
type Answer = (ask: () => readonly Message[], options: GenerateOptions | undefined) => Run;

/** A conversation. It holds no memory of the model's beyond its messages: equal beginnings share what was computed. */
export class Chat implements AsyncDisposable {
  readonly #answer: Answer;
  #messages: readonly Message[];
  #running: Run | undefined;

  /** @internal Use `model.chat`. */
  constructor(options: Pick<ChatOptions, 'system' | 'messages'>, answer: Answer) {
    const system: Message[] = options.system === undefined ? [] : [Object.freeze({ role: 'system', content: options.system } as const)];
    this.#messages = [...system, ...(options.messages ?? [])];
    this.#answer = answer;
  }

  /** The conversation so far. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Says something and gives the answer. Both enter `messages` when the answer is complete; one that fails or is aborted leaves no trace. */
  send(content: string, options?: GenerateOptions): Generation<string> {
    let said: readonly Message[] | undefined;
    const answer = this.#answer(() => (said = this.#ask(content)), options);
    if (!said) return answer;
    const messages = said;
    this.#running = answer;
    answer.onEnd((text) => {
      this.#running = undefined;
      if (text !== undefined) this.#messages = [...messages, Object.freeze({ role: 'assistant', content: text } as const)];
    });
    return answer;
  }

  #ask(content: unknown): readonly Message[] {
    if (this.#running) throw new LlamaError('ARGUMENT', 'send: the answer before is not complete: await it first, or fork() the chat');
    return [...this.#messages, Object.freeze({ role: 'user', content: check.string(content, 'content') } as const)];
  }

  /** Another conversation that begins with what was said in this one. */
  fork(): Chat {
    return new Chat({ messages: this.#messages }, this.#answer);
  }

  /** Aborts the answer that is being given. */
  async dispose(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
