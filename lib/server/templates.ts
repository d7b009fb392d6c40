// The template of a conversation. Tools for templates that have no place for them: they are told in the system message, calls are written as Hermes models write them, and results are
// said by the user. It rewrites the messages; the template itself follows.

import type { GenerateOptions, Model } from '../index';
import { sourceOf } from '../templates';

const preface = `{%- if tools -%}
{%- set told = namespace(system='', messages=[], results='') -%}
{%- for message in messages -%}
{%- if message.role == 'tool' -%}
{%- set told.results = told.results + ('\\n' if told.results else '') + '<tool_response>\\n' + message.content + '\\n</tool_response>' -%}
{%- else -%}
{%- if told.results -%}
{%- set told.messages = told.messages + [{'role': 'user', 'content': told.results}] -%}
{%- set told.results = '' -%}
{%- endif -%}
{%- if message.role == 'system' and loop.first -%}
{%- set told.system = message.content + '\\n\\n' -%}
{%- elif message.tool_calls -%}
{%- set said = namespace(text=message.content or '') -%}
{%- for call in message.tool_calls -%}
{%- set given = call.function.arguments -%}
{%- set said.text = said.text + ('\\n' if said.text else '') + '<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' + (given if given is string else (given | tojson)) + '}\\n</tool_call>' -%}
{%- endfor -%}
{%- set told.messages = told.messages + [{'role': 'assistant', 'content': said.text}] -%}
{%- else -%}
{%- set told.messages = told.messages + [message] -%}
{%- endif -%}
{%- endif -%}
{%- endfor -%}
{%- if told.results -%}
{%- set told.messages = told.messages + [{'role': 'user', 'content': told.results}] -%}
{%- endif -%}
{%- set listed = namespace(text='') -%}
{%- for tool in tools -%}
{%- set listed.text = listed.text + '\\n' + (tool | tojson) -%}
{%- endfor -%}
{%- set system = told.system + 'You may call these functions, one JSON object a line:\\n<tools>' + listed.text + '\\n</tools>\\n\\nTo call one, write its name and its arguments as JSON:\\n<tool_call>\\n{"name": "NAME", "arguments": {"KEY": "VALUE"}}\\n</tool_call>' -%}
{%- set messages = [{'role': 'system', 'content': system}] + told.messages -%}
{%- endif -%}
`;

/** The template of a conversation, where the engine would not find it: another one is served, or tools need a place. */
export function templateFor({ info }: Model, given: string | undefined, tools: GenerateOptions['tools']): Pick<GenerateOptions, 'template'> {
  if (tools === undefined || Object.keys(tools).length === 0) return given === undefined ? {} : { template: given };
  const own = given ?? info.chatTemplates.tool_use ?? info.chatTemplates.default ?? 'chatml';
  const source = sourceOf(own, info.chatTemplates);
  return { template: /\btools\b/.test(source) ? source : preface + source };
}
