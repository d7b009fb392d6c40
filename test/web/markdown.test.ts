// What models write as it is read: hostile texts become text, whatever they are cut into.
import { read, safeAddress, type Block, type Inline } from '../../web/src/markdown/read';
import { decoded } from '../../web/src/markdown/entities';
import { piecesOf } from '../../web/src/markdown/highlight';

const blocks = (text: string): readonly Block[] => read(text).map(({ block }) => block);

type Any = Block | Inline;

/** All nodes of a text. */
function nodes(of: unknown): Any[] {
  if (Array.isArray(of)) return of.flatMap(nodes);
  if (typeof of !== 'object' || of === null) return [];
  const inner = Object.values(of).flatMap(nodes);
  return 'type' in of ? [of as Any, ...inner] : inner;
}

const textIn = (of: unknown): string =>
  nodes(of)
    .map((node) => ('text' in node ? node.text : ''))
    .join('');

const known = new Set('text code strong emphasis deleted link formula break paragraph tight heading quote list table rule plain'.split(' '));

function expectInert(text: string): void {
  for (const node of nodes(blocks(text))) {
    if (!known.has(node.type)) throw new Error(`unknown: ${node.type}`);
    if (node.type === 'link' && !/^(https?:\/\/|mailto:)/.test(node.address)) throw new Error(`not safe: ${node.address}`);
  }
}

const hostile = [
  '<script>alert(1)</script>',
  '<img src=x onerror="alert(1)">',
  '<svg onload=alert(1)><a xlink:href="javascript:alert(1)">x</a></svg>',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<style>body{display:none}</style>',
  '<form action="https://evil.example"><input name=q></form>',
  '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
  '[a](javascript:alert(1))',
  '[a](JaVaScRiPt:alert(1))',
  '[a](java\tscript:alert(1))',
  '[a](&#106;avascript:alert(1))',
  '[a](&#x6A;avascript&colon;alert(1))',
  '[a](data:text/html,<script>alert(1)</script>)',
  '[a](vbscript:msgbox(1))',
  '[a](blob:https://x/1)',
  '[a](file:///etc/passwd)',
  '![p](javascript:alert(1))',
  '![p](data:image/svg+xml,<svg onload=alert(1)>)',
  '<javascript:alert(1)>',
  '[ref]\n\n[ref]: javascript:alert(1)',
  '`<b>` ``` <i> ```',
  '```"><script>alert(1)</script>\ncode\n```',
  '| <script> | b |\n|---|---|\n| <img onerror=1> | [x](javascript:1) |',
  '- [x] <script>1</script>',
  '\u0000<script\u0000>',
  'https://example.com/<script>',
  'www.example.com" onmouseover="alert(1)',
];

test.each(hostile)('inert: %j', expectInert);

test('what is markup is shown as it was written', () => {
  for (const text of ['<script>alert(1)</script>', 'a <b onclick="x">bold</b> word', '<style>p{}</style>']) expect(textIn(blocks(text))).toBe(text);
});

