// Numbers as Python writes and computes them.
import { fail } from './failure';
import type { Text } from './text';

const mostBits = 65_536; // of an int, far above what Python prints
const mostDigits = 4300; // of an int as text, as in Python

export function boundedInt(value: bigint): bigint {
  if (value > largest || value < -largest) fail('budget', `it made an integer of more than ${mostBits} bits`);
  return value;
}

const largest = 1n << BigInt(mostBits);
const printable = 10n ** BigInt(mostDigits);

export function intText(value: bigint): string {
  if (value >= printable || value <= -printable) fail('value', `Exceeds the limit (${mostDigits} digits) for integer string conversion`);
  return String(value);
}

/** repr(float): the shortest digits that read back the same. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [digits = '', power = ''] = Math.abs(value).toExponential().split('e');
  const exponent = Number(power);
  const sign = value < 0 ? '-' : '';
  if (exponent < -4 || exponent >= 16) return `${sign}${digits}e${exponentText(exponent)}`;
  return sign + placed({ digits: digits.replace('.', ''), point: exponent + 1 });
}

const exponentText = (exponent: number): string => `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;

/** Decimal digits and where the point stands in them: 0.digits times ten to the power of `point`. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

function placed({ digits, point }: Decimal): string {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return `${digits.padEnd(point, '0')}.0`;
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

const bits = new DataView(new ArrayBuffer(8));

/** All decimal digits of a positive finite number. */
function exact(value: number): Decimal {
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const biased = Number((raw >> 52n) & 0x7ffn);
  const mantissa = (raw & 0xfffffffffffffn) | (biased > 0 ? 1n << 52n : 0n);
  const exponent = Math.max(biased, 1) - 1075;
  if (exponent >= 0) {
    const digits = String(mantissa << BigInt(exponent));
    return { digits, point: digits.length };
  }
  const digits = String(mantissa * 5n ** BigInt(-exponent));
  return { digits, point: digits.length + exponent };
}

/** The first `count` digits, rounded half to even. */
function rounded({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits, point };
  if (count < 0) return { digits: '', point };
  const rest = digits.slice(count);
  const half = `5${'0'.repeat(rest.length - 1)}`;
  const odd = count > 0 && Number(digits[count - 1]) % 2 === 1;
  const kept = digits.slice(0, count);
  if (rest < half || (rest === half && !odd)) return { digits: kept, point };
  const up = String(BigInt(kept || '0') + 1n).padStart(count, '0');
  return up.length > count ? { digits: up, point: point + 1 } : { digits: up, point };
}

/** The absolute value of a finite number with `places` behind the point. */
export function fixed(value: number, places: number): string {
  const number = value === 0 ? { digits: '', point: 0 } : exact(Math.abs(value));
  const { digits, point } = rounded(number, number.point + places);
  const all = point <= 0 ? '0'.repeat(1 - point) + digits : digits;
  const whole = Math.max(point, 1);
  const padded = all.padEnd(whole + places, '0');
  return places > 0 ? `${padded.slice(0, whole)}.${padded.slice(whole, whole + places)}` : padded.slice(0, whole);
}

/** The absolute value of a finite number in scientific notation. */
export function scientific(value: number, places: number): string {
  const { digits, exponent } = significant(value, places + 1);
  return `${digits[0]}${places > 0 ? `.${digits.slice(1)}` : ''}e${exponentText(exponent)}`;
}

function significant(value: number, count: number): { readonly digits: string; readonly exponent: number } {
  if (value === 0) return { digits: '0'.repeat(count), exponent: 0 };
  const { digits, point } = rounded(exact(Math.abs(value)), count);
  return { digits: digits.slice(0, count).padEnd(count, '0'), exponent: point - 1 };
}

/** The absolute value of a finite number as C's %g; `all` keeps zeros at the end. */
export function general(value: number, precision: number, all: boolean): string {
  const count = Math.max(precision, 1);
  const { digits, exponent } = significant(value, count);
  const trim = (text: string): string => (all || !text.includes('.') ? text : text.replace(/\.?0+$/, ''));
  if (exponent < -4 || exponent >= count) {
    return `${trim(count > 1 ? `${digits[0]}.${digits.slice(1)}` : (digits[0] as string))}e${exponentText(exponent)}`;
  }
  return trim(fixed(value, count - 1 - exponent));
}

