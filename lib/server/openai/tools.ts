// Tools on the wire of OpenAI's chat completions, as the engine takes them.
import * as v from 'valibot';

import type { GenerateOptions, JsonSchema, Tool } from '../../index';
import { wrong } from '../failure';
import { maybe, object, someOf } from '../wire';

/** A tool, whichever API it came by. */
export interface WireTool {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What the model must do, whichever API it came by; undefined: nothing is said of it. */
export type WireChoice = 'auto' | 'none' | 'required' | { readonly name: string } | undefined;

const functionTool = v.object({
  type: v.literal('function'),
  function: v.object({ name: v.string(), description: maybe(v.string()), parameters: maybe(object), strict: maybe(v.boolean()) }),
});

const namedFunction = v.object({ type: v.literal('function'), function: v.object({ name: v.string() }) });

/** Fields of a request. */
export const toolEntries = {
  tools: maybe(someOf(functionTool, 10_000)),
  tool_choice: maybe(
    v.union(
      [
        v.picklist(['none', 'auto', 'required']),
        namedFunction,
        v.object({
          type: v.literal('allowed_tools'),
          allowed_tools: v.object({ mode: v.picklist(['auto', 'required']), tools: someOf(namedFunction, 10_000) }),
        }),
      ],
      "Expected 'none', 'auto', 'required', a function by its name or allowed_tools",
    ),
  ),
  parallel_tool_calls: maybe(v.boolean()),
} satisfies v.ObjectEntries;

/** The engine's options of tools. Throws where what must be called is not offered. */
export function toolOptions(tools: readonly WireTool[], choice: WireChoice, parallel: boolean | null | undefined): GenerateOptions {
  if (tools.length === 0) {
    if (choice === undefined || choice === 'auto' || choice === 'none') return {};
    throw wrong('tool_choice', 'expected tools to choose of, found none');
  }
  if (typeof choice === 'object' && !tools.some(({ name }) => name === choice.name))
    throw wrong('tool_choice', `expected one of the tools, found ${JSON.stringify(choice.name.slice(0, 80))}`);
  const offered = tools.map(({ name, description, parameters }): [string, Tool] => [
    name,
    { ...(description && { description }), ...(parameters && { parameters: parameters as JsonSchema }) },
  ]);
  return { tools: Object.fromEntries(offered), ...(choice && { toolChoice: choice }), ...(typeof parallel === 'boolean' && { parallelToolCalls: parallel }) };
}

/** The tools of a request, and what it says about them. */
export function toolsOf({
  tools,
  tool_choice: choice,
  parallel_tool_calls: parallel,
}: v.InferOutput<v.ObjectSchema<typeof toolEntries, undefined>>): GenerateOptions {
  const all = (tools ?? []).map((tool) => tool.function);
  if (choice === null || choice === undefined || typeof choice === 'string') return toolOptions(all, choice ?? undefined, parallel);
  if (choice.type === 'function') return toolOptions(all, { name: choice.function.name }, parallel);
  const { mode, tools: allowed } = choice.allowed_tools;
  const names = new Set(allowed.map((tool) => tool.function.name));
  const missing = [...names].find((name) => !all.some((tool) => tool.name === name));
  if (missing !== undefined) throw wrong('tool_choice', `expected some of the tools, found ${JSON.stringify(missing.slice(0, 80))}`);
  return toolOptions(
    all.filter(({ name }) => names.has(name)),
    mode,
    parallel,
  );
}
