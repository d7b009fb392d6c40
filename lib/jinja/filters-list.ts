// Filters that work on sequences.
import { ownAttribute } from './access';
import { getter, getters, ignoringCase, type Getter } from './attributes';
import type { Steps } from './budget';
import { equal, ordered } from './compare';
import { fail } from './failure';
import { joinTexts } from './methods-cut';
import { iterable, iterate, itemsOf, lengthOf, listOf, next, reversed, truth } from './protocols';
import { str } from './repr';
import type { Run } from './run';
import { callee, intIn, textIn, type Callee } from './signature';
import { sorted } from './sort';
import { join, Text } from './text';
import { Dict, end, isSteps, Iter, List, or, Tuple, typeOf, Undefined, View, type Value } from './values';

type Optional = Value | undefined;

function length(value: Value): bigint {
  const size = lengthOf(value);
  return size === undefined ? fail('type', `object of type '${typeOf(value)}' has no len()`) : BigInt(size);
}

/** Values with the keys that they are sorted or compared by. */
function* keyed(run: Run, value: Value, attribute: Optional, exact: boolean, usual?: Value): Steps<{ items: readonly Value[]; keys: Value[] }> {
  const get = getter(run, attribute, usual);
  const items = yield* listOf(run, value);
  const keys: Value[] = [];
  for (const item of items) {
    const key = yield* get(item);
    keys.push(exact ? key : ignoringCase(run, key));
  }
  return { items, keys };
}

function* sort(run: Run, value: Value, reverse: Value = false, exact: Value = false, attribute: Value = null): Steps<Value> {
  const all = getters(run, attribute);
  const items = yield* listOf(run, value);
  const keys: Value[] = [];
  for (const item of items) keys.push(yield* keyBy(run, all, item, truth(exact)));
  return new List(yield* sorted(run, items, keys, truth(reverse)));
}

function* keyBy(run: Run, all: readonly Getter[], item: Value, exact: boolean): Steps<Value> {
  const parts: Value[] = [];
  for (const get of all) {
    const part = yield* get(item);
    parts.push(exact ? part : ignoringCase(run, part));
  }
  return new List(parts);
}

function* dictSort(run: Run, value: Value, exact: Value = false, by: Value = new Text('key'), reverse: Value = false): Steps<Value> {
  const at = by instanceof Text ? ['key', 'value'].indexOf(by.plain) : -1;
  if (at < 0) fail('value', 'You can only sort by either "key" or "value"');
  if (value instanceof Undefined) value.fail();
  if (!(value instanceof Dict)) return fail('type', `dictsort needs a dict, not ${typeOf(value)}`);
  const entries = value.entries();
  const keys = entries.map((entry) => (truth(exact) ? (entry[at] as Value) : ignoringCase(run, entry[at] as Value)));
  const order = yield* sorted(run, entries, keys, truth(reverse));
  return new List(order.map((entry) => new Tuple(entry)));
}

function extreme(order: '<' | '>'): Callee {
  return callee('case_sensitive? attribute?', function* (run, value, exact = false, attribute): Steps<Value> {
    const { items, keys } = yield* keyed(run, value, attribute, truth(exact));
    let best = 0;
    for (let i = 1; i < items.length; i++) if (yield* ordered(run, order, keys[i] as Value, keys[best] as Value)) best = i;
    return or(items[best], () => new Undefined('No aggregated item, sequence was empty.'));
  });
}

function unique(run: Run, value: Value, exact: Value = false, attribute?: Value): Iter {
  const get = getter(run, attribute);
  const seen = new Dict();
  let from: Iter | undefined;
  return new Iter(function* () {
    from ??= iterate(run, value);
    for (;;) {
      const item = yield* next(from);
      if (item === end) return end;
      const found = yield* get(item);
      const key = truth(exact) ? found : ignoringCase(run, found);
      if (run.budget.step()) yield;
      if (seen.get(key) !== undefined) continue;
      run.budget.list(1);
      seen.set(key, null);
      return item;
    }
  });
}

function* groupBy(run: Run, value: Value, attribute: Value, usual: Value = null, exact: Value = false): Steps<Value> {
  const { items, keys } = yield* keyed(run, value, attribute, truth(exact), usual);
  const order = yield* sorted(
    run,
    items.map((_, i) => i),
    keys,
    false,
  );
  const get = getter(run, attribute, usual);
  const groups: { key: Value; items: Value[] }[] = [];
  for (const i of order) {
    const last = groups.at(-1);
    const key = keys[i] as Value;
    if (last && (yield* equal(run, last.key, key))) last.items.push(items[i] as Value);
    else groups.push({ key, items: [items[i] as Value] });
  }
  const out: Value[] = [];
  for (const group of groups) out.push(new Tuple([truth(exact) ? group.key : yield* get(group.items[0] as Value), new List(group.items)], ['grouper', 'list']));
  return new List(out);
}

