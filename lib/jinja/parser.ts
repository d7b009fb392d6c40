// Statements, from tokens to the syntax tree. Bodies are read by generators, which can pause.
import type { Budget, Steps } from './budget';
import { tokenize } from './lexer';
import type { Asks, Expr, If, Signature, Stmt } from './nodes';
import { Expressions } from './parser-expression';
import { Tokens, tooDeep } from './tokens';

const deepest = 80;

export function* parse(source: string, budget: Budget): Steps<readonly Stmt[]> {
  const parser = new Parser(new Tokens(yield* tokenize(source, budget)), budget);
  return yield* parser.template();
}

/** A loop or macro that is being read: what its inside mentions. */
interface Inside extends Asks {
  readonly loop: boolean;
  usesLoop: boolean;
}

class Parser {
  readonly #tokens: Tokens;
  readonly #budget: Budget;
  readonly #expressions: Expressions;
  readonly #inside: Inside[] = [];
  readonly #tags: string[] = [];
  readonly #blocks = new Set<string>();

  constructor(tokens: Tokens, budget: Budget) {
    this.#tokens = tokens;
    this.#budget = budget;
    this.#expressions = new Expressions(tokens, (name) => this.#mention(name));
  }

  *template(): Steps<readonly Stmt[]> {
    return yield* this.#statements([]);
  }

  #mention(name: string): void {
    const mark = { loop: 'usesLoop', caller: 'caller', kwargs: 'kwargs', varargs: 'varargs' }[name] as 'usesLoop' | keyof Asks | undefined;
    if (!Object.hasOwn({ loop: 0, caller: 0, kwargs: 0, varargs: 0 }, name) || !mark) return;
    for (const each of this.#inside) each[mark] = true;
  }

  /** Statements up to one of the end tags, whose name is then current. */
  *#statements(ends: readonly string[]): Steps<Stmt[]> {
    const tokens = this.#tokens;
    const out: Stmt[] = [];
    let items: (string | Expr)[] = [];
    const flush = (): void => {
      if (items.length > 0) out.push({ kind: 'output', items });
      items = [];
    };
    for (; !tokens.is('eof'); ) {
      if (this.#budget.step(4)) yield;
      if (tokens.is('data')) {
        items.push(tokens.next().value as string);
      } else if (tokens.skip('variable_begin')) {
        items.push(this.#expressions.tuple());
        tokens.expect('variable_end');
      } else {
        flush();
        tokens.expect('block_begin');
        if (ends.some((name) => tokens.is(`name:${name}`))) return out;
        out.push(yield* this.#statement());
        tokens.expect('block_end');
      }
    }
    flush();
    if (ends.length > 0) tokens.fail(`the template ends inside {% ${this.#tags.at(-1)} %}, which {% ${ends.at(-1)} %} closes`);
    return out;
  }

  /** A tag's end, then statements up to an end tag. */
  *#body(...ends: readonly string[]): Steps<Stmt[]> {
    this.#tokens.skip(':');
    this.#tokens.expect('block_end');
    return yield* this.#statements(ends);
  }

  /** The same, and the end tag's name is read. */
  *#whole(end: string): Steps<Stmt[]> {
    const body = yield* this.#body(end);
    this.#tokens.next();
    return body;
  }

  *#statement(): Steps<Stmt> {
    const tag = this.#tokens.expect('name').value as string;
    this.#tags.push(tag);
    tooDeep(this.#tags.length, deepest);
    const statement = yield* this.#tagged(tag);
    this.#tags.pop();
    return statement;
  }

