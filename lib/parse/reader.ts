// A model's output, read while it comes: text, reasoning and calls.
import { readCall, type Reading } from './bodies';
import { Channels } from './channels';
import { Fence } from './fence';
import type { CallFormat, OutputFormat, ReasoningFormat } from './format';
import { isControl, reasonings } from './families/reasoning';
import { Input, Markers, markersOf, type Steps } from './input';
import type { Parts } from './parts';
import { Tools } from './tools';

const longestThought = 1 << 16;

/** Reads one output. */
export class OutputReader {
  readonly #fence = new Fence();
  readonly #calls: readonly CallFormat[];
  readonly #closers: Markers;
  readonly #markers: Markers;
  readonly #dropped: ReadonlySet<string>;
  #reasoning: string | undefined;

  constructor(
    private readonly input: Input,
    private readonly parts: Parts,
    private readonly format: OutputFormat,
    private readonly tools: Tools | undefined,
    dropped: readonly string[] = [],
  ) {
    this.#calls = tools ? format.calls : format.calls.filter((f) => f.textName !== undefined);
    this.#closers = new Markers(format.calls.flatMap((f) => f.close));
    this.#dropped = new Set(dropped);
    const own = [...this.#calls.flatMap((f) => f.open), ...format.reasoning.map((r) => r.open), ...format.wraps.flat()];
    this.#markers = new Markers([...own, ...dropped]);
  }

  /** What ends the reasoning that is going on. */
  get reasoningEnd(): string | undefined {
    return this.#reasoning;
  }

  *read(prompt: string): Steps<void> {
    const end = prompt.slice(-200).trimEnd();
    if (this.format.channels) return yield* this.#channels(end);
    const inside = this.#calls.find((f) => f.textName !== undefined && f.open.some((open) => end.endsWith(open)));
    if (inside) yield* this.#section(inside, '');
    const reasoning = reasonings.find((r) => begunIn(end, r.open));
    if (reasoning) yield* this.#reason(reasoning);
    while (!this.input.over) yield* this.#text();
  }

  *#channels(end: string): Steps<void> {
    const channels = new Channels(this.input, this.parts, this.tools, (close) => {
      this.#reasoning = close;
    });
    yield* channels.read(end);
  }

  /** Text up to the next marker, and what the marker begins. */
  *#text(): Steps<void> {
    if (this.tools && !this.parts.hasText) yield* this.#bare();
    const wraps = this.format.wraps.flat();
    for (;;) {
      const marker = yield* this.input.until(this.#markers, this.#say);
      if (marker === undefined) return;
      if (!this.#fence.open) {
        const calls = this.#calls.find((f) => f.open.includes(marker));
        if (calls) return yield* this.#section(calls, marker);
        const reasoning = this.format.reasoning.find((r) => r.open === marker);
        if (reasoning && (reasoning.anywhere || !this.parts.hasText)) return yield* this.#reason(reasoning);
        if (wraps.includes(marker) && this.#wraps(marker)) {
          this.parts.markup();
          continue;
        }
      }
      if (!this.#dropped.has(marker)) this.#say(marker);
    }
  }

  readonly #say = (text: string): void => {
    this.#fence.add(text);
    this.parts.text(text);
  };

  readonly #wrapped = new Set<string>();

