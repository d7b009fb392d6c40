// Expressions, from tokens to the syntax tree.
import { noCall, partsOf, type CallArgs, type CompareOperator, type Expr, type Slice } from './nodes';
import { Text } from './text';
import { tooDeep, type Tokens } from './tokens';

const deepestTree = 400;
const deepestSource = 150;

/** An expression without its depth. */
type Bare = Expr extends infer E ? (E extends unknown ? Omit<E, 'depth'> : never) : never;

function made(node: Bare): Expr {
  let depth = 0;
  for (const part of partsOf(node as Expr)) if (part && part.depth > depth) depth = part.depth;
  tooDeep(depth + 1, deepestTree);
  return { ...node, depth: depth + 1 } as Expr;
}

const nameNode = (name: string): Expr => made({ kind: 'name', name });
const tupleNode = (items: readonly Expr[]): Expr => made({ kind: 'tuple', items });

type Binary = '+' | '-' | '*' | '/' | '//' | '%' | '**';

export class Expressions {
  readonly #tokens: Tokens;
  readonly #seen: (name: string) => void;
  #depth = 0;

  /** `seen` is told each name that is read. */
  constructor(tokens: Tokens, seen: (name: string) => void) {
    this.#tokens = tokens;
    this.#seen = seen;
  }

  expression(conditional = true): Expr {
    tooDeep(++this.#depth, deepestSource);
    const node = conditional ? this.#condition() : this.#or();
    this.#depth--;
    return node;
  }

  #condition(): Expr {
    let node = this.#or();
    while (this.#tokens.skip('name:if')) {
      const test = this.#or();
      const no = this.#tokens.skip('name:else') ? this.expression() : undefined;
      node = made({ kind: 'if', test, yes: node, no });
    }
    return node;
  }

  #or(): Expr {
    let left = this.#and();
    while (this.#tokens.skip('name:or')) left = made({ kind: 'or', left, right: this.#and() });
    return left;
  }

  #and(): Expr {
    let left = this.#not();
    while (this.#tokens.skip('name:and')) left = made({ kind: 'and', left, right: this.#not() });
    return left;
  }

