// Text that comes in pieces, read by generators that yield where they need more of it.

/** Work that stops wherever it needs more text; `next` goes on with it. */
export type Steps<T> = Generator<undefined, T, void>;

/** Strings to look for at once: the first that stands in a text, the longest where several do. */
export class Markers {
  readonly #all: readonly string[]; // longest first
  readonly #begins = new Set<string>(); // of the markers, each without its last letters
  readonly #any: RegExp | undefined;
  readonly longest: number;

  constructor(markers: Iterable<string>) {
    const all = (this.#all = [...new Set(markers)].filter((marker) => marker !== '').sort((a, b) => b.length - a.length));
    this.longest = all[0]?.length ?? 0;
    for (const marker of all) for (let end = 1; end < marker.length; end++) this.#begins.add(marker.slice(0, end));
    if (this.longest > 0) this.#any = new RegExp(all.map(literally).join('|'), 'g');
  }

  find(text: string, from: number): { readonly at: number; readonly marker: string } | undefined {
    if (!this.#any) return undefined;
    this.#any.lastIndex = from;
    const found = this.#any.exec(text);
    return found ? { at: found.index, marker: found[0] } : undefined;
  }

  /** The marker that stands at a place. */
  at(text: string, place: number): string | undefined {
    return this.#all.find((marker) => text.startsWith(marker, place));
  }

  /** Where an end of the text begins that may become a marker, or a longer one; the text's length where none does. */
  begun(text: string, from: number): number {
    for (let at = Math.max(from, text.length - this.longest + 1); at < text.length; at++) {
      if (this.#begins.has(text.slice(at))) return at;
    }
    return text.length;
  }
}

const made = new WeakMap<object, Map<string, Markers>>();

/** Markers of a form, made once: `what` names them among those of the same `owner`. */
export function markersOf(owner: object, what: string, list: () => readonly string[]): Markers {
  const own = made.get(owner) ?? new Map<string, Markers>();
  if (own.size === 0) made.set(owner, own);
  const known = own.get(what) ?? new Markers(list());
  own.set(what, known);
  return known;
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** What has come and is not read yet. */
export class Input {
  #text = '';
  #at = 0;
  #ended = false;
  #half = ''; // half of a character, whose other half comes
  #record: string[] | undefined;

  /** Adds what came. */
  push(text: string): void {
    const whole = this.#half + text;
    this.#half = /[\ud800-\udbff]$/.test(whole) ? whole.slice(-1) : '';
    this.#text = this.#text.slice(this.#at) + whole.slice(0, whole.length - this.#half.length);
    this.#at = 0;
  }

  /** Nothing comes any more. */
  end(): void {
    this.#text = this.#text.slice(this.#at) + this.#half;
    this.#at = 0;
    this.#half = '';
    this.#ended = true;
  }

  /** Nothing is left, and nothing comes. */
  get over(): boolean {
    return this.#ended && this.#at === this.#text.length;
  }

  /** Keeps what is read from now on, beginning with `before`; `recorded` gives it. */
  record(before = ''): void {
    this.#record = [before];
  }

  /** What was read since `record`, which ends. */
  recorded(): string {
    const text = this.#record?.join('') ?? '';
    this.#record = undefined;
    return text;
  }

  /** Reads `count` characters that are there. */
  take(count: number): string {
    const taken = this.#text.slice(this.#at, this.#at + count);
    this.#at += count;
    this.#record?.push(taken);
    return taken;
  }

  /** Puts back the last `count` characters of what was just read. */
  back(count: number): void {
    this.#at -= count;
    for (let left = count; this.#record && left > 0; ) {
      const last = this.#record.pop() ?? '';
      if (last.length > left) this.#record.push(last.slice(0, last.length - left));
      left -= Math.max(1, last.length);
    }
  }

  /** The next `count` characters, or what is left. */
  *peek(count: number): Steps<string> {
    while (this.#text.length - this.#at < count && !this.#ended) yield;
    return this.#text.slice(this.#at, this.#at + count);
  }

  /** The next character; nothing at the end. */
  *next(): Steps<string> {
    if (this.#at < this.#text.length) return this.#text[this.#at] as string;
    return yield* this.peek(1);
  }

  *skip(pattern = /\s+/y): Steps<void> {
    for (;;) {
      pattern.lastIndex = this.#at;
      const [run = ''] = pattern.exec(this.#text) ?? [];
      if (run !== '') this.take(run.length);
      if (this.#at < this.#text.length || this.#ended) return;
      yield;
    }
  }

  /** Gives what matches, which is a class of characters repeated, piece by piece as it comes. */
  *run(pattern: RegExp, give: (piece: string) => void): Steps<void> {
    for (;;) {
      pattern.lastIndex = this.#at;
      const [run = ''] = pattern.exec(this.#text) ?? [];
      if (run !== '') give(this.take(run.length));
      if (this.#at < this.#text.length || this.#ended) return;
      yield;
    }
  }

  /** Reads one of the markers where it stands next. */
  *accept(markers: Markers): Steps<string | undefined> {
    for (;;) {
      if (this.#ended || this.#at < this.#text.length) {
        if (this.#ended || markers.begun(this.#text, this.#at) !== this.#at) {
          const found = markers.at(this.#text, this.#at);
          if (found !== undefined) this.take(found.length);
          return found;
        }
      }
      yield;
    }
  }

  /** Reads up to a marker, and the marker, where one comes within `longest` characters; else nothing. */
  *head(markers: Markers, longest: number): Steps<{ readonly head: string; readonly marker: string } | undefined> {
    for (const most = longest + markers.longest; ; ) {
      const text = this.#text.slice(this.#at, this.#at + most);
      const all = this.#ended || text.length === most;
      const found = markers.find(text, 0);
      if (found && found.at <= longest && (all || markers.begun(text, 0) > found.at)) {
        const head = this.take(found.at);
        return { head, marker: this.take(found.marker.length) };
      }
      if (all || (found && found.at > longest)) return undefined;
      yield;
    }
  }

  /** Reads up to a marker, and the marker; gives what stands before it as it comes. Undefined: the end came first. */
  *until(markers: Markers, give: (piece: string) => void): Steps<string | undefined> {
    for (;;) {
      const held = this.#ended ? this.#text.length : markers.begun(this.#text, this.#at);
      const found = markers.find(this.#text, this.#at);
      const to = Math.min(held, found?.at ?? held);
      if (to > this.#at) give(this.take(to - this.#at));
      if (found && found.at < held) {
        this.take(found.marker.length);
        return found.marker;
      }
      if (this.#ended) return undefined;
      yield;
    }
  }
}
