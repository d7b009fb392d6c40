// Values of the caller's as values of templates.
import type { Steps } from './budget';
import { fail } from './failure';
import { Text } from './text';
import { Dict, List, type Value } from './values';

const deepest = 200;

/** Converts, and counts what was given. */
export class Converter {
  /** Characters and items. */
  given = 0;
  #since = 0;

  /** `user`: whether its text is the user's, in which nothing is a control token. */
  *value(from: unknown, user: boolean, depth = 0): Steps<Value> {
    if (depth > deepest) fail('value', `a value passed in nests more than ${deepest} levels`);
    this.given += 8;
    if (++this.#since % 512 === 0) yield;
    if (typeof from === 'string') return this.#text(from, user);
    if (from === null || from === undefined) return null;
    if (typeof from === 'boolean' || typeof from === 'bigint') return from;
    if (typeof from === 'number') return Number.isInteger(from) && !Object.is(from, -0) ? BigInt(from) : from;
    if (typeof from !== 'object') return fail('type', `a template's variable cannot be a ${typeof from}`);
    if (Array.isArray(from)) return yield* this.#list(from, user, depth);
    return yield* this.#dict(from instanceof Map ? from : Object.entries(from), user, depth);
  }

  /** Messages: all their text is the user's, but a role that is one of `roles`. */
  *messages(from: readonly object[], roles: readonly string[]): Steps<Value> {
    const items: Value[] = [];
    for (const message of from) {
      const dict = (yield* this.value(message, true)) as Dict;
      const role = dict.named('role');
      if (role instanceof Text && roles.includes(role.plain)) dict.set(new Text('role'), new Text(role.plain));
      items.push(dict);
    }
    return new List(items);
  }

  #text(from: string, user: boolean): Text {
    this.given += from.length;
    return new Text(from, user);
  }

  *#list(from: readonly unknown[], user: boolean, depth: number): Steps<Value> {
    const items: Value[] = [];
    for (const item of from) items.push(yield* this.value(item, user, depth + 1));
    return new List(items);
  }

  /** What is undefined is not there. */
  *#dict(from: Iterable<readonly [unknown, unknown]>, user: boolean, depth: number): Steps<Value> {
    const dict = new Dict();
    for (const [key, value] of from) {
      if (value !== undefined) dict.set(yield* this.value(key, user, depth + 1), yield* this.value(value, user, depth + 1));
    }
    return dict;
  }
}
