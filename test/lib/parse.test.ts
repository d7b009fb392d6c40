// What models say, read back: the forms that their makers publish, at every cut; truth from templates (../shared/toolcalls); damage and its bounds.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { OutputParser, parseOutput, type OutputPart, type ParsedOutput } from '../../lib/parse';
import { root, sharedPath, sharedTest } from '../support/shared';

const tools = [
  {
    type: 'function',
    function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] } },
  },
  { type: 'function', function: { name: 'now', parameters: { type: 'object', properties: {} } } },
];

/** Everything in a few words. */
const brief = ({ reasoning, content, toolCalls, problems }: ParsedOutput): unknown[] => [
  reasoning,
  content,
  ...toolCalls.map((c) => `${c.name}${c.id === undefined ? '' : ` ${c.id}`} ${c.argumentsText}${c.incomplete ? ' ...' : ''}`),
  ...problems.map((p) => p.message),
];

/** Fed in pieces of `size`; the parts must add up to the whole. */
function fed(template: string, output: string, prompt: string, size: number, offered = tools): ParsedOutput {
  const parser = new OutputParser(template, { tools: offered, prompt });
  const parts: OutputPart[] = [];
  for (let at = 0; at < output.length; at += size) parts.push(...parser.push(output.slice(at, at + size)));
  parts.push(...parser.end());
  const whole = parser.output;
  const joined = (type: 'text' | 'reasoning'): string => parts.flatMap((p) => (p.type === type ? [p.text] : [])).join('');
  expect([joined('text'), joined('reasoning')]).toEqual([whole.content, whole.reasoning]);
  whole.toolCalls.forEach((call, index) => {
    const own = parts.filter((p) => 'index' in p && p.index === index);
    expect(own[0]).toMatchObject({ type: 'callStart', name: call.name });
    expect(own.at(-1)).toEqual({ type: 'callEnd', index, call });
    expect(own.flatMap((p) => (p.type === 'callArguments' ? [p.text] : [])).join('')).toBe(call.argumentsText);
    if (!call.incomplete) expect(JSON.parse(call.argumentsText)).toEqual(call.arguments);
  });
  return whole;
}

/** A template that writes calls so: `{{ name }}` and its arguments in a form of its own. */
const printing = (call: string): string =>
  `{% for m in messages %}<|${'{{ m.role }}'}|>{{ m.content }}{% for t in m.tool_calls or [] %}${call}{% endfor %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}`;
const json = '{{ t.function | tojson }}';
const harmony = '{{ "<|start|>assistant<|channel|>final<|message|>" }}';

