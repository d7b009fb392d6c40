// What texts are bound to: compiled on a thread of its own, shared by any number of requests to any model.
import { availableParallelism } from 'node:os';

import { native } from './binding';
import * as check from './check';
import { LlamaError, Origin, type ErrorCode } from './errors';
import { runJob } from './job';
import type { GrammarHandle, GrammarKind, ModelHandle, NativeCompiled, VocabularyHandle } from './native';
import type { GrammarPart } from './grammar-part';
import { isStandard, issuesOf, schemaSource, schemaText, type SchemaSource } from './schema';
import type { JsonValue, SchemaValue, StandardSchema } from './schema-value';

/** How JSON is laid out: `compact`, without space or with one behind commas and colons; `flexible`: spaces and line breaks, a few at a time. */
export type Whitespace = 'compact' | 'flexible';

/**
 * What a text is bound to: one of these. The types are found from the options: the schema, the choices, what a compiled grammar gives, whether it is
 * `json`.
 */
export interface BoundTo<S, C extends string, V, J extends true> {
  /**
   * A JSON Schema (2020-12 or draft-07), as an object, as text (whose order of keys is kept whatever they are) or as a Standard Schema (Zod, Valibot,
   * ArkType); or what `compileSchema` made. The text is JSON that is valid, keys in the schema's order; `value` is parsed from it and, by a Standard
   * Schema, validated. Rejects with `SCHEMA` where a keyword cannot be enforced: none is ignored.
   */
  schema?: S;
  /** A regular expression as JavaScript writes it, with the flag `u` or none; the whole text matches it. */
  regex?: string | RegExp;
  /** The text is one of these. */
  choices?: readonly C[];
  /**
   * A grammar in GBNF, as llama.cpp reads it, the text its `root`; or anything compiled. A token may be named, as in `<think>`: rejects with `ARGUMENT` where
   * the model's vocabulary lacks it.
   */
  grammar?: string | Grammar<V>;
  /**
   * A grammar in Lark's notation, as llguidance reads it, the text its `start`. Rejects with `UNSUPPORTED` for what would change its texts and is not built,
   * by its name. A `grammar` that begins with `%llguidance` is read so too.
   */
  lark?: string;
  /** The text is any JSON object or array. */
  json?: J;
  /** Of JSON, also of `%json` in Lark's notation. Default `compact`. */
  whitespace?: Whitespace;
}

export type BoundOptions = BoundTo<SchemaSource | Grammar, string, unknown, true>;

/** A text that is bound to nothing whose value is more than text. */
export interface Unbound {
  schema?: never;
  choices?: never;
  grammar?: never;
  json?: never;
  /** A regular expression as JavaScript writes it, with the flag `u` or none; the whole text matches it. */
  regex?: string | RegExp;
  /** A grammar in Lark's notation, as llguidance reads it, the text its `start`. */
  lark?: string;
}

/** The value of a text: of one that is bound and was cut off, `undefined`. */
export type BoundValue<S, C extends string, V, J extends true> = [S] extends [never]
  ? [C] extends [never]
    ? [V] extends [never]
      ? [J] extends [never]
        ? string
        : Exclude<JsonValue, string | number | boolean | null> | undefined
      : V | undefined
    : C | undefined
  : (S extends Grammar<infer T> ? T : SchemaValue<S>) | undefined;

/**
 * What a text is bound to, as it is written.
 * @internal
 */
export interface GrammarSource {
  readonly kind: GrammarKind;
  readonly source: string | readonly string[] | GrammarPart;
  readonly draft7?: boolean;
  readonly anySpace?: boolean;
}

// Each is a thread, and a thousand requests may bring schemas of their own: those that are answered keep half of the processors.
const mostAtOnce = Math.max(1, Math.floor(availableParallelism() / 2));
let compiling = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (compiling >= mostAtOnce) await new Promise<void>((begin) => waiting.push(begin));
  else compiling++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else compiling--;
  }
}

/** What has the tokens that a grammar may name. */
type Words = ModelHandle | VocabularyHandle;

interface Compiled {
  /** None of a grammar that names tokens and was compiled over no vocabulary. */
  readonly handle: GrammarHandle | undefined;
  readonly compileUs: number;
}

/**
 * Rejects with `SCHEMA`, `ARGUMENT` or `UNSUPPORTED`.
 * @internal
 */
export async function compile(origin: Origin, { kind, source, draft7 = false, anySpace = false }: GrammarSource, over?: Words): Promise<Compiled> {
  const found = await inTurn(() => runJob<NativeCompiled>(origin, (ticket) => native.compileGrammar(ticket, kind, source, { draft7, anySpace }, over)));
  if (found.code === undefined) return { handle: found.handle, compileUs: found.compileUs };
  const { code, message = '', keyword, pointer } = found;
  const error = new LlamaError(code as ErrorCode, message, { ...(keyword !== undefined && { keyword }), ...(pointer !== undefined && { pointer }) });
  throw origin.mark(error);
}

