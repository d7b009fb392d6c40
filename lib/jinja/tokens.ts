import { Failure, fail } from './failure';
import type { Token } from './lexer';

/** Tokens, read one by one with a look at the next. */
export class Tokens {
  readonly #all: readonly Token[];
  #at = 0;

  constructor(all: readonly Token[]) {
    this.#all = all;
  }

  get current(): Token {
    return this.#all[this.#at] as Token;
  }

  get following(): Token {
    return this.#all[Math.min(this.#at + 1, this.#all.length - 1)] as Token;
  }

  next(): Token {
    const token = this.current;
    if (token.type !== 'eof') this.#at++;
    return token;
  }

  /** `what`: a type, or `name:` and a name. */
  is(what: string, token = this.current): boolean {
    return token.type === what || (what.startsWith('name:') && token.type === 'name' && token.value === what.slice(5));
  }

  isAny(what: readonly string[]): boolean {
    return what.some((each) => this.is(each));
  }

  skip(what: string): boolean {
    if (!this.is(what)) return false;
    this.next();
    return true;
  }

  expect(what: string): Token {
    return this.is(what) ? this.next() : this.fail(`expected ${described(what)}, found ${this.found()}`);
  }

  found(): string {
    const { type, value } = this.current;
    if (type === 'eof') return 'the end of the template';
    return type === 'name' ? `'${value}'` : described(type);
  }

  fail(message: string): never {
    throw new Failure('syntax', `line ${this.current.line}: ${message}`);
  }
}

const words: Readonly<Record<string, string>> = {
  block_begin: "'{%'",
  block_end: "'%}'",
  variable_begin: "'{{'",
  variable_end: "'}}'",
  data: 'text',
};

const described = (what: string): string =>
  words[what] ?? (what.startsWith('name:') ? `'${what.slice(5)}'` : /^[a-z]+$/.test(what) ? `a ${what}` : `'${what}'`);

export function tooDeep(depth: number, most: number): void {
  if (depth > most) fail('budget', `its source nests more than ${most} levels`);
}