  /** Whether it stands around the text: the first before it, and then its end. */
  #wraps(marker: string): boolean {
    const wrap = this.format.wraps.find(([open]) => open === marker);
    if (!wrap) return this.#wrapped.delete(marker) || isControl(marker);
    if (this.parts.hasText && !isControl(marker)) return false;
    this.#wrapped.add(wrap[1]);
    return true;
  }

  /** Calls without a marker in front, where one begins what is said. */
  *#bare(): Steps<void> {
    const format = this.#calls.find((f) => f.bare !== undefined);
    if (!format) return;
    yield* this.input.run(/\s+/y, this.parts.text);
    const letter = yield* this.input.next();
    if (letter === '[' || (letter === '{' && format.bare === 'json')) yield* this.#section(format, '');
  }

  *#reason({ close }: ReasoningFormat): Steps<void> {
    this.parts.markup();
    this.#reasoning = close[0];
    const calls = this.tools ? this.#calls.filter((f) => f.open.length > 0 && f.close.length > 0 && !f.quiet) : [];
    const markers = new Markers([...close, ...calls.flatMap((f) => f.open)]);
    for (;;) {
      const marker = yield* this.input.until(markers, this.parts.reasoning);
      if (marker === undefined) break;
      if (close.includes(marker)) break;
      const ended = yield* this.#thought(calls.find((f) => f.open.includes(marker)) as CallFormat, marker, close);
      if (ended !== undefined) break;
    }
    this.#reasoning = undefined;
    this.parts.markup();
  }

  /** A call inside reasoning is thought about; one that ends the output is meant. Gives the marker that ends the reasoning, where it comes first. */
  *#thought(format: CallFormat, marker: string, close: readonly string[]): Steps<string | undefined> {
    const { parts } = this;
    let held: string[] | undefined = [];
    let length = 0;
    const hold = (piece: string): void => {
      length += piece.length;
      if (held && length > longestThought) {
        parts.reasoning(marker + held.join(''));
        held = undefined;
      }
      if (held) held.push(piece);
      else parts.reasoning(piece);
    };
    const end = yield* this.input.until(new Markers([...format.close, ...close]), hold);
    const closes = end !== undefined && close.includes(end);
    if (end !== undefined && !closes) {
      hold(end);
      yield* this.input.run(/\s+/y, hold);
    }
    if (!held) return closes ? end : undefined;
    if (end === undefined || closes || !this.input.over) {
      parts.reasoning(marker + held.join(''));
      return closes ? end : undefined;
    }
    const input = new Input();
    input.push(held.join(''));
    input.end();
    parts.markup();
    yield* new OutputReader(input, parts, this.format, this.tools).#section(format, marker);
    return undefined;
  }

  /** Calls, the first behind `marker`. */
  *#section(format: CallFormat, marker: string): Steps<void> {
    const { input, parts } = this;
    const reading: Reading = { input, parts, tools: this.tools ?? new Tools([]), bare: format.bare !== undefined };
    const close = markersOf(format, 'close', () => format.close);
    if (format.back !== undefined) input.back(format.back);
    input.record(marker.slice(0, marker.length - (format.back ?? 0)));
    const open = markersOf(format, 'open', () => format.open);
    let listed = false;
    for (let count = 0; ; ) {
      yield* input.skip();
      if (count > 0 && !listed && (yield* input.accept(open)) !== undefined) {
        if (format.back !== undefined) input.back(format.back);
        yield* input.skip();
      }
      const letter = yield* input.next();
      if (format.textName !== undefined && (yield* input.accept(markersOf(format, 'text', () => [`${format.textName}\n`]))) !== undefined) {
        input.recorded();
        return parts.markup();
      }
      if (!this.tools) return this.#say(input.recorded());
      if ((yield* input.accept(close)) !== undefined) {
        const raw = input.recorded();
        if (count === 0) parts.problem('markers of calls hold no call', raw);
        return parts.markup();
      }
      if ((letter === '[' && !listed) || (letter === ']' && listed) || (count > 0 && (letter === ',' || letter === ';'))) {
        input.take(1);
        if (letter === ']' && count > 0) {
          input.recorded();
          input.record();
        }
        listed = letter === '[' || (listed && letter !== ']');
        continue;
      }
      const before = parts.calls;
      const outcome = input.over ? 'none' : yield* readCall(reading, format.bodies);
      if (outcome === 'none') {
        const raw = input.recorded();
        if (count === 0 || raw.trim() !== '') this.#noCall(format, raw, count > 0);
        else this.#say(raw);
        return;
      }
      if (outcome === 'broken') return yield* this.#broken(format);
      if (parts.calls > before) count++;
      input.recorded();
      input.record();
    }
  }

  #noCall(format: CallFormat, raw: string, behind = false): void {
    if (behind && this.input.over && format.close.some((close) => close.startsWith(raw.trim()))) {
      if (raw.trim() !== '') this.parts.problem('the output ended inside a marker', raw);
      return;
    }
    this.#say(raw);
    if (format.quiet || format.bare !== undefined || (behind && !/\w/.test(raw))) return;
    this.parts.problem('what follows a marker of calls is no call: given as text', raw);
  }

  /** A call that cannot be read on: what is left of it is told, up to where it ends. */
  *#broken(format: CallFormat): Steps<void> {
    const { input, parts } = this;
    const cut = input.over;
    const marker = yield* input.until(format.close.length > 0 ? this.#closers : markersOf(format, 'open', () => format.open), () => {});
    if (marker !== undefined && format.close.length === 0) input.back(marker.length);
    const raw = input.recorded();
    parts.end(false);
    parts.problem(cut ? 'the output ended inside a call' : 'the arguments of a call cannot be read', raw);
  }
}

/** What ends the reasoning that the end of a prompt has begun; undefined where none has. */
export function reasoningOpen(prompt: string): string | undefined {
  const end = prompt.slice(-200).trimEnd();
  return reasonings.find((r) => begunIn(end, r.open))?.close[0];
}

/** Whether what `open` opens is still open at the end of a prompt: only other tags stand behind it. */
function begunIn(end: string, open: string): boolean {
  const at = end.lastIndexOf(open);
  return at >= 0 && /^(?:\s|<(?!\/)[^<>/|]*>)*$/.test(end.slice(at + open.length));
}
