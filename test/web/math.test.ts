// Formulas as MathML.
import { mathOf, type MathElement } from '../../web/src/math/tex';

const written = (of: MathElement | string): string => (typeof of === 'string' ? of : `<${of.tag}>${of.inner.map(written).join('')}</${of.tag}>`);

/** What is inside of the formula, without the row that is always there. */
function inside(tex: string, display = false): string {
  const math = mathOf(tex, display);
  if (!math) throw new Error(`not understood: ${tex}`);
  return written(math).replace(/^<math><mrow>|<\/mrow><\/math>$/g, '');
}

test.each([
  ['x', '<mi>x</mi>'],
  ['12.5', '<mn>12.5</mn>'],
  ['a+b', '<mi>a</mi><mo>+</mo><mi>b</mi>'],
  ['x^2', '<msup><mi>x</mi><mn>2</mn></msup>'],
  ['x^23', '<msup><mi>x</mi><mn>2</mn></msup><mn>3</mn>'],
  ['x_i^{n+1}', '<msubsup><mi>x</mi><mi>i</mi><mrow><mi>n</mi><mo>+</mo><mn>1</mn></mrow></msubsup>'],
  ["f'", '<msup><mi>f</mi><mo>′</mo></msup>'],
  ['\\frac{1}{2}', '<mfrac><mn>1</mn><mn>2</mn></mfrac>'],
  ['\\frac12', '<mfrac><mn>1</mn><mn>2</mn></mfrac>'],
  ['\\sqrt{x}', '<msqrt><mi>x</mi></msqrt>'],
  ['\\sqrt[3]{x}', '<mroot><mi>x</mi><mn>3</mn></mroot>'],
  ['\\alpha\\le\\infty', '<mi>α</mi><mo>≤</mo><mi>∞</mi>'],
  ['\\mathbb{R}', '<mi>ℝ</mi>'],
  ['\\mathbf{v}', '<mi>𝐯</mi>'],
  ['\\text{if } x', '<mtext>if </mtext><mi>x</mi>'],
  ['\\left( x \\right.', '<mrow><mo>(</mo><mi>x</mi><mo></mo></mrow>'],
  ['\\{a\\}', '<mo>{</mo><mi>a</mi><mo>}</mo>'],
  ['\\vec{a}', '<mover><mi>a</mi><mo>→</mo></mover>'],
  [
    '\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}',
    '<mrow><mo>(</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd><mtd><mn>4</mn></mtd></mtr></mtable><mo>)</mo></mrow>',
  ],
])('%s', (tex, expected) => {
  expect(inside(tex)).toBe(expected);
});

test('limits stand above and below where there is room', () => {
  expect(inside('\\sum_{i=1}^n i', true)).toMatch(/^<munderover><mo>∑<\/mo>/);
  expect(inside('\\sum_{i=1}^n i')).toMatch(/^<msubsup><mo>∑<\/mo>/);
});

test.each(['\\unknown', '}', '{', '\\frac{1}', '\\begin{pmatrix}1', '\\left(', 'a & b', '\\begin{nothing}x\\end{nothing}', '\\sqrt[3', 'x^^2', '\\'])(
  'not understood: %s',
  (tex) => {
    expect(mathOf(tex, false)).toBeUndefined();
  },
);

test('no depth or length holds the page up', () => {
  expect(mathOf('{'.repeat(2000) + '}'.repeat(2000), true)).toBeUndefined();
  expect(mathOf('x+'.repeat(5000), true)).toBeUndefined();
  expect(mathOf('\\frac'.repeat(700), true)).toBeUndefined();
});

test('no element or attribute is of the writer’s making', () => {
  const tags = new Set<string>();
  const walk = (of: MathElement | string): void => {
    if (typeof of === 'string') return;
    tags.add(of.tag);
    for (const name of Object.keys(of.attributes))
      expect(name).toMatch(/^(display|displaystyle|mathvariant|stretchy|fence|form|accent|accentunder|movablelimits|width|lspace|class|linethickness)$/);
    of.inner.forEach(walk);
  };
  const math = mathOf('\\text{<script>alert(1)</script>} \\operatorname{<img>} \\tag{"onload="} \\boxed{x}', true);
  if (math) walk(math);
  expect([...tags].sort()).toEqual(['math', 'mi', 'mo', 'mrow', 'mspace', 'mtext']);
});
