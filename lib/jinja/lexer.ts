// A template's source as tokens.
import type { Budget, Steps } from './budget';
import { fail, refuse } from './failure';
import { unescape } from './literal';

export interface Token {
  /** `data`, `name`, `string`, `integer`, `float`, `eof`, the begin or end of a tag, or an operator as it is written. */
  readonly type: string;
  readonly value: string | bigint | number;
  readonly line: number;
}

const space = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const sticky = (pattern: string): RegExp => new RegExp(pattern, 'yu');

const rules = {
  raw: sticky(`\\{%[-+]?${space}*raw${space}*(?:-%\\}${space}*|%\\})`),
  rawEnd: sticky(`\\{%([-+]?)${space}*endraw${space}*(?:\\+%\\}|-%\\}${space}*|%\\}\\n?)`),
  block_end: sticky(`\\+%\\}|-%\\}${space}*|%\\}\\n?`),
  variable_end: sticky(`-\\}\\}${space}*|\\}\\}`),
  space: sticky(`${space}+`),
  float: sticky('(?<!\\.)(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)'),
  integer: sticky('0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*'),
  name: sticky('[\\p{L}\\p{N}\\p{M}\\p{Pc}\\u00b7\\u0387\\u2118\\u212e\\u309b\\u309c]+'),
  operator: sticky('//|\\*\\*|==|!=|>=|<=|[-+/*%~[\\](){}><=.:|,;]'),
};

const identifier = /^[\p{XID_Start}_]\p{XID_Continue}*$/u;
const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const longestSource = 2 ** 18;
const mostTokens = 20_000; // of one tag
const blank = new RegExp(`^${space}+$`, 'u');

