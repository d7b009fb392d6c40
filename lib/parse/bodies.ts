// One call, read as a format's body says.
import type { JsonBody, NamedBody, PythonBody, TaggedBody } from './format';
import { Markers, markersOf, type Input, type Steps } from './input';
import type { Parts } from './parts';
import { tagged } from './tagged';
import type { Tools } from './tools';
import { json, python, readString, readValue, valueOf, type Writing } from './values';

/** `done`: read to its end. `broken`: it began, and went wrong or stopped. `none`: no call stands here. */
export type Outcome = 'done' | 'broken' | 'none';

/** What reads calls, and what for. */
export interface Reading {
  readonly input: Input;
  readonly parts: Parts;
  readonly tools: Tools;
  /** Nothing but a call's own shape tells that one stands here. */
  readonly bare: boolean;
}

const nameKeys = new Set(['name', 'tool_name', 'function', 'tool', 'function_name']);
const argumentKeys = new Set(['arguments', 'parameters', 'args', 'input']);
const idKeys = new Set(['id', 'tool_call_id', 'call_id']);
const quietKeys = new Set(['type', 'index']);

/** The most characters of a name and what stands beside it. */
export const longestName = 256;

/** A call's arguments as one value: an object, one written into a string, or nothing, which is none. */
export function* argumentsOf({ input, parts }: Reading, writing: Writing, begin: () => void): Steps<Outcome> {
  yield* input.skip();
  const letter = yield* input.next();
  if (letter === '{') {
    begin();
    return (yield* readValue(input, writing, { write: parts.write, problem: (message) => parts.problem(message, '') })) ? 'done' : 'broken';
  }
  if (letter === '"') {
    const text = (yield* readString(input))?.trim();
    const inner = text === '' ? { text: '{}' } : text?.startsWith('{') ? valueOf(text) : undefined;
    if (!inner) return 'none';
    begin();
    parts.write(inner.text);
    return 'done';
  }
  if ((yield* input.accept(nothing)) === undefined) return 'none';
  begin();
  parts.write('{}');
  return 'done';
}

const nothing = new Markers(['null', 'None']);
const lineEnd = new Markers(['\n']);
const fences = new Markers(['```json', '```']);
const [opening, closing, equals] = [new Markers(['(']), new Markers([')']), new Markers(['='])];

/** `{"name": "f", "arguments": {}, "id": "1"}`, the keys in any order, `{"function": {...}}` and `{"f": {}}`. */
function* jsonCall(reading: Reading): Steps<Outcome> {
  const { input, parts, tools, bare } = reading;
  let name: string | undefined;
  let id: string | undefined;
  let early: string | undefined; // arguments in front of the name
  let begun = false;
  const begin = (): void => {
    begun = true;
    parts.begin(name as string, id);
  };
  const fail = (): Outcome => {
    if (!begun) return 'none';
    parts.end(true); // its arguments are whole
    return 'done';
  };
  input.take(1);
  for (let depth = 1; depth > 0; ) {
    yield* input.skip();
    const letter = yield* input.next();
    if (letter === '}' || letter === ',') {
      input.take(1);
      if (letter === '}') depth--;
      continue;
    }
    const key = yield* readString(input);
    if (key === undefined) return fail();
    yield* input.skip();
    if ((yield* input.next()) !== ':') return fail();
    input.take(1);
    yield* input.skip();
    const opens = (yield* input.next()) === '{';
    if (nameKeys.has(key) && opens && depth === 1 && name === undefined) {
      input.take(1);
      depth++;
    } else if (nameKeys.has(key) && name === undefined) {
      name = yield* readString(input);
      if (name === undefined || name === '') return fail();
    } else if (!begun && (argumentKeys.has(key) || (name === undefined && opens && tools.has(key)))) {
      if (!argumentKeys.has(key)) name = key;
      if (name === undefined) {
        if (bare) return 'none';
        const held: string[] = [];
        if (!(yield* readValue(input, json, { write: (piece) => held.push(piece), problem: () => {} }))) return 'none';
        early = held.join('');
      } else {
        const outcome = yield* argumentsOf(reading, json, begin);
        if (outcome !== 'done') return outcome;
      }
    } else {
      if (bare && !begun && !quietKeys.has(key) && !idKeys.has(key)) return 'none';
      const held: string[] = [];
      if (!(yield* readValue(input, json, { write: (piece) => held.push(piece), problem: () => {} }))) return fail();
      const value = held.join('');
      if (idKeys.has(key)) {
        id = value.startsWith('"') ? (JSON.parse(value) as string) : value;
        if (begun) parts.identify(id);
      } else if (!quietKeys.has(key)) parts.problem(`a call has a key that is not known: ${key.slice(0, 40)}`, `${JSON.stringify(key)}: ${value}`);
    }
  }
  if (!begun) {
    if (name === undefined || bare) return 'none';
    if (early !== undefined && !early.startsWith('{')) return 'none';
    begin();
    parts.write(early ?? '{}');
  }
  parts.end(true);
  return 'done';
}

