// A number in a field: what `%` formatting and format specifications share.
import { fail } from './failure';
import { fixed, general, intText, scientific } from './numbers';
import type { Run } from './run';
import { join, Text } from './text';

export interface Field {
  readonly fill: string;
  readonly align: '<' | '>' | '=' | '^';
  readonly width: number;
  readonly sign: '+' | '-' | ' ';
  readonly alternate: boolean;
  readonly group: ',' | '_' | '';
  /** Negative zero reads as zero. */
  readonly positive: boolean;
  readonly precision: number | undefined;
}

const most = 10_000; // digits behind a point

export function pad(run: Run, text: Text, { fill, align, width }: Pick<Field, 'fill' | 'align' | 'width'>): Text {
  const missing = width - text.length;
  if (missing <= 0) return text;
  run.budget.text(width);
  const left = align === '<' ? 0 : align === '^' ? missing >> 1 : missing;
  return join([fill.repeat(left), text, fill.repeat(missing - left)]);
}

/** Sign, prefix and digits in their field; with `=` the padding stands between. */
export function placeNumber(run: Run, field: Field, negative: boolean, prefix: string, digits: string, every = 3): Text {
  const sign = negative ? '-' : field.sign === '-' ? '' : field.sign;
  const head = sign + prefix;
  run.budget.text(field.width + 2 * digits.length);
  if (field.align !== '=') return pad(run, new Text(head + grouped(digits, field.group, every)), field);
  const room = field.width - head.length;
  if (field.fill !== '0' || field.group === '') return new Text(head + grouped(digits, field.group, every).padStart(room, field.fill));
  return new Text(head + zeros(digits, field.group, every, room));
}

/** How many digits stand before the point; decimal ones are grouped by threes. */
const wholeDigits = (digits: string, every: number): number => (every === 3 ? /^\d*/ : /^[0-9a-fA-F]*/).exec(digits)?.[0].length ?? 0;

function grouped(digits: string, group: string, every: number): string {
  if (group === '') return digits;
  const size = wholeDigits(digits, every);
  const [whole, rest] = [digits.slice(0, size), digits.slice(size)];
  const parts: string[] = [];
  for (let i = whole.length; i > 0; i -= every) parts.unshift(whole.slice(Math.max(0, i - every), i));
  return parts.join(group) + rest;
}

/** Zeros in front until the room is filled; they are grouped too, and never begin with the mark of a group. */
function zeros(digits: string, group: string, every: number, room: number): string {
  const whole = wholeDigits(digits, every);
  const left = room - (digits.length - whole);
  let length = whole;
  const long = (n: number): number => n + Math.floor((n - 1) / every);
  if (long(length) < left) length = Math.max(whole, Math.floor((left * every) / (every + 1)));
  while (long(length) < left) length++;
  return grouped(digits.padStart(length + digits.length - whole, '0'), group, every);
}

const bases: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };

export function placeInt(run: Run, field: Field, type: string, value: bigint, least = 0): Text {
  const base = bases[type] ?? 10;
  const size = value < 0n ? -value : value;
  const plain = base === 10 ? intText(size) : size.toString(base);
  const digits = (type === 'X' ? plain.toUpperCase() : plain).padStart(least, '0');
  return placeNumber(run, field, value < 0n, field.alternate && base !== 10 ? `0${type}` : '', digits, base === 10 ? 3 : 4);
}

/** A float by its type, one of e E f F g G % and, in format specifications, none. */
export function placeFloat(run: Run, field: Field, type: string, value: number): Text {
  const { alternate, precision = 6 } = field;
  if (precision > most) fail('budget', `it asked for more than ${most} digits behind the point`);
  const digits = Number.isFinite(value) ? finite(value, type.toLowerCase(), precision, alternate) : Number.isNaN(value) ? 'nan' : 'inf';
  const negative = (value < 0 || Object.is(value, -0)) && !(field.positive && /^[0.%e+-]*$/.test(digits));
  return placeNumber(run, field, negative, '', /[EFG]/.test(type) ? digits.toUpperCase() : digits);
}

function finite(value: number, type: string, precision: number, alternate: boolean): string {
  const point = (text: string): string => (alternate && !text.includes('.') ? text.replace(/^\d+/, '$&.') : text);
  if (type === 'e') return point(scientific(value, precision));
  if (type === 'f') return point(fixed(value, precision));
  if (type === '%') return `${point(fixed(value * 100, precision))}%`;
  return point(general(value, precision, alternate));
}
