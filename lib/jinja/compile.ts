// Statements, from the syntax tree to functions. Compiling can pause between statements.
import type { Budget, Steps } from './budget';
import { compile, compileCall, compileFilter } from './compile-expression';
import { compileFor } from './compile-for';
import { fail, refuse } from './failure';
import { Frame } from './frame';
import { Macro, type MacroCode } from './macro';
import type { Assign, AssignBlock, Autoescape, Block, CallBlock, Expr, FilterBlock, If, Macro as MacroNode, Stmt, With } from './nodes';
import { listOf, truth } from './protocols';
import { str } from './repr';
import { quick, Scope, type Code, type Exec } from './scope';
import { Activation, analyze, readNames, Symbols, targets } from './symbols';
import { Builder, Text } from './text';
import { Namespace, type Value } from './values';

export function* compileTemplate(statements: readonly Stmt[], budget: Budget): Steps<Exec> {
  const frame = new Frame(new Symbols(new Activation(undefined)), { top: true });
  analyze(frame.symbols, statements);
  const body = yield* compileBody(statements, frame, budget);
  return entered(frame, body);
}

/** A body that begins with its scope's variables. */
export function entered(frame: Frame, body: Exec, leave = false): Exec {
  const enter = frame.entering();
  const left = leave ? frame.leaving() : undefined;
  return function* (scope, out) {
    enter(scope);
    const signal = yield* body(scope, out);
    left?.(scope);
    return signal;
  };
}

export function* compileBody(statements: readonly Stmt[], frame: Frame, budget: Budget): Steps<Exec> {
  const all: Exec[] = [];
  for (const statement of statements) {
    if (budget.step(8)) yield;
    all.push(yield* compileStatement(statement, frame, budget));
  }
  if (all.length === 1) return all[0] as Exec;
  return function* (scope, out) {
    for (const each of all) {
      const signal = yield* each(scope, out);
      if (signal !== 'done') return signal;
    }
    return 'done';
  };
}

function* compileStatement(node: Stmt, frame: Frame, budget: Budget): Steps<Exec> {
  switch (node.kind) {
    case 'output':
      return compileOutput(node.items, frame);
    case 'branch':
      return yield* compileBranches(node, frame.softly(), budget);
    case 'for':
      return yield* compileFor(node, frame, budget);
    case 'assign':
      return compileAssign(node, frame);
    case 'assignblock':
      return yield* compileAssignBlock(node, frame, budget);
    case 'macro':
      return yield* compileMacro(node, frame, budget);
    case 'callblock':
      return yield* compileCallBlock(node, frame, budget);
    case 'filterblock':
      return yield* compileFilterBlock(node, frame, budget);
    case 'with':
      return yield* compileWith(node, frame, budget);
    case 'block':
      return yield* compileBlock(node, frame, budget);
    case 'autoescape':
      return yield* compileAutoescape(node, frame, budget);
    case 'refused':
      return doing(() => refuse(node.what));
    case 'break':
    case 'continue':
      return frame.looping ? () => signalling(node.kind as 'break') : fail('syntax', `'${node.kind}' outside loop`);
  }
}

function* signalling(kind: 'break' | 'continue'): Steps<'break' | 'continue'> {
  return kind;
}

function doing(body: (scope: Scope) => void): Exec {
  return function* (scope) {
    body(scope);
    return 'done';
  };
}

function compileOutput(items: readonly (string | Expr)[], frame: Frame): Exec {
  const codes = items.map((item) => (typeof item === 'string' ? new Text(item) : compile(item, frame)));
  return function* (scope, out) {
    for (const code of codes) {
      if (scope.run.budget.step()) yield;
      const text = code instanceof Text ? code : yield* printed(scope, code);
      scope.run.budget.output(out.length, text.plain.length + text.turns.length);
      out.add(text);
    }
    return 'done';
  };
}

function* printed(scope: Scope, code: Code): Steps<Text> {
  const value = code.now ? code.now(scope) : yield* code.run(scope);
  return value instanceof Text ? value : yield* str(scope.run, value);
}