// Template, what the prompt ends with, the output, and what it means.
const families: [string, string, string, string, unknown[]][] = [
  [
    'gpt-oss',
    harmony,
    '<|start|>assistant',
    '<|channel|>analysis<|message|>hm <b><|end|><|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city":"Bern"}',
    ['hm <b>', '', 'get_weather {"city":"Bern"}'],
  ],
  ['gpt-oss, the recipient first', harmony, '<|start|>assistant', ' to=functions.now<|channel|>commentary json<|message|>{}', ['', '', 'now {}']],
  [
    'gpt-oss, text',
    harmony,
    '<|start|>assistant',
    '<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hi **you**',
    ['hm', 'Hi **you**'],
  ],
  ['gpt-oss, no header', harmony, '<|start|>assistant', 'a < b <|x|>', ['', 'a < b <|x|>']],
  [
    'Seed-OSS',
    printing('<seed:tool_call><function={{ t.function.name }}>') + '{# <seed:think> #}',
    '',
    '<seed:think>hm</seed:think>Hi\n<seed:tool_call>\n<function=get_weather>\n<parameter=city>Bern</parameter>\n<parameter=days>3</parameter>\n</function>\n</seed:tool_call>',
    ['hm', 'Hi', 'get_weather {"city":"Bern","days":3}'],
  ],
  [
    'Apertus',
    `${printing(`<|tools_prefix|>[{"{{ t.function.name }}": {}}]<|tools_suffix|>`)}{# <|inner_prefix|> #}`,
    '',
    '<|inner_prefix|>hm<|inner_suffix|>Hi.<|tools_prefix|>[{"get_weather": {"city": "Bern"}}, {"now": {}}]<|tools_suffix|>',
    ['hm', 'Hi.', 'get_weather {"city":"Bern"}', 'now {}'],
  ],
  [
    'Nemotron',
    printing(`<TOOLCALL>[${json}]</TOOLCALL>`),
    '<think>\n',
    'hm</think>\n<TOOLCALL>[{"name": "get_weather", "arguments": {"city": "B"}}, {"name": "now", "arguments": {}}]</TOOLCALL>',
    ['hm', '', 'get_weather {"city":"B"}', 'now {}'],
  ],
  ['Phi-4-mini', printing(`<|tool_call|>${json}<|/tool_call|>`), '', '<|tool_call|>{"name": "now", "arguments": {}}<|/tool_call|>', ['', '', 'now {}']],
  [
    'Functionary 3.1',
    printing('<function={{ t.function.name }}>{}</function>'),
    '',
    '<function=get_weather>{"city": "B"}</function>\n<function=now>{}</function>',
    ['', '', 'get_weather {"city":"B"}', 'now {}'],
  ],
  [
    'Hunyuan',
    printing('<tool_calls>\n<tool_call>{{ t.function.name }}'),
    '',
    '<tool_calls>\n<tool_call>get_weather\n```json\n{"city": "B"}\n```\n</tool_call>\n<tool_call>now\n```json\n{}\n```</tool_call></tool_calls>',
    ['', '', 'get_weather {"city":"B"}', 'now {}'],
  ],
  ['Llama 4', printing("[{{ t.function.name }}(a='b')]"), '', '[get_weather(city="B"), now()]', ['', '', 'get_weather {"city":"B"}', 'now {}']],
  ['Llama 4, a list in text', printing("[{{ t.function.name }}(a='b')]"), '', '[1, 2] and [x](y)', ['', '[1, 2] and [x](y)']],
  ['Llama 3.1, built in', printing(`${json}{# <|python_tag|> #}`), '', '<|python_tag|>get_weather.call(city="B")', ['', '', 'get_weather {"city":"B"}']],
  [
    'Mistral, with ids',
    printing('[TOOL_CALLS]{{ t.function.name }}[CALL_ID]{{ t.id }}[ARGS]{}'),
    '',
    '[TOOL_CALLS]get_weather[CALL_ID]abcdefghi[ARGS]{"city": "B"}[TOOL_CALLS]now[CALL_ID]bcdefghij[ARGS]{}',
    ['', '', 'get_weather abcdefghi {"city":"B"}', 'now bcdefghij {}'],
  ],
  [
    'Qwen3-Coder, which leaves the envelope out',
    printing('<tool_call>\n<function={{ t.function.name }}>\n</function>\n</tool_call>'),
    '',
    'Hi.\n<function=get_weather>\n<parameter=city>\nBern\n</parameter>\n</function>\n</tool_call>',
    ['', 'Hi.', 'get_weather {"city":"Bern"}'],
  ],
  [
    'a form that nobody knows',
    printing(`<zz_call>${json}</zz_call>`),
    '',
    'Hi <zz_call>{"name":"get_weather","arguments":{"city":"B"}}</zz_call><zz_call>{"name":"now","arguments":{}}</zz_call>',
    ['', 'Hi', 'get_weather {"city":"B"}', 'now {}'],
  ],
];

test.each(families)('%s', (_name, template, prompt, output, expected) => {
  expect(brief(parseOutput(output, template, { tools, prompt }))).toEqual(expected);
  for (const size of [1, 2, 3, 7]) expect(brief(fed(template, output, prompt, size))).toEqual(expected);
});

const hermes = printing(`<tool_call>\n${json}\n</tool_call>`);

