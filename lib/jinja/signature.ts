// How arguments meet parameters, as Python binds them.
import type { Steps } from './budget';
import { fail } from './failure';
import type { Run } from './run';
import { Text } from './text';
import { Dict, Tuple, typeOf, Undefined, type Args, type Value } from './values';

type Bound = Value | undefined;

/** A function of ours: its parameters behind the first, and what it does. */
export interface Callee {
  readonly parameters: readonly { readonly name: string; readonly optional: boolean }[];
  readonly positionalOnly: boolean;
  readonly body: (run: Run, self: Value, ...values: Bound[]) => Value | Steps<Value>;
}

/**
 * `text`: the names in order, optional ones with a question mark; a slash in front where none may be named; `* **`: all
 * that is passed, as a tuple and a dict.
 */
export function callee(text: string, body: Callee['body']): Callee {
  const names = text
    .replace(/^\//, '')
    .split(' ')
    .filter((name) => name !== '');
  const parameters = names.map((name) => ({ name: name.replace('?', ''), optional: name.endsWith('?') }));
  return { parameters, positionalOnly: text.startsWith('/'), body };
}

export function invoke(run: Run, name: string, { parameters, positionalOnly, body }: Callee, self: Value, args: Args): Value | Steps<Value> {
  if (parameters[0]?.name === '*') return body(run, self, new Tuple(args.positional), namedOf(args));
  if (args.positional.length > parameters.length) fail('type', `${name} takes at most ${parameters.length} arguments (${args.positional.length} given)`);
  const values: Bound[] = [...args.positional];
  for (const [key, value] of args.named) {
    const at = positionalOnly ? -1 : parameters.findIndex((p) => p.name === key);
    if (at < 0) fail('type', `${name} got an unexpected keyword argument '${key}'`);
    if (values[at] !== undefined) fail('type', `${name} got multiple values for argument '${key}'`);
    values[at] = value;
  }
  for (const [i, { name: parameter, optional }] of parameters.entries()) {
    if (!optional && values[i] === undefined) fail('type', `${name} misses the argument '${parameter}'`);
  }
  return body(run, self, ...values);
}

export function namedOf(args: Args): Dict {
  return new Dict(Array.from(args.named, ([name, value]) => [new Text(name), value] as const));
}

export function textIn(value: Value, what: string): Text {
  return value instanceof Text ? value : fail('type', `${what} must be str, not ${typeOf(value)}`);
}

/** An index or a count; larger ones than fit a number are as good as infinite. */
export function intIn(value: Value, what: string): number {
  if (value instanceof Undefined) value.fail();
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'boolean' ? Number(value) : fail('type', `${what} must be an integer, not ${typeOf(value)}`);
}

export const noArgs: Args = { positional: [], named: new Map() };