  #not(): Expr {
    if (!this.#tokens.skip('name:not')) return this.#compare();
    tooDeep(++this.#depth, deepestSource);
    const node = made({ kind: 'unary', operator: 'not', of: this.#not() });
    this.#depth--;
    return node;
  }

  #compare(): Expr {
    const of = this.#sum();
    const all: { operator: CompareOperator; value: Expr }[] = [];
    for (let operator = this.#comparing(); operator; operator = this.#comparing()) all.push({ operator, value: this.#sum() });
    return all.length > 0 ? made({ kind: 'compare', of, with: all }) : of;
  }

  #comparing(): CompareOperator | undefined {
    const tokens = this.#tokens;
    if (tokens.isAny(['==', '!=', '<', '<=', '>', '>='])) return tokens.next().type as CompareOperator;
    if (tokens.skip('name:in')) return 'in';
    if (!tokens.is('name:not') || !tokens.is('name:in', tokens.following)) return undefined;
    tokens.next();
    tokens.next();
    return 'not in';
  }

  #chain(operators: readonly string[], operand: () => Expr): Expr {
    let left = operand();
    while (this.#tokens.isAny(operators)) left = made({ kind: 'binary', operator: this.#tokens.next().type as Binary, left, right: operand() });
    return left;
  }

  #sum = (): Expr => this.#chain(['+', '-'], this.#concat);

  #concat = (): Expr => {
    const items = [this.#product()];
    while (this.#tokens.skip('~')) items.push(this.#product());
    return items.length > 1 ? made({ kind: 'concat', items }) : (items[0] as Expr);
  };

  #product = (): Expr => this.#chain(['*', '/', '//', '%'], this.#power);
  #power = (): Expr => this.#chain(['**'], () => this.#unary(true));

  #unary(filters: boolean): Expr {
    const tokens = this.#tokens;
    let node: Expr;
    if (tokens.is('-') || tokens.is('+')) {
      const operator = tokens.next().type as '+' | '-';
      tooDeep(++this.#depth, deepestSource);
      node = made({ kind: 'unary', operator, of: this.#unary(false) });
      this.#depth--;
    } else {
      node = this.primary(false);
    }
    node = this.#postfix(node);
    return filters ? this.#filtered(node) : node;
  }

  primary(assigned: boolean): Expr {
    const tokens = this.#tokens;
    const token = tokens.current;
    if (token.type === 'name') return this.#name(assigned);
    if (token.type === 'string') return this.#string();
    if (token.type === 'integer' || token.type === 'float') return made({ kind: 'const', value: tokens.next().value as bigint | number });
    if (tokens.skip('(')) {
      const node = this.tuple({ parentheses: true });
      tokens.expect(')');
      return node;
    }
    if (token.type === '[') return made({ kind: 'list', items: this.#items('[', ']') });
    return token.type === '{' ? this.#dict() : tokens.fail(`unexpected ${tokens.found()}`);
  }

  #name(assigned: boolean): Expr {
    const name = this.#tokens.next().value as string;
    if (/^([tT]rue|[fF]alse)$/.test(name)) return made({ kind: 'const', value: /^[tT]/.test(name) });
    if (/^[nN]one$/.test(name)) return made({ kind: 'const', value: null });
    this.#seen(name);
    if (!assigned || !this.#tokens.skip('.')) return nameNode(name);
    return made({ kind: 'namespace', name, attribute: this.#tokens.expect('name').value as string });
  }

  #string(): Expr {
    let text = '';
    while (this.#tokens.is('string')) text += this.#tokens.next().value as string;
    return made({ kind: 'const', value: new Text(text) });
  }

  /** One expression, or several with commas as a tuple. */
  tuple({ parentheses = false, conditional = true, ends = [] as readonly string[], target = false, assigned = false } = {}): Expr {
    const tokens = this.#tokens;
    const items: Expr[] = [];
    let several = false;
    for (;;) {
      if (items.length > 0) tokens.expect(',');
      if (tokens.isAny(['variable_end', 'block_end', ')']) || tokens.isAny(ends)) break;
      items.push(target ? this.primary(assigned) : this.expression(conditional));
      if (!tokens.is(',')) break;
      several = true;
    }
    if (several) return tupleNode(items);
    if (items[0]) return items[0];
    return parentheses ? tupleNode([]) : tokens.fail(`expected an expression, found ${tokens.found()}`);
  }

  #items(open: string, close: string): Expr[] {
    const items: Expr[] = [];
    this.#tokens.expect(open);
    while (!this.#tokens.is(close)) {
      if (items.length > 0) this.#tokens.expect(',');
      if (this.#tokens.is(close)) break;
      items.push(this.expression());
    }
    this.#tokens.next();
    return items;
  }

  #dict(): Expr {
    const tokens = this.#tokens;
    const pairs: [Expr, Expr][] = [];
    tokens.expect('{');
    while (!tokens.is('}')) {
      if (pairs.length > 0) tokens.expect(',');
      if (tokens.is('}')) break;
      const key = this.expression();
      tokens.expect(':');
      pairs.push([key, this.expression()]);
    }
    tokens.next();
    return made({ kind: 'dict', pairs });
  }

  #postfix(node: Expr): Expr {
    for (;;) {
      if (this.#tokens.is('.') || this.#tokens.is('[')) node = this.#subscript(node);
      else if (this.#tokens.is('(')) node = made({ kind: 'call', of: node, call: this.arguments() });
      else return node;
    }
  }

  #filtered(node: Expr): Expr {
    for (;;) {
      if (this.#tokens.is('|')) node = this.filter(node) as Expr;
      else if (this.#tokens.is('name:is')) node = this.#test(node);
      else if (this.#tokens.is('(')) node = made({ kind: 'call', of: node, call: this.arguments() });
      else return node;
    }
  }

  #subscript(of: Expr): Expr {
    const tokens = this.#tokens;
    if (tokens.skip('[')) return this.#bracketed(of);
    tokens.expect('.');
    if (tokens.is('name')) return made({ kind: 'attribute', of, name: tokens.next().value as string });
    if (!tokens.is('integer')) tokens.fail(`expected name or number, found ${tokens.found()}`);
    return made({ kind: 'item', of, key: made({ kind: 'const', value: tokens.next().value as bigint }) });
  }

  #bracketed(of: Expr): Expr {
    const keys: (Expr | Slice)[] = [];
    while (!this.#tokens.is(']')) {
      if (keys.length > 0) this.#tokens.expect(',');
      keys.push(this.#key());
    }
    this.#tokens.next();
    const [only] = keys;
    if (keys.length === 1 && only && !('kind' in only)) return made({ kind: 'slice', of, slice: only });
    if (keys.some((key) => !('kind' in key))) this.#tokens.fail('a slice among several keys');
    return made({ kind: 'item', of, key: keys.length === 1 ? (only as Expr) : tupleNode(keys as Expr[]) });
  }

  #key(): Expr | Slice {
    const tokens = this.#tokens;
    const start = tokens.is(':') ? undefined : this.expression();
    if (start && !tokens.is(':')) return start;
    tokens.expect(':');
    const part = (): Expr | undefined => (tokens.isAny([':', ']', ',']) ? undefined : this.expression());
    const stop = part();
    return { start, stop, step: tokens.skip(':') ? part() : undefined };
  }

  arguments(): CallArgs {
    const tokens = this.#tokens;
    const args: Expr[] = [];
    const named: { key: string; value: Expr }[] = [];
    let rest: Expr | undefined;
    let namedRest: Expr | undefined;
    const require = (holds: boolean): void => void (holds || tokens.fail('invalid syntax for function call expression'));
    tokens.expect('(');
    for (let first = true; !tokens.is(')'); first = false) {
      if (!first) tokens.expect(',');
      if (tokens.is(')')) break;
      if (tokens.skip('*')) {
        require(!rest && !namedRest);
        rest = this.expression();
      } else if (tokens.skip('**')) {
        require(!namedRest);
        namedRest = this.expression();
      } else if (tokens.is('name') && tokens.following.type === '=') {
        require(!namedRest);
        const key = tokens.next().value as string;
        if (named.some((n) => n.key === key)) tokens.fail(`keyword argument repeated: ${key}`);
        tokens.next();
        named.push({ key, value: this.expression() });
      } else {
        require(!rest && !namedRest && named.length === 0);
        args.push(this.expression());
      }
    }
    tokens.next();
    return { args, named, rest, namedRest };
  }

  /** Filters behind a value, or behind the body of a block. */
  filter(of: Expr | undefined, inline = false): Expr | undefined {
    let node = of;
    for (let first = inline; first || this.#tokens.skip('|'); first = false) {
      const name = this.#dotted();
      node = made({ kind: 'filter', of: node, name, call: this.#tokens.is('(') ? this.arguments() : noCall });
    }
    return node;
  }

  #dotted(): string {
    let name = this.#tokens.expect('name').value as string;
    while (this.#tokens.skip('.')) name += `.${this.#tokens.expect('name').value as string}`;
    return name;
  }

  #test(of: Expr): Expr {
    const tokens = this.#tokens;
    tokens.next();
    const negated = tokens.skip('name:not');
    const name = this.#dotted();
    const node = made({ kind: 'test', of, name, call: this.#testArguments() });
    return negated ? made({ kind: 'unary', operator: 'not', of: node }) : node;
  }

  #testArguments(): CallArgs {
    const tokens = this.#tokens;
    if (tokens.is('(')) return this.arguments();
    const value = tokens.isAny(['name', 'string', 'integer', 'float', '[', '{']) && !tokens.isAny(['name:else', 'name:or', 'name:and']);
    if (!value) return noCall;
    if (tokens.is('name:is')) tokens.fail('You cannot chain multiple tests with is');
    return { ...noCall, args: [this.#postfix(this.primary(false))] };
  }
}
