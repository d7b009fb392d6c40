// + - * / // % ** and the signs
import type { Steps } from './budget';
import { isNumber, numeric } from './compare';
import { fail, refuse } from './failure';
import { percent } from './percent';
import { boundedInt, floorDivide, toFloat } from './numbers';
import { softStr } from './repr';
import type { Run } from './run';
import { escape } from './escape';
import { Builder, join, Text } from './text';
import { List, Tuple, typeOf, Undefined, type Value } from './values';

type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**';

export function* binary(run: Run, operator: Operator, a: Value, b: Value): Steps<Value> {
  if (run.budget.step()) yield;
  if (operator === '%' && a instanceof Text) return yield* percent(run, a, b);
  if (isNumber(a) && isNumber(b)) {
    if (run.budget.step(workOf(operator, a, b))) yield;
    return numbers(operator, numeric(a), numeric(b));
  }
  if (a instanceof Undefined) a.fail();
  if (b instanceof Undefined && !(a instanceof Text || a instanceof List || a instanceof Tuple)) b.fail();
  if (operator === '+') return yield* add(run, a, b);
  if (operator === '*' && (isInt(a) || isInt(b))) return yield* repeat(run, isInt(a) ? b : a, isInt(a) ? a : (b as bigint));
  if (b instanceof Undefined) b.fail();
  return unsupported(operator, a, b);
}

/** Steps of an operation on whole numbers of many digits, by the square where it is not a sum. */
function workOf(operator: Operator, a: Value, b: Value): number {
  const words = digits(a) + digits(b);
  return operator === '+' || operator === '-' ? words : words * words;
}

/** Of 1,024 bits each; none of what is small. */
const digits = (value: Value): number => (typeof value !== 'bigint' || (value < small && value > -small) ? 0 : Math.ceil(value.toString(16).length / 256));
const small = 1n << 1024n;

const isInt = (value: Value): value is bigint | boolean => typeof value === 'bigint' || typeof value === 'boolean';

function unsupported(operator: string, a: Value, b: Value): never {
  return fail('type', `unsupported operand type(s) for ${operator}: '${typeOf(a)}' and '${typeOf(b)}'`);
}

function* add(run: Run, a: Value, b: Value): Steps<Value> {
  if (a instanceof Text && b instanceof Text) return yield* addTexts(run, a, b);
  if ((a instanceof List && b instanceof List) || (a instanceof Tuple && b instanceof Tuple)) {
    run.budget.list(a.items.length + b.items.length);
    const items = [...a.items, ...b.items];
    return a instanceof List ? new List(items) : new Tuple(items);
  }
  if (b instanceof Undefined) b.fail();
  return unsupported('+', a, b);
}

function* addTexts(run: Run, a: Text, b: Text): Steps<Text> {
  const markup = a.markup || b.markup;
  const [left, right] = markup ? [yield* escape(run, a), yield* escape(run, b)] : [a, b];
  run.budget.text(left.plain.length + right.plain.length + left.turns.length + right.turns.length);
  return join([left, right]).as(markup);
}

function* repeat(run: Run, value: Value, times: bigint | boolean): Steps<Value> {
  const count = Math.max(0, Number(times));
  if (value instanceof Text) return repeatText(run, value, count);
  if (!(value instanceof List || value instanceof Tuple)) return value instanceof Undefined ? value.fail() : unsupported('*', value, BigInt(times));
  run.budget.list(value.items.length * count);
  const items: Value[] = [];
  if (value.items.length > 0) for (let i = 0; i < count; i++) for (const item of value.items) items.push(item);
  return value instanceof List ? new List(items) : new Tuple(items);
}

function repeatText(run: Run, text: Text, count: number): Text {
  run.budget.text((text.plain.length + text.turns.length) * count);
  if (text.plain === '' || count === 0) return Text.empty.as(text.markup);
  if (text.turns.length === 0) return new Text(text.plain.repeat(count), text.user, text.turns, text.markup);
  const out = new Builder();
  for (let i = 0; i < count; i++) out.add(text);
  return out.text().as(text.markup);
}