test('mixtures of hostile pieces, cut anywhere, are inert', () => {
  let seed = 7;
  const next = (below: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  const glue = ['', ' ', '\n', '\n\n', '> ', '- ', '**', '`', '```', '$', '\\(', '|', '\\', '<', ']('];
  for (let i = 0; i < 400; i++) {
    const parts = Array.from({ length: 1 + next(6) }, () => (hostile[next(hostile.length)] ?? '') + (glue[next(glue.length)] ?? ''));
    const text = parts.join('');
    expectInert(text.slice(0, 1 + next(text.length)));
  }
});

test.each([
  ['quotes', '> '.repeat(5000)],
  ['lists', Array.from({ length: 300 }, (_, i) => `${'  '.repeat(i)}- a`).join('\n')],
  ['brackets', '['.repeat(20_000)],
  ['stars', '*a '.repeat(5000)],
  ['strong in strong', '**a '.repeat(3000)],
  ['backticks', '`a``'.repeat(5000)],
  ['less-than', '<a '.repeat(10_000)],
  ['dollars', '$a '.repeat(10_000)],
  ['pipes', `${'|a'.repeat(5000)}\n${'|-'.repeat(5000)}`],
  ['underscores', '_a_'.repeat(10_000)],
  ['stars and underscores', '*a_'.repeat(10_000)],
])('a flood of %s is read', (_, text) => {
  expectInert(text);
});

test('a text that is too long is shown as it is', () => {
  const text = '*a* '.repeat(200_000);
  expect(blocks(text)).toEqual([{ type: 'plain', text }]);
});

test('addresses', () => {
  expect(safeAddress('https://example.com/a?b=c#d')).toBe('https://example.com/a?b=c#d');
  expect(safeAddress('mailto:a@example.com')).toBe('mailto:a@example.com');
  expect(safeAddress(' HTTP://EXAMPLE.com ')).toBe('http://example.com/');
  for (const bad of ['//example.com', '/etc', 'a.html', '', 'https://', '\u0001javascript:1', 'https:/\\']) expect(safeAddress(bad)).toBeUndefined();
});

test('images of others are links, and are not loaded', () => {
  expect(blocks('![a cat](https://evil.example/leak.png)')).toEqual([
    { type: 'paragraph', inner: [{ type: 'link', address: 'https://evil.example/leak.png', inner: [{ type: 'text', text: 'a cat' }] }] },
  ]);
});

test('blocks', () => {
  const text = '# Title\n\nA **bold** *word* ~~gone~~ `code`\n\n- [x] done\n- [ ] open\n\n3. three\n\n> said\n\n---\n\n```js\nlet a = "<b>";\n```';
  expect(blocks(text)).toEqual([
    { type: 'heading', depth: 1, level: 2, inner: [{ type: 'text', text: 'Title' }] },
    {
      type: 'paragraph',
      inner: [
        { type: 'text', text: 'A ' },
        { type: 'strong', inner: [{ type: 'text', text: 'bold' }] },
        { type: 'text', text: ' ' },
        { type: 'emphasis', inner: [{ type: 'text', text: 'word' }] },
        { type: 'text', text: ' ' },
        { type: 'deleted', inner: [{ type: 'text', text: 'gone' }] },
        { type: 'text', text: ' ' },
        { type: 'code', text: 'code' },
      ],
    },
    {
      type: 'list',
      start: undefined,
      items: [
        { done: true, inner: [{ type: 'tight', inner: [{ type: 'text', text: 'done' }] }] },
        { done: false, inner: [{ type: 'tight', inner: [{ type: 'text', text: 'open' }] }] },
      ],
    },
    { type: 'list', start: 3, items: [{ done: undefined, inner: [{ type: 'tight', inner: [{ type: 'text', text: 'three' }] }] }] },
    { type: 'quote', inner: [{ type: 'paragraph', inner: [{ type: 'text', text: 'said' }] }] },
    { type: 'rule' },
    { type: 'code', language: 'js', text: 'let a = "<b>";' },
  ]);
});

test('headings leave no level out', () => {
  const levels = (text: string): unknown[] => blocks(text).map((block) => (block.type === 'heading' ? [block.depth, block.level] : block.type));
  expect(levels('### a\n\n# b\n\n#### c\n\n> # d\n\n## e')).toEqual([[3, 2], [1, 2], [4, 3], 'quote', [2, 3]]);
});

test('tables', () => {
  expect(blocks('|a|b|\n|:-|-:|\n|1<br>2|3|')).toEqual([
    {
      type: 'table',
      align: ['left', 'right'],
      head: [[{ type: 'text', text: 'a' }], [{ type: 'text', text: 'b' }]],
      rows: [[[{ type: 'text', text: '1' }, { type: 'break' }, { type: 'text', text: '2' }], [{ type: 'text', text: '3' }]]],
    },
  ]);
});

test('formulas, and prices that are none', () => {
  const formulas = (text: string): string[] => nodes(blocks(text)).flatMap((node) => (node.type === 'formula' ? [node.text] : []));
  expect(formulas('Let $x^2$ and \\(y_1\\) be.')).toEqual(['x^2', 'y_1']);
  expect(formulas('$$\n\\frac{1}{2}\n$$')).toEqual(['\\frac{1}{2}']);
  expect(formulas('so\n\\[ a = b \\]\nholds')).toEqual(['a = b']);
  expect(formulas('It costs $5 and $6, or $ 7 $.')).toEqual([]);
  expect(formulas('`$x$` and\n\n    $y$')).toEqual([]);
});

test('an answer that is cut inside of code is code', () => {
  expect(blocks('```py\nprint(1)')).toEqual([{ type: 'code', language: 'py', text: 'print(1)' }]);
});

test('references', () => {
  expect(decoded('&lt;b&gt; &amp;amp; &#65;&#x42; &nope; &constructor; &#0; &#xD800; &#1114112;')).toBe(
    '<b> &amp; AB &nope; &constructor; \uFFFD \uFFFD \uFFFD',
  );
});

test('highlighting keeps every letter', () => {
  const code = 'const a = "x"; // note\n/* b */ 1.5e3 `t`\n# no\nreturn a';
  for (const language of ['ts', 'py', 'sql', '', 'unknown'])
    expect(
      piecesOf(code, language)
        .map(({ text }) => text)
        .join(''),
    ).toBe(code);
  expect(piecesOf('let a = 1 // b', 'js')).toEqual([
    { kind: 'word', text: 'let' },
    { kind: '', text: ' a = ' },
    { kind: 'number', text: '1' },
    { kind: '', text: ' ' },
    { kind: 'comment', text: '// b' },
  ]);
});
