// ==, <, in
import type { Steps } from './budget';
import { fail } from './failure';
import { iterable, iterate, next } from './protocols';
import type { Run } from './run';
import { includes } from './search';
import { Text } from './text';
import { Dict, end, List, Range, Tuple, typeOf, Undefined, View, type Value } from './values';

export type Numeric = boolean | bigint | number;

export function isNumber(value: Value): value is Numeric {
  return typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';
}

export const numeric = (value: Numeric): bigint | number => (typeof value === 'boolean' ? BigInt(value) : value);

/** a == b where neither holds other values; undefined otherwise. */
function plainly(a: Value, b: Value): boolean | undefined {
  if (isNumber(a) && isNumber(b)) return numeric(a) == numeric(b);
  if (a instanceof Text && b instanceof Text) return a.plain === b.plain;
  if (a instanceof Undefined) return b instanceof Undefined;
  if (a === b) return true;
  const both = (a instanceof List && b instanceof List) || (a instanceof Tuple && b instanceof Tuple) || (a instanceof Dict && b instanceof Dict);
  return both || (a instanceof Range && b instanceof Range) || (a instanceof View && b instanceof View) ? undefined : false;
}

export function* equal(run: Run, a: Value, b: Value): Steps<boolean> {
  if (run.budget.step(a instanceof Text ? 1 + (a.plain.length >> 8) : 2)) yield;
  const quick = plainly(a, b);
  if (quick !== undefined) return quick;
  run.budget.enter();
  const same = yield* deeply(run, a, b);
  run.budget.leave();
  return same;
}

function* deeply(run: Run, a: Value, b: Value): Steps<boolean> {
  if (a instanceof Dict) return yield* equalDicts(run, a, b as Dict);
  if (a instanceof Range) return equalRanges(a, b as Range);
  if (a instanceof View) return yield* equalViews(run, a, b as View);
  const mine = (a as List).items;
  const other = (b as List).items;
  if (mine.length !== other.length) return false;
  for (let i = 0; i < mine.length; i++) {
    if (mine[i] !== other[i] && !(yield* equal(run, mine[i] as Value, other[i] as Value))) return false;
  }
  return true;
}

function* equalDicts(run: Run, a: Dict, b: Dict): Steps<boolean> {
  if (a.size !== b.size) return false;
  for (const [key, value] of a.entries()) {
    const other = b.get(key);
    if (other === undefined || !(yield* equal(run, value, other))) return false;
  }
  return true;
}

function equalRanges(a: Range, b: Range): boolean {
  if (a.length !== b.length) return false;
  return a.length === 0 || (a.start === b.start && (a.length === 1 || a.step === b.step));
}

function* equalViews(run: Run, a: View, b: View): Steps<boolean> {
  if (a.kind === 'values' || b.kind === 'values' || a.dict.size !== b.dict.size) return false;
  for (const item of a.items()) if (!(yield* contains(run, b, item))) return false;
  return true;
}

/** Of two texts by their code points: negative, zero or positive. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  const shorter = Math.min(a.length, b.length);
  while (i < shorter && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === shorter) return a.length - b.length;
  const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
  const astral = (unit: number): number => (unit >= 0xd800 && unit < 0xe000 ? 0x10000 : 0);
  return x + astral(x) - y - astral(y);
}

export type Order = '<' | '<=' | '>' | '>=';

/** a < b and its like. */
export function* ordered(run: Run, order: Order, a: Value, b: Value): Steps<boolean> {
  if (run.budget.step(a instanceof Text ? 1 + (a.plain.length >> 6) : 1)) yield;
  if (isNumber(a) && isNumber(b)) return holds(order, numeric(a), numeric(b));
  if (a instanceof Text && b instanceof Text) return holds(order, compareTexts(a.plain, b.plain), 0);
  if ((a instanceof List && b instanceof List) || (a instanceof Tuple && b instanceof Tuple)) return yield* orderedItems(run, order, a.items, b.items);
  if (a instanceof Undefined) a.fail();
  if (b instanceof Undefined) b.fail();
  if (a instanceof View && b instanceof View) fail('unsupported', 'comparing views of dicts is not supported in templates here');
  return fail('type', `'${order}' not supported between instances of '${typeOf(a)}' and '${typeOf(b)}'`);
}

function holds(order: Order, a: bigint | number, b: bigint | number): boolean {
  if (order === '<') return a < b;
  if (order === '<=') return a <= b;
  return order === '>' ? a > b : a >= b;
}

function* orderedItems(run: Run, order: Order, a: readonly Value[], b: readonly Value[]): Steps<boolean> {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [mine, other] = [a[i] as Value, b[i] as Value];
    if (mine === other || (yield* equal(run, mine, other))) continue;
    run.budget.enter();
    const result = yield* ordered(run, order, mine, other);
    run.budget.leave();
    return result;
  }
  return holds(order, a.length, b.length);
}

/** item in container */
export function* contains(run: Run, container: Value, item: Value): Steps<boolean> {
  if (container instanceof Text) {
    if (!(item instanceof Text)) fail('type', `'in <string>' requires string as left operand, not ${typeOf(item)}`);
    return yield* includes(run, container.plain, (item as Text).plain);
  }
  if (container instanceof Dict) return container.get(item) !== undefined;
  if (container instanceof View && container.kind === 'keys') return container.dict.get(item) !== undefined;
  if (container instanceof Range && isNumber(item)) return inRange(container, numeric(item));
  if (!iterable(container)) fail('type', `argument of type '${typeOf(container)}' is not iterable`);
  const iter = iterate(run, container);
  for (let each = yield* next(iter); each !== end; each = yield* next(iter)) {
    if (each === item || (yield* equal(run, each, item))) return true;
  }
  return false;
}

function inRange(range: Range, item: bigint | number): boolean {
  if (typeof item === 'number' && !Number.isInteger(item)) return false;
  const at = BigInt(item) - range.start;
  return at % range.step === 0n && at / range.step >= 0n && at / range.step < BigInt(range.length);
}
