// Tools for templates that have no place for them: they are told in the system message, calls are written as Hermes models write them, and results are
// said by the user. It rewrites the messages; the template itself follows.

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

/**
 * A template with a place for tools: itself, where it has one.
 * @internal
 */
export const withTools = (template: string): string => (/\btools\b/.test(template) ? template : preface + template);
