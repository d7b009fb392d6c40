// The attributes of Python's own types.
import { refuse } from './failure';
import { collections } from './methods-collection';
import { numbers } from './methods-number';
import { cutting } from './methods-cut';
import { shaping } from './methods-shape';
import type { Callee } from './signature';
import { Text } from './text';
import { Dict, List, Range, Tuple, View, type Value } from './values';

/** A method, or a value that is read at once. */
export type Attribute = Callee | ((value: Value) => Value);
type Attributes = Readonly<Record<string, Attribute>>;

const bare = (attributes: Attributes): Attributes => Object.assign(Object.create(null) as object, attributes);

const absent = (...names: string[]): Attributes => Object.fromEntries(names.map((name) => [name, () => refuse(`the method ${name}()`)]));

/** Made when first asked for: the files of methods import each other. */
function makeTables(): Record<'text' | 'list' | 'dict' | 'view' | 'range' | 'tuple' | 'int' | 'float', Attributes> {
  const { copy, ...shared } = collections.sequence;
  return {
    text: bare({ ...cutting, ...shaping, ...absent('encode') }),
    list: bare({ ...shared, copy: copy as Attribute }),
    dict: bare(collections.dict),
    view: bare(collections.view),
    range: bare({ ...shared, ...collections.range }),
    tuple: bare(shared),
    int: bare({ ...numbers.both, ...numbers.int, ...absent('to_bytes', 'from_bytes') }),
    float: bare({ ...numbers.both, ...numbers.float, ...absent('hex', 'fromhex') }),
  };
}

let tables: ReturnType<typeof makeTables> | undefined;

export function methodsOf(value: Value): Attributes | undefined {
  tables ??= makeTables();
  if (value instanceof Text) return tables.text;
  if (value instanceof Dict) return tables.dict;
  if (value instanceof List) return tables.list;
  if (value instanceof Tuple) return tables.tuple;
  if (value instanceof View) return tables.view;
  if (value instanceof Range) return tables.range;
  if (typeof value === 'bigint' || typeof value === 'boolean') return tables.int;
  return typeof value === 'number' ? tables.float : undefined;
}

const changing = {
  list: new Set(['append', 'clear', 'pop', 'reverse', 'insert', 'sort', 'extend', 'remove']),
  dict: new Set(['clear', 'pop', 'popitem', 'setdefault', 'update']),
};

/** Whether it is a method that would change the value: the sandbox of chat templates allows none. */
export function mutating(value: Value, name: string): boolean {
  if (value instanceof List) return changing.list.has(name);
  return value instanceof Dict && changing.dict.has(name);
}
