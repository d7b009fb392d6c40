// Formulas as models write them, in TeX, as MathML. What is not known makes the whole formula be shown as it was written.
import { accents, below, functions, integrals, large, letters, limits, operators, spaces, styled, styles } from './symbols';

/** An element of MathML. */
export interface MathElement {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly inner: readonly (MathElement | string)[];
}

class Unknown extends Error {}

const element = (tag: string, inner: readonly (MathElement | string)[], attributes: Readonly<Record<string, string>> = {}): MathElement => ({
  tag,
  attributes,
  inner,
});
const row = (inner: readonly MathElement[]): MathElement => (inner.length === 1 ? (inner[0] as MathElement) : element('mrow', inner));
const operator = (text: string, attributes: Readonly<Record<string, string>> = {}): MathElement => element('mo', [text], attributes);
const fence = (text: string): MathElement => operator(text, { stretchy: 'false' });
const space = (em: number): MathElement => element('mspace', [], { width: `${em}em` });

const deepest = 60;
const longest = 4000;

const pieces = /\\(?:[A-Za-z]+\*?|[\s\S])|\d+(?:[.,]\d+)*|\s+|[\s\S]/gu;

const environments = new Map<string, readonly [string, string]>([
  ['matrix', ['', '']],
  ['smallmatrix', ['', '']],
  ['pmatrix', ['(', ')']],
  ['bmatrix', ['[', ']']],
  ['Bmatrix', ['{', '}']],
  ['vmatrix', ['|', '|']],
  ['Vmatrix', ['‖', '‖']],
  ['cases', ['{', '']],
  ['array', ['', '']],
  ...['aligned', 'align', 'align*', 'alignedat', 'split', 'eqnarray', 'eqnarray*'].map((name) => [name, ['', '']] as const),
  ...['gathered', 'gather', 'gather*', 'equation', 'equation*', 'multline', 'multline*'].map((name) => [name, ['', '']] as const),
]);

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(
    source: string,
    private readonly display: boolean,
  ) {
    this.#tokens = source.match(pieces) ?? [];
  }

  whole(): MathElement[] {
    const found = this.#row(() => false);
    if (this.#at < this.#tokens.length) throw new Unknown();
    return found;
  }

  #skip(): void {
    while (/^\s/.test(this.#tokens[this.#at] ?? '')) this.#at++;
  }

  #peek(): string | undefined {
    this.#skip();
    return this.#tokens[this.#at];
  }

  #take(): string {
    const token = this.#peek();
    if (token === undefined) throw new Unknown();
    this.#at++;
    return token;
  }

  #expect(token: string): void {
    if (this.#take() !== token) throw new Unknown();
  }

  /** Until a token that ends it, which is left. */
  #row(ends: (token: string) => boolean): MathElement[] {
    if (++this.#depth > deepest) throw new Unknown();
    const found: MathElement[] = [];
    for (let token = this.#peek(); token !== undefined && token !== '}' && !ends(token); token = this.#peek()) found.push(...this.#scripted());
    this.#depth--;
    return found;
  }

  #scripted(): MathElement[] {
    const first = this.#peek() as string;
    const base = first === '^' || first === '_' || first === "'" ? element('mrow', []) : this.#atom();
    if (base === undefined) return [];
    let [sub, sup]: (MathElement | undefined)[] = [];
    let stacked = this.#isStacked(first);
    for (let token = this.#peek(); token !== undefined; token = this.#peek()) {
      if (token === '\\limits' || token === '\\nolimits') stacked = token === '\\limits';
      else if (token !== '^' && token !== '_' && token !== "'") break;
      this.#at++;
      if (token === '_' && !sub) sub = this.#argument();
      else if (token === '^' && !sup) sup = this.#argument();
      else if (token === "'") sup = this.#primes(sup);
      else if (token === '^' || token === '_') throw new Unknown();
    }
    return [scripts(base, sub, sup, stacked)];
  }

  #primes(sup: MathElement | undefined): MathElement {
    const primes = operator('′');
    return sup ? row([primes, sup]) : primes;
  }

  #isStacked(token: string): boolean {
    const name = token.slice(1);
    if (name === 'underbrace' || name === 'overbrace') return true;
    return this.display && token.startsWith('\\') && (large.has(name) || limits.has(name));
  }

  #argument(): MathElement {
    const token = this.#peek();
    if (token === '{') return this.#group();
    if (token !== undefined && /^\d\d/.test(token)) {
      // a script or argument without braces is one digit
      (this.#tokens as string[])[this.#at] = token.slice(1);
      return element('mn', [token.charAt(0)]);
    }
    const atom = this.#atom();
    if (!atom) throw new Unknown();
    return atom;
  }

  #group(): MathElement {
    this.#expect('{');
    const inner = this.#row(() => false);
    this.#expect('}');
    return row(inner);
  }

  /** What stands between braces, as it is written. */
  #raw(): string {
    this.#expect('{');
    let [text, depth] = ['', 1];
    for (;;) {
      const token = this.#tokens[this.#at++];
      if (token === undefined) throw new Unknown();
      if (token === '{') depth++;
      if (token === '}' && --depth === 0) return text;
      text += token;
    }
  }

  #atom(): MathElement | undefined {
    if (this.#peek() === '{') return this.#group();
    const token = this.#take();
    if (token.startsWith('\\') && token.length > 1) return this.#command(token.slice(1));
    if (/^\d/.test(token)) return element('mn', [token]);
    if (/^\p{L}$/u.test(token)) return element('mi', [token]);
    if (token === '~') return space(0.25);
    if (/^[()[\]|/]$/.test(token)) return fence(token);
    if (token === '\\' || token === '^' || token === '_' || token === '&' || token === '}' || token === '$' || token === '#' || token === '%')
      throw new Unknown();
    return operator(token === '-' ? '−' : token === '*' ? '∗' : token);
  }

  #command(name: string): MathElement | undefined {
    const letter = letters.get(name);
    if (letter !== undefined) return element('mi', [letter], /^\p{Lu}|[^\p{L}]/u.test(letter) ? { mathvariant: 'normal' } : {});
    const sign = operators.get(name);
    if (sign !== undefined) return /^[|‖⟨⟩⌊⌋⌈⌉{}[\]]$/.test(sign) ? fence(sign) : operator(sign);
    const big = large.get(name);
    if (big !== undefined) return operator(big, { movablelimits: 'false' });
    const integral = integrals.get(name);
    if (integral !== undefined) return operator(integral);
    const word = limits.get(name) ?? (functions.has(name) ? name : undefined);
    if (word !== undefined) return row([element('mi', [word], { mathvariant: 'normal' }), operator('\u2061')]);
    const width = spaces.get(name);
    if (width !== undefined) return space(width);
    const style = styles.get(name);
    if (style !== undefined) return inStyle(this.#argument(), style);
    const accent = accents.get(name);
    if (accent !== undefined)
      return element('mover', [this.#argument(), operator(accent, { stretchy: String(/^(over|wide)/.test(name)) })], { accent: 'true' });
    const under = below.get(name);
    if (under !== undefined) return element('munder', [this.#argument(), operator(under, { stretchy: 'true' })], { accentunder: 'true' });
    return this.#structure(name);
  }

  #structure(name: string): MathElement | undefined {
    switch (name) {
      case 'frac':
      case 'dfrac':
      case 'tfrac':
      case 'cfrac':
        return this.#fraction(name);
      case 'binom':
      case 'dbinom':
      case 'tbinom': {
        const parts = [this.#argument(), this.#argument()];
        return row([operator('('), element('mfrac', parts, { linethickness: '0' }), operator(')')]);
      }
      case 'sqrt':
        return this.#root();
      case 'text':
      case 'textrm':
      case 'mbox':
      case 'hbox':
        return element('mtext', [this.#raw()]);
      case 'textbf':
        return element('mtext', [styled(this.#raw(), 'bold')]);
      case 'textit':
        return element('mtext', [this.#raw()]);
      case 'operatorname':
      case 'operatorname*':
        return row([element('mi', [this.#raw().trim()], { mathvariant: 'normal' }), operator('\u2061')]);
      case 'left':
        return this.#fenced();
      case 'begin':
        return this.#environment();
      case 'overset':
      case 'stackrel': {
        const over = this.#argument();
        return element('mover', [this.#argument(), over]);
      }
      case 'underset': {
        const under = this.#argument();
        return element('munder', [this.#argument(), under]);
      }
      case 'xrightarrow':
      case 'xleftarrow': {
        const arrow = operator(name === 'xrightarrow' ? '→' : '←', { stretchy: 'true' });
        return element('mover', [arrow, element('mpadded', [this.#argument()], { width: '+1em', lspace: '0.5em' })]);
      }
      case 'boxed':
      case 'fbox':
        return element('mrow', [this.#argument()], { class: 'boxed' });
      case 'not':
        return operator(`${textOf(this.#argument())}\u0338`);
      case 'bmod':
        return row([space(0.2222), element('mi', ['mod'], { mathvariant: 'normal' }), space(0.2222)]);
      case 'pmod':
        return row([space(0.5), fence('('), element('mi', ['mod'], { mathvariant: 'normal' }), space(0.3333), this.#argument(), fence(')')]);
      case 'tag':
      case 'tag*':
        return row([space(2), element('mtext', [`(${this.#raw()})`])]);
      case 'label':
        this.#raw();
        return undefined;
      case 'displaystyle':
      case 'textstyle':
      case 'nonumber':
      case 'notag':
        return undefined;
      default:
        if (/^[bB]igg?[lrm]?$/.test(name)) return operator(this.#delimiter());
        throw new Unknown();
    }
  }

  #fraction(name: string): MathElement {
    const fraction = element('mfrac', [this.#argument(), this.#argument()]);
    if (name === 'frac') return fraction;
    return element('mstyle', [fraction], { displaystyle: String(name !== 'tfrac') });
  }

  #root(): MathElement {
    if (this.#peek() !== '[') return element('msqrt', [this.#argument()]);
    this.#take();
    const degree = row(this.#row((token) => token === ']'));
    this.#expect(']');
    return element('mroot', [this.#argument(), degree]);
  }

  #delimiter(): string {
    const token = this.#take();
    if (token === '.') return '';
    if (/^[()[\]|/<>]$/.test(token)) return token === '<' ? '⟨' : token === '>' ? '⟩' : token;
    const sign = token.startsWith('\\') ? operators.get(token.slice(1)) : undefined;
    if (sign === undefined) throw new Unknown();
    return sign;
  }

  #fenced(): MathElement {
    const left = operator(this.#delimiter(), { fence: 'true', form: 'prefix' });
    const inner: MathElement[] = [];
    for (;;) {
      inner.push(...this.#row((token) => token === '\\right' || token === '\\middle'));
      if (this.#take() === '\\right') break;
      inner.push(operator(this.#delimiter(), { stretchy: 'true' }));
    }
    return element('mrow', [left, ...inner, operator(this.#delimiter(), { fence: 'true', form: 'postfix' })]);
  }

  #environment(): MathElement {
    const name = this.#raw();
    const fences = environments.get(name);
    if (!fences) throw new Unknown();
    if (name === 'array' || name === 'alignedat') this.#raw();
    const rows: MathElement[][] = [[]];
    for (;;) {
      const cell = this.#row((token) => token === '&' || token === '\\\\' || token === '\\end' || token === '\\hline');
      const end = this.#take();
      if (end === '\\hline') continue;
      rows.at(-1)?.push(element('mtd', cell));
      if (end === '&') continue;
      if (end !== '\\\\') break;
      if (this.#peek() === '[') while (this.#take() !== ']');
      rows.push([]);
    }
    if (this.#raw() !== name) throw new Unknown();
    const last = rows.at(-1);
    if (rows.length > 1 && last?.every((cell) => cell.inner.length === 0)) rows.pop();
    return fencedTable(name, rows, fences);
  }
}

function fencedTable(name: string, rows: readonly (readonly MathElement[])[], [left, right]: readonly [string, string]): MathElement {
  const aligned = /^(align|split|eqn)/.test(name);
  const kind = aligned ? 'aligned' : name === 'cases' ? 'cases' : 'centred';
  const table = element(
    'mtable',
    rows.map((cells) => element('mtr', cells)),
    { class: kind, ...(aligned && { displaystyle: 'true' }) },
  );
  if (left === '' && right === '') return table;
  const sides = [operator(left, { fence: 'true', form: 'prefix' }), table, ...(right === '' ? [] : [operator(right, { fence: 'true', form: 'postfix' })])];
  return element('mrow', sides);
}

function scripts(base: MathElement, sub: MathElement | undefined, sup: MathElement | undefined, stacked: boolean): MathElement {
  const [both, low, high] = stacked ? ['munderover', 'munder', 'mover'] : ['msubsup', 'msub', 'msup'];
  if (sub && sup) return element(both as string, [base, sub, sup]);
  if (sub) return element(low as string, [base, sub]);
  return sup ? element(high as string, [base, sup]) : base;
}

const textOf = (of: MathElement | string): string => (typeof of === 'string' ? of : of.inner.map(textOf).join(''));

function inStyle(of: MathElement, style: Parameters<typeof styled>[1]): MathElement {
  if (of.tag === 'mi' || of.tag === 'mn') return element('mi', [styled(textOf(of), style)], { mathvariant: 'normal' });
  if (of.tag === 'mrow' && of.inner.length > 0 && of.inner.every((each) => typeof each !== 'string' && (each.tag === 'mi' || each.tag === 'mn')))
    return element('mi', [styled(textOf(of), style)], { mathvariant: 'normal' }); // a word
  return element(
    of.tag,
    of.inner.map((each) => (typeof each === 'string' ? each : inStyle(each, style))),
    of.attributes,
  );
}

/** A formula; undefined: it is not understood. */
export function mathOf(source: string, display: boolean): MathElement | undefined {
  if (source.length > longest) return undefined;
  try {
    const inner = new Reader(source, display).whole();
    return element('math', [element('mrow', inner)], display ? { display: 'block' } : {});
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}
