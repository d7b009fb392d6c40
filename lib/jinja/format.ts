// str.format, and format specifications
import { attribute, item } from './access';
import type { Steps } from './budget';
import { numeric } from './compare';
import { escapedText } from './escape';
import { fail } from './failure';
import { pad, placeFloat, placeInt, placeNumber, type Field } from './field';
import { floatText, toFloat } from './numbers';
import { ascii, repr, str } from './repr';
import type { Run } from './run';
import { Builder, Text } from './text';
import { or, typeOf, Undefined, type Args, type Dict, type Value } from './values';

/** The arguments of a call of format: with numbers or in turn, but not both. */
class Fields {
  #next = 0;
  #manual: boolean | undefined;

  constructor(
    readonly args: Args,
    readonly map: Dict | undefined,
  ) {}

  get(name: string): Value {
    if (name === '' || /^\d+$/.test(name)) return this.#positional(name);
    const value = this.map ? this.map.named(name) : this.args.named.get(name);
    return or(value, () => fail('lookup', `there is no argument '${name}'`));
  }

  #positional(name: string): Value {
    const manual = name !== '';
    this.#manual ??= manual;
    if (this.#manual !== manual) fail('value', 'cannot switch between manual field specification and automatic field numbering');
    const index = manual ? Number(name) : this.#next++;
    return or(this.args.positional[index], () => fail('lookup', `Replacement index ${index} out of range for positional args tuple`));
  }
}

export function* formatText(run: Run, format: Text, args: Args, map?: Dict): Steps<Text> {
  return (yield* expand(run, format, new Fields(args, map), 2)).as(format.markup);
}

function* expand(run: Run, format: Text, fields: Fields, depth: number): Steps<Text> {
  if (depth < 0) fail('value', 'Max string recursion exceeded');
  const out = new Builder();
  const plain = format.plain;
  for (let at = 0; at < plain.length; ) {
    if (run.budget.step()) yield;
    const brace = /[{}]/g;
    brace.lastIndex = at;
    const found = brace.exec(plain)?.index ?? plain.length;
    out.add(format.slice(at, found).as(false));
    if (found === plain.length) break;
    const doubled = plain[found] === plain[found + 1];
    if (!doubled && plain[found] === '}') fail('value', "Single '}' encountered in format string");
    const close = doubled ? found + 1 : closing(plain, found);
    out.add(doubled ? format.slice(found, found + 1).as(false) : yield* replacement(run, format.slice(found + 1, close), fields, depth));
    at = close + 1;
  }
  run.budget.text(out.length);
  return out.text();
}

/** Where the brace that opens at `from` closes. */
function closing(plain: string, from: number): number {
  let open = 0;
  for (let i = from; i < plain.length; i++) {
    if (plain[i] === '{') open++;
    else if (plain[i] === '}' && --open === 0) return i;
  }
  return fail('value', "expected '}' before end of string");
}

function* replacement(run: Run, field: Text, fields: Fields, depth: number): Steps<Text> {
  const parts = /^((?:[^![\]:{}]|\[[^\]]*\])*)(?:!(.)(?=:|$))?(?::(.*))?$/su.exec(field.plain);
  if (!parts) return fail('value', `a replacement field that cannot be read: {${field.plain}}`);
  const [, path = '', conversion, spec] = parts;
  const value = yield* lookUp(run, path, fields);
  const given = spec === undefined ? Text.empty : yield* expand(run, field.slice(field.plain.length - spec.length), fields, depth - 1);
  const shown = conversion === undefined ? value : yield* converted(run, conversion, value);
  const made = yield* formatValue(run, shown, given.plain);
  return field.markup && !(shown instanceof Text && shown.markup) ? (yield* escapedText(run, made)).as(false) : made;
}

