/** What went wrong in a template. `budget` and `unsupported` are ours; the others are what Jinja2 would raise. */
type FailureKind = 'syntax' | 'undefined' | 'type' | 'value' | 'lookup' | 'overflow' | 'security' | 'raised' | 'budget' | 'unsupported';

/** A template that cannot be read or rendered. */
export class Failure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

export function fail(kind: FailureKind, message: string): never {
  throw new Failure(kind, message);
}

/** Part of Jinja2 or Python that is not there: refused by name, never rendered otherwise. */
export function refuse(what: string): never {
  throw new Failure('unsupported', `${what} is not supported in templates here`);
}
