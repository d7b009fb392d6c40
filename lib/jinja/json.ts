// The filter `tojson`, as json.dumps writes.
import type { Steps } from './budget';
import { fail } from './failure';
import { floatText, intText } from './numbers';
import type { Run } from './run';
import { intIn, textIn } from './signature';
import { sorted } from './sort';
import { listOf, truth } from './protocols';
import { Builder, mapLetters, Text } from './text';
import { Dict, Iter, List, Tuple, typeOf, type Value } from './values';

interface Style {
  readonly ascii: boolean;
  readonly indent: Text | undefined;
  readonly item: Text;
  readonly key: Text;
  readonly sort: boolean;
}

/** json.dumps(value, ...) with the options that chat templates may give. */
export function* toJson(run: Run, value: Value, ascii: Value = false, indent: Value = null, separators: Value = null, sort: Value = false): Steps<Text> {
  const given =
    separators === null ? [] : separators instanceof Tuple || separators instanceof List ? separators.items : fail('type', 'separators must be a pair');
  if (separators !== null && given.length !== 2) fail('value', 'separators must be a pair');
  const unit = indent === null ? undefined : indent instanceof Text ? indent : spaces(run, intIn(indent, 'indent'));
  const style: Style = {
    ascii: truth(ascii),
    indent: unit,
    item: given[0] === undefined ? new Text(unit ? ',' : ', ') : textIn(given[0], 'a separator'),
    key: given[1] === undefined ? new Text(': ') : textIn(given[1], 'a separator'),
    sort: truth(sort),
  };
  const out = new Builder();
  yield* write(run, value, style, out, 0);
  run.budget.text(out.length);
  return out.text();
}

function spaces(run: Run, count: number): Text {
  run.budget.text(Math.max(0, count));
  return new Text(' '.repeat(Math.max(0, count)));
}

function* write(run: Run, value: Value, style: Style, out: Builder, level: number): Steps<void> {
  if (run.budget.step(4)) yield;
  const simple = scalar(value);
  if (simple !== undefined) return void out.add(simple);
  if (value instanceof Text)
    return void out
      .add('"')
      .add(yield* quoted(run, value, style.ascii))
      .add('"');
  if (run.lenient && value instanceof Iter) return yield* write(run, new List(yield* listOf(run, value)), style, out, level);
  if (!(value instanceof List || value instanceof Tuple || value instanceof Dict)) {
    return fail('type', `Object of type ${typeOf(value)} is not JSON serializable`);
  }
  run.budget.enter();
  if (value instanceof Dict) yield* writeDict(run, value, style, out, level);
  else yield* writeList(run, value.items, style, out, level);
  run.budget.leave();
}

function scalar(value: Value): string | undefined {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return intText(value);
  return typeof value === 'number' ? float(value) : undefined;
}

function float(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? floatText(value) : value > 0 ? 'Infinity' : '-Infinity';
}

function* writeList(run: Run, items: readonly Value[], style: Style, out: Builder, level: number): Steps<void> {
  if (items.length === 0) return void out.add('[]');
  out.add('[');
  for (const [i, item] of items.entries()) {
    separate(run, style, out, level + 1, i > 0);
    yield* write(run, item, style, out, level + 1);
  }
  newLine(run, style, out, level);
  out.add(']');
}

function* writeDict(run: Run, dict: Dict, style: Style, out: Builder, level: number): Steps<void> {
  const all = dict.entries();
  if (all.length === 0) return void out.add('{}');
  const entries = style.sort
    ? yield* sorted(
        run,
        all,
        all.map(([key]) => key),
        false,
      )
    : all;
  out.add('{');
  for (const [i, [key, item]] of entries.entries()) {
    separate(run, style, out, level + 1, i > 0);
    out
      .add('"')
      .add(yield* quoted(run, keyText(key), style.ascii))
      .add('"')
      .add(style.key);
    yield* write(run, item, style, out, level + 1);
  }
  newLine(run, style, out, level);
  out.add('}');
}

function keyText(key: Value): Text {
  if (key instanceof Text) return key;
  const simple = scalar(key);
  return simple === undefined ? fail('type', `keys must be str, int, float, bool or None, not ${typeOf(key)}`) : new Text(simple);
}

function separate(run: Run, style: Style, out: Builder, level: number, behind: boolean): void {
  if (behind) out.add(style.item);
  newLine(run, style, out, level);
}

function newLine(run: Run, { indent }: Style, out: Builder, level: number): void {
  if (!indent) return;
  out.add('\n');
  run.budget.text(indent.plain.length * level);
  for (let i = 0; i < level; i++) out.add(indent);
}

const short: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\f': '\\f', '\b': '\\b' };
const escaped = (unit: string): string => short[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

function* quoted(run: Run, text: Text, ascii: boolean): Steps<Text> {
  run.budget.text(text.plain.length + text.turns.length);
  const made = yield* mapLetters(run.budget, text.as(false), (piece) => piece.replace(ascii ? /["\\]|[^ -~]/g : /["\\\0-\x1f]/g, escaped));
  run.budget.text(made.plain.length);
  return made;
}