/** `f(a=1, b='x')`; arguments without a name are the tool's, in their order. */
function* pythonCall({ input, parts, tools, bare }: Reading): Steps<Outcome> {
  const head = yield* input.head(opening, longestName);
  const name = /^\s*([\w.:-]+?)(?:\.call)?$/.exec(head?.head ?? '')?.[1];
  if (name === undefined || (bare && !tools.has(name))) return 'none';
  parts.begin(name);
  parts.write('{');
  const known = tools.names(name);
  for (let count = 0; ; count++) {
    yield* input.skip();
    if ((yield* input.accept(closing)) !== undefined) break;
    if (count > 0) {
      if ((yield* input.next()) !== ',') return 'broken';
      input.take(1);
      yield* input.skip();
      if ((yield* input.accept(closing)) !== undefined) break;
      parts.write(',');
    }
    const unnamed = /^["'[{(\d-]/.test(yield* input.next());
    const key = unnamed ? known[count] : (yield* input.head(equals, longestName))?.head.trim();
    if (key === undefined || !/^[^\s()[\]{},"']+$/.test(key)) return 'broken';
    parts.write(`${JSON.stringify(key)}:`);
    if (!(yield* readValue(input, python, { write: parts.write, problem: (message) => parts.problem(message, '') }))) return 'broken';
  }
  parts.write('}');
  parts.end(true);
  return 'done';
}

function* namedCall(reading: Reading, body: NamedBody): Steps<Outcome> {
  const { input, parts } = reading;
  if (body.open !== undefined) input.take(body.open.length);
  const close = markersOf(body, 'close', () => body.close);
  const found = yield* input.head(
    markersOf(body, 'head', () => [...body.end, ...body.close]),
    longestName,
  );
  if (!found) return 'none';
  if (found.marker.endsWith('{')) input.back(1);
  let { name, id } = (body.head.exec(found.head)?.groups ?? {}) as { name?: string; id?: string };
  const typed = name !== undefined && name === body.typed;
  if (typed) {
    const line = yield* input.head(lineEnd, longestName);
    name = /^\s*([\w.:-]+)\s*$/.exec(line?.head ?? '')?.[1];
    yield* input.skip();
    yield* input.accept(fences);
  }
  if (name === undefined) return 'none';
  if (body.close.includes(found.marker)) {
    parts.begin(name, id);
    parts.write('{}');
    parts.end(true);
    return 'done';
  }
  const outcome = yield* argumentsOf(reading, body.writing, () => parts.begin(name as string, id));
  if (outcome !== 'done') return outcome;
  parts.end(true);
  yield* input.skip();
  if (typed) yield* input.accept(fences);
  yield* input.skip();
  yield* input.accept(close);
  return 'done';
}

/** Reads the call that stands next, where it does. A call that is `broken` is still open. */
export function* readCall(reading: Reading, bodies: readonly (JsonBody | PythonBody | NamedBody | TaggedBody)[]): Steps<Outcome> {
  const { input } = reading;
  const letter = yield* input.next();
  for (const body of bodies) {
    if (body.kind === 'json') {
      if (letter === '{') return yield* jsonCall(reading);
    } else if (body.kind === 'python') {
      if (/[\p{L}_]/u.test(letter)) return yield* pythonCall(reading);
    } else {
      const { open } = body;
      if (open !== undefined && (yield* input.peek(open.length)) !== open) continue;
      if (open === undefined && /[[{<]/.test(letter)) continue;
      return yield* body.kind === 'named' ? namedCall(reading, body) : tagged(reading, body);
    }
  }
  return 'none';
}
