// value.name, value[key], value[start:stop:step]
import type { Steps } from './budget';
import { fail } from './failure';
import { methodsOf, mutating } from './methods';
import type { Run } from './run';
import { intIn, invoke } from './signature';
import { join, Text } from './text';
import { Dict, isSteps, List, Namespace, Native, or, Range, Thing, Tuple, typeOf, Undefined, type Value } from './values';

/** Looked up as an attribute first, then as an item. */
export function* attribute(run: Run, value: Value, name: string): Steps<Value> {
  const quick = attributeNow(run, value, name);
  return isSteps(quick) ? yield* quick : quick;
}

export function attributeNow(run: Run, value: Value, name: string): Value | Steps<Value> {
  if (value instanceof Undefined) return value.fail();
  const own = ownAttribute(run, value, name);
  if (isSteps(own)) return orMissing(own, value, name);
  if (own !== undefined) return own;
  return or(value instanceof Dict ? value.named(name) : undefined, () => missing(value, name));
}

function* orMissing(own: Steps<Value | undefined>, value: Value, name: string): Steps<Value> {
  return or(yield* own, () => missing(value, name));
}

/** What Python's getattr finds, within what a sandbox allows. */
export function ownAttribute(run: Run, value: Value, name: string): Value | undefined | Steps<Value | undefined> {
  if (name.startsWith('__')) return undefined;
  if (value instanceof Thing) return value instanceof Namespace || !name.startsWith('_') ? value.attribute(name, run) : undefined;
  if (value instanceof Tuple && value.names.includes(name)) return value.items[value.names.indexOf(name)];
  if (run.lenient && value instanceof List && name === 'append') return appending(value);
  if (run.lenient && value instanceof List && name === 'pop') return popping(value);
  if (mutating(value, name)) return new Undefined(`access to attribute '${name}' of '${typeOf(value)}' object is unsafe.`, true);
  const found = methodsOf(value)?.[name];
  if (found === undefined) return undefined;
  if (typeof found === 'function') return found(value);
  return new Native(name, (current, args) => invoke(current, `${name}()`, found, value, args));
}

function appending(list: List): Native {
  return new Native('append', (run, { positional: [item], named }) => {
    if (item === undefined || named.size > 0) return fail('type', 'append() takes exactly one argument');
    run.budget.list(list.items.length + 1);
    list.items = [...list.items, item];
    return null;
  });
}

function popping(list: List): Native {
  return new Native('pop', (run, { positional: [given = -1n], named }) => {
    const at = typeof given === 'bigint' ? Number(given) : fail('type', `'${typeOf(given)}' object cannot be interpreted as an integer`);
    const item = list.items.at(at);
    if (named.size > 0 || item === undefined) return fail('lookup', 'pop index out of range');
    run.budget.list(list.items.length);
    list.items = list.items.toSpliced(at, 1);
    return item;
  });
}

function missing(value: Value, name: string): Undefined {
  const what = value === null ? 'None' : `${typeOf(value)} object`;
  return new Undefined(`'${what}' has no attribute '${name}'`);
}

/** Looked up as an item first, then as an attribute. */
export function* item(run: Run, value: Value, key: Value): Steps<Value> {
  if (value instanceof Undefined) return value.fail();
  const found = plainItem(value, key);
  if (found !== undefined) return found;
  if (!(key instanceof Text)) return new Undefined(`${value === null ? 'None' : `${typeOf(value)} object`} has no element of that ${typeOf(key)}`);
  const own = ownAttribute(run, value, key.plain);
  return or(isSteps(own) ? yield* own : own, () => missing(value, key.plain));
}

function plainItem(value: Value, key: Value): Value | undefined {
  if (value instanceof Dict) return key instanceof List || key instanceof Dict ? undefined : value.get(key);
  if (typeof key !== 'bigint' && typeof key !== 'boolean') return undefined;
  const at = Number(key);
  if (value instanceof List || value instanceof Tuple) return value.items.at(at);
  if (value instanceof Range) return at >= -value.length && at < value.length ? value.at(at < 0 ? at + value.length : at) : undefined;
  return value instanceof Text ? letter(value, at) : undefined;
}

function letter(text: Text, index: number): Text | undefined {
  const at = index < 0 ? index + text.length : index;
  return at >= 0 && at < text.length ? text.slice(text.units(at), text.units(at + 1)) : undefined;
}

/** Where a slice begins and ends, and how many items it has, as slice.indices gives them. */
function indices(length: number, start: Value, stop: Value, step: Value): { readonly from: number; readonly by: number; readonly count: number } {
  const by = step === null ? 1 : intIn(step, 'slice indices');
  if (by === 0) fail('value', 'slice step cannot be zero');
  const [low, high] = by < 0 ? [-1, length - 1] : [0, length];
  const clamp = (given: Value, usual: number): number => {
    if (given === null) return usual;
    const at = intIn(given, 'slice indices');
    return Math.min(high, Math.max(low, at < 0 ? at + length : at));
  };
  const from = clamp(start, by < 0 ? high : low);
  const to = clamp(stop, by < 0 ? low : high);
  return { from, by, count: Math.max(0, Math.ceil((to - from) / by)) };
}

export function slice(run: Run, value: Value, start: Value, stop: Value, step: Value): Value {
  if (value instanceof Undefined) return value.fail();
  if (value instanceof Text) return sliceText(run, value, start, stop, step);
  if (value instanceof Range) return sliceRange(value, start, stop, step);
  if (!(value instanceof List || value instanceof Tuple)) return fail('type', `'${typeOf(value)}' object is not subscriptable`);
  const { from, by, count } = indices(value.items.length, start, stop, step);
  run.budget.list(count);
  const items = by === 1 ? value.items.slice(from, from + count) : Array.from({ length: count }, (_, i) => value.items[from + i * by] as Value);
  return value instanceof List ? new List(items) : new Tuple(items);
}

function sliceText(run: Run, value: Text, start: Value, stop: Value, step: Value): Text {
  const { from, by, count } = indices(value.length, start, stop, step);
  run.budget.text(count);
  if (by === 1) return value.slice(value.units(from), value.units(from + count));
  run.budget.list(count);
  const letters = Array.from({ length: count }, (_, i) => value.slice(value.units(from + i * by), value.units(from + i * by + 1)));
  return join(letters).as(value.markup);
}

function sliceRange(range: Range, start: Value, stop: Value, step: Value): Range {
  const { from, by, count } = indices(range.length, start, stop, step);
  return new Range(range.at(from), range.at(from + count * by), range.step * BigInt(by));
}
