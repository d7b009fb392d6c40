import { numeric, type Numeric } from './compare';
import { fail } from './failure';
import type { Attribute } from './methods';
import { callee } from './signature';
import { Tuple, type Value } from './values';

const number = (value: Value): bigint | number => numeric(value as Numeric);
const size = (value: Value): bigint => (number(value) as bigint) * ((number(value) as bigint) < 0n ? -1n : 1n);

/** A float as a fraction of two ints. */
function fraction(value: number): Tuple {
  if (!Number.isFinite(value)) fail('value', 'cannot convert Infinity or NaN to integer ratio');
  let top = value;
  let bottom = 1n;
  while (!Number.isInteger(top)) {
    top *= 2;
    bottom *= 2n;
  }
  return new Tuple([BigInt(top), bottom]);
}

const both: Readonly<Record<string, Attribute>> = {
  real: number,
  conjugate: callee('/', (_run, self) => number(self)),
};

const int: Readonly<Record<string, Attribute>> = {
  imag: () => 0n,
  numerator: number,
  denominator: () => 1n,
  bit_length: callee('/', (_run, self) => (size(self) === 0n ? 0n : BigInt(size(self).toString(2).length))),
  bit_count: callee('/', (_run, self) => BigInt(size(self).toString(2).replaceAll('0', '').length)),
  as_integer_ratio: callee('/', (_run, self) => new Tuple([number(self), 1n])),
};

const float: Readonly<Record<string, Attribute>> = {
  imag: () => 0,
  is_integer: callee('/', (_run, self) => Number.isInteger(self)),
  as_integer_ratio: callee('/', (_run, self) => fraction(self as number)),
};

export const numbers = { both, int, float };