function* lookUp(run: Run, path: string, fields: Fields): Steps<Value> {
  const first = /^[^.[]*/.exec(path)?.[0] ?? '';
  let value = fields.get(first);
  let rest = path.slice(first.length);
  while (rest !== '') {
    const part = /^(?:\.([^.[]+)|\[([^\]]+)\])/.exec(rest);
    if (!part) return fail('value', 'Empty attribute in format string');
    const [whole, name, index] = part;
    if (name !== undefined) value = yield* attribute(run, value, name);
    else value = yield* item(run, value, /^\d+$/.test(index as string) ? BigInt(index as string) : new Text(index as string));
    rest = rest.slice(whole.length);
  }
  return value;
}

function* converted(run: Run, conversion: string, value: Value): Steps<Value> {
  if (conversion === 's') return yield* str(run, value);
  if (conversion === 'r') return yield* repr(run, value);
  return conversion === 'a' ? yield* ascii(run, value) : fail('value', `Unknown conversion specifier ${conversion}`);
}

const specification = /^(?:(.)?([<>=^]))?([+\- ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

/** format(value, spec) */
function* formatValue(run: Run, value: Value, spec: string): Steps<Text> {
  if (spec === '') return yield* str(run, value);
  const parts = specification.exec(spec);
  if (!parts) return fail('value', `Invalid format specifier '${spec}'`);
  if (value instanceof Text && value.markup) fail('value', 'Unsupported format specification for safe text');
  if (value instanceof Text) return textField(run, value, parts);
  if (typeof value === 'number') return floatField(run, value, parts);
  if (typeof value === 'bigint' || typeof value === 'boolean') return intField(run, numeric(value) as bigint, parts);
  if (value instanceof Undefined) return fail('type', 'unsupported format string passed to Undefined.__format__');
  return fail('type', `unsupported format string passed to ${typeOf(value)}.__format__`);
}

function fieldOf(parts: RegExpExecArray, usual: Field['align']): Field {
  const [, fill, align, sign, z, alternate, zero, width, group, precision] = parts;
  return {
    fill: fill ?? (zero ? '0' : ' '),
    align: (align as Field['align'] | undefined) ?? (zero && usual === '>' ? '=' : usual),
    width: Number(width ?? 0),
    sign: (sign as Field['sign'] | undefined) ?? '-',
    alternate: alternate !== undefined,
    group: (group as Field['group'] | undefined) ?? '',
    positive: z !== undefined,
    precision: precision === undefined ? undefined : Number(precision),
  };
}

function textField(run: Run, value: Text, parts: RegExpExecArray): Text {
  const field = fieldOf(parts, '<');
  const type = parts[10] ?? 's';
  if (type !== 's') fail('value', `Unknown format code '${type}' for object of type 'str'`);
  if (parts[3] || parts[4] || field.alternate || field.group || field.align === '=')
    fail('value', 'Sign, alternate form, grouping and = are not allowed for text');
  return pad(run, field.precision === undefined ? value : value.slice(0, value.units(field.precision)), field);
}

function intField(run: Run, value: bigint, parts: RegExpExecArray): Text {
  const field = fieldOf(parts, '>');
  const type = parts[10] ?? 'd';
  if (/[eEfFgG%]/.test(type)) return placeFloat(run, field, type, toFloat(value));
  if (!/[bcdoxXn]/.test(type)) fail('value', `Unknown format code '${type}' for object of type 'int'`);
  if (field.precision !== undefined || field.positive) fail('value', 'Precision not allowed in integer format specifier');
  if (field.group && (type === 'n' || type === 'c' || (field.group === ',' && !/[d]/.test(type))))
    fail('value', `Cannot specify '${field.group}' with '${type}'.`);
  if (type !== 'c') return placeInt(run, field, type, value);
  if (parts[3] || field.alternate) fail('value', "Sign not allowed with integer format specifier 'c'");
  if (value < 0n || value > 0x10ffffn) fail('overflow', '%c arg not in range(0x110000)');
  return placeNumber(run, { ...field, sign: '-' }, false, '', String.fromCodePoint(Number(value)));
}

function floatField(run: Run, value: number, parts: RegExpExecArray): Text {
  const field = fieldOf(parts, '>');
  const type = parts[10];
  if (type !== undefined && !/[eEfFgGn%]/.test(type)) fail('value', `Unknown format code '${type}' for object of type 'float'`);
  if (type === 'n' && field.group) fail('value', `Cannot specify '${field.group}' with 'n'.`);
  if (type !== undefined) return placeFloat(run, field, type === 'n' ? 'g' : type, value);
  if (field.precision === undefined) {
    const negative = value < 0 || (Object.is(value, -0) && !field.positive);
    return placeNumber(run, field, negative, '', floatText(Math.abs(value)));
  }
  const text = placeFloat(run, { ...field, width: 0 }, 'g', value).plain;
  return placeNumber(run, { ...field, group: '' }, text.startsWith('-'), '', shortest(text.replace(/^[-+ ]/, ''), value, field.precision));
}

/** As `g`, but with a digit behind the point, and scientific one place earlier. */
function shortest(text: string, value: number, precision: number): string {
  if (!Number.isFinite(value) || text.includes('e')) return text;
  const whole = text.replaceAll(/[,_]/g, '').split('.')[0] as string;
  if (!text.includes('.') && whole.length >= Math.max(precision, 1) && whole !== '0')
    return (
      Math.abs(value)
        .toExponential()
        .replace(/^(.*)e.*$/s, '') + scientificOf(value, precision)
    );
  return text.includes('.') ? text : `${text}.0`;
}

function scientificOf(value: number, precision: number): string {
  const [digits = '', exponent = ''] = Math.abs(value)
    .toExponential(Math.min(100, Math.max(0, precision - 1)))
    .split('e');
  const trimmed = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
  return `${trimmed}e${exponent.replace(/^([+-])(\d)$/, '$10$2')}`;
}
