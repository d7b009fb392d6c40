// What Python asks of values of many types: truth, length, iteration.
import type { Steps } from './budget';
import { fail } from './failure';
import type { Run } from './run';
import { Text } from './text';
import { Dict, end, isSteps, Iter, List, Range, Thing, Tuple, typeOf, Undefined, View, type Value } from './values';

export function truth(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (value === null || value instanceof Undefined) return false;
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value === 'number') return value !== 0;
  return value instanceof Thing || value instanceof Iter || lengthOf(value) !== 0;
}

/** len(value), undefined where it has none. */
export function lengthOf(value: Value): number | undefined {
  if (value instanceof Text) return value.plain === '' ? 0 : value.length;
  if (value instanceof List || value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof Range) return value.length;
  if (value instanceof View) return value.dict.size;
  return value instanceof Undefined ? 0 : undefined;
}

/** Something that iterates over itself, such as `loop`. */
export abstract class Iterable extends Thing {
  abstract iterator(): Iter;
}

/** The items of a value that has them all at hand; undefined where they come one by one, or not at all. */
export function itemsOf(run: Run, value: Value): readonly Value[] | undefined {
  if (value instanceof List || value instanceof Tuple) return value.items;
  if (value instanceof Undefined) return [];
  if (!(value instanceof Text || value instanceof Dict || value instanceof View || value instanceof Range)) return undefined;
  run.budget.list(lengthOf(value) as number);
  if (value instanceof Text) return characters(value);
  if (value instanceof Dict) return value.keys();
  return value instanceof View ? value.items() : Array.from({ length: value.length }, (_, i) => value.at(i));
}

function characters(text: Text): Text[] {
  const out: Text[] = [];
  for (let at = 0, i = 1; at < text.plain.length; i++) {
    const next = text.units(i);
    out.push(text.slice(at, next).as(false));
    at = next;
  }
  return out;
}

/** iter(value) */
export function iterate(run: Run, value: Value): Iter {
  if (value instanceof Iter) return value;
  if (value instanceof Iterable) return value.iterator();
  const items = itemsOf(run, value);
  return items ? Iter.of(items) : fail('type', `'${typeOf(value)}' object is not iterable`);
}

export function iterable(value: Value): boolean {
  return value instanceof Iter || value instanceof Iterable || lengthOf(value) !== undefined;
}

/** The next value of an iterator. */
export function* next(iter: Iter): Steps<Value | typeof end> {
  const value = iter.next();
  return isSteps(value) ? yield* value : value;
}

/** list(value), as an array that must not be changed. */
export function* listOf(run: Run, value: Value): Steps<readonly Value[]> {
  const items = itemsOf(run, value);
  if (items) {
    if (run.budget.step(items.length >> 3)) yield;
    return items;
  }
  const out: Value[] = [];
  const iter = iterate(run, value);
  for (let item = yield* next(iter); item !== end; item = yield* next(iter)) {
    if ((out.length & 255) === 0) run.budget.list(256);
    if (run.budget.step()) yield;
    out.push(item);
  }
  return out;
}

/** reversed(value): undefined where Python cannot. */
export function reversed(run: Run, value: Value): Iter | undefined {
  if (value instanceof Iter || value instanceof Thing) return undefined;
  const items = itemsOf(run, value);
  if (!items) return undefined;
  let at = items.length;
  return new Iter(() => (at > 0 ? (items[--at] as Value) : end));
}
