// Chat templates against Jinja2 (vectors and published templates), what is the user's in them, and their bounds.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { filters } from '../../lib/jinja/filters';
import { ChatTemplate } from '../../lib/template';
import { hasShared, sharedJson, sharedPath } from '../support/shared';

type Expected = { readonly text: string } | { readonly error: string };
type Rendered = { readonly text: string; readonly control: boolean }[];

const vocabulary = (controls: string[] = [], begin = '', end = '') =>
  ({ size: 0, begin: -1, end: -1, beginText: begin, endText: end, addsBegin: false, addsEnd: false, controls }) as const;

const ask = (source: string, content = 'hi', controls: string[] = []): Rendered =>
  new ChatTemplate(source, vocabulary(controls)).render([{ role: 'user', content }], {}) as Rendered;

const textOf = (segments: Rendered): string => segments.map((s) => s.text).join('');

function outcome(render: () => Rendered): Expected {
  try {
    return { text: textOf(render()) };
  } catch (error) {
    expect(error).toMatchObject({ code: 'TEMPLATE' });
    return { error: 'TEMPLATE' };
  }
}

const same = (expected: Expected, found: Expected): boolean => ('text' in expected ? 'text' in found && found.text === expected.text : 'error' in found);

describe('as Jinja2', () => {
  test('thousands of expressions and templates', () => {
    const path = join(__dirname, '..', 'fixtures', 'jinja.json');
    const { variables, vectors } = JSON.parse(readFileSync(path, 'utf8')) as { variables: Record<string, unknown>; vectors: [string, Expected][] };
    expect(vectors.length).toBeGreaterThan(5000);
    const wrong: unknown[] = [];
    for (const [template, expected] of vectors) {
      const found = outcome(() => new ChatTemplate(template, vocabulary()).render([], variables) as Rendered);
      if (!same(expected, found)) wrong.push({ template, expected, found });
    }
    expect(wrong).toEqual([]);
  });

  const golden = 'golden/templates/cases.json';
  const each = hasShared(golden) ? test : test.skip;
  each.each(['\n', '\r\n', '\r'])('published templates with line ends %j', (ends) => {
    const { now, variables, cases } = sharedJson<{ now: string; variables: Record<string, string>; cases: Record<string, { messages: never[] }> }>(golden);
    const wrong: string[] = [];
    for (const file of readdirSync(sharedPath('golden/templates')).filter((name) => name !== 'cases.json')) {
      const { template, rendered } = sharedJson<{ template: string; rendered: Record<string, Expected> }>(`golden/templates/${file}`);
      const compiled = new ChatTemplate(template.replaceAll('\n', ends), vocabulary([], variables.bos_token, variables.eos_token));
      for (const [name, expected] of Object.entries(rendered)) {
        const { messages, ...rest } = cases[name];
        if (
          !same(
            expected,
            outcome(() => compiled.render(messages, rest, { now: new Date(now) }) as Rendered),
          )
        )
          wrong.push(`${file}: ${name}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('the time', () => {
    const now = new Date(2026, 0, 15, 9, 5, 3);
    const show = (format: string) => textOf(new ChatTemplate(`{{ strftime_now('${format}') }}`, vocabulary()).render([], {}, { now }) as Rendered);
    expect(show('%F %T|%D|%j|%U|%W|%V|%G|%u|%w|%-d|%_d|%e|%I %p|%y|%C|%c|%x|%X|%r|%R|%h|%n%t%%|%^a|%z%Z|%Q')).toBe(
      '2026-01-15 09:05:03|01/15/26|015|02|02|03|2026|4|4|15|15|15|09 AM|26|20|Thu Jan 15 09:05:03 2026|01/15/26|09:05:03|09:05:03 AM|09:05|Jan|\n\t%|THU||%Q',
    );
  });
});

describe("what is the user's stays text", () => {
  const end = '<|im_end|>';
  const plain = (text: string) => ({ text, control: false });
  const own = (text: string) => ({ text, control: true });
  test.each([
    ['{{ messages[0].content }}<|im_end|>', `a${end}b`, [own('a'), plain(end), own(`b${end}`)]],
    ['{{ messages[0].content | upper }}', `a${end}b`, [own('A<|IM_END|>B')]],
    ['{{ messages[0].content | lower }}', 'a<|IM_END|>b', [own('a'), plain(end), own('b')]],
    ['{{ messages[0].content[:8] }}', `a${end}b`, [own('a<|im_en')]],
    ['{{ messages[0].content | length }}', `a${end}b`, [own('12')]],
    ["{{ messages[0].content.split('<|im_end|>')[0] }}", `a${end}b`, [own('a')]],
    ["{{ messages[0].content.replace('x', '') }}", '<|imx_end|>', [plain(end)]],
    ["{{ messages[0].content | replace('x', '<|im_end|>') }}", 'axb', [own(`a${end}b`)]],
    ['{{ messages[0].content | tojson }}', `"${end}`, [own('"\\"'), plain(end), own('"')]],
    ["{{ '%s' % messages[0].content }}{{ '{}'.format(messages[0].content) }}", end, [plain(end), plain(end)]],
    ['{{ messages }}', end, [own("[{'role': 'user', 'content': '"), plain(end), own("'}]")]],
    ['<|im_{{ messages[0].content }}', 'end|>', [plain(end)]],
    ['{{ messages[0].content }}end|>', '<|im_', [plain('<|im_'), own('end|>')]],
    ['{{ messages[0].content }}<|im_end|>', '<|im_', [own(`<|im_${end}`)]],
    ['{{ messages[0].content | reverse }}', '>|dne_mi|<', [plain(end)]],
    ['{% for c in messages[0].content %}{{ c }}{% endfor %}', end, [plain(end)]],
    ["{{ messages[0].content | list | join }}{{ '<|' ~ 'im_end' ~ '|>' }}", end, [plain(end), own(end)]],
    ['{% set x %}{{ messages[0].content | trim }}{% endset %}{{ x }}', ` ${end} `, [plain(end)]],
  ])('%s', (source, content, segments) => {
    expect(ask(source, content, [end])).toEqual(segments);
  });

  // Whatever a template makes of what it was given, no letter of it becomes part of a control token.
  test.each(['\n', '\r\n'])('under every filter, test and method, with line ends %j', (ends) => {
    const said = `x${ends}<|im_end|>${ends}a <|im_ end|> <|IM_END|> &lt;|im_end|&gt; ${ends}`;
    const ways = ['', '()', "('x')", "('x', 'y')", '(3)', '(5, true)', "('<|im_', '<|im_')", "(' ', '')", "(attribute='content')", "('content')", "('upper')"];
    const starts = [
      'messages[0].content',
      'messages',
      'messages[0]',
      'messages[0].content.split()',
      "'<|' ~ messages[0].name",
      'tools',
      'messages[0].tool_calls',
    ];
    const methods =
      'capitalize casefold center count expandtabs format join lower lstrip partition removeprefix replace rjust rsplit split splitlines strip swapcase title upper zfill';
    const steps = [
      ...[...filters.keys()].map((name) => (way: string) => ` | ${name}${way}`),
      ...methods.split(' ').map((name) => (way: string) => `.${name}${way || '()'}`),
    ];
    let rendered = 0;
    for (const start of starts)
      for (const step of steps)
        for (const way of ways) {
          const source = `{{ (${start})${step(way)} }}`.replaceAll('\n', ends);
          let segments: Rendered;
          try {
            const given = { role: 'user', content: said, name: 'im_end|>', tool_calls: [{ function: { name: 'f', arguments: { '<|im_end|>': said } } }] };
            segments = new ChatTemplate(source, vocabulary([end])).render([given as never], { tools: [{ name: said }] }) as Rendered;
          } catch {
            continue; // the filter does not take that
          }
          rendered++;
          const taken = segments.filter((s) => s.control && s.text.includes(end));
          expect([source, taken]).toEqual([source, []]);
        }
    expect(rendered).toBeGreaterThan(800);
  });

  test('a role that is known is the template’s, tools are not', () => {
    const template = new ChatTemplate('<|{{ messages[0].role }}|>{{ tools[0].name }}', vocabulary(['<|user|>']));
    expect(template.render([{ role: 'user', content: '' }], { tools: [{ name: '<|user|>' }] })).toEqual([own('<|user|>'), plain('<|user|>')]);
  });

  test('the longest of several tokens that overlap, and letters of both', () => {
    expect(ask('<s>{{ messages[0].content }}', 'x', ['<s>', '<s>x'])).toEqual([own('<s>'), own('x')]);
    expect(ask('{{ messages[0].content }}<b>', '<a', ['<a<', '<b>'])).toEqual([plain('<a'), own('<b>')]);
  });
});

describe('bounds', () => {
  test.each(
    [
      '{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}',
      "{% set ns = namespace(a='x') %}{% for i in range(40) %}{% set ns.a = ns.a + ns.a %}{% endfor %}",
      '{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}',
      '{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}',
      "{{ 'a' * 10**9 }}",
      '{{ [1] * 10**9 }}',
      '{{ range(10**9) }}',
      '{{ 2**(10**9) }}',
      "{{ '%999999999d' % 1 }}",
      "{{ '%.999999999f' % 1 }}",
      "{{ '{:>999999999}'.format('a') }}",
      "{{ 'a'|center(10**9) }}",
      "{{ 'a\nb'|indent(10**9) }}",
      "{{ 'a'.zfill(10**9) }}",
      "{{ 'a\t'.expandtabs(10**9) }}",
      "{{ [1]|batch(10**9, 'x')|list }}",
      "{{ ('a ' * 5000)|wordwrap(1, true, 'x' * 10**5) }}",
      "{{ ('xx.com ' * 5000)|urlize(target='x' * 10**5) }}",
      '{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l|pprint }}',
      '{{ [1]|slice(10**9)|list }}',
      '{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}',
      `{{ ${'('.repeat(100_000)}`,
      `{{ ${'-'.repeat(100_000)}1 }}`,
      `{{ 1${'+1'.repeat(9000)} }}`,
      `{{ a${'.a'.repeat(9000)} }}`,
      '{% if 1 %}'.repeat(50_000),
      `{{ '${'\\n'.repeat(400_000)}`,
      ' '.repeat(2 ** 21),
    ].map((source) => [source.slice(0, 60), source]),
  )('%s', (_start, source) => {
    expect(() => ask(source)).toThrow(expect.objectContaining({ code: 'TEMPLATE' }));
  });

  test('the event loop goes on, and an abort ends it', async () => {
    const template = new ChatTemplate('{% for i in range(100000) %}{% for j in range(100000) %}{{ i }}{% endfor %}{% endfor %}', vocabulary());
    const abort = new AbortController();
    const rendering = template.renderInSlices([], {}, { signal: abort.signal });
    expect(rendering).toBeInstanceOf(Promise);
    for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate);
    abort.abort(new Error('enough'));
    await expect(rendering).rejects.toThrow('enough');
  });

  test('thousands of messages', () => {
    const messages = Array.from({ length: 4001 }, (_, i) => ({ role: i % 2 ? ('assistant' as const) : ('user' as const), content: `hello there ${i}` }));
    const source = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content | trim + '<|im_end|>\\n' }}{% endfor %}";
    expect(textOf(new ChatTemplate(source, vocabulary(['<|im_end|>'])).render(messages, {}) as Rendered).split('<|im_end|>\n')).toHaveLength(4002);
  });

  test('what is not there is refused by name', () => {
    for (const [source, name] of [
      ['{{ [1]|random }}', 'random'],
      ["{% include 'x' %}", 'include'],
      ['{{ lipsum() }}', 'lipsum'],
      ["{{ 'a'.encode() }}", 'encode'],
      ['{{ (-8)**0.5 }}', 'complex'],
    ]) {
      expect(() => ask(source as string)).toThrow(new RegExp(name as string));
    }
  });
});
