// What `attribute=` means to filters: a path of names and indices.
import { item } from './access';
import type { Steps } from './budget';
import { lowered } from './letters';
import { changed } from './methods-shape';
import type { Run } from './run';
import { Text } from './text';
import { Undefined, type Value } from './values';

export type Getter = (value: Value) => Steps<Value>;

function pathOf(attribute: Value | undefined): Value[] {
  if (attribute === undefined || attribute === null) return [];
  if (!(attribute instanceof Text)) return [attribute];
  return attribute.plain.split('.').map((part) => (/^\p{Nd}+$/u.test(part) ? BigInt(part) : new Text(part)));
}

/** Follows the path; `usual` stands for what is not there. */
export function getter(run: Run, attribute: Value | undefined, usual: Value = null): Getter {
  const path = pathOf(attribute);
  return function* (value: Value): Steps<Value> {
    let at = value;
    for (const part of path) {
      at = yield* item(run, at, part);
      if (at instanceof Undefined && usual !== null) at = usual;
    }
    return at;
  };
}

/** Several paths, separated by commas. */
export function getters(run: Run, attribute: Value | undefined): Getter[] {
  const all: (Value | undefined)[] = attribute instanceof Text ? attribute.plain.split(',').map((part) => new Text(part)) : [attribute];
  return all.map((each) => getter(run, each));
}

/** Text in lower case, anything else as it is. */
export function ignoringCase(run: Run, value: Value): Value {
  return value instanceof Text ? changed(run, value, lowered) : value;
}
