// Macros and the bodies of call blocks.
import type { Steps } from './budget';
import { fail } from './failure';
import type { Run } from './run';
import { namedOf } from './signature';
import { Scope, type Code, type Exec } from './scope';
import { Builder, Text } from './text';
import { or, Thing, Tuple, Undefined, type Args, type Value } from './values';

/** A macro as it was compiled. */
export interface MacroCode {
  readonly name: string | undefined;
  readonly parameters: readonly { readonly name: string; readonly slot: number; readonly usual: Code | undefined }[];
  /** Where caller, kwargs and varargs go. */
  readonly slots: { readonly caller?: number; readonly kwargs?: number; readonly varargs?: number };
  readonly enter: (scope: Scope) => void;
  readonly body: Exec;
}

export class Macro extends Thing {
  readonly type = 'Macro';
  override readonly callable = true;
  readonly #code: MacroCode;
  readonly #home: Scope;

  /** `home`: where it was defined, whose variables it sees. */
  constructor(code: MacroCode, home: Scope) {
    super();
    this.#code = code;
    this.#home = home;
  }

  override attribute(name: string): Value | undefined {
    const { slots, parameters } = this.#code;
    switch (name) {
      case 'name':
        return this.#code.name === undefined ? null : new Text(this.#code.name);
      case 'arguments':
        return new Tuple(parameters.map((p) => new Text(p.name)));
      case 'catch_kwargs':
        return slots.kwargs !== undefined;
      case 'catch_varargs':
        return slots.varargs !== undefined;
      case 'caller':
        return slots.caller !== undefined;
      case 'explicit_caller':
        return parameters.some((p) => p.name === 'caller');
      default:
        return undefined;
    }
  }

  override printed(): string {
    return `<Macro ${this.#code.name === undefined ? 'anonymous' : `'${this.#code.name}'`}>`;
  }

  override *call(run: Run, args: Args): Steps<Value> {
    run.budget.enter();
    const scope = new Scope(run, this.#home.context, this.#home);
    this.#bind(scope, args);
    this.#code.enter(scope);
    for (const { name, slot, usual } of this.#code.parameters) {
      if (scope.slots[slot] !== undefined) continue;
      scope.slots[slot] = usual ? yield* usual.run(scope) : new Undefined(`parameter '${name}' was not provided`);
    }
    const out = new Builder();
    yield* this.#code.body(scope, out);
    run.budget.leave();
    return out.text();
  }

  /** Positional arguments, then named ones; what is left goes to varargs and kwargs. */
  #bind(scope: Scope, { positional, named }: Args): void {
    const { parameters, slots, name } = this.#code;
    const left = new Map(named);
    for (const [i, parameter] of parameters.entries()) {
      scope.slots[parameter.slot] = or(positional[i], () => left.get(parameter.name));
      if (i >= positional.length) left.delete(parameter.name);
    }
    if (slots.caller !== undefined && !parameters.some((p) => p.name === 'caller')) {
      scope.slots[slots.caller] = or(left.get('caller'), () => new Undefined('No caller defined'));
      left.delete('caller');
    }
    if (slots.kwargs !== undefined) scope.slots[slots.kwargs] = namedOf({ positional: [], named: left });
    else if (left.size > 0) fail('type', `macro '${name}' takes no keyword argument '${[...left.keys()][0]}'`);
    if (slots.varargs !== undefined) scope.slots[slots.varargs] = new Tuple(positional.slice(parameters.length));
    else if (positional.length > parameters.length) fail('type', `macro '${name}' takes not more than ${parameters.length} argument(s)`);
  }
}
