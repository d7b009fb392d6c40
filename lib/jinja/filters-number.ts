// Filters that make numbers.
import type { Steps } from './budget';
import { isNumber, numeric } from './compare';
import { fail } from './failure';
import { parseFloat_, parseInt_, roundFloat, roundInt, toFloat, toInt } from './numbers';
import { binary } from './arithmetic';
import { listOf } from './protocols';
import { getter } from './attributes';
import type { Run } from './run';
import { callee, intIn, type Callee } from './signature';
import { Text } from './text';
import { or, typeOf, Undefined, type Value } from './values';

/** float(value); `usual` where it is none, an error without. */
export function* floatOf(_run: Run, value: Value, usual?: number): Steps<number> {
  const float = floatNow(value);
  return float ?? usual ?? fail('type', `float() argument must be a string or a real number, not '${typeOf(value)}'`);
}

function floatNow(value: Value): number | undefined {
  if (value instanceof Undefined) return value.fail();
  if (value instanceof Text) return parseFloat_(value);
  return isNumber(value) ? toFloat(numeric(value)) : undefined;
}

function toInteger(value: Value, usual: Value, base: Value): Value {
  if (value instanceof Undefined) return value.fail();
  if (typeof value === 'number') return Number.isNaN(value) ? usual : toInt(value);
  if (!(value instanceof Text)) return isNumber(value) ? (numeric(value) as bigint) : usual;
  const radix = intIn(base, 'base');
  const whole = radix === 0 || (radix >= 2 && radix <= 36) ? parseInt_(value, radix) : undefined;
  if (whole !== undefined) return whole;
  const float = parseFloat_(value);
  return float === undefined || !Number.isFinite(float) ? usual : BigInt(Math.trunc(float));
}

function* round(run: Run, value: Value, precision: Value = 0n, method: Value = new Text('common')): Steps<Value> {
  const how = method instanceof Text ? method.plain : '';
  if (!['common', 'ceil', 'floor'].includes(how)) fail('value', 'method must be common, ceil or floor');
  if (value instanceof Undefined) value.fail();
  if (!isNumber(value)) return fail('type', `type ${typeOf(value)} doesn't define __round__ method`);
  const places = how === 'common' && precision === null ? undefined : intIn(precision, 'precision');
  const number = numeric(value);
  if (how === 'common') return roundTo(number, places);
  const scale = yield* binary(run, '**', 10n, BigInt(places as number));
  const scaled = (yield* binary(run, '*', number, scale)) as bigint | number;
  const whole = typeof scaled === 'bigint' ? scaled : toInt(how === 'ceil' ? Math.ceil(scaled) : Math.floor(scaled));
  return yield* binary(run, '/', whole, scale);
}

function roundTo(value: bigint | number, places: number | undefined): Value {
  if (typeof value === 'bigint') return roundInt(value, places ?? 0);
  return places === undefined ? toInt(roundFloat(value, 0)) : roundFloat(value, places);
}

function* sum(run: Run, value: Value, attribute: Value = null, start: Value = 0n): Steps<Value> {
  if (start instanceof Text) fail('type', "sum() can't sum strings [use ''.join(seq) instead]");
  const get = getter(run, attribute);
  let total: Value = start;
  for (const item of yield* listOf(run, value)) total = yield* binary(run, '+', total, yield* get(item));
  return total;
}

export const numberFilters: Readonly<Record<string, Callee>> = {
  abs: callee('/', (_run, value) => {
    if (value instanceof Undefined || !isNumber(value)) return fail('type', `bad operand type for abs(): '${typeOf(value)}'`);
    const number = numeric(value);
    return typeof number === 'number' ? Math.abs(number) : number < 0n ? -number : number;
  }),
  int: callee('default? base?', (_run, value, usual = 0n, base = 10n) => toInteger(value, usual, base)),
  float: callee('default?', (_run, value, usual = 0) => or<Value, Value>(floatNow(value), () => usual)),
  round: callee('precision? method?', round as never),
  sum: callee('attribute? start?', sum as never),
};