function numbers(operator: Operator, a: bigint | number, b: bigint | number): Value {
  if (operator === '/') return divide(a, b);
  if (typeof a === 'bigint' && typeof b === 'bigint') return boundedInt2(operator, a, b);
  return floats(operator, toFloat(a), toFloat(b));
}

function boundedInt2(operator: Operator, a: bigint, b: bigint): Value {
  if (operator === '+') return boundedInt(a + b);
  if (operator === '-') return boundedInt(a - b);
  if (operator === '*') return boundedInt(a * b);
  if (operator === '**') return b < 0n ? floats('**', toFloat(a), toFloat(b)) : power(a, b);
  if (b === 0n) fail('value', 'integer division or modulo by zero');
  const quotient = floorDivide(a, b);
  return operator === '//' ? quotient : a - quotient * b;
}

function power(a: bigint, b: bigint): bigint {
  const size = a < 0n ? -a : a;
  if (size > 1n && (b > 65_536n || BigInt(size.toString(2).length - 1) * b > 65_536n)) fail('budget', 'it made an integer of more than 65536 bits');
  return size > 1n ? a ** b : size === 0n ? (b === 0n ? 1n : 0n) : b % 2n === 0n ? 1n : a;
}

/** True division: of ints the nearest float, also where one of them is too large for a float. */
function divide(a: bigint | number, b: bigint | number): number {
  if (b == 0) fail('value', 'division by zero');
  if (typeof a === 'number' || typeof b === 'number') return toFloat(a) / toFloat(b);
  const [x, y] = [Number(a), Number(b)];
  if (Number.isSafeInteger(x) && Number.isSafeInteger(y)) return x / y;
  return ratio(a, b);
}

function ratio(a: bigint, b: bigint): number {
  const negative = a < 0n !== b < 0n;
  const [top, bottom] = [a < 0n ? -a : a, b < 0n ? -b : b];
  if (top === 0n) return 0;
  const shift = top.toString(2).length - bottom.toString(2).length - 66;
  const quotient = shift > 0 ? top / (bottom << BigInt(shift)) : (top << BigInt(-shift)) / bottom;
  const exact = shift > 0 ? quotient * (bottom << BigInt(shift)) === top : quotient * bottom === top << BigInt(-shift);
  const float = Number(exact ? quotient : quotient | 1n) * 2 ** shift; // the last bit stands for all that follow
  if (!Number.isFinite(float)) fail('overflow', 'integer division result too large for a float');
  return negative ? -float : float;
}

function floats(operator: Operator, a: number, b: number): number {
  if (operator === '+') return a + b;
  if (operator === '-') return a - b;
  if (operator === '*') return a * b;
  if (operator === '**') return floatPower(a, b);
  if (b === 0) fail('value', 'float floor division or modulo by zero');
  return operator === '%' ? modulo(a, b) : floorQuotient(a, b);
}

function modulo(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 !== b < 0 ? rest + b : rest;
}

function floorQuotient(a: number, b: number): number {
  const rest = a % b;
  const quotient = (a - rest) / b - (rest !== 0 && rest < 0 !== b < 0 ? 1 : 0);
  if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

function floatPower(a: number, b: number): number {
  if (a === 1 || b === 0) return 1;
  if (a === 0 && b < 0) fail('value', '0.0 cannot be raised to a negative power');
  if (a < 0 && Number.isFinite(a) && Number.isFinite(b) && !Number.isInteger(b)) refuse('a complex number');
  if (a === -1 && !Number.isFinite(b)) return Number.isNaN(b) ? NaN : 1;
  const result = a ** b;
  if (!Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b)) fail('overflow', 'Numerical result out of range');
  return result;
}

export function unary(operator: '+' | '-', value: Value): Value {
  if (value instanceof Undefined) value.fail();
  if (!isNumber(value)) return fail('type', `bad operand type for unary ${operator}: '${typeOf(value)}'`);
  const number = numeric(value);
  return operator === '-' ? -number : number;
}

/** a ~ b ~ ...: each as text. */
export function* concatenate(run: Run, values: readonly Value[]): Steps<Text> {
  const out = new Builder();
  for (const value of values) out.add((yield* softStr(run, value)).as(false));
  run.budget.text(out.length);
  return out.text();
}
