// `loop` in a for loop.
import type { Steps } from './budget';
import { equal } from './compare';
import { fail } from './failure';
import { Iterable, lengthOf, next } from './protocols';
import type { Run } from './run';
import type { Text } from './text';
import { end, Iter, Native, or, Tuple, Undefined, type Args, type Value } from './values';

/** Renders the loop's body for the items inside an item. */
export type Recursion = (run: Run, items: Value, depth: number) => Steps<Text>;

export class Loop extends Iterable {
  readonly type = 'LoopContext';
  override readonly callable = true;
  #iter: Iter;
  #length: number | undefined;
  #index = -1;
  #after: Value | typeof end | undefined;
  #current: Value | undefined;
  #before: Value | undefined;
  #changed: Value | undefined;
  readonly #recursion: Recursion | undefined;
  readonly #depth: number;

  constructor(of: Value, iter: Iter, depth: number, recursion: Recursion | undefined) {
    super();
    this.#iter = iter;
    this.#length = lengthOf(of);
    this.#depth = depth;
    this.#recursion = recursion;
  }

  /** The next item. */
  *advance(): Steps<Value | typeof end> {
    const item = this.#after === undefined ? yield* next(this.#iter) : this.#after;
    this.#after = undefined;
    if (item === end) return end;
    this.#index++;
    this.#before = this.#current;
    this.#current = item;
    return item;
  }

  *#peek(): Steps<Value | typeof end> {
    if (this.#after === undefined) this.#after = yield* next(this.#iter);
    return this.#after;
  }

  /** Items that come one by one are gathered first. */
  *#size(): Steps<bigint> {
    if (this.#length === undefined) {
      const rest: Value[] = [];
      const peeked = this.#after !== undefined && this.#after !== end ? 1 : 0;
      for (let item = yield* next(this.#iter); item !== end; item = yield* next(this.#iter)) rest.push(item);
      this.#iter = Iter.of(rest);
      this.#length = rest.length + this.#index + 1 + peeked;
    }
    return BigInt(this.#length);
  }

  iterator(): Iter {
    return new Iter(() => this.#pair());
  }

  *#pair(): Steps<Value | typeof end> {
    const item = yield* this.advance();
    return item === end ? end : new Tuple([item, this]);
  }

  override attribute(name: string): Value | undefined | Steps<Value | undefined> {
    switch (name) {
      case 'index':
        return BigInt(this.#index + 1);
      case 'index0':
        return BigInt(this.#index);
      case 'first':
        return this.#index === 0;
      case 'depth':
        return BigInt(this.#depth + 1);
      case 'depth0':
        return BigInt(this.#depth);
      case 'previtem':
        return this.#index === 0 ? new Undefined('there is no previous item') : this.#before;
      case 'cycle':
        return new Native('cycle', (_run, args) => this.#cycle(args));
      case 'changed':
        return new Native('changed', (run, args) => this.#change(run, args));
      default:
        return ['last', 'nextitem', 'length', 'revindex', 'revindex0'].includes(name) ? this.#ahead(name) : undefined;
    }
  }

  /** What looks at items to come. */
  *#ahead(name: string): Steps<Value> {
    if (name === 'last' || name === 'nextitem') {
      const item = yield* this.#peek();
      return name === 'last' ? item === end : item === end ? new Undefined('there is no next item') : item;
    }
    const size = yield* this.#size();
    return name === 'length' ? size : size - BigInt(this.#index) - (name === 'revindex0' ? 1n : 0n);
  }

  #cycle({ positional }: Args): Value {
    if (positional.length === 0) fail('type', 'no items for cycling given');
    return positional[this.#index % positional.length] as Value;
  }

  *#change(run: Run, { positional }: Args): Steps<Value> {
    const value = new Tuple(positional);
    if (this.#changed !== undefined && (yield* equal(run, this.#changed, value))) return false;
    this.#changed = value;
    return true;
  }

  override call(run: Run, { positional, named }: Args): Value | Steps<Value> {
    const items = or(positional[0], () => named.get('iterable'));
    if (!this.#recursion) return fail('type', "the loop must have the 'recursive' marker to be called");
    return items === undefined ? fail('type', 'loop() needs what to iterate over') : this.#recursion(run, items, this.#depth + 1);
  }
}
