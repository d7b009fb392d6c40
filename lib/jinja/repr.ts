// str() and repr()
import type { Steps } from './budget';
import { refuse } from './failure';
import { floatText, intText } from './numbers';
import type { Run } from './run';
import { Builder, mapLetters, Text } from './text';
import { Dict, List, Namespace, Range, Thing, Tuple, typeOf, Undefined, View, type Value } from './values';

/** str(value), also what `{{ }}` prints. */
export function* str(run: Run, value: Value): Steps<Text> {
  if (value instanceof Text) return value.as(false);
  const simple = simply(value);
  if (simple !== undefined) return new Text(simple);
  return yield* repr(run, value);
}

/** Python's soft_str: as `str`, but what is marked safe stays so. */
export function* softStr(run: Run, value: Value): Steps<Text> {
  return value instanceof Text ? value : yield* str(run, value);
}

function simply(value: Value): string | undefined {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint') return intText(value);
  if (typeof value === 'number') return floatText(value);
  return value instanceof Undefined ? '' : undefined;
}

export function* repr(run: Run, value: Value): Steps<Text> {
  const out = new Builder();
  yield* write(run, value, out, new Set());
  run.budget.text(out.length);
  return out.text();
}

function* write(run: Run, value: Value, out: Builder, inside: Set<Value>): Steps<void> {
  if (run.budget.step(4)) yield;
  if (value instanceof Text) {
    run.budget.text(value.plain.length);
    out
      .add(value.markup ? 'Markup(' : '')
      .add(yield* quoted(run, value))
      .add(value.markup ? ')' : '');
  } else if (value instanceof Undefined) {
    out.add('Undefined');
  } else {
    const simple = simply(value) ?? named(value);
    if (simple !== undefined) out.add(simple);
    else yield* writeNested(run, value as List | Tuple | Dict | View | Namespace, out, inside);
  }
}

function named(value: Value): string | undefined {
  if (value instanceof Range) return `range(${value.start}, ${value.stop}${value.step === 1n ? '' : `, ${value.step}`})`;
  if (value instanceof Thing && !(value instanceof Namespace)) {
    return value.printed() ?? refuse(`printing a ${typeOf(value)}, whose address Python prints,`);
  }
  return value instanceof List || value instanceof Tuple || value instanceof Dict || value instanceof View || value instanceof Namespace
    ? undefined
    : refuse(`printing a ${typeOf(value)}, whose address Python prints,`);
}

function* writeNested(run: Run, value: List | Tuple | Dict | View | Namespace, out: Builder, inside: Set<Value>): Steps<void> {
  const dict = value instanceof Namespace ? value.dict : value;
  if (value instanceof Namespace) out.add('<Namespace ');
  if (inside.has(dict)) {
    out.add(dict instanceof Dict ? '{...}' : '...');
  } else {
    run.budget.enter();
    inside.add(dict);
    if (dict instanceof Dict) yield* writeDict(run, dict, out, inside);
    else yield* writeItems(run, dict, out, inside);
    inside.delete(dict);
    run.budget.leave();
  }
  if (value instanceof Namespace) out.add('>');
}

function* writeItems(run: Run, value: List | Tuple | View, out: Builder, inside: Set<Value>): Steps<void> {
  const items = value instanceof View ? value.items() : value.items;
  if (value instanceof View) out.add(`dict_${value.kind}(`);
  out.add(value instanceof Tuple ? '(' : '[');
  for (const [i, item] of items.entries()) {
    if (i > 0) out.add(', ');
    yield* write(run, item, out, inside);
  }
  out.add(value instanceof Tuple ? (items.length === 1 ? ',)' : ')') : ']');
  if (value instanceof View) out.add(')');
}

function* writeDict(run: Run, value: Dict, out: Builder, inside: Set<Value>): Steps<void> {
  out.add('{');
  for (const [i, [key, item]] of value.entries().entries()) {
    if (i > 0) out.add(', ');
    yield* write(run, key, out, inside);
    out.add(': ');
    yield* write(run, item, out, inside);
  }
  out.add('}');
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function* quoted(run: Run, text: Text): Steps<Text> {
  const quote = text.plain.includes("'") && !text.plain.includes('"') ? '"' : "'";
  const inner = yield* mapLetters(run.budget, text.as(false), (piece) =>
    piece.replace(/[\\'\p{C}\p{Z}]/gu, (letter) => (letter === "'" ? (quote === "'" ? "\\'" : letter) : escaped(letter))),
  );
  return new Builder().add(quote).add(inner).add(quote).text();
}

/** A letter that repr() does not print as it is. */
function escaped(letter: string): string {
  if (letter === ' ') return letter;
  const known = escapes[letter];
  return known ?? hexEscape(letter.codePointAt(0) as number);
}

/** \xhh, \uhhhh or \Uhhhhhhhh, whichever is the shortest. */
export function hexEscape(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** ascii(value) */
export function* ascii(run: Run, value: Value): Steps<Text> {
  const text = yield* repr(run, value);
  return yield* mapLetters(run.budget, text, (piece) => piece.replace(/[^\0-\x7f]/gu, (letter) => hexEscape(letter.codePointAt(0) as number)));
}
