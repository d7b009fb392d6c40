// The options of LangChain's calls as ours.
import type { EmbedOptions } from '../embed';
import { LlamaError } from '../errors';
import type { BoundOptions } from '../grammar';
import type { Model } from '../model';
import { generateChecks, type GenerateOptions } from '../sampling';
import { closedSchema, schemaText, type SchemaSource } from '../schema';
import type { Tool, ToolChoice } from '../tools';
import type { Core } from './core';

type Left = 'tools' | 'toolChoice' | 'maxRounds' | 'signal' | 'onPromptProgress';

/** Options of `generate`, for all calls of a chat model or for one. */
export type ChatLlamaSettings = Omit<GenerateOptions, Left> &
  Pick<BoundOptions, 'regex' | 'choices' | 'grammar' | 'lark' | 'json' | 'whitespace'> & { schema?: SchemaSource };

/** What LangChain has a name for itself. */
export interface NamedOptions {
  stop?: string[];
  signal?: AbortSignal;
  tools?: unknown[];
  tool_choice?: unknown;
  /** As OpenAI's API has it: `{ type: 'json_object' }`, or `{ type: 'json_schema', json_schema: { schema } }`; enforced. */
  response_format?: unknown;
}

export interface EmbeddingsSettings extends Omit<EmbedOptions, 'signal' | 'onProgress' | 'onTruncated'> {
  /** Put before each question, in place of `instruction`, which is put before documents. */
  queryInstruction?: string;
}

export interface OfModel {
  /** A loaded model; whoever loaded it disposes of it. */
  model: Model;
}

const left: readonly string[] = ['tools', 'toolChoice', 'maxRounds', 'signal', 'onPromptProgress'] satisfies Left[];
const names = Object.keys(generateChecks).filter((name) => !left.includes(name));

/** Of an object that LangChain adds to, what is ours. */
export const settingsOf = (fields: object): ChatLlamaSettings =>
  Object.fromEntries(Object.entries(fields).filter(([name, value]) => value !== undefined && names.includes(name)));

function toolsOf(core: Core, given: readonly unknown[] = []): Record<string, Tool> | undefined {
  const tools = given.map((each): [string, Tool] => {
    const { function: found } = core.functions.convertToOpenAITool(each as Record<string, unknown>) as unknown as { function?: Record<string, unknown> };
    const { name, description, parameters } = found ?? {};
    if (typeof name !== 'string') throw new LlamaError('ARGUMENT', "tools: expected LangChain's tools, or tools as OpenAI's API lists them");
    return [name, { ...(typeof description === 'string' && { description }), ...(parameters !== undefined && { parameters: closedSchema(parameters) }) }];
  });
  return tools.length > 0 ? Object.fromEntries(tools) : undefined;
}

function choiceOf(choice: unknown): ToolChoice | undefined {
  if (choice === undefined || choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  if (choice === 'any') return 'required';
  if (typeof choice === 'string') return { name: choice };
  const { name, function: called } = choice as { name?: unknown; function?: { name?: unknown } };
  const named = called?.name ?? name;
  if (typeof named === 'string') return { name: named };
  throw new LlamaError('ARGUMENT', "tool_choice: expected 'auto', 'any', 'none', the name of a tool, or { type: 'function', function: { name } }");
}

function formatOf(format: unknown): ChatLlamaSettings {
  const { type, json_schema } = (format ?? {}) as { type?: unknown; json_schema?: { schema?: SchemaSource } };
  if (type === undefined || type === 'text') return {};
  if (type === 'json_object') return { json: true };
  if (type === 'json_schema' && json_schema?.schema) return { schema: json_schema.schema };
  throw new LlamaError('ARGUMENT', 'response_format: expected the type text, json_object, or json_schema with a json_schema.schema');
}

/** The options of one call. What its schema's library checks beyond JSON Schema, whoever parses the answer looks at. */
export async function optionsOf(core: Core, settings: ChatLlamaSettings, call: NamedOptions): Promise<GenerateOptions> {
  const { schema, ...own } = { ...settings, ...settingsOf(call), ...formatOf(call.response_format) };
  const tools = toolsOf(core, call.tools);
  const toolChoice = choiceOf(call.tool_choice);
  return {
    ...own,
    ...(schema !== undefined && { schema: await schemaText(schema, 'schema') }),
    ...(tools && { tools, ...(toolChoice !== undefined && { toolChoice }) }),
    ...(call.signal && { signal: call.signal }),
  } as GenerateOptions;
}