/** A compiled schema, regular expression, list of choices or grammar, for any number of requests to any model at once. Immutable. */
export class Grammar<Value = unknown> {
  readonly kind: 'schema' | 'regex' | 'choices' | 'grammar' | 'lark';
  readonly #handle: GrammarHandle | undefined;
  /** @internal */
  readonly source: GrammarSource;
  readonly #schema: StandardSchema | undefined;
  declare readonly '~value'?: Value; // its type alone

  private constructor(source: GrammarSource, handle: GrammarHandle | undefined, schema: StandardSchema | undefined) {
    this.kind = source.kind as 'schema';
    this.source = source;
    this.#handle = handle;
    this.#schema = schema;
  }

  /** @internal */
  static async of<Value>(origin: Origin, source: GrammarSource, schema?: StandardSchema): Promise<Grammar<Value>> {
    return new Grammar<Value>(source, (await recent(origin, source)).handle, schema);
  }

  /**
   * What it is over a model's vocabulary. Rejects with `ARGUMENT` where it names a token that the vocabulary lacks.
   * @internal
   */
  async over(origin: Origin, words: Words): Promise<GrammarHandle> {
    return this.#handle ?? ((await recent(origin, this.source, words)).handle as GrammarHandle);
  }

  /**
   * What a text says; of one that is cut off what there is, if that is text. Rejects with `SCHEMA` where the Standard Schema checks more than JSON Schema says, and refuses it.
   * @internal
   */
  async value(text: string, complete: boolean): Promise<unknown> {
    if (!complete) return this.kind === 'schema' || this.kind === 'choices' ? undefined : text;
    if (this.kind !== 'schema') return text;
    const parsed: unknown = JSON.parse(text);
    if (!this.#schema) return parsed;
    const checked = await this.#schema['~standard'].validate(parsed);
    if (!checked.issues) return checked.value;
    const message = `schema: the answer is valid JSON for it, and its own checks refuse it: ${issuesOf(checked.issues)}`;
    throw new LlamaError('SCHEMA', message, { cause: { text, issues: checked.issues } });
  }
}

/**
 * A bound text as it may stand beside calls.
 * @internal
 */
export function partOf({ kind, source: { source, anySpace = false } }: Grammar): GrammarPart {
  if (kind === 'schema') return { schema: source as string, where: '', anySpace };
  if (kind === 'regex') return { pattern: source as string };
  throw new LlamaError('UNSUPPORTED', 'tools: beside them, an answer is bound to a schema or a regular expression: leave them or the other out');
}

/**
 * Calls of tools as a model writes them, and beside them what else the answer may be.
 * @internal
 */
export async function compileCalls(origin: Origin, written: GrammarPart, bound: Grammar | undefined, words: Words): Promise<GrammarHandle> {
  const { draft7 = false } = bound?.source ?? {};
  return (await recent(origin, { kind: 'parts', source: written, draft7 }, words)).handle as GrammarHandle;
}

type Compiling = Promise<Compiled>;
const kept = new Map<string, Compiling>(); // the last few, so that the same schema in every request is compiled once
const mostKept = 8;

const numbers = new WeakMap<object, number>(); // of models and tokenizers
let numbered = 0;

function numberOf(words: Words | undefined): number {
  if (!words) return 0;
  const number = numbers.get(words) ?? ++numbered;
  numbers.set(words, number);
  return number;
}

function recent(origin: Origin, source: GrammarSource, over?: Words): Compiling {
  const key = numberOf(over) + JSON.stringify(source);
  const found = kept.get(key) ?? compile(origin, source, over);
  kept.delete(key); // and put last
  kept.set(key, found);
  found.catch(() => kept.delete(key));
  if (kept.size > mostKept) kept.delete(kept.keys().next().value as string);
  return found;
}

const anyJson = '{"type":["object","array"]}';

/** @internal */
export const whitespaceCheck: check.Check<Whitespace> = check.oneOf(['compact', 'flexible']);

const patternOf: check.Check<string> = (value, name) => {
  if (!(value instanceof RegExp)) return typeof value === 'string' ? value : check.refuse(name, 'a regular expression, or its source', value);
  const other = value.flags.replace(/[udgy]/g, '');
  return other === '' ? value.source : check.refuse(name, 'a regular expression without flags that change what it matches', value.flags);
};

/** @internal */
export const boundChecks: check.Checks<BoundOptions> = {
  schema: (value, name) => (value instanceof Grammar ? value : schemaSource(value, name)),
  regex: patternOf,
  choices: check.listOf(check.string),
  grammar: (value, name) => (value instanceof Grammar ? value : check.string(value, name)),
  lark: check.string,
  json: (value, name) => (value === true ? value : check.refuse(name, 'true', value)),
  whitespace: whitespaceCheck,
};

const names = ['schema', 'regex', 'choices', 'grammar', 'lark', 'json'] as const;

/**
 * What checked options bind a text to. Throws where they say two things.
 * @internal
 */
export function boundBy(origin: Origin, options: BoundOptions): Promise<Grammar> | undefined {
  const [name, other] = names.filter((n) => options[n] !== undefined);
  if (other !== undefined) throw new LlamaError('ARGUMENT', `${name}, ${other}: a text is bound to one thing: leave one of the two out`);
  const written = name === 'json' || name === 'lark' || (name === 'schema' && !(options.schema instanceof Grammar));
  if (options.whitespace !== undefined && !written) throw new LlamaError('ARGUMENT', 'whitespace: has no effect without schema, json or lark: leave it out');
  if (name === undefined) return undefined;
  const found = compiledOf(origin, options);
  found.catch(() => {}); // whoever awaits it is told
  return found;
}

/** What a grammar is written in: llama.cpp tells Lark's notation from GBNF by how it begins. */
const notationOf = (grammar: string): 'grammar' | 'lark' => (grammar.startsWith('%llguidance') ? 'lark' : 'grammar');

async function compiledOf(origin: Origin, { schema, regex, choices, grammar, lark, json, whitespace }: BoundOptions): Promise<Grammar> {
  const given = schema ?? grammar;
  if (given instanceof Grammar) return given;
  const anySpace = whitespace === 'flexible';
  if (json) return Grammar.of(origin, { kind: 'schema', source: anyJson, anySpace });
  if (regex !== undefined) return Grammar.of(origin, { kind: 'regex', source: regex as string });
  if (choices !== undefined) return Grammar.of(origin, { kind: 'choices', source: choices });
  if (lark !== undefined) return Grammar.of(origin, { kind: 'lark', source: lark, anySpace });
  if (grammar !== undefined) return Grammar.of(origin, { kind: notationOf(grammar as string), source: grammar as string });
  return Grammar.of(origin, { kind: 'schema', source: await schemaText(given as SchemaSource, 'schema'), anySpace }, isStandard(schema) ? schema : undefined);
}

/** How a schema is compiled, also that of `%json`. */
export interface SchemaOptions {
  /** Default `compact`. */
  whitespace?: Whitespace;
}

/** Compiles a schema for many requests. Rejects with `SCHEMA`, its `keyword` and `pointer`, where it cannot be enforced. */
export async function compileSchema<const S extends SchemaSource>(schema: S, options?: SchemaOptions): Promise<Grammar<SchemaValue<S>>> {
  const origin = new Origin(compileSchema);
  const { whitespace } = check.options<SchemaOptions>(options, 'compileSchema', { whitespace: whitespaceCheck });
  const source = await schemaText(schemaSource(schema, 'schema'), 'schema');
  return Grammar.of(origin, { kind: 'schema', source, anySpace: whitespace === 'flexible' }, isStandard(schema) ? schema : undefined);
}

/** Compiles a regular expression, which the whole text matches. */
export async function compileRegex(pattern: string | RegExp): Promise<Grammar<string>> {
  return Grammar.of(new Origin(compileRegex), { kind: 'regex', source: patternOf(pattern, 'pattern') });
}

/** Compiles a list of choices, one of which the text is. */
export async function compileChoices<const C extends string>(choices: readonly C[]): Promise<Grammar<C>> {
  return Grammar.of(new Origin(compileChoices), { kind: 'choices', source: check.listOf(check.string)(choices, 'choices') });
}

/** Compiles a grammar in GBNF, as llama.cpp reads it. The tokens that it names are looked up where it meets a model. */
export async function compileGrammar(gbnf: string): Promise<Grammar<string>> {
  return Grammar.of(new Origin(compileGrammar), { kind: notationOf(check.string(gbnf, 'gbnf')), source: gbnf });
}

/** Compiles a grammar in Lark's notation, as llguidance reads it. The tokens that it names are looked up where it meets a model. */
export async function compileLark(lark: string, options?: SchemaOptions): Promise<Grammar<string>> {
  const origin = new Origin(compileLark);
  const { whitespace } = check.options<SchemaOptions>(options, 'compileLark', { whitespace: whitespaceCheck });
  return Grammar.of(origin, { kind: 'lark', source: check.string(lark, 'lark'), anySpace: whitespace === 'flexible' });
}
