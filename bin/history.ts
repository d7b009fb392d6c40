// The lines that were typed at the chat's prompt, kept for the next time: one JSON string a line, readable by their writer alone.
import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** How many lines are kept, and of how many characters each at most. */
const most = { lines: 1000, characters: 16_384 } as const;

/** $XDG_STATE_HOME/llama-ts/chat-history, by default in ~/.local/state; on Windows in %LOCALAPPDATA%. */
export function historyPath(env: NodeJS.ProcessEnv = process.env): string {
  const state =
    process.platform === 'win32'
      ? (env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'))
      : env.XDG_STATE_HOME?.startsWith('/')
        ? env.XDG_STATE_HOME
        : join(homedir(), '.local', 'state');
  return join(state, 'llama-ts', 'chat-history');
}

function read(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      const found: unknown = JSON.parse(line);
      return typeof found === 'string' ? [found] : [];
    } catch {
      return []; // the end of the file, or a line that another program left
    }
  });
}

export class History {
  /** Oldest first. */
  readonly lines: string[];
  #usable = true;

  constructor(private readonly path: string) {
    const found = read(path);
    this.lines = found;
    if (found.length > most.lines) this.#try(() => this.#rewrite());
    else if (found.length > 0) this.#try(() => chmodSync(path, 0o600));
  }

  /** Keeps a line, at once: the program may end any time. */
  add(line: string): void {
    if (line === this.lines.at(-1) || line.length > most.characters) return;
    this.lines.push(line);
    this.#try(() => {
      if (this.lines.length > 2 * most.lines) return this.#rewrite();
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      appendFileSync(this.path, `${JSON.stringify(line)}\n`, { mode: 0o600 });
    });
  }

  #rewrite(): void {
    this.lines.splice(0, this.lines.length - most.lines);
    const aside = `${this.path}.${process.pid}.tmp`;
    writeFileSync(aside, this.lines.map((line) => `${JSON.stringify(line)}\n`).join(''), { mode: 0o600 });
    renameSync(aside, this.path);
  }

  // Where it cannot be kept (a home that is read-only), the chat goes on without.
  #try(write: () => void): void {
    if (!this.#usable) return;
    try {
      write();
    } catch {
      this.#usable = false;
    }
  }
}
