// What an answer is bound to, in OpenAI's words.
import * as v from 'valibot';

import type { BoundOptions, JsonSchema } from '../../index';
import { wrong } from '../failure';
import { maybe, object } from '../wire';

/** The value of `response_format`. */
export const responseFormat = maybe(
  v.variant('type', [
    v.object({ type: v.literal('text') }),
    v.object({ type: v.literal('json_object'), schema: maybe(object) }),
    v.object({
      type: v.literal('json_schema'),
      json_schema: v.object({ name: maybe(v.string()), schema: maybe(object), strict: maybe(v.boolean()), description: maybe(v.string()) }),
    }),
  ]),
);

/** llama.cpp's fields for the same. */
export const boundEntries = {
  grammar: maybe(v.string()),
  json_schema: maybe(object),
} satisfies v.ObjectEntries;

const anyObject: JsonSchema = { type: 'object' };

/** The engine's options. Throws where two things bind one text. */
export function boundOf(body: {
  readonly response_format?: v.InferOutput<typeof responseFormat>;
  readonly grammar?: string | null | undefined;
  readonly json_schema?: Readonly<Record<string, unknown>> | null | undefined;
}): BoundOptions {
  const { response_format: format, grammar, json_schema: own } = body;
  const found: BoundOptions[] = [];
  if (format?.type === 'json_object') found.push({ schema: (format.schema as JsonSchema | null | undefined) ?? anyObject });
  if (format?.type === 'json_schema') {
    const { schema } = format.json_schema;
    if (!schema) throw wrong('response_format.json_schema.schema', 'expected a JSON Schema, found none');
    found.push({ schema: schema as JsonSchema });
  }
  if (own) found.push({ schema: own as JsonSchema });
  if (grammar !== null && grammar !== undefined && grammar !== '') found.push({ grammar });
  if (found.length > 1) throw wrong('response_format', 'a text is bound to one thing: give one of response_format, json_schema and grammar');
  return found[0] ?? {};
}
