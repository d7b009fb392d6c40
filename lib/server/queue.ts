// Who may use a model, and who waits: so many at a time, fair between keys, and no more in line than may be.
import { ApiError, Gone } from './failure';

/** Places that a request has of a model. */
export interface Place {
  /** Their numbers, from 0. */
  readonly slots: readonly number[];
  readonly waitedMs: number;
  release(): void;
}

interface Waiting {
  readonly want: number;
  readonly begin: (place: Place) => void;
  readonly since: number;
}

/** The line before one model. */
export class Queue {
  readonly places: number;
  readonly #most: number;
  readonly #free: number[];
  readonly #lines = new Map<string, Waiting[]>(); // by key; whose turn is next stands first
  #waiting = 0;
  #usualMs = 1000; // that a place is held

  constructor(places: number, most: number) {
    this.places = places;
    this.#most = most;
    this.#free = Array.from({ length: places }, (_, i) => i);
  }

  get running(): number {
    return this.places - this.#free.length;
  }

  get waiting(): number {
    return this.#waiting;
  }

  busy(slot: number): boolean {
    return !this.#free.includes(slot);
  }

  /** Waits for places; a request that wants more than there are gets all. Rejects at once where the line is full. */
  async enter(key: string, want: number, signal: AbortSignal): Promise<Place> {
    signal.throwIfAborted();
    const places = Math.max(1, Math.min(want, this.places));
    if (this.#waiting === 0 && this.#free.length >= places) return this.#take(places, performance.now());
    if (this.#waiting >= this.#most) throw this.#full();
    return new Promise<Place>((resolve, reject) => {
      const line = this.#lines.get(key) ?? [];
      const leave = (): void => {
        line.splice(line.indexOf(waiting), 1);
        this.#waiting--;
        this.#drop(key, line);
        this.#serve(); // whoever stood behind may need less
        reject(signal.reason ?? new Gone());
      };
      const waiting: Waiting = {
        want: places,
        since: performance.now(),
        begin: (place) => {
          signal.removeEventListener('abort', leave);
          resolve(place);
        },
      };
      line.push(waiting);
      this.#lines.set(key, line);
      this.#waiting++;
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #full(): ApiError {
    const seconds = Math.ceil((this.#usualMs * (this.#waiting + 1)) / this.places / 1000);
    const retryAfter = Math.max(1, Math.min(30, seconds));
    return new ApiError(429, `the queue is full: ${this.#waiting} requests wait; try again in ${retryAfter} s`, { code: 'queue_full', retryAfter });
  }

  #take(count: number, since: number): Place {
    const slots = this.#free.splice(0, count);
    const from = performance.now();
    let held = true;
    return {
      slots,
      waitedMs: from - since,
      release: () => {
        if (!held) return;
        held = false;
        this.#usualMs += (performance.now() - from - this.#usualMs) / 8;
        this.#free.push(...slots);
        this.#free.sort((a, b) => a - b);
        this.#serve();
      },
    };
  }

  #drop(key: string, line: readonly Waiting[]): void {
    if (line.length === 0) this.#lines.delete(key);
  }

  /** One of each key in turn; where the next does not fit yet, all wait, so that nobody is passed over for ever. */
  #serve(): void {
    for (const [key, line] of this.#lines) {
      const next = line[0];
      if (!next || next.want > this.#free.length) return;
      line.shift();
      this.#waiting--;
      this.#lines.delete(key);
      if (line.length > 0) this.#lines.set(key, line); // last now
      next.begin(this.#take(next.want, next.since));
    }
  }
}