test.each<[string, unknown[]]>([
  ['<tool_call>{"arguments": {"city": "B"}, "name": "get_weather"}</tool_call>', ['', '', 'get_weather {"city":"B"}']],
  ['<tool_call>{"function": {"name": "now", "arguments": {}}, "type": "function", "id": 7}</tool_call>', ['', '', 'now 7 {}']],
  [
    '<tool_call>{"name": "get_weather", "arguments": {"city": \'it\\\'s\\x41\\u00e9\', "l": (1), }}</tool_call>',
    ['', '', 'get_weather {"city":"it\'sA\u00e9","l": ...', 'the arguments of a call cannot be read'],
  ],
  [
    '<tool_call>{"name": "now", "arguments": {"days": 1e999}}</tool_call>',
    ['', '', 'now {"days":"1e999"}', 'expected a value, found 1e999: given as a string'],
  ],
  ['<tool_call>{"name": "now", "arguments": {"a": "\\ud83d\\ude42 \\ud83d"}}</tool_call>', ['', '', 'now {"a":"\u{1f642} \ufffd"}']],
  ['<tool_call>{"name": "now", "arguments": {"a": 12345678901234567890}}</tool_call>', ['', '', 'now {"a":12345678901234567890}']],
  ['<tool_call>{"name": "now"}</tool_call>', ['', '', 'now {}']],
  ['a <tool_call> b', ['', 'a <tool_call> b', 'what follows a marker of calls is no call: given as text']],
  ['```\n<tool_call>{"name": "now", "arguments": {}}</tool_call>\n```', ['', '```\n<tool_call>{"name": "now", "arguments": {}}</tool_call>\n```']],
  ['<think>a <tool_call>{"name": "now"}</tool_call> b</think>c', ['a <tool_call>{"name": "now"}</tool_call> b', 'c']],
  ['<think>a <tool_call>{"name": "now"}</tool_call>', ['a', '', 'now {}']],
  ['<think>a <tool_call> b</think> c <think> d', ['a <tool_call> b', 'c <think> d']],
  [' \n x \n', ['', ' \n x \n']],
])('%s', (output, expected) => {
  for (const size of [1, 2, 5, 1000]) expect(brief(fed(hermes, output, '', size))).toEqual(expected);
});

test('halves of a character in two pieces', () => {
  expect(brief(fed(hermes, 'a\u{1f642}b', '', 1))).toEqual(['', 'a\u{1f642}b']);
});

test('without tools, calls are text, and reasoning is not', () => {
  const output = '<think>hm</think><tool_call>{"name": "now"}</tool_call>';
  expect(brief(parseOutput(output, hermes))).toEqual(['hm', '<tool_call>{"name": "now"}</tool_call>']);
});

test('calls of no tool, without what they must give, and with other types are given, with a problem', () => {
  expect(brief(parseOutput('<tool_call>{"name": "get_weather", "arguments": {"days": "x"}}</tool_call>', hermes, { tools }))).toEqual([
    '',
    '',
    'get_weather {"days":"x"}',
    'a call of get_weather lacks city',
    'a call of get_weather: expected integer for days, found string',
  ]);
  expect(brief(parseOutput('<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>', hermes, { tools }))).toEqual([
    '',
    '',
    'f {"a":1}',
    'a call of f, which is no tool that was offered',
  ]);
});

// Markup of every family, cut up and put together anew: whatever comes of it, the pieces do not matter and nothing is thrown.
test('nonsense reads the same at every cut', () => {
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const shreds = families.flatMap(([, , , output]) => output.match(/<[^>]*>|\[[A-Z_]+\]|\w+|\s+|[^\w\s]/g) ?? []);
  for (let round = 0; round < 400; round++) {
    const [, template, prompt] = families[random(families.length)] as (typeof families)[number];
    const output = Array.from({ length: 1 + random(30) }, () => shreds[random(shreds.length)]).join('');
    const whole = brief(fed(template, output, prompt, output.length));
    for (const size of [1, 3]) expect([output, brief(fed(template, output, prompt, size))]).toEqual([output, whole]);
  }
});

sharedTest('the judge over all of ../shared/toolcalls', ['toolcalls/judge.py', 'toolcalls/dev'], async () => {
  const folder = mkdtempSync(join(tmpdir(), 'llama-ts-parse-'));
  try {
    const report = join(folder, 'report.json');
    const program = [process.execPath, join(root, 'dist', 'bin', 'llama-ts.js'), 'parse', '--jsonl'];
    const { stdout } = spawnSync('python3', [sharedPath('toolcalls/judge.py'), '--report', report, '--', ...program], { encoding: 'utf8', timeout: 280_000 });
    expect(stdout).toMatch(/^parse +must +1467 of 1467$/m);
    const failed = (JSON.parse(readFileSync(report, 'utf8')) as string[][]).filter((f) => !wantsWhatIsNotThere(f));
    expect(failed).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A case of damage that wants letters kept which its own output does not hold. */
function wantsWhatIsNotThere([suite, , , template, name]: readonly string[]): boolean {
  if (suite !== 'malformed') return false;
  const { cases } = JSON.parse(readFileSync(sharedPath(`toolcalls/malformed/dev/${template}.json`), 'utf8')) as {
    cases: { name: string; keep: string[]; output?: string; parts?: (string | { repeat: string })[] }[];
  };
  const found = cases.find((c) => c.name === name);
  const text = found?.output ?? found?.parts?.map((p) => (typeof p === 'string' ? p : p.repeat)).join('') ?? '';
  return found?.keep.some((letters) => !text.includes(letters)) ?? false;
}