  #tagged(tag: string): Steps<Stmt> {
    switch (tag) {
      case 'for':
        return this.#for();
      case 'if':
        return this.#if();
      case 'set':
        return this.#set();
      case 'macro':
        return this.#macro();
      case 'call':
        return this.#call();
      case 'filter':
        return this.#filter();
      case 'with':
        return this.#with();
      case 'block':
        return this.#block();
      case 'autoescape':
        return this.#autoescape();
      case 'generation':
        return this.#generation();
      case 'print':
        return this.#now(this.#print());
      case 'break':
      case 'continue':
        return this.#now({ kind: tag });
      case 'include':
      case 'import':
      case 'from':
      case 'extends':
        return this.#now(this.#refused(tag));
      default:
        return this.#tokens.fail(`unknown tag '${tag}'${this.#tags.length > 1 ? ` inside {% ${this.#tags.at(-2)} %}` : ''}`);
    }
  }

  *#now(statement: Stmt): Steps<Stmt> {
    return statement;
  }

  #print(): Stmt {
    const items: Expr[] = [];
    while (!this.#tokens.is('block_end')) {
      if (items.length > 0) this.#tokens.expect(',');
      items.push(this.#expressions.expression());
    }
    return { kind: 'output', items };
  }

  /** Other templates are not at hand; it matters where the tag is reached only. */
  #refused(tag: string): Stmt {
    while (!this.#tokens.isAny(['block_end', 'eof'])) this.#tokens.next();
    return { kind: 'refused', what: `{% ${tag} %}` };
  }

  #target(ends: readonly string[] = [], namespaces = false, stored = true): Expr {
    const target = this.#expressions.tuple({ target: true, ends, assigned: namespaces });
    this.#assignable(target, stored);
    return target;
  }

  #assignable(target: Expr, stored: boolean): void {
    if (target.kind === 'tuple') for (const item of target.items) this.#assignable(item, stored);
    else if (target.kind !== 'namespace' && target.kind !== 'name') this.#tokens.fail(`can't assign to '${target.kind}'`);
    if (stored && target.kind === 'name' && target.name === 'loop' && this.#inside.some((each) => each.loop)) {
      this.#tokens.fail("can't assign to special loop variable in for-loop");
    }
  }

  #enter(loop: boolean): Inside {
    const inside = { loop, usesLoop: false, caller: false, kwargs: false, varargs: false };
    this.#inside.push(inside);
    return inside;
  }

  *#for(): Steps<Stmt> {
    const tokens = this.#tokens;
    const inside = this.#enter(true);
    const target = this.#target(['name:in']);
    tokens.expect('name:in');
    const of = this.#expressions.tuple({ conditional: false, ends: ['name:recursive'] });
    const test = tokens.skip('name:if') ? this.#expressions.expression() : undefined;
    const recursive = tokens.skip('name:recursive');
    const body = yield* this.#body('endfor', 'else');
    const otherwise = tokens.next().value === 'else' ? yield* this.#whole('endfor') : [];
    this.#inside.pop();
    return { kind: 'for', target, of, test, recursive, body, otherwise, usesLoop: inside.usesLoop || recursive };
  }

  *#if(): Steps<If> {
    const tokens = this.#tokens;
    const first = yield* this.#branch();
    const others: If[] = [];
    let otherwise: Stmt[] = [];
    for (let tag = tokens.next().value; tag !== 'endif'; tag = tokens.next().value) {
      if (tag === 'elif') {
        others.push(yield* this.#branch());
        continue;
      }
      otherwise = yield* this.#whole('endif');
      break;
    }
    return { ...first, others, otherwise };
  }

  *#branch(): Steps<If> {
    const test = this.#expressions.tuple({ conditional: false });
    return { kind: 'branch', test, body: yield* this.#body('elif', 'else', 'endif'), others: [], otherwise: [] };
  }

  *#set(): Steps<Stmt> {
    const target = this.#target([], true);
    if (this.#tokens.skip('=')) return { kind: 'assign', target, value: this.#expressions.tuple() };
    const filter = this.#expressions.filter(undefined);
    return { kind: 'assignblock', target, filter, body: yield* this.#whole('endset') };
  }

  #signature(): Signature {
    const tokens = this.#tokens;
    const parameters: string[] = [];
    const defaults: Expr[] = [];
    tokens.expect('(');
    while (!tokens.is(')')) {
      if (parameters.length > 0) tokens.expect(',');
      const name = tokens.expect('name').value as string;
      if (parameters.includes(name)) tokens.fail(`duplicate argument '${name}'`);
      if (tokens.skip('=')) defaults.push(this.#expressions.expression());
      else if (defaults.length > 0) tokens.fail('non-default argument follows default argument');
      parameters.push(name);
    }
    tokens.next();
    return { parameters, defaults };
  }

  *#macro(): Steps<Stmt> {
    const name = this.#tokens.expect('name').value as string;
    const asks = this.#enter(false);
    const signature = this.#signature();
    const body = yield* this.#whole('endmacro');
    this.#inside.pop();
    return { kind: 'macro', name, signature, body, asks };
  }

  *#call(): Steps<Stmt> {
    const signature = this.#tokens.is('(') ? this.#signature() : { parameters: [], defaults: [] };
    const call = this.#expressions.expression();
    if (call.kind !== 'call') return this.#tokens.fail('expected a call');
    const asks = this.#enter(false);
    const body = yield* this.#whole('endcall');
    this.#inside.pop();
    return { kind: 'callblock', signature, call, body, asks };
  }

  *#generation(): Steps<Stmt> {
    const asks = this.#enter(false);
    const body = yield* this.#whole('endgeneration');
    this.#inside.pop();
    return { kind: 'callblock', signature: { parameters: [], defaults: [] }, call: undefined, body, asks };
  }

  *#filter(): Steps<Stmt> {
    const filter = this.#expressions.filter(undefined, true) as Expr;
    return { kind: 'filterblock', filter, body: yield* this.#whole('endfilter') };
  }

  *#with(): Steps<Stmt> {
    const targets: Expr[] = [];
    const values: Expr[] = [];
    while (!this.#tokens.is('block_end')) {
      if (targets.length > 0) this.#tokens.expect(',');
      targets.push(this.#target([], false, false));
      this.#tokens.expect('=');
      values.push(this.#expressions.expression());
    }
    return { kind: 'with', targets, values, body: yield* this.#whole('endwith') };
  }

  *#block(): Steps<Stmt> {
    const name = this.#tokens.expect('name').value as string;
    const scoped = this.#tokens.skip('name:scoped');
    const required = this.#tokens.skip('name:required');
    if (this.#blocks.has(name)) this.#tokens.fail(`block '${name}' defined twice`);
    this.#blocks.add(name);
    const body = yield* this.#whole('endblock');
    this.#tokens.skip(`name:${name}`);
    return { kind: 'block', name, scoped, required, body };
  }

  *#autoescape(): Steps<Stmt> {
    const on = this.#expressions.expression();
    return { kind: 'autoescape', on, body: yield* this.#whole('endautoescape') };
  }
}
