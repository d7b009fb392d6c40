// The template language, from a source to text.
import { Budget, type Steps } from './budget';
import { compileTemplate } from './compile';
import { globals } from './globals';
import { parse } from './parser';
import type { Run } from './run';
import { Context, Scope, type Exec } from './scope';
import { Builder, type Text } from './text';
import type { Value } from './values';

/** A template that was read: Jinja2 as chat templates have it. */
export class Template {
  readonly #body: Exec;

  private constructor(body: Exec) {
    this.#body = body;
  }

  /** Throws a `Failure` where the source is none. */
  static *compile(source: string, budget = new Budget()): Steps<Template> {
    return new Template(yield* compileTemplate(yield* parse(source, budget), budget));
  }

  /** Throws a `Failure` where the template does, or takes more than its budget. */
  *render(run: Run, variables: Iterable<readonly [string, Value]>): Steps<Text> {
    const out = new Builder();
    yield* this.#body(new Scope(run, new Context(new Map([...globals, ...variables]))), out);
    return out.text();
  }
}
