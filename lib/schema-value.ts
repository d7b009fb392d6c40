// The types of what schemas describe.

/** A JSON Schema, as far as types are made of it; any other keyword may stand in it. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema | boolean>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema | boolean | readonly (JsonSchema | boolean)[];
  readonly [key: string]: unknown;
}

/** What https://standardschema.dev asks of a schema (Zod, Valibot, ArkType, ...). */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] };

/** A value that JSON has. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

type Named = { string: string; number: number; integer: number; boolean: boolean; null: null };
type OfType<S, T> = T extends 'object' ? ObjectOf<S> : T extends 'array' ? ArrayOf<S> : T extends keyof Named ? Named[T] : unknown;
type ArrayOf<S> = S extends { prefixItems: infer P extends readonly unknown[] }
  ? S extends { items: false }
    ? Partial<{ -readonly [K in keyof P]: SchemaValue<P[K]> }>
    : unknown[]
  : S extends { items: readonly unknown[] }
    ? unknown[]
    : S extends { items: infer I }
      ? SchemaValue<I>[]
      : unknown[];
type ObjectOf<S> = S extends { properties: infer P }
  ? { [K in keyof P as K extends Required<S> ? K : never]: SchemaValue<P[K]> } & { [K in keyof P as K extends Required<S> ? never : K]?: SchemaValue<P[K]> }
  : S extends { additionalProperties: infer A extends JsonSchema }
    ? Record<string, SchemaValue<A>>
    : Record<string, unknown>;
type Required<S> = S extends { required: readonly (infer R)[] } ? R : never;

/** The type of what a schema describes: a Standard Schema's output; of a literal JSON Schema what its keywords say; of text `unknown`. */
export type SchemaValue<S> =
  S extends StandardSchema<infer Output>
    ? Output
    : S extends { const: infer C }
      ? C
      : S extends { enum: readonly (infer E)[] }
        ? E
        : S extends { anyOf: readonly (infer B)[] } | { oneOf: readonly (infer B)[] }
          ? B extends unknown
            ? SchemaValue<B>
            : never
          : S extends { type: readonly (infer T)[] }
            ? OfType<S, T>
            : S extends { type: infer T }
              ? OfType<S, T>
              : unknown;
