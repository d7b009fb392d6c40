// The filters by name, and those that call others.
import { getter } from './attributes';
import type { Steps } from './budget';
import { fail, refuse } from './failure';
import { listFilters } from './filters-list';
import { numberFilters } from './filters-number';
import { textFilters } from './filters-text';
import { pprint } from './pprint';
import { iterate, next, truth } from './protocols';
import type { Run } from './run';
import { callee, invoke, type Callee } from './signature';
import { callTest } from './tests';
import { Text } from './text';
import { urlize } from './urlize';
import { wordwrap } from './wordwrap';
import { type Dict, end, isSteps, Iter, type Tuple, Undefined, type Args, type Value } from './values';

type Change = (item: Value) => Steps<Value | typeof end>;

/** A generator over a value's items: each is changed, or left out. `prepare` runs when the first item is asked for. */
function lazily(run: Run, value: Value, prepare: () => Change): Iter {
  let from: Iter | undefined;
  let change: Change | undefined;
  return new Iter(function* () {
    if (!from && !truth(value)) return end;
    change ??= prepare();
    from ??= iterate(run, value);
    for (;;) {
      if (run.budget.step()) yield;
      const item = yield* next(from);
      if (item === end) return end;
      const made = yield* change(item);
      if (made !== end) return made;
    }
  });
}

const argsOf = (positional: readonly Value[], named: Dict): Args => ({
  positional,
  named: new Map(named.entries().map(([key, value]) => [(key as Text).plain, value])),
});

function map(run: Run, value: Value, given: Value, named: Value): Iter {
  const [name, ...rest] = (given as Tuple).items;
  return lazily(run, value, () => {
    const options = named as Dict;
    if (name === undefined && options.named('attribute') !== undefined) return attributes(run, options);
    if (name === undefined) return fail('value', 'map requires a filter argument');
    const args = argsOf(rest, options);
    return (item) => callFilter(run, name, item, args);
  });
}

function attributes(run: Run, options: Dict): Change {
  const unknown = options.keys().find((key) => !['attribute', 'default'].includes((key as Text).plain));
  if (unknown) fail('value', `Unexpected keyword argument '${(unknown as Text).plain}'`);
  return getter(run, options.named('attribute'), options.named('default'));
}

function selecting(wanted: boolean, byAttribute: boolean): Callee {
  return callee('* **', (run, value, given, named) =>
    lazily(run, value, () => {
      const [...rest] = (given as Tuple).items;
      if (byAttribute && rest.length === 0) fail('value', 'Missing parameter for attribute name');
      const get = getter(run, byAttribute ? rest.shift() : undefined);
      const name = rest.shift();
      const args = argsOf(rest, named as Dict);
      return function* (item: Value) {
        const subject = yield* get(item);
        const holds = truth(name === undefined ? subject : yield* callTest(run, name, subject, args));
        return holds === wanted ? item : end;
      };
    }),
  );
}

/** Left out with intent: the same messages have to make the same prompt, of which beginnings are known and results can be repeated. */
const random = callee('* **', () => refuse("the filter 'random', which would make another prompt of the same messages each time,"));

const table: Readonly<Record<string, Callee>> = {
  ...listFilters,
  ...numberFilters,
  ...textFilters,
  count: listFilters.length as Callee,
  d: listFilters.default as Callee,
  e: textFilters.escape as Callee,
  map: callee('* **', map as never),
  select: selecting(true, false),
  reject: selecting(false, false),
  selectattr: selecting(true, true),
  rejectattr: selecting(false, true),
  pprint,
  random,
  urlize,
  wordwrap,
};

export const filters: ReadonlyMap<string, Callee> = new Map(Object.entries(table));

export function* callFilter(run: Run, name: Value, value: Value, args: Args): Steps<Value> {
  const found = name instanceof Text ? filters.get(name.plain) : undefined;
  if (!found)
    return fail(
      'value',
      `No filter named ${name instanceof Text ? `'${name.plain}'` : 'so'}.${name instanceof Undefined ? ' Its name is undefined: is a quote missing?' : ''}`,
    );
  const made = invoke(run, `the filter '${(name as Text).plain}'`, found, value, args);
  return isSteps(made) ? yield* made : made;
}
