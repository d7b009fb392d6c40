// The values of the template language, as Python has them: int is bigint, float is number.
import type { Steps } from './budget';
import { fail } from './failure';
import type { Run } from './run';
import { Text } from './text';

export type Value = Undefined | null | boolean | bigint | number | Text | List | Tuple | Dict | Range | View | Iter | Thing;

/** The value of what is not there: empty where it is printed or iterated, an error elsewhere. */
export class Undefined {
  readonly #why: string;
  readonly #unsafe: boolean;

  constructor(why: string, unsafe = false) {
    this.#why = why;
    this.#unsafe = unsafe;
  }

  static named(name: string): Undefined {
    return new Undefined(`'${name}' is undefined`);
  }

  fail(): never {
    return fail(this.#unsafe ? 'security' : 'undefined', this.#why);
  }
}

export class List {
  constructor(public items: readonly Value[]) {}
}

/** `names`: what the items can be called, in groups of `groupby`. */
export class Tuple {
  constructor(
    readonly items: readonly Value[],
    readonly names: readonly string[] = [],
  ) {}
}

export class Range {
  readonly length: number;

  constructor(
    readonly start: bigint,
    readonly stop: bigint,
    readonly step: bigint,
  ) {
    const span = step > 0n ? stop - start : start - stop;
    const by = step > 0n ? step : -step;
    this.length = span > 0n ? Number((span + by - 1n) / by) : 0;
  }

  at(index: number): bigint {
    return this.start + BigInt(index) * this.step;
  }
}

/** What a key is in a Map: keys that are equal in Python are the same, 1, 1.0 and True among them. */
function keyOf(value: Value): unknown {
  if (value instanceof Text) return value.plain.startsWith('\0') ? `\0${value.plain}` : value.plain;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (value instanceof Tuple) return tupleKey(value);
  if (value instanceof Undefined) return Undefined;
  if (value instanceof List || value instanceof Dict || (value instanceof View && value.kind !== 'values'))
    return fail('type', `unhashable type: '${typeOf(value)}'`);
  return value;
}

const longestKey = 4096; // of a tuple of tuples, which can be doubled at every level

function tupleKey(tuple: Tuple): string {
  let key = '\0(';
  for (const item of tuple.items) {
    key += `${named(keyOf(item))},`;
    if (key.length > longestKey) fail('budget', `it took a tuple of more than ${longestKey} letters for a key`);
  }
  return `${key})`;
}

let identities = 0;
const numbers = new WeakMap<object, number>();

function named(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key);
  if (typeof key !== 'object' && typeof key !== 'function') return `${typeof key}${String(key)}`;
  if (key === null) return 'null';
  if (!numbers.has(key)) numbers.set(key, ++identities);
  return `#${numbers.get(key)}`;
}

export class Dict {
  readonly #entries = new Map<unknown, { readonly key: Value; value: Value }>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The first key stays where two are equal. */
  set(key: Value, value: Value): void {
    const id = keyOf(key);
    const there = this.#entries.get(id);
    if (there) there.value = value;
    else this.#entries.set(id, { key, value });
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(keyOf(key))?.value;
  }

  /** The value at a key that is text. */
  named(name: string): Value | undefined {
    return this.#entries.get(name.startsWith('\0') ? `\0${name}` : name)?.value;
  }

  keys(): Value[] {
    return Array.from(this.#entries.values(), (e) => e.key);
  }

  values(): Value[] {
    return Array.from(this.#entries.values(), (e) => e.value);
  }

  entries(): [Value, Value][] {
    return Array.from(this.#entries.values(), (e) => [e.key, e.value]);
  }
}

/** keys(), values() or items() of a dict. */
export class View {
  constructor(
    readonly dict: Dict,
    readonly kind: 'keys' | 'values' | 'items',
  ) {}

  items(): Value[] {
    if (this.kind === 'items') return this.dict.entries().map((entry) => new Tuple(entry));
    return this.kind === 'keys' ? this.dict.keys() : this.dict.values();
  }
}

export const end = Symbol('end');

/** What gives its values one by one and once only, as Python's generators do. */
export class Iter {
  readonly #next: () => Value | typeof end | Steps<Value | typeof end>;

  constructor(
    next: () => Value | typeof end | Steps<Value | typeof end>,
    readonly name = 'generator',
  ) {
    this.#next = next;
  }

  next(): Value | typeof end | Steps<Value | typeof end> {
    return this.#next();
  }

  static of(items: readonly Value[], name?: string): Iter {
    let at = 0;
    return new Iter(() => (at < items.length ? (items[at++] as Value) : end), name);
  }
}

/** What a call passes. */
export interface Args {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** An object with attributes, or one that can be called. */
export abstract class Thing {
  abstract readonly type: string;
  readonly callable: boolean = false;

  attribute(_name: string, _run: Run): Value | undefined | Steps<Value | undefined> {
    return undefined;
  }

  /** How it prints; undefined where Python prints its address. */
  printed(): string | undefined {
    return undefined;
  }

  call(_run: Run, _args: Args): Value | Steps<Value> {
    return fail('type', `'${this.type}' object is not callable`);
  }
}

/** A function of ours that templates call: a global, or a method with its object. */
export class Native extends Thing {
  readonly type = 'builtin_function_or_method';
  override readonly callable = true;

  constructor(
    readonly name: string,
    private readonly body: (run: Run, args: Args) => Value | Steps<Value>,
  ) {
    super();
  }

  override call(run: Run, args: Args): Value | Steps<Value> {
    return this.body(run, args);
  }
}

export class Namespace extends Thing {
  readonly type = 'Namespace';

  constructor(readonly dict: Dict) {
    super();
    for (const key of dict.keys()) if (key instanceof Text) Namespace.check(key.plain);
  }

  static check(name: string): void {
    if (name.startsWith('_')) fail('security', `a namespace cannot have the attribute '${name}': rename it without the underscore`);
  }

  override attribute(name: string): Value | undefined {
    return this.dict.named(name);
  }

  set(name: string, value: Value): void {
    Namespace.check(name);
    this.dict.set(new Text(name), value);
  }
}

/** The name of a value's type in Python. */
export function typeOf(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float';
  if (value instanceof Text) return value.markup ? 'Markup' : 'str';
  if (value instanceof View) return `dict_${value.kind}`;
  if (value instanceof Iter) return value.name;
  if (value instanceof Thing) return value.type;
  if (value instanceof List) return 'list';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof Dict) return 'dict';
  return value instanceof Range ? 'range' : 'Undefined';
}

/** What is there, or something else. Not `??`, which takes None, a null, for nothing. */
export function or<T, U>(there: T | undefined, other: () => U): T | U {
  return there === undefined ? other() : there;
}

export function isSteps<T>(value: T | Steps<T>): value is Steps<T> {
  return typeof value === 'object' && value !== null && typeof (value as Steps<T>).next === 'function' && Symbol.iterator in value;
}
