// The filter pprint: values over several lines where one of 80 columns does not hold them, as Python's pprint writes them.
import type { Steps } from './budget';
import { ordered } from './compare';
import { Failure, refuse } from './failure';
import { lines } from './methods-cut';
import { repr } from './repr';
import type { Run } from './run';
import { callee, type Callee } from './signature';
import { sortedBy } from './sort';
import { Builder, join, Text } from './text';
import { Dict, List, Tuple, typeOf, type Value } from './values';

const columns = 80;

/** A list or a tuple that prints as one: not a group of `groupby`, which prints itself. */
const isSequence = (value: Value): value is List | Tuple => value instanceof List || (value instanceof Tuple && value.names.length === 0);

/** Python's name of a type, by which it sorts what has no order. */
const typeName = (value: Value): string => (value instanceof Text && value.markup ? 'markupsafe.Markup' : typeOf(value));

function* before(run: Run, a: Value, b: Value): Steps<boolean> {
  try {
    return yield* ordered(run, '<', a, b);
  } catch (error) {
    if (!(error instanceof Failure && error.kind === 'type')) throw error;
    if (typeName(a) === typeName(b)) refuse('pprint of keys without an order, which Python sorts by their addresses,');
    return typeName(a) < typeName(b);
  }
}

function* entriesOf(run: Run, dict: Dict): Steps<[Value, Value][]> {
  const entries = dict.entries();
  return yield* sortedBy(run, entries, (a, b) => before(run, (entries[a] as [Value, Value])[0], (entries[b] as [Value, Value])[0]));
}

/** A value on one line, dicts in the order of their keys. */
function* flat(run: Run, value: Value, inside: Set<Value>): Steps<Text> {
  if (!(value instanceof Dict) && !isSequence(value)) return yield* repr(run, value);
  if (inside.has(value)) refuse('pprint of a value within itself, whose address Python prints,');
  run.budget.enter();
  inside.add(value);
  const out = new Builder();
  const end = value instanceof Dict ? '}' : value instanceof List ? ']' : value.items.length === 1 ? ',)' : ')';
  out.add(value instanceof Dict ? '{' : value instanceof List ? '[' : '(');
  for (const [i, item] of (value instanceof Dict ? yield* entriesOf(run, value) : value.items).entries()) {
    if (run.budget.step()) yield;
    if (i > 0) out.add(', ');
    if (Array.isArray(item)) out.add(yield* flat(run, (item as [Value, Value])[0], inside)).add(': ');
    out.add(yield* flat(run, Array.isArray(item) ? (item as [Value, Value])[1] : (item as Value), inside));
  }
  run.budget.text(out.length);
  inside.delete(value);
  run.budget.leave();
  return out.add(end).text();
}

/** Where a value stands: columns before it, columns that have to stay free behind it, how deep it lies. */
interface Place {
  readonly indent: number;
  readonly free: number;
  readonly level: number;
}

const newLine = (indent: number): string => `\n${' '.repeat(indent)}`;

function* write(run: Run, value: Value, { indent, free, level }: Place, out: Builder): Steps<void> {
  const whole = yield* flat(run, value, new Set());
  if (whole.length <= columns - indent - free) return void out.add(whole);
  run.budget.enter();
  run.budget.text(indent);
  const place = { indent, free, level: level + 1 };
  if (value instanceof Dict) yield* writeEntries(run, value, place, out);
  else if (isSequence(value)) yield* writeItems(run, value, place, out);
  else if (value instanceof Text && !value.markup && value.plain !== '') yield* writeText(run, value, place, out);
  else out.add(whole);
  run.budget.leave();
}

function* writeEntries(run: Run, dict: Dict, { indent, free, level }: Place, out: Builder): Steps<void> {
  const entries = yield* entriesOf(run, dict);
  out.add('{');
  for (const [i, [key, value]] of entries.entries()) {
    if (i > 0) out.add(`,${newLine(indent + 1)}`);
    const name = yield* flat(run, key, new Set());
    out.add(name).add(': ');
    yield* write(run, value, { indent: indent + name.length + 3, free: i === entries.length - 1 ? free + 1 : 1, level }, out);
  }
  out.add('}');
}

function* writeItems(run: Run, value: List | Tuple, { indent, free, level }: Place, out: Builder): Steps<void> {
  const end = value instanceof List ? ']' : value.items.length === 1 ? ',)' : ')';
  out.add(value instanceof List ? '[' : '(');
  for (const [i, item] of value.items.entries()) {
    if (i > 0) out.add(`,${newLine(indent + 1)}`);
    yield* write(run, item, { indent: indent + 1, free: i === value.items.length - 1 ? free + end.length : 1, level }, out);
  }
  out.add(end);
}

/** A text in several literals, one a line, cut behind line ends and whitespace. */
function* writeText(run: Run, text: Text, place: Place, out: Builder): Steps<void> {
  const alone = place.level === 1 ? 1 : 0; // in brackets then
  const indent = place.indent + alone;
  const literals = yield* literalsOf(run, text, columns - indent, place.free + alone);
  const bracketed = alone === 1 && literals.length > 1;
  if (bracketed) out.add('(');
  for (const [i, literal] of literals.entries()) {
    if (i > 0) run.budget.text(indent);
    out.add(i > 0 ? newLine(indent) : '').add(literal);
  }
  if (bracketed) out.add(')');
}

function* literalsOf(run: Run, text: Text, width: number, free: number): Steps<Text[]> {
  const out: Text[] = [];
  const all = lines(run, text, true);
  for (const [i, line] of all.entries()) {
    const most = i === all.length - 1 ? width - free : width;
    const whole = yield* repr(run, line);
    if (whole.length <= most) out.push(whole);
    else yield* cutLine(run, line, width, most, out);
  }
  return out;
}

function* cutLine(run: Run, line: Text, width: number, last: number, out: Text[]): Steps<void> {
  let current = Text.empty;
  for (const { 0: part, index } of line.plain.matchAll(
    /[^\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*|[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g,
  )) {
    const end = index + part.length;
    const next = line.slice(index, end);
    const both = join([current, next]);
    const fits = (yield* repr(run, both)).length <= (end === line.plain.length ? last : width);
    if (!fits && current.plain !== '') out.push(yield* repr(run, current));
    current = fits ? both : next;
  }
  if (current.plain !== '') out.push(yield* repr(run, current));
}

export const pprint: Callee = callee('', function* (run, value): Steps<Value> {
  const out = new Builder();
  yield* write(run, value, { indent: 0, free: 0, level: 0 }, out);
  run.budget.text(out.length);
  return out.text();
});