function* compileBranches(node: If, frame: Frame, budget: Budget): Steps<Exec> {
  const branches: { test: Code; body: Exec }[] = [];
  for (const each of [node, ...node.others]) branches.push({ test: compile(each.test, frame), body: yield* compileBody(each.body, frame, budget) });
  const otherwise = yield* compileBody(node.otherwise, frame, budget);
  return function* (scope, out) {
    for (const { test, body } of branches) {
      if (scope.run.budget.step()) yield;
      if (truth(test.now ? test.now(scope) : yield* test.run(scope))) return yield* body(scope, out);
    }
    return yield* otherwise(scope, out);
  };
}

/** Gives the names of a target the values; at the top of a template the context has them too. */
export function compileTarget(target: Expr, frame: Frame): (scope: Scope, value: Value) => Steps<void> {
  if (target.kind === 'tuple') return unpacking(target.items.map((item) => compileTarget(item, frame)));
  if (target.kind === 'namespace') return storingAttribute(frame.variable(target.name), target.attribute);
  const name = (target as { readonly name: string }).name;
  const store = frame.storing(name);
  return function* (scope, value) {
    store(scope, value);
    if (frame.top) scope.context.own.set(name, value);
  };
}

function unpacking(parts: readonly ((scope: Scope, value: Value) => Steps<void>)[]): (scope: Scope, value: Value) => Steps<void> {
  return function* (scope, value) {
    const items = yield* listOf(scope.run, value);
    if (items.length !== parts.length) fail('value', `expected ${parts.length} values to unpack, got ${items.length}`);
    for (const [i, part] of parts.entries()) yield* part(scope, items[i] as Value);
  };
}

function storingAttribute(of: Code, attribute: string): (scope: Scope, value: Value) => Steps<void> {
  return function* (scope, value) {
    const namespace = yield* of.run(scope);
    if (!(namespace instanceof Namespace)) return fail('type', 'cannot assign attribute on non-namespace object');
    scope.run.budget.list(2);
    namespace.set(attribute, value);
  };
}

function compileAssign(node: Assign, frame: Frame): Exec {
  const value = compile(node.value, frame);
  const store = compileTarget(node.target, frame);
  return function* (scope) {
    yield* store(scope, value.now ? value.now(scope) : yield* value.run(scope));
    return 'done';
  };
}

/** A body's text, passed through a filter where there is one. */
function filtered(filter: Expr | undefined, frame: Frame): (scope: Scope, text: Text) => Steps<Value> {
  if (!filter) return nothing;
  const code = compileFilters(
    filter as Expr & { readonly kind: 'filter' },
    frame,
    quick((scope) => scope.body),
  );
  return (scope, text) => {
    scope.body = text; // read before anything can pause
    return code.run(scope);
  };
}

function* nothing(_scope: Scope, text: Text): Steps<Value> {
  return text;
}

function compileFilters(node: Expr & { readonly kind: 'filter' }, frame: Frame, first: Code): Code {
  const of = node.of ? compileFilters(node.of as Expr & { readonly kind: 'filter' }, frame, first) : first;
  return compileFilter(node, frame, of);
}

function* compileAssignBlock(node: AssignBlock, frame: Frame, budget: Budget): Steps<Exec> {
  const inner = frame.inner();
  analyze(inner.symbols, node.body);
  readNames(inner.symbols, node.filter);
  const body = entered(inner, yield* compileBody(node.body, inner, budget));
  const filter = filtered(node.filter, inner);
  const [store, leave] = [compileTarget(node.target, frame), inner.leaving()];
  return function* (scope, _out) {
    const out = new Builder();
    const signal = yield* body(scope, out);
    if (signal !== 'done') return signal;
    yield* store(scope, yield* filter(scope, out.text()));
    leave(scope);
    return 'done';
  };
}

function* compileFilterBlock(node: FilterBlock, frame: Frame, budget: Budget): Steps<Exec> {
  const inner = frame.inner();
  analyze(inner.symbols, node.body);
  readNames(inner.symbols, node.filter);
  const body = entered(inner, yield* compileBody(node.body, inner, budget));
  const [filter, leave] = [filtered(node.filter, inner), inner.leaving()];
  return function* (scope, out) {
    const inside = new Builder();
    const signal = yield* body(scope, inside);
    if (signal !== 'done') return signal;
    out.add(yield* str(scope.run, yield* filter(scope, inside.text())));
    leave(scope);
    return 'done';
  };
}

