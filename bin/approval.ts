// Who runs a tool: the one who sits at the terminal is asked, the first time, and what is always allowed is remembered.
import { setImmediate as turn } from 'node:timers/promises';

import type { ChatOptions } from '../lib';
import { note } from './screen';

export type Tools = NonNullable<ChatOptions['tools']>;

/** Asks, and gives what was typed; undefined where nobody can be asked. Rejects when the signal aborts. */
export type Ask = (question: string, signal: AbortSignal) => Promise<string | undefined>;

const everything = 'all';

export class Approval {
  readonly #allowed: Set<string>;
  #last: Promise<unknown> = Promise.resolve(); // one question at a time

  /** `allowed`: tools that nobody is asked about; `all` are all. */
  constructor(
    allowed: readonly string[],
    private readonly ask: Ask,
  ) {
    this.#allowed = new Set(allowed);
  }

  /** Whether a tool runs without a question. */
  always(name: string): boolean {
    return this.#allowed.has(everything) || this.#allowed.has(name);
  }

  /** The same tools, each of which runs when it may, and tells the model so when it may not. */
  guard(tools: Tools): Tools {
    return Object.fromEntries(
      Object.entries(tools).map(([name, tool]) => {
        const run: typeof tool.run = async (args, context) => {
          await this.#permit(name, context.call.argumentsText, context.signal);
          return tool.run?.(args, context);
        };
        return [name, { ...tool, run }];
      }),
    );
  }

  /** Throws where it may not run. */
  #permit(name: string, args: string, signal: AbortSignal): Promise<void> {
    const asked = this.#last.then(async () => {
      await turn(); // the call is shown first
      signal.throwIfAborted();
      if (!this.always(name)) await this.#question(name, args, signal);
    });
    this.#last = asked.catch(() => {});
    return asked;
  }

  async #question(name: string, args: string, signal: AbortSignal): Promise<void> {
    const answer = await this.ask(`Run ${name} ${args}? (y)es, (a)lways, (n)o: `, signal);
    if (answer === undefined) note(`${name} was not run, as nobody could be asked: --mcp-allow ${name} allows it`);
    const first = answer?.trim().toLowerCase()[0];
    if (first === 'a') this.#allowed.add(name);
    if (first !== 'a' && first !== 'y') throw new Error('the user did not allow this call');
  }
}
