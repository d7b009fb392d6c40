// Expressions, from the syntax tree to functions.
import { attributeNow, item, slice } from './access';
import { binary, concatenate, unary } from './arithmetic';
import type { Steps } from './budget';
import { contains, equal, ordered } from './compare';
import { fail } from './failure';
import { callFilter, filters } from './filters';
import type { Frame } from './frame';
import type { CallArgs, CompareOperator, Expr, Slice } from './nodes';
import { listOf, truth } from './protocols';
import { quick, type Code, type Scope } from './scope';
import { callTest, tests } from './tests';
import { Text } from './text';
import { Dict, isSteps, List, Thing, Tuple, typeOf, Undefined, type Args, type Value } from './values';

type Of<K extends Expr['kind']> = Extract<Expr, { readonly kind: K }>;

export function compile(node: Expr, frame: Frame): Code {
  switch (node.kind) {
    case 'const':
      return quick(() => node.value);
    case 'name':
      return frame.variable(node.name);
    case 'namespace':
      return fail('syntax', 'a namespace attribute where a value is expected');
    case 'attribute':
      return compileAttribute(compile(node.of, frame), node.name);
    case 'item':
      return compileItem(compile(node.of, frame), compile(node.key, frame));
    case 'slice':
      return compileSlice(node.of, node.slice, frame);
    case 'call':
      return compileCall(node, frame);
    case 'filter':
      return compileFilter(node, frame);
    case 'test':
      return compileTest(node, frame);
    case 'if':
      return compileIf(node, frame.softly());
    case 'and':
    case 'or':
      return compileLogic(node.kind, compile(node.left, frame), compile(node.right, frame));
    case 'unary':
      return compileUnary(node.operator, compile(node.of, frame));
    case 'binary':
      return compileBinary(node, frame);
    case 'compare':
      return compileCompare(node, frame);
    case 'concat':
      return compileAll(node.items, frame, concatenate);
    case 'tuple':
      return compileAll(node.items, frame, (_run, items) => new Tuple(items));
    case 'list':
      return compileAll(node.items, frame, (_run, items) => new List(items));
    case 'dict':
      return compileDict(node, frame);
  }
}

function compileAttribute(of: Code, name: string): Code {
  return {
    *run(scope) {
      const value = of.now ? of.now(scope) : yield* of.run(scope);
      const found = attributeNow(scope.run, value, name);
      return isSteps(found) ? yield* found : found;
    },
  };
}

function compileItem(of: Code, key: Code): Code {
  return {
    *run(scope) {
      const value = of.now ? of.now(scope) : yield* of.run(scope);
      return yield* item(scope.run, value, key.now ? key.now(scope) : yield* key.run(scope));
    },
  };
}

function compileSlice(node: Expr, { start, stop, step }: Slice, frame: Frame): Code {
  const of = compile(node, frame);
  const [from, to, by] = [start, stop, step].map((part) => (part ? compile(part, frame) : quick(() => null))) as [Code, Code, Code];
  return {
    *run(scope) {
      const value = yield* of.run(scope);
      const made = slice(scope.run, value, yield* from.run(scope), yield* to.run(scope), yield* by.run(scope));
      if (scope.run.budget.step()) yield;
      return made;
    },
  };
}

type Make = (run: Scope['run'], values: Value[]) => Value | Steps<Value>;

function compileAll(nodes: readonly Expr[], frame: Frame, make: Make): Code {
  const codes = nodes.map((node) => compile(node, frame));
  return {
    *run(scope) {
      const values: Value[] = [];
      for (const code of codes) values.push(code.now ? code.now(scope) : yield* code.run(scope));
      scope.run.budget.list(values.length);
      const made = make(scope.run, values);
      return isSteps(made) ? yield* made : made;
    },
  };
}

function compileDict(node: Of<'dict'>, frame: Frame): Code {
  const pairs = node.pairs.map(([key, value]) => [compile(key, frame), compile(value, frame)] as const);
  return {
    *run(scope) {
      const dict = new Dict();
      scope.run.budget.list(2 * pairs.length);
      for (const [key, value] of pairs) {
        const at = yield* key.run(scope);
        dict.set(at, yield* value.run(scope));
      }
      return dict;
    },
  };
}

function compileLogic(kind: 'and' | 'or', left: Code, right: Code): Code {
  return {
    *run(scope) {
      const value = left.now ? left.now(scope) : yield* left.run(scope);
      if (truth(value) === (kind === 'or')) return value;
      return right.now ? right.now(scope) : yield* right.run(scope);
    },
  };
}

function compileUnary(operator: '+' | '-' | 'not', of: Code): Code {
  return {
    *run(scope) {
      const value = of.now ? of.now(scope) : yield* of.run(scope);
      return operator === 'not' ? !truth(value) : unary(operator, value);
    },
  };
}