/** round(value, places) of a float. */
export function roundFloat(value: number, places: number): number {
  if (!Number.isFinite(value) || value === 0 || places > 330) return value;
  const number = exact(Math.abs(value));
  const keep = number.point + places;
  if (keep < 0) return value < 0 ? -0 : 0;
  const { digits, point } = rounded(number, keep);
  const result = Number(`0.${digits || '0'}e${point}`);
  if (!Number.isFinite(result)) fail('overflow', 'rounded value too large to represent');
  return value < 0 ? -result : result;
}

/** round(value, places) of an int. */
export function roundInt(value: bigint, places: number): bigint {
  if (places >= 0) return value;
  if (places < -mostDigits) return 0n;
  const unit = 10n ** BigInt(-places);
  const low = floorDivide(value, unit) * unit;
  const twice = 2n * (value - low);
  const up = twice > unit || (twice === unit && (low / unit) % 2n !== 0n);
  return up ? low + unit : low;
}

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

/** float(int) */
export function toFloat(value: bigint | number): number {
  const float = Number(value);
  if (typeof value === 'bigint' && !Number.isFinite(float)) fail('overflow', 'int too large to convert to float');
  return float;
}

/** int(float) */
export function toInt(value: number): bigint {
  if (Number.isNaN(value)) fail('value', 'cannot convert float NaN to integer');
  if (!Number.isFinite(value)) fail('overflow', 'cannot convert float infinity to integer');
  return BigInt(Math.trunc(value));
}

const whitespace =
  /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g;

/** What Python's int() and float() take: decimal digits of any script, spaces around. */
function trimmed(text: string): string {
  if (text.length > 2 * mostDigits) return '';
  return text.replace(whitespace, '').replace(/\p{Nd}/gu, (digit) => String(digitValue(digit)));
}

/** Decimal digits stand in tens from 0 on. */
function digitValue(digit: string): number {
  let code = digit.codePointAt(0) as number;
  if (code < 0x80) return code - 0x30;
  const first = code;
  while (first - code < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - 1))) code--;
  return (first - code) % 10;
}

/** int(text, base), undefined where it is none. */
export function parseInt_(text: Text, base: number): bigint | undefined {
  const match = /^([+-]?)(0[xX]|0[oO]|0[bB])?(_?[0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*)$/.exec(trimmed(text.plain));
  if (!match) return undefined;
  const [, sign = '', prefix = '', rest = ''] = match;
  const own = { x: 16, o: 8, b: 2 }[prefix.slice(1).toLowerCase()];
  const plain = rest.replaceAll('_', '');
  if (own !== undefined && (base === 0 || base === own)) return signed(sign, digitsIn(plain, own));
  const whole = prefix + rest;
  if (whole.startsWith('_') || (base === 0 && /^0[0_]*[1-9]/.test(whole))) return undefined;
  return signed(sign, digitsIn(whole.replaceAll('_', ''), base || 10));
}

const signed = (sign: string, value: bigint | undefined): bigint | undefined => (value !== undefined && sign === '-' ? -value : value);

function digitsIn(text: string, base: number): bigint | undefined {
  if (base === 10) return /^\d+$/.test(text) && text.length <= mostDigits ? BigInt(text) : undefined;
  let value = 0n;
  for (const letter of text) {
    const digit = parseInt(letter, 36);
    if (Number.isNaN(digit) || digit >= base) return undefined;
    value = value * BigInt(base) + BigInt(digit);
  }
  return value;
}

/** float(text), undefined where it is none. */
export function parseFloat_(text: Text): number | undefined {
  const plain = trimmed(text.plain).toLowerCase();
  const special = /^([+-]?)(inf(?:inity)?|nan)$/.exec(plain);
  if (special) return special[2] === 'nan' ? NaN : special[1] === '-' ? -Infinity : Infinity;
  if (!/^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+(_\d+)*)?$/.test(plain)) return undefined;
  return Number(plain.replaceAll('_', ''));
}