function* macroCode(name: string | undefined, node: MacroNode | CallBlock, frame: Frame, budget: Budget): Steps<MacroCode> {
  const inner = frame.delayed();
  const { parameters, defaults } = node.signature;
  const slots = parameters.map((parameter) => inner.symbols.parameter(parameter).slot);
  for (const usual of defaults) readNames(inner.symbols, usual);
  analyze(inner.symbols, node.body);
  const asked = (['caller', 'kwargs', 'varargs'] as const).filter((each) => node.asks[each] && !parameters.includes(each));
  const extra = Object.fromEntries(asked.map((each) => [each, inner.symbols.parameter(each).slot]));
  if (node.asks.caller && parameters.includes('caller') && parameters.indexOf('caller') < parameters.length - defaults.length) {
    fail('syntax', "the argument 'caller' of a macro must be omitted or be given a default");
  }
  const usual = parameters.map((_, i) => defaults[i - parameters.length + defaults.length]);
  return {
    name,
    parameters: parameters.map((parameter, i) => ({ name: parameter, slot: slots[i] as number, usual: usual[i] && compile(usual[i], inner) })),
    slots: extra,
    body: yield* compileBody(node.body, inner, budget),
    enter: inner.entering(),
  };
}

function* compileMacro(node: MacroNode, frame: Frame, budget: Budget): Steps<Exec> {
  const code = yield* macroCode(node.name, node, frame, budget);
  const store = compileTarget({ kind: 'name', name: node.name, depth: 1 }, frame);
  return function* (scope) {
    yield* store(scope, new Macro(code, scope));
    return 'done';
  };
}

function* compileCallBlock(node: CallBlock, frame: Frame, budget: Budget): Steps<Exec> {
  const code = yield* macroCode(undefined, node, frame, budget);
  const caller = (scope: Scope): readonly [string, Value] => ['caller', new Macro(code, scope)];
  const call = node.call && compileCall(node.call, frame, caller);
  return function* (scope, out) {
    const value = call ? yield* call.run(scope) : yield* new Macro(code, scope).call(scope.run, { positional: [], named: new Map() });
    out.add(yield* str(scope.run, value));
    return 'done';
  };
}

function* compileWith(node: With, frame: Frame, budget: Budget): Steps<Exec> {
  const inner = frame.inner();
  for (const target of node.targets) for (const name of targets(target)) inner.symbols.parameter(name);
  analyze(inner.symbols, node.body);
  const values = node.values.map((value) => compile(value, frame));
  const stores = node.targets.map((target) => compileTarget(target, inner));
  const body = yield* compileBody(node.body, inner, budget);
  const [enter, leave] = [inner.entering(), inner.leaving()];
  return function* (scope, out) {
    enter(scope);
    for (const [i, store] of stores.entries()) yield* store(scope, yield* (values[i] as Code).run(scope));
    const signal = yield* body(scope, out);
    leave(scope);
    return signal;
  };
}

/** A block stands where it is written: there is no template that extends this one. */
function* compileBlock(node: Block, frame: Frame, budget: Budget): Steps<Exec> {
  if (node.required) return doing(() => fail('value', `Required block '${node.name}' not found`));
  const inner = new Frame(new Symbols(new Activation(undefined)));
  analyze(inner.symbols, node.body);
  const body = entered(inner, yield* compileBody(node.body, inner, budget));
  const visible = node.scoped ? Array.from(frame.symbols.visible(), ([name, place]) => [name, frame.reading(place)] as const) : [];
  return function* (scope, out) {
    const seen = visible.flatMap(([name, read]) => (read(scope) === undefined ? [] : [[name, read(scope) as Value] as const]));
    yield* body(new Scope(scope.run, node.scoped ? scope.context.derived(seen) : scope.context), out);
    return 'done';
  };
}

function* compileAutoescape(node: Autoescape, frame: Frame, budget: Budget): Steps<Exec> {
  const inner = frame.inner();
  readNames(inner.symbols, node.on);
  analyze(inner.symbols, node.body);
  const on = compile(node.on, inner);
  const body = yield* compileBody(node.body, inner, budget);
  const checked: Exec = function* (scope, out) {
    if (truth(yield* on.run(scope))) refuse('{% autoescape true %}');
    return yield* body(scope, out);
  };
  return entered(inner, checked, true);
}