function compileBinary(node: Of<'binary'>, frame: Frame): Code {
  const [left, right] = [compile(node.left, frame), compile(node.right, frame)];
  return {
    *run(scope) {
      const a = left.now ? left.now(scope) : yield* left.run(scope);
      return yield* binary(scope.run, node.operator, a, right.now ? right.now(scope) : yield* right.run(scope));
    },
  };
}

function* compares(scope: Scope, operator: CompareOperator, a: Value, b: Value): Steps<boolean> {
  if (operator === '==' || operator === '!=') return (yield* equal(scope.run, a, b)) === (operator === '==');
  if (operator === 'in' || operator === 'not in') return (yield* contains(scope.run, b, a)) === (operator === 'in');
  return yield* ordered(scope.run, operator, a, b);
}

function compileCompare(node: Of<'compare'>, frame: Frame): Code {
  const first = compile(node.of, frame);
  const others = node.with.map(({ operator, value }) => ({ operator, code: compile(value, frame) }));
  return {
    *run(scope) {
      let left = first.now ? first.now(scope) : yield* first.run(scope);
      for (const { operator, code } of others) {
        const right = code.now ? code.now(scope) : yield* code.run(scope);
        if (!(yield* compares(scope, operator, left, right))) return false;
        left = right;
      }
      return true;
    },
  };
}

function compileIf(node: Of<'if'>, frame: Frame): Code {
  const [test, yes] = [compile(node.test, frame), compile(node.yes, frame)];
  const no = node.no ? compile(node.no, frame) : quick(() => new Undefined('the inline if-expression evaluated to false and no else section was defined.'));
  return {
    *run(scope) {
      return yield* (truth(yield* test.run(scope)) ? yes : no).run(scope);
    },
  };
}

/** The arguments of a call. */
function compileArgs(call: CallArgs, frame: Frame): (scope: Scope) => Steps<{ positional: Value[]; named: Map<string, Value> }> {
  const args = call.args.map((arg) => compile(arg, frame));
  const named = call.named.map(({ key, value }) => [key, compile(value, frame)] as const);
  const [rest, namedRest] = [call.rest, call.namedRest].map((part) => part && compile(part, frame));
  return function* (scope) {
    const positional: Value[] = [];
    const values = new Map<string, Value>();
    for (const arg of args) positional.push(arg.now ? arg.now(scope) : yield* arg.run(scope));
    for (const [key, value] of named) values.set(key, yield* value.run(scope));
    if (rest) for (const value of yield* listOf(scope.run, yield* rest.run(scope))) positional.push(value);
    if (namedRest) spread(yield* namedRest.run(scope), values);
    scope.run.budget.list(positional.length + values.size);
    return { positional, named: values };
  };
}

function spread(given: Value, values: Map<string, Value>): void {
  if (given instanceof Undefined || !(given instanceof Dict)) return fail('type', `argument after ** must be a mapping, not ${typeOf(given)}`);
  for (const [key, value] of given.entries()) {
    if (!(key instanceof Text)) return fail('type', 'keywords must be strings');
    if (values.has(key.plain)) fail('type', `got multiple values for keyword argument '${key.plain}'`);
    values.set(key.plain, value);
  }
}

/** `extra`: arguments that the template does not write. */
export function compileCall(node: Of<'call'>, frame: Frame, extra?: (scope: Scope) => readonly [string, Value]): Code {
  const of = compile(node.of, frame);
  const args = compileArgs(node.call, frame);
  return {
    *run(scope) {
      const value = of.now ? of.now(scope) : yield* of.run(scope);
      const given = yield* args(scope);
      if (scope.run.budget.step()) yield;
      if (extra) given.named.set(...extra(scope));
      return yield* call(scope, value, given);
    },
  };
}

function* call(scope: Scope, value: Value, args: Args): Steps<Value> {
  if (value instanceof Undefined) return value.fail();
  if (!(value instanceof Thing)) return fail('type', `'${typeOf(value)}' object is not callable`);
  const made = value.call(scope.run, args);
  return isSteps(made) ? yield* made : made;
}

function known(table: ReadonlyMap<string, unknown>, what: string, name: string, frame: Frame): Text {
  if (!table.has(name) && !frame.soft) fail('syntax', `No ${what} named '${name}'.`);
  return new Text(name);
}

export function compileFilter(node: Of<'filter'>, frame: Frame, of: Code | undefined = node.of && compile(node.of, frame)): Code {
  const name = known(filters, 'filter', node.name, frame);
  const args = compileArgs(node.call, frame);
  return {
    *run(scope) {
      const value = yield* (of as Code).run(scope);
      if (scope.run.budget.step()) yield;
      return yield* callFilter(scope.run, name, value, yield* args(scope));
    },
  };
}

function compileTest(node: Of<'test'>, frame: Frame): Code {
  const of = compile(node.of, frame);
  const name = known(tests, 'test', node.name, frame);
  const args = compileArgs(node.call, frame);
  return {
    *run(scope) {
      const value = of.now ? of.now(scope) : yield* of.run(scope);
      return yield* callTest(scope.run, name, value, yield* args(scope));
    },
  };
}
