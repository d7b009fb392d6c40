// '...' % values
import type { Steps } from './budget';
import { isNumber, numeric } from './compare';
import { escapedText } from './escape';
import { fail } from './failure';
import { pad, placeFloat, placeInt, type Field } from './field';
import { toFloat, toInt } from './numbers';
import { ascii, repr, str } from './repr';
import type { Run } from './run';
import { Builder, Text } from './text';
import { Dict, List, or, Range, Tuple, typeOf, Undefined, type Value } from './values';

const directive = /%(?:\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\))?([#0 +-]*)(\*|\d+)?(?:\.(\*|\d*))?[hlL]?(.|$)/gsu;

/** The values, in turn or by name. */
class Values {
  #at = 0;
  readonly #items: readonly Value[];
  readonly #all: Value;

  constructor(all: Value) {
    this.#all = all;
    this.#items = all instanceof Tuple ? all.items : [all];
  }

  next(): Value {
    if (this.#at >= this.#items.length) fail('type', 'not enough arguments for format string');
    return this.#items[this.#at++] as Value;
  }

  named(name: string): Value {
    if (!(this.#all instanceof Dict)) return fail('type', 'format requires a mapping');
    this.#at = this.#items.length;
    return or(this.#all.named(name), () => fail('lookup', `there is no key '${name}'`));
  }

  width(): number {
    const value = this.next();
    if (typeof value !== 'bigint' && typeof value !== 'boolean') fail('type', '* wants int');
    return Number(value);
  }

  /** Every value was used, or may stay unused. */
  finish(): void {
    const mapping = this.#all instanceof Dict || this.#all instanceof List || this.#all instanceof Range || this.#all instanceof Undefined;
    if (this.#at < this.#items.length && !mapping) fail('type', 'not all arguments converted during string formatting');
  }
}

export function* percent(run: Run, format: Text, all: Value): Steps<Text> {
  const values = new Values(all);
  const out = new Builder();
  let at = 0;
  for (const match of format.plain.matchAll(directive)) {
    if (run.budget.step()) yield;
    out.add(format.slice(at, match.index).as(false));
    at = match.index + match[0].length;
    out.add(match[0] === '%%' ? '%' : yield* convert(run, match, values, format.markup));
  }
  values.finish();
  out.add(format.slice(at).as(false));
  run.budget.text(out.length);
  return out.text().as(format.markup);
}

function* convert(run: Run, match: RegExpMatchArray, values: Values, markup: boolean): Steps<Text> {
  const [, name, flags = '', wide, precise, type = ''] = match;
  if (type === '') fail('value', 'incomplete format');
  const named = name === undefined ? undefined : values.named(name);
  const given = wide === '*' ? values.width() : Number(wide ?? 0);
  const digits = precise === undefined ? undefined : precise === '*' ? Math.max(0, values.width()) : Number(precise);
  const value = or(named, () => values.next());
  const left = flags.includes('-') || given < 0;
  const field: Field = {
    fill: flags.includes('0') && !left ? '0' : ' ',
    align: left ? '<' : flags.includes('0') ? '=' : '>',
    width: Math.abs(given),
    sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '-',
    alternate: flags.includes('#'),
    group: '',
    positive: false,
    precision: digits,
  };
  return /[sracd-gioxXuEFG]/.test(type) ? yield* place(run, field, type, value, markup) : fail('value', `unsupported format character '${type}'`);
}

function* place(run: Run, field: Field, type: string, value: Value, markup: boolean): Steps<Text> {
  if ('sra'.includes(type)) {
    const text = type === 's' ? yield* str(run, value) : yield* (type === 'r' ? repr : ascii)(run, value);
    const safe = markup && !(type === 's' && value instanceof Text && value.markup) ? (yield* escapedText(run, text)).as(false) : text;
    const cut = field.precision === undefined ? safe : safe.slice(0, safe.units(field.precision));
    return pad(run, cut, { ...field, fill: ' ', align: field.align === '<' ? '<' : '>' });
  }
  if (type === 'c') return pad(run, character(value), { ...field, fill: ' ', align: field.align === '<' ? '<' : '>' });
  if (value instanceof Undefined) value.fail();
  if (!isNumber(value)) return fail('type', `%${type} format: a number is required, not ${typeOf(value)}`);
  const number = numeric(value);
  if (/[efg]/i.test(type)) return placeFloat(run, field, type, toFloat(number));
  if (typeof number === 'number' && /[xo]/i.test(type)) fail('type', `%${type} format: an integer is required, not float`);
  run.budget.text(field.precision ?? 0);
  return placeInt(run, field, type, typeof number === 'number' ? toInt(number) : number, field.precision);
}

function character(value: Value): Text {
  if (value instanceof Text && value.length === 1) return value.as(false);
  if (typeof value !== 'bigint' && typeof value !== 'boolean') return fail('type', '%c requires int or char');
  const code = Number(value);
  return code >= 0 && code < 0x110000 ? new Text(String.fromCodePoint(code)) : fail('overflow', '%c arg not in range(0x110000)');
}
