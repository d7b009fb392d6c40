import type { Budget, Steps } from './budget';
import { compile } from './compile-expression';
import { compileBody, compileTarget } from './compile';
import type { Frame } from './frame';
import { Loop, type Recursion } from './loop';
import type { For } from './nodes';
import { iterate, next, truth } from './protocols';
import { Scope, type Exec, type Signal } from './scope';
import { analyze, readNames, targets } from './symbols';
import { Builder } from './text';
import { end, Iter, type Value } from './values';

/** Runs the loop over a value; `loop(...)` inside it goes one level deeper. */
type Rounds = (scope: Scope, out: Builder, of: Value, depth: number, recursion: Recursion | undefined) => Steps<Signal>;

export function* compileFor(node: For, frame: Frame, budget: Budget): Steps<Exec> {
  const of = compile(node.of, frame);
  const inside = node.recursive ? frame.delayed() : frame;
  const rounds = yield* compileRounds(node, inside, budget);
  return function* (scope, out) {
    const value = of.now ? of.now(scope) : yield* of.run(scope);
    if (!node.recursive) return yield* rounds(scope, out, value, 0, undefined);
    out.add(yield* recursing(rounds, scope)(scope.run, value, 0));
    return 'done';
  };
}

function recursing(rounds: Rounds, home: Scope): Recursion {
  const recursion: Recursion = function* (run, of, depth) {
    run.budget.enter();
    const out = new Builder();
    yield* rounds(new Scope(run, home.context, home), out, of, depth, recursion);
    run.budget.leave();
    return out.text();
  };
  return recursion;
}

function* compileRounds(node: For, frame: Frame, budget: Budget): Steps<Rounds> {
  const inner = frame.inner().loop();
  const place = node.usesLoop ? inner.symbols.parameter('loop') : undefined;
  for (const name of targets(node.target)) inner.symbols.parameter(name);
  analyze(inner.symbols, node.body);
  const select = node.test && compileSelection(node, frame);
  const store = compileTarget(node.target, inner);
  const body = yield* compileBody(node.body, inner, budget);
  const [enter, leave] = [inner.entering(), inner.leaving()];
  const otherwise = node.otherwise.length > 0 ? yield* compileElse(node, frame, budget) : undefined;
  return function* (scope, out, of, depth, recursion) {
    const items = select ? select(scope, of) : iterate(scope.run, of);
    const loop = new Loop(select ? items : of, items, depth, recursion);
    let finished = false;
    if (place) scope.slots[place.slot] = undefined;
    for (let item = yield* loop.advance(); item !== end; item = yield* loop.advance()) {
      if (scope.run.budget.step()) yield;
      yield* store(scope, item);
      if (place) scope.slots[place.slot] = loop;
      enter(scope);
      const signal: Signal = yield* body(scope, out);
      if (signal === 'break') break;
      if (signal === 'done') finished = true; // a round that `continue` ends does not count for else
    }
    leave(scope);
    return otherwise && !finished ? yield* otherwise(scope, out) : 'done';
  };
}

function* compileElse(node: For, frame: Frame, budget: Budget): Steps<Exec> {
  const inner = frame.inner();
  analyze(inner.symbols, node.otherwise);
  const body = yield* compileBody(node.otherwise, inner, budget);
  const [enter, leave] = [inner.entering(), inner.leaving()];
  return function* (scope, out) {
    enter(scope);
    const signal = yield* body(scope, out);
    leave(scope);
    return signal;
  };
}

/** The items for which the test behind `if` holds, asked one by one as the loop goes on. */
function compileSelection(node: For, frame: Frame): (scope: Scope, of: Value) => Iter {
  const inner = frame.delayed();
  for (const name of targets(node.target)) inner.symbols.parameter(name);
  readNames(inner.symbols, node.test);
  const store = compileTarget(node.target, inner);
  const test = compile(node.test as NonNullable<For['test']>, inner);
  const enter = inner.entering();
  return (home, of) => {
    const items = iterate(home.run, of);
    const scope = new Scope(home.run, home.context, home);
    let begun = false;
    return new Iter(function* () {
      if (!begun) enter(scope);
      begun = true;
      for (;;) {
        const item = yield* next(items);
        if (item === end) return end;
        if (home.run.budget.step()) yield;
        yield* store(scope, item);
        if (truth(yield* test.run(scope))) return item;
      }
    });
  };
}
