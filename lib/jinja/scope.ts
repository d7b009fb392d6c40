// Where a template's variables are while it runs.
import type { Steps } from './budget';
import type { Run } from './run';
import { Text, type Builder } from './text';
import { or, type Value } from './values';

/** The variables that blocks and macros ask by name: the template's own, then those passed in. */
export class Context {
  readonly own = new Map<string, Value>();

  constructor(readonly given: ReadonlyMap<string, Value>) {}

  resolve(name: string): Value | undefined {
    return or(this.own.get(name), () => this.given.get(name));
  }

  /** With a scope's variables in front. */
  derived(variables: Iterable<readonly [string, Value]>): Context {
    return new Context(new Map([...this.given, ...this.own, ...variables]));
  }
}

/** One run of a template, a macro's body or a recursive loop. A variable that is not there is undefined. */
export class Scope {
  readonly slots: (Value | undefined)[] = [];
  /** The text of a block that a filter is about to take. */
  body = Text.empty;

  constructor(
    readonly run: Run,
    readonly context: Context,
    readonly outer?: Scope,
  ) {}

  /** The run `levels` further out. */
  out(levels: number): Scope {
    let scope: Scope = this;
    for (let i = 0; i < levels; i++) scope = scope.outer as Scope;
    return scope;
  }
}

export type Signal = 'done' | 'break' | 'continue';
export type Exec = (scope: Scope, out: Builder) => Steps<Signal>;

/** A compiled expression: `now` where it is quick and cannot pause. */
export interface Code {
  readonly now?: (scope: Scope) => Value;
  readonly run: (scope: Scope) => Steps<Value>;
}

export function quick(now: (scope: Scope) => Value): Code {
  return {
    now,
    *run(scope) {
      return now(scope);
    },
  };
}
