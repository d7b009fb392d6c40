// Tools that a model may call: what they are told as, how their arguments are checked, how they are run.
import * as check from './check';
import { LlamaError } from './errors';
import type { OfferedTool, ToolCall } from './parse';

/** A JSON Schema, as far as types of arguments are made of it; more keys are for the model to read. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
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

type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] };

/** A schema of arguments: JSON Schema, or a Standard Schema that can be written as one. */
export type ArgumentSchema = JsonSchema | StandardSchema;

type Named = { string: string; number: number; integer: number; boolean: boolean; null: null };
type OfType<S, T> = T extends 'object'
  ? ObjectOf<S>
  : T extends 'array'
    ? S extends { items: infer I }
      ? ArgumentsOf<I>[]
      : unknown[]
    : T extends keyof Named
      ? Named[T]
      : unknown;
type ObjectOf<S> = S extends { properties: infer P }
  ? { [K in keyof P as K extends Required<S> ? K : never]: ArgumentsOf<P[K]> } & { [K in keyof P as K extends Required<S> ? never : K]?: ArgumentsOf<P[K]> }
  : Record<string, unknown>;
type Required<S> = S extends { required: readonly (infer R)[] } ? R : never;

/** The type of what a schema describes. */
export type ArgumentsOf<S> =
  S extends StandardSchema<infer Output>
    ? Output
    : S extends { const: infer C }
      ? C
      : S extends { enum: readonly (infer E)[] }
        ? E
        : S extends { type: readonly (infer T)[] }
          ? OfType<S, T>
          : S extends { type: infer T }
            ? OfType<S, T>
            : unknown;

/** What a tool is told besides its arguments. */
export interface ToolContext {
  readonly call: ToolCall;
  /** Aborted when the answer is. */
  readonly signal: AbortSignal;
}

/** A tool. With `run`, an answer calls it and goes on with what it gives; without, the answer ends with the call. */
export interface Tool<Arguments = never> {
  description?: string;
  parameters?: ArgumentSchema;
  /** What it gives is told to the model: a string as it is, anything else as JSON. So is what it throws. */
  run?(args: Arguments, context: ToolContext): unknown;
}

/** A tool whose `run` takes what its schema describes. */
export function tool<const S extends ArgumentSchema>(definition: {
  description?: string;
  parameters: S;
  run?(args: ArgumentsOf<S>, context: ToolContext): unknown;
}): Tool {
  return definition as Tool;
}

/** Which tools the model calls: as it likes, none, at least one, or this one. What is not kept is reported as a problem. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** How tools are offered. */
export interface ToolOptions {
  /** Tools by their names. */
  tools?: Readonly<Record<string, Tool>>;
  toolChoice?: ToolChoice;
  /** Whether one answer may hold several calls. Default true; else the answer ends with its first. */
  parallelToolCalls?: boolean;
  /** How often tools are run and the model goes on, at most. Default 8; the calls of the last round are not run. */
  maxRounds?: number;
}

/** How much a model reasons, and what is told of it. */
export interface ReasoningOptions {
  /** Tokens of reasoning at most: then it is ended, and the model answers. 0 asks for none. */
  budget?: number;
  /** What the template knows as `reasoning_effort`: `none`, `low`, `medium`, `high`, ... `none` also turns `enable_thinking` off. */
  effort?: string;
  /** Whether reasoning is part of the stream, the result and the conversation. Default true. */
  include?: boolean;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  (typeof value === 'object' || typeof value === 'function') && value !== null && !Array.isArray(value);

const aTool: check.Check<Tool> = (value, name) => {
  const { description, parameters, run } = check.record<Tool>(value, name, {
    description: check.string,
    parameters: (given, at) => (isObject(given) ? (given as unknown as ArgumentSchema) : check.refuse(at, 'a JSON Schema or a Standard Schema', given)),
    run: check.callback() as check.Check<never>,
  });
  return { ...(description !== undefined && { description }), ...(parameters && { parameters }), ...(run && { run }) };
};

const someTools: check.Check<Readonly<Record<string, Tool>>> = (value, name) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return check.refuse(name, 'an object of tools by their names', value);
  return Object.fromEntries(
    Object.entries(value as Record<string, unknown>).map(([key, each]) => {
      if (!/^[\w.-]{1,64}$/.test(key)) check.refuse(`${name}: a tool's name`, 'up to 64 letters, digits, and - . _', key);
      return [key, aTool(each, `${name}.${key}`)];
    }),
  );
};

