// Checks of arguments: each says what was expected, what was found and where.
import { isProxy, isUint32Array } from 'node:util/types'; // also of another realm, as in a test runner

import { LlamaError } from './errors';

/** Gives the value back as a T, or throws a LlamaError that names it. */
export type Check<T> = (value: unknown, name: string) => T;

/** A value in a few words, whatever it is: a getter or a toString of the caller's is never run. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint':
      return `${value}n`;
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    default:
      if (value === null) return 'null';
      if (isProxy(value)) return 'a proxy';
      if (Array.isArray(value)) return `an array of ${value.length}`;
      return 'an object';
  }
}

export function refuse(name: string, expected: string, found: unknown): never {
  throw new LlamaError('ARGUMENT', `${name}: expected ${expected}, found ${describe(found)}`);
}

export function number(minimum: number, maximum: number): Check<number> {
  return (value, name) => {
    if (typeof value === 'number' && value >= minimum && value <= maximum) return value;
    return refuse(name, `a number ${range(minimum, maximum)}`, value);
  };
}

export function integer(minimum: number, maximum: number): Check<number> {
  return (value, name) => {
    if (Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum) return value as number;
    return refuse(name, `an integer ${range(minimum, maximum)}`, value);
  };
}

function range(minimum: number, maximum: number): string {
  if (maximum >= Number.MAX_SAFE_INTEGER) return `of at least ${minimum}`;
  return minimum <= Number.MIN_SAFE_INTEGER ? `of at most ${maximum}` : `from ${minimum} to ${maximum}`;
}

export const string: Check<string> = (value, name) => (typeof value === 'string' ? value : refuse(name, 'a string', value));

export const boolean: Check<boolean> = (value, name) => (typeof value === 'boolean' ? value : refuse(name, 'true or false', value));

export function callback<T extends (...args: never[]) => unknown>(): Check<T> {
  return (value, name) => (typeof value === 'function' ? (value as T) : refuse(name, 'a function', value));
}

export const signal: Check<AbortSignal> = (value, name) =>
  value instanceof AbortSignal && typeof value.aborted === 'boolean' ? value : refuse(name, 'an AbortSignal', value);

/** Threads that compute: one range for everything that takes them, which the native side has too. */
export const threads: Check<number> = integer(1, 256);

/** Variables of a template. */
export const variables: Check<Readonly<Record<string, unknown>>> = (value, name) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { ...(value as Record<string, unknown>) }
    : refuse(name, 'an object of template variables', value);

export function oneOf<T extends string>(names: readonly T[]): Check<T> {
  return (value, name) => {
    if (names.includes(value as T)) return value as T;
    return refuse(name, `one of ${names.map((n) => `'${n}'`).join(', ')}`, value);
  };
}

export function listOf<T>(check: Check<T>, most = 1_000_000): Check<readonly T[]> {
  return (value, name) => {
    if (!Array.isArray(value)) return refuse(name, 'an array', value);
    if (value.length > most) return refuse(name, `an array of at most ${most}`, value);
    return Array.from(value, (each: unknown, i) => check(each, `${name}[${i}]`));
  };
}

/** Token ids: a Uint32Array, or an array of whole numbers. */
export const ids: Check<Uint32Array> = reading((value, name) => {
  if (isUint32Array(value)) return value.slice();
  if (!Array.isArray(value)) return refuse(name, 'a Uint32Array or an array of token ids', value);
  return Uint32Array.from(listOf(integer(0, 0x7fffffff))(value, name));
});

/** The same check, but for what the caller's own getters and proxies throw while they are read. */
export function reading<T>(check: Check<T>): Check<T> {
  return (value, name) => read(check, value, name);
}

function read<T>(check: Check<T>, value: unknown, name: string): T {
  try {
    return check(value, name);
  } catch (cause) {
    throw unread(name, cause);
  }
}

function property(of: object, name: string): unknown {
  try {
    return (of as Record<string, unknown>)[name];
  } catch (cause) {
    throw unread(name, cause);
  }
}

const unread = (name: string, cause: unknown): LlamaError =>
  cause instanceof LlamaError ? cause : new LlamaError('ARGUMENT', `${name}: reading this option threw an error, see cause`, { cause });

/** How each option of a T is checked. Names absent here are refused. */
export type Checks<T> = { readonly [K in keyof T]-?: Check<NonNullable<T[K]>> };

/**
 * An options object: every name known, every value checked; `undefined` counts as absent. `later`: names that this version refuses as
 * `UNSUPPORTED`, and what to do without them.
 */
export function options<T extends object>(value: unknown, where: string, checks: Checks<T>, later: Readonly<Record<string, string>> = {}): T {
  return value === undefined ? ({} as T) : fields(value, where, checks, (key) => key, later);
}

/** An object inside an argument, as an element of a list: the same, but what is wrong is named by its place, `prompt[2].role`. */
export function record<T extends object>(value: unknown, name: string, checks: Checks<T>): Partial<T> {
  return fields<Partial<T>>(value, name, checks as Checks<Partial<T>>, (key) => `${name}.${key}`, {});
}

function fields<T extends object>(
  value: unknown,
  where: string,
  checks: Checks<T>,
  named: (key: string) => string,
  later: Readonly<Record<string, string>>,
): T {
  if (typeof value !== 'object' || value === null) return refuse(where, 'an object of options', value);
  try {
    if (Array.isArray(value)) return refuse(where, 'an object of options', value);
    const out: Partial<T> = {};
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === 'string' && Object.hasOwn(later, key)) {
        if (property(value, key) === undefined) continue;
        throw new LlamaError('UNSUPPORTED', `${key}: ${later[key]}`);
      }
      if (typeof key !== 'string' || !Object.hasOwn(checks, key)) throw unknownOption(where, key, Object.keys(checks));
      const name = key as keyof T & string;
      const option = property(value, name);
      if (option !== undefined) out[name] = read(checks[name], option, named(name));
    }
    return out as T;
  } catch (cause) {
    throw unread(where, cause);
  }
}

function unknownOption(where: string, key: string | symbol, known: readonly string[]): LlamaError {
  const near = typeof key === 'string' ? known.find((k) => k.toLowerCase() === key.toLowerCase().replace(/[-_]/g, '')) : undefined;
  const hint = near === undefined ? `known are ${known.join(', ')}` : `it is spelled ${near}`;
  return new LlamaError('ARGUMENT', `${where}: unknown option ${describe(key)}: ${hint}`);
}
