// The servers of the Model Context Protocol that flags name: their tools, and their end.
import { constants } from 'node:os';

import { connectMcp, mcpServers, type McpConnection, type McpServers } from '../lib';
import type { Tools } from './approval';
import { endFamily } from './children';
import type { Flags } from './flags';
import { readText } from './input';
import { explain } from './screen';
import { waiting } from './waiting';

/** The words of a command, as a shell reads them: at spaces, but for those in quotes. */
export function commandWords(command: string): string[] {
  const words = command.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, (_, double: string | undefined, single: string | undefined) => double ?? single ?? ''));
}

async function inFile(path: string): Promise<McpServers> {
  try {
    return mcpServers(JSON.parse(await readText(path)));
  } catch (error) {
    throw new Error(`${path}: ${explain(error)}`);
  }
}

const runners = /^(node|npx|bunx?|deno|tsx|python\d?|uvx?|pipx)(\.exe|\.cmd)?$/;

/** A name for a server that has none: its program's, or that of what a runner runs; numbered where there are several. */
function nameOf(words: readonly string[], taken: McpServers): string {
  const names = words.filter((word) => !word.startsWith('-')).map((word) => word.split(/[\\/]/).at(-1) as string);
  const name = (names.find((each) => !runners.test(each)) ?? (words[0] as string)).replace(/\.\w+$/, '');
  for (let number = 1; ; number++) {
    const numbered = number === 1 ? name : `${name}${number}`;
    if (!Object.hasOwn(taken, numbered)) return numbered;
  }
}

async function serversOf({ mcp = [], mcpConfig }: Flags): Promise<McpServers> {
  const servers = { ...(typeof mcpConfig === 'string' && (await inFile(mcpConfig))) };
  for (const given of mcp as readonly string[]) {
    const words = commandWords(given);
    const [command, ...args] = words;
    if (command === undefined) throw new Error('--mcp: expected a command that starts a server');
    servers[nameOf(words, servers)] = { command, args };
  }
  return servers;
}

const signals = ['SIGTERM', 'SIGHUP'] as const;

/** What was started ends with this process: by `dispose`, or when a signal ends it, or when it leaves at once. */
export class McpTools implements AsyncDisposable {
  private constructor(
    private readonly connection: McpConnection,
    private readonly leaving: Leaving,
  ) {}

  /** Connects to the servers that flags name; undefined where there are none. */
  static async of(flags: Flags, signal: AbortSignal): Promise<McpTools | undefined> {
    const servers = await serversOf(flags);
    const names = Object.keys(servers);
    if (names.length === 0) return undefined;
    const stop = new AbortController();
    signal.addEventListener('abort', () => stop.abort(signal.reason), { once: true });
    const connecting = connectMcp(servers, { signal: stop.signal, showErrors: flags.verbose === true });
    const leaving = new Leaving(connecting, stop);
    const starting = waiting(`connecting to ${names.join(', ')}`);
    try {
      return new McpTools(await connecting, leaving);
    } catch (error) {
      if (leaving.begun) await new Promise(() => {}); // it ends the process
      leaving.forget();
      throw error;
    } finally {
      starting.end();
    }
  }

  get tools(): Tools {
    return this.connection.tools;
  }

  /** Of each server the names of its tools. */
  get servers(): McpConnection['servers'] {
    return this.connection.servers;
  }

  /** Signals are the caller's from here on, who disposes; servers still end with a process that leaves at once. */
  leaveSignals(): void {
    this.leaving.leaveSignals();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.dispose();
    this.leaving.forget();
  }
}

/** Ends what is connected to with this process, where a signal ends it. */
class Leaving {
  /** Whether a signal came. */
  begun = false;
  #pids: readonly number[] = [];
  readonly #listeners = signals.map((signal) => [signal, () => void this.#end(signal)] as const);
  readonly #left = (): void => this.#pids.forEach(terminate);

  constructor(
    private readonly connecting: Promise<McpConnection>,
    private readonly stop: AbortController,
  ) {
    connecting.then(
      ({ pids }) => {
        this.#pids = pids;
      },
      () => {}, // what was started has ended
    );
    for (const [signal, listener] of this.#listeners) process.once(signal, listener);
    process.once('exit', this.#left);
  }

  leaveSignals(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener);
  }

  forget(): void {
    this.leaveSignals();
    process.off('exit', this.#left);
  }

  async #end(signal: (typeof signals)[number]): Promise<void> {
    this.begun = true;
    this.stop.abort(new Error(signal));
    await this.connecting.catch(() => {});
    await Promise.all(this.#pids.map((pid) => endFamily(pid, 'SIGTERM')));
    process.exit(128 + constants.signals[signal]);
  }
}

function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {} // it has ended
}
