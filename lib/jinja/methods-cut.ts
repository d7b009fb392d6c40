// Methods of str that search, cut and join.
import type { Steps } from './budget';
import { escape } from './escape';
import { fail } from './failure';
import type { Attribute } from './methods';
import { listOf } from './protocols';
import type { Run } from './run';
import { isSpaceCode } from './letters';
import { find, findAll, findLast } from './search';
import { callee, intIn, textIn } from './signature';
import { Builder, Text } from './text';
import { List, Tuple, typeOf, Undefined, type Value } from './values';

type Optional = Value | undefined;

/** Where a search is to look, in UTF-16 offsets; undefined where it begins behind its end. */
function span(text: Text, start: Optional, stop: Optional): readonly [number, number] | undefined {
  const length = text.length;
  const place = (value: Optional, usual: number): number => {
    if (value === undefined || value === null) return usual;
    const at = intIn(value, 'slice indices');
    return at < 0 ? Math.max(0, at + length) : at;
  };
  const [from, to] = [place(start, 0), Math.min(length, place(stop, length))];
  return from > to ? undefined : [text.units(from), text.units(to)];
}

function searching(last: boolean, strict: boolean): Attribute {
  return callee('/sub start? end?', function* (run, self, part, start, stop): Steps<Value> {
    const text = self as Text;
    const within = span(text, start, stop);
    const found = within ? yield* (last ? findLast : find)(run, text.plain, textIn(part as Value, 'the substring').plain, ...within) : -1;
    if (found < 0 && strict) fail('value', 'substring not found');
    return BigInt(found < 0 ? -1 : text.points(found));
  });
}

function* count(run: Run, self: Value, part: Value, start: Optional, stop: Optional): Steps<Value> {
  const sub = textIn(part, 'the substring').plain;
  const within = span(self as Text, start, stop);
  if (!within) return 0n;
  const text = (self as Text).slice(...within);
  return BigInt(sub === '' ? text.length + 1 : (yield* findAll(run, text.plain, sub)).length);
}

function edge(test: (text: string, part: string) => boolean): Attribute {
  return callee('/prefix start? end?', (run, self, given, start, stop) => {
    const within = span(self as Text, start, stop);
    const text = within ? (self as Text).plain.slice(...within) : undefined;
    const parts = given instanceof Tuple ? given.items : [given as Value];
    return parts.some((part) => {
      const plain = textIn(part, 'the first argument').plain;
      run.budget.step(1 + (plain.length >> 6));
      return text !== undefined && test(text, plain);
    });
  });
}

/** split and rsplit by a separator: the offsets where it stands. */
function* separators(run: Run, text: string, separator: string, most: number, last: boolean): Steps<number[]> {
  if (!last) return yield* findAll(run, text, separator, most);
  const found: number[] = [];
  for (let to = text.length; found.length < most; ) {
    const at = yield* findLast(run, text, separator, 0, to);
    if (at < 0) break;
    if ((found.length & 255) === 0) run.budget.list(256);
    found.push(at);
    to = at;
  }
  return found.reverse();
}

const isSpace = (text: string, at: number): boolean => isSpaceCode(text.charCodeAt(at));

/** Words between whitespace; `most` cuts, from the end where `last`. */
function* words(run: Run, text: Text, most: number, last: boolean): Steps<Text[]> {
  const plain = text.plain;
  const out: Text[] = [];
  let [low, high] = [0, plain.length];
  for (;;) {
    const before = high - low;
    while (!last && low < high && isSpace(plain, low)) low++;
    while (last && high > low && isSpace(plain, high - 1)) high--;
    if (low >= high) break;
    let [from, to] = last ? [high, high] : [low, low];
    if (out.length >= most) [from, to] = [low, high];
    else if (last) while (from > low && !isSpace(plain, from - 1)) from--;
    else while (to < high && !isSpace(plain, to)) to++;
    run.budget.list(1);
    if (run.budget.step(4 + ((before - (last ? from - low : high - to)) >> 4))) yield;
    out.push(text.slice(from, to));
    if (out.length > most) break;
    if (last) high = from;
    else low = to;
  }
  return last ? out.reverse() : out;
}

function splitting(last: boolean): Attribute {
  return callee('sep? maxsplit?', function* (run, self, separator, most): Steps<Value> {
    const text = self as Text;
    const given = most === undefined ? -1 : intIn(most, 'maxsplit');
    const limit = given < 0 ? Infinity : given;
    if (separator === undefined || separator === null) return new List(yield* words(run, text, limit, last));
    const sep = textIn(separator, 'the separator').plain;
    if (sep === '') fail('value', 'empty separator');
    const cuts = yield* separators(run, text.plain, sep, limit, last);
    run.budget.list(cuts.length + 1);
    run.budget.text(text.plain.length);
    const starts = [0, ...cuts.map((at) => at + sep.length)];
    return new List(starts.map((from, i) => text.slice(from, cuts[i] ?? text.plain.length)));
  });
}

