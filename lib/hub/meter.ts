// How far a download is, how fast, and how long it will take.

/** What is going on with a file: `checking` reads what is there already, `waiting` leaves the work to another process that is at it. */
export type PullState = 'checking' | 'downloading' | 'waiting';

/** How far a download is. */
export interface PullProgress {
  /** The file that it is at, as its repository names it. */
  readonly file: string;
  /** Which of how many, from 1. */
  readonly number: number;
  readonly files: number;
  /** Of all files, with what was there before. */
  readonly bytes: number;
  readonly total: number;
  /** Over the last seconds; absent until there is something to reckon with. */
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number;
  readonly state: PullState;
}

const [windowMs, stepMs] = [5000, 100];

/**
 * Reckons over all files; tells at most ten times a second, and always the first and the last.
 * @internal
 */
export class Meter {
  #file = '';
  #number = 0;
  #before = 0;
  #told = -Infinity;
  #marks: { readonly at: number; readonly bytes: number }[] = [];

  constructor(
    private readonly total: number,
    private readonly files: number,
    private readonly say: (progress: PullProgress) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Begins with a file; `before`: the bytes of those that are done. */
  begin(file: string, before: number): void {
    this.#file = file;
    this.#number++;
    this.#before = before;
    this.#told = -Infinity;
  }

  at(state: PullState, bytesOfFile: number): void {
    const at = this.now();
    const bytes = this.#before + bytesOfFile;
    const last = this.#marks.at(-1);
    // What was there before is no sign of speed.
    if (state === 'checking' || (last && bytes < last.bytes)) this.#marks = [];
    if (state === 'downloading' && (this.#marks.length === 0 || at - (last?.at ?? 0) >= stepMs)) this.#marks.push({ at, bytes });
    while (this.#marks.length > 2 && at - (this.#marks[0]?.at ?? at) > windowMs) this.#marks.shift();
    if (at - this.#told < stepMs && bytes < this.total) return;
    this.#told = at;
    const [first] = this.#marks;
    const bytesPerSecond = first && at - first.at >= stepMs && bytes > first.bytes ? (1000 * (bytes - first.bytes)) / (at - first.at) : undefined;
    this.say({
      file: this.#file,
      number: this.#number,
      files: this.files,
      bytes,
      total: this.total,
      ...(bytesPerSecond !== undefined && { bytesPerSecond, secondsLeft: (this.total - bytes) / bytesPerSecond }),
      state,
    });
  }
}
