// The conversation of llama-ts chat: what was said, taken back, begun anew, and kept in a file.
import { readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

import type { GenerateOptions, Message, Model, Result } from '../lib';
import { print } from './screen';
import { waiting } from './waiting';

/** What is kept in a file. */
interface Saved {
  readonly system?: string;
  readonly messages: readonly Message[];
}

/** An answer; no result: it was stopped, and what was shown is kept. */
export interface Answer {
  readonly text: string;
  readonly result: Result<string> | undefined;
}

const isMessage = (value: unknown): value is Message => {
  const { role, content } = (value ?? {}) as { role?: unknown; content?: unknown };
  return typeof role === 'string' && typeof content === 'string';
};

function savedOf(text: string, path: string): Saved {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    found = undefined;
  }
  const { system, messages = found } = (found ?? {}) as { system?: unknown; messages?: unknown };
  if (!Array.isArray(messages) || !messages.every(isMessage))
    throw new Error(`${path}: expected a conversation as /save writes it: JSON with "messages", each with "role" and "content"`);
  const [first, ...rest] = messages;
  if (system === undefined && first?.role === 'system') return { system: first.content as string, messages: rest };
  return { ...(typeof system === 'string' && { system }), messages };
}

export class Conversation {
  #system: string | undefined;
  #messages: readonly Message[] = [];

  constructor(
    private readonly model: Model,
    system: string | undefined,
    private readonly template: string | undefined,
  ) {
    this.#system = system;
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  get system(): string | undefined {
    return this.#system;
  }

  set system(text: string | undefined) {
    this.#system = text === '' ? undefined : text;
  }

  /** Says something and prints the answer as it comes. Aborted, it keeps what was shown; where nothing was, nothing was said. */
  async say(content: string, options: GenerateOptions): Promise<Answer> {
    const before = this.#messages;
    const [system, template] = [this.#system, this.template];
    const chat = this.model.chat({ ...(system !== undefined && { system }), ...(template !== undefined && { template }), messages: before });
    const shown: string[] = [];
    const done = waiting('reading the prompt');
    try {
      const generation = chat.send(content, options);
      for await (const { text } of generation) {
        done();
        shown.push(text);
        await print(text);
      }
      const result = await generation;
      this.#keep(before, content, result.text);
      return { text: result.text, result };
    } catch (error) {
      if (options.signal?.aborted !== true || error !== options.signal.reason) throw error;
      const text = shown.join('');
      if (text !== '') this.#keep(before, content, text);
      return { text, result: undefined };
    } finally {
      done();
    }
  }

  #keep(before: readonly Message[], content: string, text: string): void {
    this.#messages = [...before, { role: 'user', content }, { role: 'assistant', content: text }];
  }

  /** What was said last, taken back together with its answer; undefined where there is nothing. */
  undo(): string | undefined {
    const at = this.#messages.findLastIndex((m) => m.role === 'user');
    const said = this.#messages[at]?.content;
    if (at >= 0) this.#messages = this.#messages.slice(0, at);
    return typeof said === 'string' ? said : undefined;
  }

  /** Another answer to what was said last; the one before stays where none comes. */
  async regenerate(options: GenerateOptions): Promise<Answer | undefined> {
    const before = this.#messages;
    const said = this.undo();
    if (said === undefined) return undefined;
    try {
      const answer = await this.say(said, options);
      if (answer.text === '' && !answer.result) this.#messages = before;
      return answer;
    } catch (error) {
      this.#messages = before;
      throw error;
    }
  }

  /** Forgets what was said, but for the system message. */
  clear(): void {
    this.#messages = [];
  }

  /** Writes it to a file, aside and renamed. A file that is there and holds something else is left alone. */
  save(path: string): void {
    let target = path;
    let mode = 0o600;
    try {
      target = realpathSync(path);
      mode = statSync(target).mode;
      savedOf(readFileSync(target, 'utf8'), path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw new Error(`${path} is there and holds something else than a conversation: choose another name`);
      if (code !== 'ENOENT') throw new Error(`cannot write ${path}: ${code}`);
    }
    const saved: Saved = { ...(this.#system !== undefined && { system: this.#system }), messages: this.#messages };
    const aside = `${target}.${process.pid}.tmp`;
    try {
      writeFileSync(aside, `${JSON.stringify(saved, null, 2)}\n`, { mode });
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
    const { system, messages } = savedOf(text, path);
    this.#system = system;
    this.#messages = messages.map(({ role, content }) => ({ role, content }) as Message);
  }
}