function partitioning(last: boolean): Attribute {
  return callee('/sep', function* (run, self, separator): Steps<Value> {
    const text = self as Text;
    const sep = textIn(separator as Value, 'the separator');
    if (sep.plain === '') fail('value', 'empty separator');
    const at = yield* (last ? findLast : find)(run, text.plain, sep.plain);
    const none = Text.empty.as(text.markup);
    if (at < 0) return new Tuple(last ? [none, none, text] : [text, none, none]);
    const to = at + sep.plain.length;
    return new Tuple([text.slice(0, at), text.slice(at, to), text.slice(to)]);
  });
}

/** The lines; `keep` keeps their ends. */
export function lines(run: Run, text: Text, keep: boolean): Text[] {
  const out: Text[] = [];
  let from = 0;
  for (const match of text.plain.matchAll(/\r\n|[\n-\r\x1c-\x1e\x85\u2028\u2029]/g)) {
    const to = match.index + match[0].length;
    if ((out.length & 255) === 0) run.budget.list(256);
    out.push(text.slice(from, keep ? to : match.index));
    from = to;
  }
  if (from < text.plain.length) out.push(text.slice(from));
  run.budget.text(text.plain.length);
  return out;
}

/** text.replace(old, made, most) */
export function* replace(run: Run, text: Text, old: Text, made: Text, most = -1): Steps<Text> {
  const limit = most < 0 ? Infinity : most;
  const cuts = old.plain === '' ? yield* between(run, text, limit) : yield* findAll(run, text.plain, old.plain, limit);
  run.budget.text(text.plain.length + cuts.length * (made.plain.length + made.turns.length));
  const out = new Builder();
  let from = 0;
  for (const at of cuts) {
    if (run.budget.step()) yield;
    out.add(text.slice(from, at)).add(made);
    from = at + old.plain.length;
  }
  return out.add(text.slice(from)).text().as(text.markup);
}

function* between(run: Run, text: Text, limit: number): Steps<number[]> {
  const count = Math.min(limit, text.length + 1);
  run.budget.list(count);
  return Array.from({ length: count }, (_, i) => text.units(i));
}

function* replaceMethod(run: Run, self: Value, old: Value, made: Value, most: Value = -1n): Steps<Value> {
  const by = textIn(made, 'the replacement');
  const safe = (self as Text).markup ? (yield* escape(run, by)).as(false) : by;
  return yield* replace(run, self as Text, textIn(old, 'the text to replace'), safe, intIn(most, 'count'));
}

/** separator.join(values) */
export function* joinTexts(run: Run, separator: Text, values: readonly Value[]): Steps<Text> {
  const out = new Builder();
  for (const [i, value] of values.entries()) {
    if (!(value instanceof Text) && !separator.markup) {
      if (value instanceof Undefined) fail('type', `sequence item ${i}: expected str instance, Undefined found`);
      fail('type', `sequence item ${i}: expected str instance, ${typeOf(value)} found`);
    }
    const piece = separator.markup ? (yield* escape(run, value)).as(false) : (value as Text);
    run.budget.text(piece.plain.length + separator.plain.length + piece.turns.length + separator.turns.length);
    if (run.budget.step()) yield;
    if (i > 0) out.add(separator.as(false));
    out.add(piece);
  }
  return out.text().as(separator.markup);
}

export const cutting: Readonly<Record<string, Attribute>> = {
  find: searching(false, false),
  rfind: searching(true, false),
  index: searching(false, true),
  rindex: searching(true, true),
  count: callee('/sub start? end?', count as never),
  startswith: edge((text, part) => text.startsWith(part)),
  endswith: edge((text, part) => text.endsWith(part)),
  split: splitting(false),
  rsplit: splitting(true),
  partition: partitioning(false),
  rpartition: partitioning(true),
  splitlines: callee('keepends?', (run, self, keep) => new List(lines(run, self as Text, keep !== undefined && intIn(keep, 'keepends') !== 0))),
  replace: callee('/old new count?', replaceMethod as never),
  join: callee('/iterable', function* (run, self, values): Steps<Value> {
    return yield* joinTexts(run, self as Text, yield* listOf(run, values as Value));
  }),
  removeprefix: callee('/prefix', (_run, self, given) => {
    const [text, prefix] = [self as Text, textIn(given as Value, 'the prefix').plain];
    return text.plain.startsWith(prefix) ? text.slice(prefix.length) : text;
  }),
  removesuffix: callee('/suffix', (_run, self, given) => {
    const [text, suffix] = [self as Text, textIn(given as Value, 'the suffix').plain];
    return suffix !== '' && text.plain.endsWith(suffix) ? text.slice(0, text.plain.length - suffix.length) : text;
  }),
};
