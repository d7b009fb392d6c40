// Strings that know which of their characters the template wrote, and which came from outside.

import type { Budget, Steps } from './budget';

const none: readonly number[] = [];
const surrogate = /[\ud800-\udfff]/;

/** The first place in ascending `sorted` whose number is greater than `value`. */
function above(sorted: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * A string of the template language: its characters, and runs of them that are the template's own or the user's in turn.
 * Offsets are in UTF-16 units; Python counts code points, which `units` and `points` convert.
 */
export class Text {
  readonly plain: string;
  /** Whether the first run is the user's. */
  readonly user: boolean;
  /** Where the runs change. */
  readonly turns: readonly number[];
  /** Marked as safe, Python's Markup: joined with other text, it escapes that. */
  readonly markup: boolean;
  #starts: Uint32Array | null | undefined; // of code points; null: the same as units

  constructor(plain: string, user = false, turns = none, markup = false) {
    this.plain = plain;
    this.user = user && plain !== '';
    this.turns = turns;
    this.markup = markup;
  }

  static readonly empty = new Text('');

  /** Whether the last run is the user's. */
  get ends(): boolean {
    return this.user !== (this.turns.length % 2 === 1);
  }

  userAt(offset: number): boolean {
    return this.user !== (above(this.turns, offset) % 2 === 1);
  }

  /** Where the run of an offset ends. */
  runEnd(offset: number): number {
    return this.turns[above(this.turns, offset)] ?? this.plain.length;
  }

  slice(start: number, end = this.plain.length): Text {
    if (start >= end) return this.markup ? Text.empty.as(true) : Text.empty;
    if (start === 0 && end === this.plain.length) return this;
    if (this.turns.length === 0) return new Text(this.plain.slice(start, end), this.user, none, this.markup);
    const first = above(this.turns, start);
    const turns = this.turns.slice(first, above(this.turns, end - 1)).map((t) => t - start);
    return new Text(this.plain.slice(start, end), this.user !== (first % 2 === 1), turns, this.markup);
  }

  as(markup: boolean): Text {
    return markup === this.markup ? this : new Text(this.plain, this.user, this.turns, markup);
  }

  /** The runs, each all the template's or all the user's. */
  runs(): { readonly text: string; readonly user: boolean }[] {
    if (this.plain === '') return [];
    const cuts = [0, ...this.turns, this.plain.length];
    return cuts.slice(1).map((end, i) => ({ text: this.plain.slice(cuts[i], end), user: this.user !== (i % 2 === 1) }));
  }

  /** Each run changed for itself; where `whole` does the same to all of it, its result counts (a letter may depend on its neighbours). */
  map(change: (text: string) => string, whole = false): Text {
    if (this.turns.length === 0) return new Text(change(this.plain), this.user, none, this.markup);
    const out = new Builder();
    for (const run of this.runs()) out.add(new Text(change(run.text), run.user));
    const made = out.text().as(this.markup);
    if (!whole) return made;
    const all = change(this.plain);
    return all.length === made.plain.length ? new Text(all, made.user, made.turns, made.markup) : made;
  }

  /** How many code points it has. */
  get length(): number {
    return this.#index()?.length ?? this.plain.length;
  }

  /** The offset of a code point; of the end where there are not so many. */
  units(point: number): number {
    const starts = this.#index();
    return starts ? (starts[point] ?? this.plain.length) : Math.min(point, this.plain.length);
  }

  /** Which code point begins at an offset. */
  points(offset: number): number {
    const starts = this.#index();
    return starts ? above(starts, offset - 1) : offset;
  }

  #index(): Uint32Array | null {
    if (this.#starts === undefined) this.#starts = surrogate.test(this.plain) ? startsOf(this.plain) : null;
    return this.#starts;
  }
}

function startsOf(plain: string): Uint32Array {
  const starts = new Uint32Array(plain.length);
  let count = 0;
  for (let i = 0; i < plain.length; count++) {
    starts[count] = i;
    i += (plain.codePointAt(i) as number) > 0xffff ? 2 : 1;
  }
  return starts.subarray(0, count);
}

/** Texts one behind the other. */
export class Builder {
  #plain = '';
  #user = false;
  #ends = false;
  readonly #turns: number[] = [];

  add(text: Text | string): this {
    return typeof text === 'string' ? this.#add(text, false, none, false) : this.#add(text.plain, text.user, text.turns, text.ends);
  }

  #add(plain: string, user: boolean, turns: readonly number[], ends: boolean): this {
    if (plain === '') return this;
    const at = this.#plain.length;
    if (at === 0) this.#user = user;
    else if (user !== this.#ends) this.#turns.push(at);
    for (const turn of turns) this.#turns.push(at + turn);
    this.#plain += plain;
    this.#ends = ends;
    return this;
  }

  get length(): number {
    return this.#plain.length;
  }

  text(): Text {
    return new Text(this.#plain, this.#user, this.#turns.length > 0 ? [...this.#turns] : none);
  }
}

export function join(texts: readonly (Text | string)[]): Text {
  const out = new Builder();
  for (const text of texts) out.add(text);
  return out.text();
}

const piece = 2 ** 14;

/** A change of each letter for itself, in pieces between which it can pause. */
export function* mapLetters(budget: Budget, text: Text, change: (text: string) => string): Steps<Text> {
  if (text.plain.length <= piece && text.turns.length === 0) return text.map(change);
  const out = new Builder();
  for (const run of text.runs()) {
    for (let at = 0; at < run.text.length; ) {
      const cut = at + piece;
      const to = /[\ud800-\udbff]/.test(run.text[cut - 1] ?? '') ? cut - 1 : cut;
      if (budget.step(1 + ((to - at) >> 3))) yield;
      out.add(new Text(change(run.text.slice(at, to)), run.user));
      at = to;
    }
  }
  return out.text().as(text.markup);
}
