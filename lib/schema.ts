// Schemas of any kind as JSON Schema, and values checked by them.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import * as check from './check';
import { LlamaError } from './errors';
import type { JsonSchema, StandardSchema } from './schema-value';

/** A schema as it may be given: JSON Schema, as an object or as text, or a Standard Schema that can be written as one. */
export type SchemaSource = string | JsonSchema | StandardSchema;

/** @internal */
export const isStandard = (value: unknown): value is StandardSchema =>
  (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value;

/** @internal */
export const schemaSource: check.Check<SchemaSource> = (value, name) => {
  if (typeof value === 'string' || isStandard(value)) return value;
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonSchema)
    : check.refuse(name, 'a JSON Schema as an object or as text, or a Standard Schema (Zod, Valibot, ArkType)', value);
};

/**
 * The JSON Schema of what a Standard Schema takes, where the schema itself can say it.
 * @internal
 */
export function ownJsonSchema(schema: StandardSchema): unknown {
  const given = schema as StandardSchema & { toJsonSchema?: () => unknown; toJSONSchema?: (options: object) => unknown };
  const standard = given['~standard'] as { jsonSchema?: { input(options: { target: string }): unknown } };
  if (standard.jsonSchema) return standard.jsonSchema.input({ target: 'draft-2020-12' });
  if (typeof given.toJsonSchema === 'function') return given.toJsonSchema();
  return typeof given.toJSONSchema === 'function' ? given.toJSONSchema({ io: 'input' }) : undefined;
}

/** How libraries write their schemas as JSON Schema where a schema cannot say it itself: the module, and its function. */
const writers: Readonly<Record<string, readonly [module: string, call: string, options: object]>> = {
  zod: ['zod', 'toJSONSchema', { io: 'input' }],
  valibot: ['@valibot/to-json-schema', 'toJsonSchema', {}],
};

/** The project's own, where this package cannot see it. */
async function importFromProject(module: string): Promise<Record<string, unknown> | undefined> {
  try {
    return (await import(pathToFileURL(createRequire(join(process.cwd(), 'index.js')).resolve(module)).href)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

async function writtenBy(vendor: string, schema: StandardSchema): Promise<unknown> {
  const [module, call, options] = writers[vendor] ?? [];
  if (module === undefined || call === undefined) return undefined;
  const found = await (import(module) as Promise<Record<string, unknown>>).catch(() => importFromProject(module));
  const write = found?.[call] ?? (found?.z as Record<string, unknown> | undefined)?.[call];
  return typeof write === 'function' ? (write as (schema: unknown, options: object) => unknown)(schema, options ?? {}) : undefined;
}

/**
 * Objects have the keys that they name and no others, where the schema does not say: a validator drops or refuses those, and a model would go on
 * with them for ever. Not where objects are joined, which name each other's keys.
 * @internal
 */
export function closedText(schema: unknown): string {
  const text = JSON.stringify(schema);
  if (text.includes('"allOf"')) return text;
  return JSON.stringify(schema, (key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('properties' in value) || key === 'properties') return value;
    return 'type' in value && value.type === 'object' ? { additionalProperties: false, ...value } : value;
  });
}

/**
 * A tool's schema, as other libraries write it.
 * @internal
 */
export const closedSchema = (schema: unknown): JsonSchema => JSON.parse(closedText(schema)) as JsonSchema;

/**
 * A schema as the text of a JSON Schema. Rejects with `SCHEMA` where it cannot be written as one.
 * @internal
 */
export async function schemaText(schema: SchemaSource, name: string): Promise<string> {
  if (typeof schema === 'string') return schema;
  const refuse = (why: string, cause?: unknown): LlamaError => new LlamaError('SCHEMA', `${name}: ${why}`, { cause, keyword: '', pointer: '' });
  try {
    if (!isStandard(schema)) return JSON.stringify(schema);
    const { vendor } = schema['~standard'];
    const written = ownJsonSchema(schema) ?? (await writtenBy(vendor, schema));
    if (written !== undefined) return closedText(written);
    const need = vendor in writers ? `: install ${writers[vendor]?.[0]} in a version that can, or give JSON Schema` : ': give JSON Schema';
    throw refuse(`this ${vendor} schema cannot be written as JSON Schema${need}`);
  } catch (cause) {
    if (cause instanceof LlamaError) throw cause;
    throw refuse(`it cannot be written as JSON Schema: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

const step = (key: unknown): string => String(typeof key === 'object' && key !== null && 'key' in key ? key.key : key);

/** @internal */
export const issuesOf = (issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[]): string =>
  issues.map(({ message, path = [] }) => [...path.map(step), message].join(': ')).join('; ');
