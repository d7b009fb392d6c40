// The conversation of llama-ts chat: what was said, taken back, begun anew, and kept in a file.
import { readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

import type { BoundOptions, Chat, ChatOptions, Chunk, Generation, Message, Model, Result, SendOptions } from '../lib';
import { explain, note, print } from './screen';
import { waiting } from './waiting';

/** An answer; no result: it was stopped, and what was shown is kept. */
export interface Answer {
  readonly text: string;
  readonly result: Result<unknown> | undefined;
}

const isMessage = (value: unknown): value is Message => {
  const { role, content } = (value ?? {}) as { role?: unknown; content?: unknown };
  return typeof role === 'string' && typeof content === 'string';
};

const keys = ['role', 'content', 'name', 'reasoning_content', 'tool_calls', 'tool_call_id'];

/** The messages of a file: a list of them, or what `JSON.stringify(chat)` writes. */
function messagesOf(text: string, path: string): readonly Message[] {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  const { messages = found } = (found ?? {}) as { messages?: unknown };
  if (!Array.isArray(messages) || !messages.every(isMessage)) {
    throw new Error(`${path}: expected a conversation as /save writes it: JSON with "messages", each with "role" and "content"`);
  }
  return messages.map((message) => Object.fromEntries(Object.entries(message).filter(([key]) => keys.includes(key))) as unknown as Message);
}

export class Conversation {
  #chat: Chat;

  constructor(
    private readonly model: Model,
    system: string | undefined,
    private readonly setting: ChatOptions,
  ) {
    this.#chat = this.#begin([]);
    this.system = system;
  }

  #begin(messages: readonly Message[]): Chat {
    return this.model.chat({ messages, ...this.setting });
  }

  /** What was said, without the system message. */
  get messages(): readonly Message[] {
    return this.#chat.messages.filter((m) => m.role !== 'system');
  }

  get system(): string | undefined {
    const [first] = this.#chat.messages;
    return first?.role === 'system' ? (first.content as string) : undefined;
  }

  set system(text: string | undefined) {
    const system: Message[] = text === undefined || text === '' ? [] : [{ role: 'system', content: text }];
    this.#chat = this.#begin([...system, ...this.messages]);
  }

  /** Says something and prints the answer as it comes. Stopped, it keeps what was shown; where nothing was, nothing was said. */
  say(content: string, options: SendOptions & BoundOptions): Promise<Answer> {
    return this.#answer((onPromptProgress) => this.#chat.send(content, { ...options, keepPartial: true, onPromptProgress }), options.signal);
  }

  /** Another answer to what was said last; the one before stays where none comes. */
  async regenerate(options: SendOptions & BoundOptions): Promise<Answer | undefined> {
    if (!this.messages.some((m) => m.role === 'user')) return undefined;
    return this.#answer((onPromptProgress) => this.#chat.regenerate({ ...options, keepPartial: true, onPromptProgress }), options.signal);
  }

  async #answer(begin: (onPromptProgress: (fraction: number) => void) => Generation<unknown>, signal: AbortSignal | undefined): Promise<Answer> {
    const shown: string[] = [];
    const show = new Shown();
    const reading = waiting('reading the prompt');
    try {
      const generation = begin((fraction) => reading.progress(fraction));
      for await (const part of generation) {
        reading.end();
        shown.push(part.text);
        await print(show.of(part));
      }
      const result = await generation;
      return { text: show.last === '\n' ? `${result.text}\n` : result.text, result };
    } catch (error) {
      if (signal?.aborted !== true || error !== signal.reason) throw error;
      return { text: shown.join(''), result: undefined };
    } finally {
      reading.end();
    }
  }

  /** What was said last, taken back together with its answer; undefined where there is nothing. */
  undo(): string | undefined {
    const { messages } = this.#chat;
    const at = messages.findLastIndex((m) => m.role === 'user');
    if (at < 0) return undefined;
    this.#chat = this.#begin(messages.slice(0, at));
    return messages[at]?.content as string;
  }

  /** Forgets what was said, but for the system message. */
  clear(): void {
    this.#chat = this.#begin(this.#chat.messages.slice(0, this.system === undefined ? 0 : 1));
  }

  /** Writes it to a file, aside and renamed. A file that is there and holds something else is left alone. */
  save(path: string): void {
    let target = path;
    let mode = 0o600;
    try {
      target = realpathSync(path);
      mode = statSync(target).mode;
      messagesOf(readFileSync(target, 'utf8'), path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw new Error(`${path} already exists and is not a conversation: choose another name`);
      if (code !== 'ENOENT') throw new Error(`cannot write ${path}: ${code}`);
    }
    const aside = `${target}.${process.pid}.tmp`;
    try {
      writeFileSync(aside, `${JSON.stringify({ messages: this.#chat.messages }, null, 2)}\n`, { mode });
      renameSync(aside, target);
    } catch (error) {
      rmSync(aside, { force: true });
      throw new Error(`cannot write ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
    }
  }

  /** Goes on with the conversation of a file. */
  load(path: string): void {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      throw new Error(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
    }
    this.#chat = this.#begin(messagesOf(text, path));
  }
}

const dim = (text: string): string => (process.stdout.isTTY ? `\x1b[2m${text}\x1b[22m` : '');

/** Parts of an answer as a reader sees them: reasoning dimmed, at a terminal alone; calls in brackets, in lines of their own. */
class Shown {
  #reasoned = false;
  /** The last letter that was shown. */
  last = '\n';

  of(part: Chunk): string {
    const shown = this.#shown(part);
    if (shown !== '') this.last = shown.at(-1) as string;
    return shown;
  }

  #shown(part: Chunk): string {
    switch (part.type) {
      case 'text': {
        const apart = this.#reasoned && process.stdout.isTTY ? '\n\n' : '';
        this.#reasoned = false;
        return apart + part.text;
      }
      case 'reasoning':
        this.#reasoned = true;
        return dim(part.reasoning);
      case 'callStart':
        this.#reasoned = false;
        return `${this.last === '\n' ? '' : '\n'}[${part.name} `;
      case 'callArguments':
        return part.arguments;
      case 'callEnd':
        return part.call.incomplete ? ' ...]\n' : ']\n';
      case 'toolResult':
        return `${part.content}\n`;
      case 'problem':
        note(`llama-ts: ${explain(part.message)}`);
        return '';
    }
  }
}
