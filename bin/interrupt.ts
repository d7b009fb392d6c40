// Ctrl-C: once stops what runs, twice leaves.

/** The exit code of a program that an interrupt ended. */
export const interrupted = 130;

export class Interrupt {
  #controller: AbortController | undefined;
  #times = 0;

  constructor() {
    process.on('SIGINT', () => this.press());
  }

  /** Whether Ctrl-C was pressed since the last `arm`. */
  get pressed(): boolean {
    return this.#times > 0;
  }

  /** A signal for the next thing that runs. */
  arm(): AbortSignal {
    this.#times = 0;
    return this.again();
  }

  /** A signal for what follows it: Ctrl-C pressed before still counts. */
  again(): AbortSignal {
    this.#controller = new AbortController();
    return this.#controller.signal;
  }

  press(): void {
    if (++this.#times > 1 || !this.#controller) process.exit(interrupted);
    this.#controller.abort(new Error('interrupted'));
  }
}
