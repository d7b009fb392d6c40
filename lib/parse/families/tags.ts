// Arguments in tags, a tag each: Qwen3-Coder, GLM, MiniMax M2, Seed-OSS, Hunyuan, DeepSeek's DSML.
import type { CallFormat, TaggedBody } from '../format';

const bare = /^(?<key>[^\s"<>]+)$/;
const quoted = /^"(?<key>[^"]*)"(?:\s+string="(?<text>true|false)")?\s*$/;

/** `<function=f><parameter=a>1</parameter></function>`, and `<function=f>{"a": 1}</function>` */
export const gluedTags: TaggedBody = {
  kind: 'tagged',
  open: '<function=',
  end: ['>'],
  key: { open: '<parameter=', close: '>', head: bare },
  valueClose: '</parameter>',
  lines: true,
  close: ['</function>'],
};

const invoke = (prefix: string): TaggedBody => ({
  kind: 'tagged',
  open: `<${prefix}invoke name="`,
  end: ['">'],
  key: { open: `<${prefix}parameter name=`, close: '>', head: quoted },
  valueClose: `</${prefix}parameter>`,
  close: [`</${prefix}invoke>`],
});

/** `<invoke name="f"><parameter name="a">1</parameter></invoke>` */
export const namedTags: TaggedBody = invoke('');

/** `f<arg_key>a</arg_key><arg_value>1</arg_value>`, the tags with a suffix; `close` ends the call. */
export const valuedTags = (suffix: string, close: string, open?: string): TaggedBody => ({
  kind: 'tagged',
  ...(open !== undefined && { open }),
  end: [`<tool_sep${suffix}>`, '\n'],
  key: { open: `<arg_key${suffix}>`, close: `</arg_key${suffix}>`, head: /^(?<key>[^<>]+)$/ },
  valueOpen: `<arg_value${suffix}>`,
  valueClose: `</arg_value${suffix}>`,
  close: [close],
});

const dsml = '｜DSML｜';
const opensource = ':opensource';

export const tags: readonly CallFormat[] = [
  { open: ['<function='], back: '<function='.length, bodies: [gluedTags], close: ['</tool_call>'] },
  { open: ['<minimax:tool_call>'], bodies: [namedTags, { kind: 'json' }], close: ['</minimax:tool_call>'] },
  { open: ['<seed:tool_call>'], bodies: [gluedTags, { kind: 'json' }], close: ['</seed:tool_call>'] },
  ...['function_calls', 'tool_calls'].map((name): CallFormat => ({ open: [`<${dsml}${name}>`], bodies: [invoke(dsml)], close: [`</${dsml}${name}>`] })),
  {
    open: [`<tool_calls${opensource}>`],
    bodies: [valuedTags(opensource, `</tool_call${opensource}>`, `<tool_call${opensource}>`)],
    close: [`</tool_calls${opensource}>`],
  },
  {
    open: ['<tool_calls>'],
    bodies: [
      { kind: 'json' },
      {
        kind: 'named',
        open: '<tool_call>',
        end: ['\n```json\n', '```json\n'],
        head: /^\s*(?<name>[\w.:-]+)$/,
        writing: {},
        close: ['\n```\n</tool_call>', '```\n</tool_call>', '```</tool_call>', '</tool_call>'],
      },
    ],
    close: ['</tool_calls>'],
  },
  {
    open: ['<|open|>tools<|sep|>'],
    bodies: [
      {
        kind: 'tagged',
        open: '<|open|>call tool="',
        end: ['<|sep|>'],
        head: /^(?<name>[^"]+)"/,
        key: { open: '<|open|>argument key=', close: '<|sep|>', head: /^"(?<key>[^"]*)"(?:\s+type="(?<type>\w+)")?$/ },
        valueClose: '<|close|>argument<|sep|>',
        close: ['<|close|>call<|sep|>'],
      },
    ],
    close: ['<|close|>tools<|sep|>'],
  },
];
