// /set: the flags of a generation, changed while the chat goes on.
import yargs from 'yargs';

import type { GenerateOptions, Model } from '../lib';
import { plainWords } from './arguments';
import { commandOf, programOf } from './catalog';
import { generateFlags, generateOptions, type Flags } from './flags';

const set = commandOf({ command: 'chat', builder: (y) => generateFlags(y), handler: () => {} });

function parse(name: string, value: string): Flags {
  const flag = `${/^-/.test(name) ? '' : name.length === 1 ? '-' : '--'}${name}`;
  const words = plainWords(programOf([]), set, [`${flag}=${value}`]);
  const fail = (message: string | null, error: Error | undefined): never => {
    throw error ?? new Error(message ?? `/set: cannot set ${name}`);
  };
  const parsed = generateFlags(yargs(words)).help(false).version(false).exitProcess(false).fail(fail).parseSync() as Flags;
  return Object.fromEntries(Object.entries(parsed).filter(([key, v]) => v !== undefined && key !== '_' && key !== '$0'));
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

export class ChatSettings {
  #flags: Flags;

  constructor(
    flags: Flags,
    private readonly model: Model,
  ) {
    this.#flags = flags;
  }

  get options(): GenerateOptions {
    return generateOptions(this.#flags);
  }

  /** Sets one by its flag's name. Throws where the name or the value is wrong; all stays as it was then. */
  async set(name: string, value: string): Promise<void> {
    const flags = { ...this.#flags, ...parse(name, value) };
    await this.#check(generateOptions(flags));
    this.#flags = flags;
  }

  // By the rules of `generate` itself: a request that is aborted before it begins is checked and not run.
  async #check(options: GenerateOptions): Promise<void> {
    const stop = new Error('checked');
    try {
      await this.model.generate('', { ...options, signal: AbortSignal.abort(stop) });
    } catch (error) {
      if (error !== stop) throw error;
    }
  }

  /** What differs from the defaults, a line each. */
  show(): string {
    const lines = Object.entries(this.options).map(([name, value]) => `  ${kebab(name)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
    return lines.length > 0 ? lines.join('\n') : '  nothing is set: all is as llama-ts chat --help says';
  }
}
