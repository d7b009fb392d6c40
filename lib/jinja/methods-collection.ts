// Methods of lists, tuples, ranges, dicts and their views.
import type { Steps } from './budget';
import { contains, equal } from './compare';
import { fail } from './failure';
import type { Attribute } from './methods';
import { iterate, itemsOf, listOf, next } from './protocols';
import type { Run } from './run';
import { callee, intIn } from './signature';
import { Dict, end, List, or, type Range, Tuple, View, type Value } from './values';

function* count(run: Run, self: Value, value: Value): Steps<Value> {
  let found = 0n;
  for (const each of itemsOf(run, self) ?? []) if (each === value || (yield* equal(run, each, value))) found++;
  return found;
}

function* index(run: Run, self: Value, value: Value, start: Value = 0n, stop: Value = null): Steps<Value> {
  const items = itemsOf(run, self) ?? [];
  const place = (at: number): number => (at < 0 ? Math.max(0, at + items.length) : at);
  const last = stop === null ? items.length : Math.min(items.length, place(intIn(stop, 'stop')));
  for (let i = place(intIn(start, 'start')); i < last; i++) {
    if (items[i] === value || (yield* equal(run, items[i] as Value, value))) return BigInt(i);
  }
  return fail('value', 'the value is not in the list');
}

const sequence: Readonly<Record<string, Attribute>> = {
  count: callee('/value', count as never),
  index: callee('/value start? stop?', index as never),
  copy: callee('/', (run, self) => {
    run.budget.list((self as List).items.length);
    return new List([...(self as List).items]);
  }),
};

const range: Readonly<Record<string, Attribute>> = {
  start: (value) => (value as Range).start,
  stop: (value) => (value as Range).stop,
  step: (value) => (value as Range).step,
};

const dict: Readonly<Record<string, Attribute>> = {
  get: callee('/key default?', (_run, self, key, usual) => or((self as Dict).get(key as Value), () => usual ?? null)),
  items: callee('/', (_run, self) => new View(self as Dict, 'items')),
  keys: callee('/', (_run, self) => new View(self as Dict, 'keys')),
  values: callee('/', (_run, self) => new View(self as Dict, 'values')),
  copy: callee('/', (run, self) => {
    run.budget.list(2 * (self as Dict).size);
    return new Dict((self as Dict).entries());
  }),
  fromkeys: callee('/keys value?', (run, _self, keys, value) => fromKeys(run, keys as Value, value ?? null)),
};

export function* fromKeys(run: Run, keys: Value, value: Value): Steps<Dict> {
  const items = yield* listOf(run, keys);
  run.budget.list(2 * items.length);
  return new Dict(items.map((key) => [key, value]));
}

function* disjoint(run: Run, self: Value, other: Value): Steps<boolean> {
  const iter = iterate(run, other);
  for (let item = yield* next(iter); item !== end; item = yield* next(iter)) if (yield* contains(run, self, item)) return false;
  return true;
}

const view: Readonly<Record<string, Attribute>> = {
  isdisjoint: callee('/other', disjoint as never),
  mapping: (value) => (value as View).dict,
};

export const collections = { sequence, range, dict, view };

/** dict(value): of a dict, or of pairs. */
export function* dictOf(run: Run, value: Value): Steps<Dict> {
  if (value instanceof Dict) {
    run.budget.list(2 * value.size);
    return new Dict(value.entries());
  }
  const out = new Dict();
  for (const each of yield* listOf(run, value)) {
    const pair = each instanceof Tuple || each instanceof List ? each.items : yield* listOf(run, each);
    if (pair.length !== 2) fail('value', `dictionary update sequence element has length ${pair.length}; 2 is required`);
    run.budget.list(2);
    out.set(pair[0] as Value, pair[1] as Value);
  }
  return out;
}
