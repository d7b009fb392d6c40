// What every template may name, as transformers sets Jinja up.
import type { Steps } from './budget';
import { fail, refuse } from './failure';
import { dictOf, fromKeys } from './methods-collection';
import { str } from './repr';
import type { Run } from './run';
import { intIn } from './signature';
import { strftime } from '../strftime';
import { Text } from './text';
import { Dict, Namespace, Native, or, Range, Thing, Tuple, typeOf, Undefined, type Args, type Value } from './values';

const longestRange = 100_000;

function range(run: Run, { positional, named }: Args): Value {
  if (named.size > 0 || positional.length < 1 || positional.length > 3) fail('type', 'range expected 1 to 3 positional arguments');
  const ints = positional.map((value) => {
    intIn(value, 'what range() takes');
    return BigInt(value as bigint | boolean);
  });
  const [start, stop, step] = (ints.length > 1 ? [...ints, 1n] : [0n, ...ints, 1n]) as [bigint, bigint, bigint];
  if (step === 0n) fail('value', 'range() arg 3 must not be zero');
  const made = new Range(start, stop, step);
  if (made.length > longestRange) fail('overflow', `Range too big. The sandbox blocks ranges larger than ${longestRange}.`);
  run.budget.step();
  return made;
}

function* dict(run: Run, { positional, named }: Args): Steps<Dict> {
  if (positional.length > 1) fail('type', `dict expected at most 1 argument, got ${positional.length}`);
  const out = positional[0] === undefined ? new Dict() : yield* dictOf(run, positional[0]);
  run.budget.list(2 * named.size);
  for (const [key, value] of named) out.set(new Text(key), value);
  return out;
}

class DictMaker extends Thing {
  readonly type = 'TemplateDict';
  override readonly callable = true;

  override attribute(name: string): Value | undefined {
    if (name !== 'fromkeys') return undefined;
    return new Native(name, (run, { positional: [keys, value], named }) =>
      keys === undefined || named.size > 0 ? fail('type', 'fromkeys expected at least 1 argument') : fromKeys(run, keys, value ?? null),
    );
  }

  override call(run: Run, args: Args): Steps<Value> {
    return dict(run, args);
  }
}

/** Gives one of its values after the other, again and again. */
class Cycler extends Thing {
  readonly type = 'Cycler';
  readonly #items: readonly Value[];
  #at = 0;

  constructor({ positional, named }: Args) {
    super();
    if (named.size > 0 || positional.length === 0) fail('type', 'at least one item has to be provided');
    this.#items = positional;
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'current':
        return this.#items[this.#at] as Value;
      case 'items':
        return new Tuple(this.#items);
      case 'pos':
        return BigInt(this.#at);
      case 'reset':
        return new Native(name, () => this.#go(0));
      case 'next':
        return new Native(name, () => {
          const current = this.#items[this.#at] as Value;
          this.#go((this.#at + 1) % this.#items.length);
          return current;
        });
      default:
        return undefined;
    }
  }

  #go(at: number): null {
    this.#at = at;
    return null;
  }
}

/** Nothing at first, then the separator each time. */
class Joiner extends Thing {
  readonly type = 'Joiner';
  override readonly callable = true;
  readonly #separator: Value;
  #used = false;

  constructor({ positional, named }: Args) {
    super();
    this.#separator = or(
      or(positional[0], () => named.get('sep')),
      () => new Text(', '),
    );
  }

  override attribute(name: string): Value | undefined {
    return name === 'sep' ? this.#separator : name === 'used' ? this.#used : undefined;
  }

  override call(): Value {
    if (this.#used) return this.#separator;
    this.#used = true;
    return Text.empty;
  }
}

/** Ends the render: the template refuses the messages. */
function* raise(run: Run, { positional, named }: Args): Steps<Value> {
  const message = or(
    or(positional[0], () => named.get('message')),
    () => fail('type', 'raise_exception needs a message'),
  );
  return fail('raised', (yield* str(run, message)).plain);
}

const longestFormat = 1000;

function now(run: Run, { positional, named }: Args): Value {
  const format = or(positional[0], () => named.get('format'));
  if (format instanceof Undefined) format.fail();
  if (!(format instanceof Text)) return fail('type', `strftime() argument must be str, not ${format === undefined ? 'nothing' : typeOf(format)}`);
  if (format.plain.length > longestFormat) fail('budget', `strftime_now: a format of more than ${longestFormat} characters`);
  const made = strftime(run.now, format.plain);
  run.budget.text(made.length);
  return new Text(made, format.user || format.turns.length > 0);
}

const functions: Readonly<Record<string, (run: Run, args: Args) => Value | Steps<Value>>> = {
  range,
  *namespace(run, args) {
    return new Namespace(yield* dict(run, args));
  },
  cycler: (_run, args) => new Cycler(args),
  joiner: (_run, args) => new Joiner(args),
  lipsum: () => refuse('lipsum()'),
  raise_exception: raise,
  strftime_now: now,
};

export const globals: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['dict', new DictMaker()],
  ...Object.entries(functions).map(([name, body]) => [name, new Native(name, body)] as const),
]);
