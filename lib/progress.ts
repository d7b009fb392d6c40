/** Tells a callback how much is done: 0 first, then in rising steps of at least a hundredth, 1 last. */
export class Progress {
  readonly #tell: ((fraction: number) => void) | undefined;
  #told = -1;

  constructor(tell: ((fraction: number) => void) | undefined) {
    this.#tell = tell;
  }

  begin(): void {
    this.#say(0);
  }

  at(fraction: number): void {
    if (fraction >= this.#told + 0.01 && fraction < 1) this.#say(fraction);
  }

  end(): void {
    if (this.#told < 1) this.#say(1);
  }

  #say(fraction: number): void {
    this.#told = fraction;
    this.#tell?.(fraction);
  }
}