const choice: check.Check<ToolChoice> = (value, name) => {
  if (value === 'auto' || value === 'none' || value === 'required') return value;
  const named = isObject(value) ? value.name : undefined;
  return typeof named === 'string' ? { name: named } : check.refuse(name, "'auto', 'none', 'required' or { name }", value);
};

/** @internal */
export const toolChecks: check.Checks<ToolOptions> = {
  tools: someTools,
  toolChoice: choice,
  parallelToolCalls: check.boolean,
  maxRounds: check.integer(1, 1000),
};

/** @internal */
export const reasoningCheck: check.Check<ReasoningOptions> = (value, name) =>
  check.record<ReasoningOptions>(value, name, { budget: check.integer(0, Number.MAX_SAFE_INTEGER), effort: check.string, include: check.boolean });

/** The JSON Schema of arguments, for the template. */
function schemaOf(parameters: ArgumentSchema | undefined, name: string): unknown {
  if (parameters === undefined) return { type: 'object', properties: {} };
  if (!('~standard' in parameters)) return parameters;
  const given = parameters as StandardSchema & { toJsonSchema?: () => unknown };
  const standard = given['~standard'] as { jsonSchema?: { input(options: { target: string }): unknown } };
  if (standard.jsonSchema) return standard.jsonSchema.input({ target: 'draft-07' });
  if (typeof given.toJsonSchema === 'function') return given.toJsonSchema();
  throw new LlamaError('ARGUMENT', `tools.${name}.parameters: this ${given['~standard'].vendor} schema cannot be written as JSON Schema: give JSON Schema`);
}

/**
 * The tools as templates take them; none where none may be called.
 * @internal
 */
export function offered({ tools = {}, toolChoice }: ToolOptions): readonly OfferedTool[] | undefined {
  if (toolChoice === 'none' || Object.keys(tools).length === 0) return undefined;
  if (typeof toolChoice === 'object' && !Object.hasOwn(tools, toolChoice.name)) {
    throw new LlamaError('ARGUMENT', `toolChoice: expected one of the tools ${Object.keys(tools).join(', ')}, found ${JSON.stringify(toolChoice.name)}`);
  }
  return Object.entries(tools).map(([name, { description = '', parameters }]) => ({
    type: 'function',
    function: { name, description, parameters: schemaOf(parameters, name) },
  }));
}

/**
 * Options that only a conversation has.
 * @internal
 */
export function mustConverse(options: ToolOptions & { reasoning?: unknown; template?: unknown; variables?: unknown }): void {
  const names = ['tools', 'toolChoice', 'parallelToolCalls', 'maxRounds', 'reasoning', 'template', 'variables'] as const;
  const given = names.find((name) => options[name] !== undefined);
  if (given !== undefined) throw new LlamaError('ARGUMENT', `${given}: has no effect on a text or token ids: give messages, or leave it out`);
}

/** What a tool gave, as the model is told. */
export interface ToolResult {
  readonly content: string;
  /** It threw, or was not called as it must be. */
  readonly failed: boolean;
}

const told = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/**
 * Runs what a call asks for. What goes wrong is a result, too; only an abort throws.
 * @internal
 */
export async function runCall(tool: Tool, call: ToolCall, faults: readonly string[], signal: AbortSignal): Promise<ToolResult> {
  const failed = (why: string): ToolResult => ({ content: `Error: ${why}`, failed: true });
  if (faults.length > 0) return failed(faults.join('; '));
  try {
    let args: unknown = call.arguments;
    if (tool.parameters && '~standard' in tool.parameters) {
      const checked = await (tool.parameters as StandardSchema)['~standard'].validate(args);
      if (checked.issues) return failed(checked.issues.map(({ message, path = [] }) => [...path.map(pathStep), message].join(': ')).join('; '));
      args = checked.value;
    }
    return { content: told(await tool.run?.(args as never, { call, signal })), failed: false };
  } catch (error) {
    signal.throwIfAborted();
    return failed(error instanceof Error ? error.message : String(error));
  }
}

const pathStep = (step: unknown): string => String(isObject(step) && 'key' in step ? step.key : step);
