// The tests behind `is`.
import { binary } from './arithmetic';
import type { Steps } from './budget';
import { contains, equal, isNumber, ordered, type Order } from './compare';
import { fail } from './failure';
import { filters } from './filters';
import { isLower, isUpper } from './letters';
import { casedAs } from './methods-shape';
import { iterable } from './protocols';
import { str } from './repr';
import type { Run } from './run';
import { callee, invoke, type Callee } from './signature';
import { Text } from './text';
import { Dict, isSteps, List, Range, Thing, Tuple, Undefined, type Args, type Value } from './values';

const simple = (test: (value: Value) => boolean): Callee => callee('', (_run, value) => test(value));

function order(operator: Order): Callee {
  return callee('/other', (run, value, other) => ordered(run, operator, value, other as Value));
}

const same = callee('/other', (run, value, other) => equal(run, value, other as Value));
const different = callee('/other', function* (run, value, other): Steps<Value> {
  return !(yield* equal(run, value, other as Value));
});

function* divisible(run: Run, value: Value, by: Value, rest: bigint): Steps<Value> {
  return yield* equal(run, yield* binary(run, '%', value, by), rest);
}

/** Identity, as far as values of ours have one. */
function identical(a: Value, b: Value): boolean {
  if (a instanceof Text && b instanceof Text) return a.plain === b.plain;
  return a === b;
}

function casing(test: (letter: string) => boolean): Callee {
  return callee('', function* (run, value): Steps<Value> {
    return casedAs(run, yield* str(run, value), test);
  });
}

/** Whether a table has a name; what cannot be a key is refused. */
const named = (table: ReadonlyMap<string, Callee>, value: Value): boolean =>
  value instanceof Text ? table.has(value.plain) : new Dict([[value, null]]).size < 0;

const sequence = (value: Value): boolean =>
  value instanceof Text || value instanceof List || value instanceof Tuple || value instanceof Dict || value instanceof Range || value instanceof Undefined;

const table: Readonly<Record<string, Callee>> = {
  odd: callee('', (run, value) => divisible(run, value, 2n, 1n)),
  even: callee('', (run, value) => divisible(run, value, 2n, 0n)),
  divisibleby: callee('num', (run, value, by) => divisible(run, value, by as Value, 0n)),
  defined: simple((value) => !(value instanceof Undefined)),
  undefined: simple((value) => value instanceof Undefined),
  filter: simple((value) => named(filters, value)),
  test: simple((value) => named(tests, value)),
  none: simple((value) => value === null),
  boolean: simple((value) => typeof value === 'boolean'),
  false: simple((value) => value === false),
  true: simple((value) => value === true),
  integer: simple((value) => typeof value === 'bigint'),
  float: simple((value) => typeof value === 'number'),
  lower: casing(isLower),
  upper: casing(isUpper),
  string: simple((value) => value instanceof Text),
  mapping: simple((value) => value instanceof Dict),
  number: simple(isNumber),
  sequence: simple(sequence),
  iterable: simple(iterable),
  callable: simple((value) => value instanceof Undefined || (value instanceof Thing && value.callable)),
  sameas: callee('other', (_run, value, other) => identical(value, other as Value)),
  escaped: simple((value) => value instanceof Text && value.markup),
  in: callee('seq', (run, value, seq) => contains(run, seq as Value, value)),
  '==': same,
  eq: same,
  equalto: same,
  '!=': different,
  ne: different,
  '>': order('>'),
  gt: order('>'),
  greaterthan: order('>'),
  '>=': order('>='),
  ge: order('>='),
  '<': order('<'),
  lt: order('<'),
  lessthan: order('<'),
  '<=': order('<='),
  le: order('<='),
};

export const tests: ReadonlyMap<string, Callee> = new Map(Object.entries(table));

export function* callTest(run: Run, name: Value, value: Value, args: Args): Steps<Value> {
  const found = name instanceof Text ? tests.get(name.plain) : undefined;
  if (!found) return fail('value', `No test named ${name instanceof Text ? `'${name.plain}'` : 'so'}.`);
  const made = invoke(run, `the test '${(name as Text).plain}'`, found, value, args);
  return isSteps(made) ? yield* made : made;
}
