import { Failure, fail } from './failure';

/** A computation that can pause: it yields where the thread should be given back for a while. */
export type Steps<T> = Generator<void, T, void>;

const baseSteps = 4_000_000; // some seconds
const baseUnits = 96 * 2 ** 20;
const longestText = 2 ** 20;
const longestList = 2 ** 20;
const deepest = 250; // as deep as Python lets a macro call itself, and more

/**
 * What a render may take, whatever its template does: steps of work, and units of memory ever made (a character is one,
 * an item of a list eight). What the caller passed in is added, so that a long conversation is no reason to end.
 */
export class Budget {
  #steps = 0;
  #units = 0;
  #unseen = 0;
  #depth = 0;
  #deadline = Infinity;
  #due = false; // stays until the next slice: not every place that counts can pause
  #mostSteps = baseSteps;
  #mostUnits = baseUnits;
  #longest = longestText;

  /** Adds what the caller passed in, in characters and items. */
  given(count: number): void {
    this.#mostSteps += 16 * count;
    this.#mostUnits += 32 * count;
    this.#longest += 2 * count;
  }

  /** Counts work; tells whether to pause. */
  step(count = 1): boolean {
    this.#steps += count;
    if (this.#steps > this.#mostSteps) fail('budget', `it ran too long, more than ${this.#mostSteps} steps: it may loop`);
    this.#unseen += count;
    if (this.#due || this.#unseen < 256) return this.#due;
    this.#unseen = 0;
    return (this.#due = performance.now() >= this.#deadline);
  }

  /** Counts a text that is about to be made, in characters. */
  text(length: number): void {
    if (length > this.#longest) fail('budget', `it made a text of more than ${this.#longest} characters`);
    this.#make(length + 8);
  }

  /** Counts a list that is about to be made. */
  list(length: number): void {
    if (length > longestList + this.#longest - longestText) fail('budget', `it made a list of more than ${longestList} items`);
    this.#make(8 * length + 8);
  }

  /** Counts text behind what a body has written so far. */
  output(before: number, length: number): void {
    if (before + length > this.#longest) fail('budget', `it wrote more than ${this.#longest} characters`);
    this.#make(length + 8);
  }

  #make(units: number): void {
    this.#units += units;
    if (this.#units > this.#mostUnits) fail('budget', `it made more than ${this.#mostUnits} characters`);
    this.step(1 + Math.floor(units / 64));
  }

  /** One level deeper; `leave` must follow. */
  enter(): void {
    if (++this.#depth > deepest) fail('budget', `it nests more than ${deepest} calls`);
  }

  leave(): void {
    this.#depth--;
  }

  /** Runs until the end, or until about `milliseconds` are over. */
  slice<T>(steps: Steps<T>, milliseconds: number): IteratorResult<void, T> {
    this.#deadline = performance.now() + milliseconds;
    this.#due = false;
    try {
      return steps.next();
    } catch (error) {
      if (error instanceof RangeError && /call stack/.test(error.message)) throw new Failure('budget', 'it nests too deeply');
      throw error;
    }
  }
}
