// A name, a marker, the arguments as one value: Mistral from version 11, DeepSeek, Kimi, Functionary, Solar, Gemma 4.
import type { CallFormat } from '../format';
import { json } from '../values';

const name = /^\s*(?<name>[\w.:-]+)\s*$/;

export const named: readonly CallFormat[] = [
  {
    open: ['[TOOL_CALLS]'],
    bodies: [
      { kind: 'json' },
      { kind: 'named', end: ['[ARGS]', '{'], head: /^\s*(?<name>[\w.:-]+)(?:\[CALL_ID\](?<id>[^[\]]+))?\s*$/, writing: json, close: [] },
    ],
    close: [],
  },
  {
    open: ['<｜tool▁calls▁begin｜>'],
    bodies: [
      {
        kind: 'named',
        open: '<｜tool▁call▁begin｜>',
        end: ['<｜tool▁sep｜>'],
        head: name,
        typed: 'function',
        writing: json,
        close: ['<｜tool▁call▁end｜>'],
      },
    ],
    close: ['<｜tool▁calls▁end｜>'],
  },
  {
    open: ['<|tool_calls_section_begin|>'],
    bodies: [
      {
        kind: 'named',
        open: '<|tool_call_begin|>',
        end: ['<|tool_call_argument_begin|>'],
        head: /^\s*(?<id>(?:functions\.)?(?<name>[\w.-]+?)(?::\d+)?)\s*$/,
        writing: json,
        close: ['<|tool_call_end|>'],
      },
    ],
    close: ['<|tool_calls_section_end|>'],
  },
  { open: ['>>>'], quiet: true, textName: 'all', bodies: [{ kind: 'named', end: ['\n'], head: name, writing: json, close: [] }], close: [] },
  {
    open: ['<|tool_calls|>'],
    bodies: [
      {
        kind: 'named',
        open: '<|tool_call:begin|>',
        end: ['<|tool_call:args|>'],
        head: /^\s*(?<id>[^<]+)?<\|tool_call:name\|>(?<name>[\w.:-]+)\s*$/,
        writing: json,
        close: ['<|tool_call:end|>'],
      },
    ],
    close: ['<|calls|>'],
  },
  {
    open: ['<|tool_call>'],
    bodies: [{ kind: 'named', end: ['{'], head: /^\s*call:(?<name>[\w.:-]+)$/, writing: { stringMark: '<|"|>', words: true }, close: ['<tool_call|>'] }],
    close: [],
  },
  {
    open: ['<use_mcp_tool>'],
    bodies: [
      {
        kind: 'named',
        open: '<server_name>',
        end: ['<arguments>'],
        head: /^[^<]*<\/server_name>\s*<tool_name>(?<name>[\w.:-]+)<\/tool_name>\s*$/,
        writing: json,
        close: ['</arguments>'],
      },
    ],
    close: ['</use_mcp_tool>'],
  },
];
