// Bodies as they come: read with Valibot, null as absent, unknown fields left out, and what is wrong named by its place.
import * as v from 'valibot';

import { wrong, type ApiError } from './failure';

/** A field that may be absent or null. */
export const maybe = <S extends v.GenericSchema>(schema: S) => v.nullish(schema);

/** An integer of a range. */
export const integer = (least: number, most = Number.MAX_SAFE_INTEGER) => v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most));

/** A number of a range. */
export const number = (least: number, most: number) => v.pipe(v.number(), v.minValue(least), v.maxValue(most));

/** A JSON object that is handed on as it is. */
export const object = v.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ({ received }) => `Expected Object but received ${received}`,
);

/** A list. */
export const someOf = <T>(schema: v.GenericSchema<unknown, T>, most = 100_000) => v.pipe(v.array(v.unknown()), v.maxLength(most), v.array(schema)); // counted first

const place = (path: readonly { readonly key?: unknown }[] = []): string =>
  path.reduce((text, { key }) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`), '');

type Issue = v.BaseIssue<unknown>;
type Path = readonly { readonly key?: unknown }[];

function refusal(issue: Issue, path: Path): ApiError {
  const where = place(path);
  const said = issue.message.length > 300 ? `${issue.message.slice(0, 300)}…` : issue.message;
  return wrong(where === '' ? 'body' : where, said.charAt(0).toLowerCase() + said.slice(1));
}

/** The body as its schema has it. Throws an ApiError that names the first field that is wrong. */
export function read<S extends v.GenericSchema>(schema: S, body: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, body, { abortEarly: true, abortPipeEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw deepest(issue, (issue.path ?? []) as Path);
}

// Where several kinds are possible, the one that came furthest says most: not one that is of another kind altogether, and none where some came as far.
function deepest(issue: Issue, at: Path): ApiError {
  const far = (of: Issue): number => of.path?.length ?? 0;
  const other = (of: Issue): boolean => of.type === 'literal' || (far(of) === 1 && of.path?.[0]?.key === 'type');
  const kinds = (issue.issues ?? []).filter((of) => far(of) > 0 && !other(of));
  const most = Math.max(0, ...kinds.map(far));
  const [inner, second] = kinds.filter((of) => far(of) === most);
  return inner && !second ? deepest(inner, [...at, ...((inner.path ?? []) as Path)]) : refusal(issue, at);
}
