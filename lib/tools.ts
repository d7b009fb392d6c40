// Tools that a model may call: what they are told as, how their arguments are checked, how they are run.
import * as check from './check';
import { LlamaError } from './errors';
import type { OfferedTool, ToolCall } from './parse';
import { isStandard, issuesOf, ownJsonSchema } from './schema';
import type { JsonSchema, SchemaValue, StandardSchema } from './schema-value';

/** A schema of arguments: JSON Schema, or a Standard Schema that can be written as one. */
export type ArgumentSchema = JsonSchema | StandardSchema;

/** The type of what a schema describes. */
export type ArgumentsOf<S> = SchemaValue<S>;

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

/**
 * Which tools the model calls: as it likes, none, at least one, or this one, once. The last two are enforced, by how the model writes calls: the markup, a
 * name that is offered, and arguments that their schema allows (`SCHEMA`: one that cannot be enforced). Where it is not known how a model writes calls, what is
 * not kept is reported as a problem.
 */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** How tools are offered. */
export interface ToolOptions {
  /** Tools by their names. */
  tools?: Readonly<Record<string, Tool>>;
  toolChoice?: ToolChoice;
  /**
   * Whether one answer may hold several calls; else it ends with its first. Default true, but false where a call is required: a small model that may go
   * on calling seldom stops.
   */
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
  if (!isStandard(parameters)) return parameters;
  const written = ownJsonSchema(parameters);
  if (written !== undefined) return written;
  throw new LlamaError(
    'ARGUMENT',
    `tools.${name}.parameters: this ${parameters['~standard'].vendor} schema cannot be written as JSON Schema: give JSON Schema`,
  );
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
    if (isStandard(tool.parameters)) {
      const checked = await tool.parameters['~standard'].validate(args);
      if (checked.issues) return failed(issuesOf(checked.issues));
      args = checked.value;
    }
    return { content: told(await tool.run?.(args as never, { call, signal })), failed: false };
  } catch (error) {
    signal.throwIfAborted();
    return failed(error instanceof Error ? error.message : String(error));
  }
}
