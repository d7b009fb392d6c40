// The messages that are typed, pasted or piped to the chat. A line that ends in a backslash goes on in the next one.
import events from 'node:events';
import { createInterface, type Interface } from 'node:readline';

import type { History } from './history';
import type { Interrupt } from './interrupt';
import { bracketedPaste, newlineMark, Paste, withNewlines } from './paste';
import { note } from './screen';

/** Whether a line goes on: it ends in a backslash that is not itself behind one. */
const goesOn = (line: string): boolean => (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;

export class PromptLines {
  /** Whether somebody sits at a terminal. */
  readonly terminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  readonly #lines: Interface;
  readonly #iterator: AsyncIterator<string>;
  readonly #leave = (): void => void process.stderr.write(bracketedPaste.off);

  constructor(
    private readonly interrupt: Interrupt,
    private readonly history: History | undefined,
  ) {
    this.#lines = this.terminal ? this.#onTerminal() : createInterface({ input: process.stdin, terminal: false });
    this.#iterator = this.#lines[Symbol.asyncIterator]();
  }

  #onTerminal(): Interface {
    const { stdin } = process;
    const input = Object.assign(stdin.pipe(new Paste()), { isTTY: true, setRawMode: (on: boolean) => stdin.setRawMode(on) });
    const history = [...(this.history?.lines ?? [])].reverse().map((line) => line.replaceAll('\n', newlineMark));
    const lines = createInterface({ input, output: process.stderr, terminal: true, prompt: '> ', history, historySize: 1000, removeHistoryDuplicates: true });
    lines.on('SIGINT', () => this.#interrupted(lines));
    process.stderr.write(bracketedPaste.on);
    process.once('exit', this.#leave);
    return lines;
  }

  // A line that was begun is thrown away, as shells do; otherwise it stops what runs, or leaves.
  #interrupted(lines: Interface): void {
    if (lines.line === '') return this.interrupt.press();
    process.stderr.write('^C\n');
    lines.write(null, { ctrl: true, name: 'e' });
    lines.write(null, { ctrl: true, name: 'u' });
  }

  /** The next message; undefined at the end of the input. */
  async next(): Promise<string | undefined> {
    this.#wait();
    const parts: string[] = [];
    for (;;) {
      const { done, value } = await this.#iterator.next();
      if (done) return parts.length > 0 ? parts.join('\n') : undefined;
      const line = withNewlines(value);
      if (!goesOn(line)) {
        const message = [...parts, line].join('\n');
        if (message.trim() !== '') this.history?.add(message);
        return message;
      }
      parts.push(line.slice(0, -1));
      this.#lines.setPrompt(this.terminal ? '... ' : '');
      this.#lines.prompt();
    }
  }

  /** Asks while an answer runs; undefined where nobody sits at a terminal, nothing where the input ends. Rejects when the signal aborts. */
  async ask(question: string, signal: AbortSignal): Promise<string | undefined> {
    if (!this.terminal) return undefined;
    const lines = this.#lines;
    const forget = (history: string[]): void => void history.shift(); // an answer is no message
    lines.once('history', forget);
    const over = new AbortController();
    try {
      return await new Promise<string>((resolve, reject) => {
        const leave = { signal: over.signal, once: true };
        signal.addEventListener('abort', () => reject(signal.reason), leave);
        if (signal.aborted) return reject(signal.reason);
        events.once(lines, 'close', leave).then(
          () => resolve(''),
          () => {},
        );
        lines.question(question, { signal: over.signal }, resolve);
      });
    } finally {
      over.abort();
      lines.off('history', forget);
    }
  }

  // Nothing runs: the first Ctrl-C says how to leave, unless one has stopped an answer just now.
  #wait(): void {
    this.interrupt.again().addEventListener('abort', () => {
      note('\n(press Ctrl-C again or type /exit to leave)');
      this.#lines.prompt();
    });
    this.#lines.setPrompt(this.terminal ? '> ' : '');
    if (this.terminal) this.#lines.prompt();
  }

  end(): void {
    this.#lines.close();
    if (!this.terminal) return;
    process.stdin.unpipe();
    process.stdin.pause();
    process.off('exit', this.#leave);
    this.#leave();
  }
}
