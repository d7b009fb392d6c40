// A call whose arguments stand in tags of their own, each value as text: what a text means, its schema tells.
import { argumentsOf, longestName, type Outcome, type Reading } from './bodies';
import type { TaggedBody } from './format';
import { markersOf, type Steps } from './input';
import { escaped, valueOf } from './values';
import { fits } from './tools';

const plainName = /^\s*(?<name>[\w.:-]+)\s*$/;

/** Reads the call that stands next. */
export function* tagged(reading: Reading, body: TaggedBody): Steps<Outcome> {
  const { input, parts, tools } = reading;
  if (body.open !== undefined) input.take(body.open.length);
  const tags = markersOf(body, 'tags', () => [body.key.open, ...body.close]);
  const found = yield* input.head(
    markersOf(body, 'head', () => [...body.end, body.key.open, ...body.close]),
    longestName,
  );
  const name = (body.head ?? plainName).exec(found?.head ?? '')?.groups?.name;
  if (!found || name === undefined) return 'none';
  let tag = body.end.includes(found.marker) ? undefined : found.marker;
  if (tag === undefined) {
    yield* input.skip();
    if ((yield* input.next()) === '{') return yield* whole(reading, body, name);
  }
  parts.begin(name);
  parts.write('{');
  const given = new Set<string>();
  for (;;) {
    yield* input.skip();
    tag ??= yield* input.accept(tags);
    if (tag === undefined) {
      // The end, behind a value: a call as good as closed where it has all that it must have.
      if (!input.over || tools.missing(name, given).length > 0 || body.end.includes('>') || !tools.has(name)) return 'broken';
      break;
    }
    if (tag !== body.key.open) break;
    tag = undefined;
    const head = yield* input.head(
      markersOf(body, 'key', () => [body.key.close]),
      1024,
    );
    const {
      key,
      type,
      text = type && String(type === 'string'),
    } = (body.key.head.exec(head?.head.trim() ?? '')?.groups ?? {}) as Record<string, string | undefined>;
    if (key === undefined) return 'broken';
    parts.write(`${given.size > 0 ? ',' : ''}${JSON.stringify(key)}:`);
    given.add(key);
    if (body.valueOpen !== undefined) {
      yield* input.skip();
      if ((yield* input.accept(markersOf(body, 'value', () => [body.valueOpen ?? '']))) === undefined) return 'broken';
    }
    if (!(yield* value(reading, body, name, key, text))) return 'broken';
  }
  parts.write('}');
  parts.end(true);
  return 'done';
}

/** The arguments as one object in place of tags. */
function* whole(reading: Reading, body: TaggedBody, name: string): Steps<Outcome> {
  const outcome = yield* argumentsOf(reading, {}, () => reading.parts.begin(name));
  if (outcome !== 'done') return outcome;
  reading.parts.end(true);
  yield* reading.input.skip();
  yield* reading.input.accept(markersOf(body, 'close', () => body.close));
  return 'done';
}

/** A value up to its closing tag. `text`: whether it is a string, where the tag tells. */
function* value({ input, parts, tools }: Reading, body: TaggedBody, tool: string, key: string, text?: string): Steps<boolean> {
  const close = markersOf(body, 'valueClose', () => (body.lines ? [`\n${body.valueClose}`, body.valueClose] : [body.valueClose]));
  if (body.lines && (yield* input.peek(body.valueClose.length)) !== body.valueClose) {
    // A line break alone is the value's beginning; together with the closing tag it is an empty value.
    if ((yield* input.peek(1 + body.valueClose.length)) === `\n${body.valueClose}`) {
      input.take(1);
    } else if ((yield* input.next()) === '\n') input.take(1);
  }
  const types = tools.types(tool, key);
  if (text === 'true' || (text === undefined && types.size === 1 && types.has('string'))) {
    parts.write('"');
    const end = yield* input.until(close, (piece) => parts.write(escaped(piece)));
    if (end !== undefined) parts.write('"');
    return end !== undefined;
  }
  const pieces: string[] = [];
  const end = yield* input.until(close, (piece) => pieces.push(piece));
  const all = pieces.join('');
  if (end === undefined) {
    parts.write(`"${escaped(all)}`); // what came, in a call that stays incomplete
    return false;
  }
  const read = valueOf(all);
  if (read && (text === 'false' || fits(JSON.parse(read.text), types))) {
    parts.write(read.text);
    for (const message of read.problems) parts.problem(message, all);
  } else {
    parts.write(JSON.stringify(all));
  }
  return true;
}