function* joinFilter(run: Run, value: Value, separator: Value = Text.empty, attribute: Value = null): Steps<Value> {
  const get = getter(run, attribute);
  const texts: Value[] = [];
  for (const item of yield* listOf(run, value)) {
    texts.push(yield* str(run, yield* get(item)));
    if (run.budget.step()) yield;
  }
  return yield* joinTexts(run, yield* str(run, separator), texts);
}

function* first(run: Run, value: Value): Steps<Value> {
  const item = yield* next(iterate(run, value));
  return item === end ? new Undefined('No first item, sequence was empty.') : item;
}

function* last(run: Run, value: Value): Steps<Value> {
  const iter = reversed(run, value) ?? fail('type', `'${typeOf(value)}' object is not reversible`);
  const item = yield* next(iter);
  return item === end ? new Undefined('No last item, sequence was empty.') : item;
}

function* reverse(run: Run, value: Value): Steps<Value> {
  if (value instanceof Text) {
    const letters = (itemsOf(run, value) as readonly Text[]).map((letter) => letter.as(false));
    return join([...letters].reverse()).as(value.markup);
  }
  if (!iterable(value)) fail('value', 'argument must be iterable');
  return reversed(run, value) ?? new List([...(yield* listOf(run, value))].reverse());
}

/** A generator that makes its values when the first one is asked for. */
function later(make: () => Steps<readonly Value[]>): Iter {
  let items: readonly Value[] | undefined;
  let at = 0;
  return new Iter(function* () {
    items ??= yield* make();
    return or(items[at++], () => end);
  });
}

function slices(run: Run, value: Value, count: Value, fill: Value = null): Iter {
  return later(function* () {
    const items = yield* listOf(run, value);
    const parts = intIn(count, 'slices');
    if (parts === 0) fail('value', 'integer division or modulo by zero');
    run.budget.list(Math.max(0, parts) + items.length);
    const [each, more] = [Math.floor(items.length / parts), items.length % parts];
    return Array.from({ length: Math.max(0, parts) }, (_, i) => {
      const from = i * each + Math.min(i, more);
      const part = items.slice(from, from + each + (i < more ? 1 : 0));
      return new List(fill !== null && i >= more ? [...part, fill] : part);
    });
  });
}

function batch(run: Run, value: Value, count: Value, fill: Value = null): Iter {
  return later(function* () {
    const items = yield* listOf(run, value);
    const size = typeof count === 'number' ? (Number.isInteger(count) ? count : 0) : intIn(count, 'linecount');
    const out: Value[] = [];
    let part: Value[] = [];
    for (const item of items) {
      if (part.length > 0 && part.length === size) {
        out.push(new List(part));
        part = [];
      }
      part.push(item);
    }
    run.budget.list(items.length + Math.max(0, size));
    if (part.length === 0) return out;
    const missing = fill === null ? 0 : Math.max(0, size - part.length);
    out.push(new List([...part, ...Array.from({ length: missing }, () => fill)]));
    return out;
  });
}

function* attr(run: Run, value: Value, name: Value): Steps<Value> {
  if (value instanceof Undefined) value.fail();
  const own = ownAttribute(run, value, textIn(name, 'the attribute name').plain);
  return or(isSteps(own) ? yield* own : own, () => new Undefined(`'${typeOf(value)} object' has no attribute '${(name as Text).plain}'`));
}

function items(_run: Run, value: Value): Iter {
  return later(function* () {
    if (value instanceof Undefined) return [];
    return value instanceof Dict ? new View(value, 'items').items() : fail('type', 'Can only get item pairs from a mapping.');
  });
}

export const listFilters: Readonly<Record<string, Callee>> = {
  attr: callee('name', attr as never),
  batch: callee('linecount fill_with?', batch as never),
  default: callee('default_value? boolean?', (_run, value, usual = Text.empty, empty = false) =>
    value instanceof Undefined || (truth(empty) && !truth(value)) ? usual : value,
  ),
  dictsort: callee('case_sensitive? by? reverse?', dictSort as never),
  first: callee('', first),
  groupby: callee('attribute default? case_sensitive?', groupBy as never),
  items: callee('', items),
  join: callee('d? attribute?', joinFilter as never),
  last: callee('', last),
  length: callee('/', (_run, value) => length(value)),
  list: callee('', function* (run, value): Steps<Value> {
    return new List(yield* listOf(run, value));
  }),
  max: extreme('>'),
  min: extreme('<'),
  reverse: callee('', reverse),
  slice: callee('slices fill_with?', slices as never),
  sort: callee('reverse? case_sensitive? attribute?', sort as never),
  unique: callee('case_sensitive? attribute?', unique as never),
};
