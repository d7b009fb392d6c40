// Calls as JSON objects between markers: Hermes and its relatives, Mistral up to version 7, Granite, Phi, Nemotron, Cohere and others.
import type { Body, CallFormat } from '../format';
import { gluedTags, namedTags, valuedTags } from './tags';

const json: Body = { kind: 'json' };

const [call, callEnd] = ['<tool_call>', '</tool_call>'];

/** Every body that models put between these two, their own or another model's. What templates that tell nothing of calls are taken for. */
export const toolCall: CallFormat = {
  open: [call],
  bodies: [json, gluedTags, namedTags, valuedTags('', callEnd)],
  close: [callEnd],
  list: { open: '\n', between: `\n${callEnd}\n${call}\n`, close: `\n${callEnd}` },
};

const list = { open: '[', between: ', ', close: ']' };
const [python, pythonEnd] = ['<|tool_call_start|>', '<|tool_call_end|>'];

/** Lists between markers. A pair: the opening marker, and what ends it. */
const pairs: readonly (readonly [string, ...string[]])[] = [
  ['<TOOLCALL>', '</TOOLCALL>'],
  ['<|tools_prefix|>', '<|tools_suffix|>'],
  ['<|START_ACTION|>', '<|END_ACTION|>'],
  ['<|python_tag|>', '<|eom_id|>'],
  ['function call<|role_sep|>'],
  ['<|function_call|>'],
];

export const envelopes: readonly CallFormat[] = [
  toolCall,
  ...pairs.map(([open, ...close]): CallFormat => ({ open: [open], bodies: [json, { kind: 'python' }], close })),
  { open: ['Action:\n```json\n', 'Action: ```json\n'], quiet: true, bodies: [json], close: ['```'] },
  { open: [' functools[', 'functools['], back: 1, quiet: true, bodies: [json], close: [], list: { ...list, open: '' } },
  { open: ['<|tool_call|>'], bodies: [json, { kind: 'python' }], close: ['<|/tool_call|>', '<|end_tool_call|>'], list },
  {
    open: [python],
    bodies: [{ kind: 'python' }, json],
    close: [pythonEnd],
    list: { ...list, close: list.close + pythonEnd },
    signs: ['<|tool_list_start|>', '<|tool_response_start|>', '"List of tools: ["'],
  },
  { open: ['<|python_start|>'], bodies: [{ kind: 'python' }, json], close: ['<|python_end|>'] },
];

/** An answer that begins with an object, and one that begins with `[f(`. */
export const bareJson: CallFormat = { open: [], bodies: [json], close: [], bare: 'json' };
export const barePython: CallFormat = { open: [], bodies: [{ kind: 'python' }], close: [], bare: 'python' };
