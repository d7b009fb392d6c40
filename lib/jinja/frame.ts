// A scope of the source, while it is compiled.
import type { Code, Scope } from './scope';
import { quick } from './scope';
import { Activation, Symbols, type Load, type Place } from './symbols';
import { or, Undefined, type Value } from './values';

export class Frame {
  /** The template itself, outside of every loop, macro and block. */
  readonly top: boolean;
  /** Inside a condition: what is unknown matters only where it is reached. */
  readonly soft: boolean;
  /** Inside a loop of the same activation, which `break` leaves. */
  readonly looping: boolean;

  constructor(
    readonly symbols: Symbols,
    { top = false, soft = false, looping = false } = {},
  ) {
    this.top = top;
    this.soft = soft;
    this.looping = looping;
  }

  /** A scope inside this one. */
  inner(): Frame {
    return new Frame(new Symbols(this.symbols.activation, this.symbols), { looping: this.looping });
  }

  /** A scope inside this one that runs by itself. */
  delayed(): Frame {
    return new Frame(new Symbols(new Activation(this.symbols.activation), this.symbols));
  }

  loop(): Frame {
    return new Frame(this.symbols, { top: this.top, soft: this.soft, looping: true });
  }

  softly(): Frame {
    return new Frame(this.symbols, { top: this.top, soft: true, looping: this.looping });
  }

  /** How many activations further out a place is. */
  #levels(place: Place): number {
    let levels = 0;
    for (let at: Activation | undefined = this.symbols.activation; at && at !== place.activation; at = at.outer) levels++;
    return levels;
  }

  /** Reads a place; undefined where nothing is there. */
  reading(place: Place): (scope: Scope) => Value | undefined {
    const levels = this.#levels(place);
    const { slot } = place;
    return levels === 0 ? (scope) => scope.slots[slot] : (scope) => scope.out(levels).slots[slot];
  }

  variable(name: string): Code {
    const read = this.reading(this.place(name));
    return quick((scope) => or(read(scope), () => Undefined.named(name)));
  }

  place(name: string): Place {
    return this.symbols.find(name) ?? this.#resolved(name);
  }

  #resolved(name: string): Place {
    this.symbols.load(name);
    return this.symbols.find(name) as Place;
  }

  /** Gives a place that belongs to the running activation its value. */
  storing(name: string): (scope: Scope, value: Value) => void {
    const { slot } = this.place(name);
    return (scope, value) => void (scope.slots[slot] = value);
  }

  /** Gives the scope's variables their first values. */
  entering(): (scope: Scope) => void {
    const loads = Array.from(this.symbols.loads, ([place, load]) => this.#entry(place.slot, load));
    return (scope) => {
      for (const load of loads) load(scope);
    };
  }

  #entry(slot: number, load: Load): (scope: Scope) => void {
    if (load.from === 'context') return (scope) => void (scope.slots[slot] = scope.context.resolve(load.name));
    if (load.from === 'nothing') return (scope) => void (scope.slots[slot] = undefined);
    if (load.from !== 'outer') return () => {};
    const read = this.reading(load.slot);
    return (scope) => void (scope.slots[slot] = read(scope));
  }

  /** Nothing is left of them. */
  leaving(): (scope: Scope) => void {
    const slots = Array.from(this.symbols.loads.keys(), (place) => place.slot);
    return (scope) => {
      for (const slot of slots) scope.slots[slot] = undefined;
    };
  }
}