/** The tokens of a source. Every line may end in LF, CRLF or CR; the last line's end does not count. */
export function* tokenize(source: string, budget: Budget): Steps<Token[]> {
  if (source.length > longestSource) fail('budget', `its source has more than ${longestSource} characters`);
  const lexer = new Lexer(source.replace(/\r\n?/g, '\n').replace(/\n$/, ''));
  while (lexer.more()) if (budget.step(4)) yield;
  return lexer.finish();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  #nextLine: number; // where the line ends; negative: it is the last
  #lineStart = true; // whether what was read last ended a line
  #tag: 'block' | 'variable' | undefined;
  #first = 0; // the token that began the tag
  readonly #open: string[] = [];

  constructor(source: string) {
    this.#source = source;
    this.#nextLine = source.indexOf('\n');
  }

  /** Reads on for a token or a piece of text; false at the end. */
  more(): boolean {
    if (this.#tag) this.#inTag(this.#tag);
    else if (this.#at < this.#source.length) this.#inText();
    return this.#tag !== undefined || this.#at < this.#source.length;
  }

  finish(): Token[] {
    this.#push('eof', '');
    return this.#tokens;
  }

  #push(type: string, value: Token['value']): void {
    while (this.#nextLine >= 0 && this.#nextLine < this.#at) {
      this.#line++;
      this.#nextLine = this.#source.indexOf('\n', this.#nextLine + 1);
    }
    this.#tokens.push({ type, value, line: this.#line });
  }

  #match(rule: RegExp): RegExpExecArray | null {
    rule.lastIndex = this.#at;
    return rule.exec(this.#source);
  }

  #take(to: number): void {
    this.#lineStart = this.#source[to - 1] === '\n';
    this.#at = to;
  }

  #inText(): void {
    const from = this.#at;
    const begin = /\{[%{#]/g;
    begin.lastIndex = from;
    const found = begin.exec(this.#source)?.index;
    if (found === undefined) {
      this.#data(this.#source.slice(from));
      return this.#take(this.#source.length);
    }
    this.#at = found;
    const raw = this.#match(rules.raw);
    const kind = this.#source[found + 1] as string;
    const sign = /[-+]/.test(this.#source[found + 2] ?? '') ? (this.#source[found + 2] as string) : '';
    this.#data(this.#stripped(this.#source.slice(from, found), sign, kind !== '{'));
    if (raw) return this.#raw(found + raw[0].length);
    this.#take(found + 2 + sign.length);
    if (kind === '#') return this.#comment();
    this.#tag = kind === '%' ? 'block' : 'variable';
    this.#first = this.#tokens.length;
    this.#push(`${this.#tag}_begin`, '');
  }

  #data(text: string): void {
    if (text !== '') this.#push('data', text);
  }

  /** The text in front of a tag: without the spaces that the tag strips. */
  #stripped(text: string, sign: string, block: boolean): string {
    if (sign === '-') return text.slice(0, text.length - endSpaces(text));
    if (sign === '+' || !block) return text;
    const start = text.lastIndexOf('\n') + 1;
    return (start > 0 || this.#lineStart) && blank.test(text.slice(start)) ? text.slice(0, start) : text;
  }

  #comment(): void {
    const end = this.#source.indexOf('#}', this.#at);
    if (end < 0) fail('syntax', `line ${this.#line}: Missing end of comment tag`);
    const sign = end > this.#at ? this.#source[end - 1] : '';
    this.#at = end + 2;
    if (sign === '-') this.#at += this.#match(rules.space)?.[0].length ?? 0;
    else if (sign !== '+' && this.#source[this.#at] === '\n') this.#at++;
    this.#take(this.#at);
  }

  #raw(from: number): void {
    this.#take(from);
    for (let at = from; from < this.#source.length; at++) {
      at = this.#source.indexOf('{%', at);
      if (at < 0) fail('syntax', `line ${this.#line}: Missing end of raw directive`);
      this.#at = at;
      const end = this.#match(rules.rawEnd);
      if (!end) continue;
      this.#data(this.#stripped(this.#source.slice(from, at), end[1] as string, true));
      return this.#take(at + end[0].length);
    }
  }

  #inTag(tag: 'block' | 'variable'): void {
    if (this.#tokens.length - this.#first > mostTokens) fail('budget', `line ${this.#line}: a tag has more than ${mostTokens} parts`);
    const end = this.#open.length === 0 ? this.#match(rules[`${tag}_end`]) : null;
    if (end) {
      this.#push(`${tag}_end`, '');
      this.#tag = undefined;
      return this.#take(this.#at + end[0].length);
    }
    const gap = this.#match(rules.space);
    if (gap) return this.#take(this.#at + gap[0].length);
    this.#take(this.#at + this.#word());
  }

  /** Pushes the token that stands here; gives its length. */
  #word(): number {
    for (const type of ['float', 'integer', 'name'] as const) {
      const found = this.#match(rules[type]);
      if (found) return this.#named(type, found[0]);
    }
    const quote = this.#source[this.#at];
    if (quote === '"' || quote === "'") return this.#string(quote);
    const operator = this.#match(rules.operator)?.[0];
    if (operator === undefined) return this.#unexpected();
    this.#balance(operator);
    this.#push(operator, operator);
    return operator.length;
  }

  #unexpected(): never {
    if (this.#at >= this.#source.length) fail('syntax', `line ${this.#line}: the template ends inside a tag`);
    return fail('syntax', `line ${this.#line}: unexpected char ${JSON.stringify(this.#source[this.#at])}`);
  }

  #named(type: 'float' | 'integer' | 'name', text: string): number {
    if (type === 'name' && !identifier.test(text)) fail('syntax', `line ${this.#line}: Invalid character in identifier`);
    if (type === 'integer' && text.length > 4300) fail('syntax', `line ${this.#line}: an integer of more than 4300 digits`);
    const plain = text.replaceAll('_', '');
    this.#push(type, type === 'name' ? text.normalize('NFKC') : type === 'float' ? Number(plain) : BigInt(plain));
    return text.length;
  }

  #string(quote: string): number {
    const part = new RegExp(`[\\\\${quote}]`, 'g');
    for (let at = this.#at + 1; ; at = part.lastIndex + 1) {
      part.lastIndex = at;
      const found = part.exec(this.#source);
      if (!found) return this.#unexpected();
      if (found[0] === '\\') continue;
      this.#push(
        'string',
        unescape(this.#source.slice(this.#at + 1, found.index), (what) => refuse(`line ${this.#line}: ${what}`)),
      );
      return found.index + 1 - this.#at;
    }
  }

  #balance(operator: string): void {
    const closer = closers[operator];
    if (closer !== undefined) this.#open.push(closer);
    else if (')]}'.includes(operator) && this.#open.pop() !== operator) fail('syntax', `line ${this.#line}: unexpected '${operator}'`);
  }
}

/** How many spaces a text ends with. */
function endSpaces(text: string): number {
  let at = text.length;
  while (at > 0 && blank.test(text[at - 1] as string)) at--;
  return text.length - at;
}
