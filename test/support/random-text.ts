// Texts at random that tokenizers stumble over, the same for the same seed.

/** A number from 0 up to `limit`, by mulberry32. */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % limit;
  };
}

const pieces = [
  ...['a', ' the', 'The', ' ', '  ', '    ', '\n', '\r\n', '\n\n', '\t', ' \n ', '\u00a0', '\u3000', '\u2028', '1', '123', '1234567', '3.14', '½', '①'],
  ...["'s", "'S", "don't", "I'LL", '.', ',', '...', '!?', '(', ')', '{\n    return x;\n}', 'snake_case', 'camelCase', 'http://x.y/z?q=1', "`` ''", '##ing'],
  ...['é', 'e\u0301', 'É', 'ß', 'ẞ', 'İ', 'ı', 'Σ', 'ﬁ', 'Å', 'ǅ', 'ｱﾞ', '한', '\u1112\u1161\u11ab', 'क\u093c', 'क्षि', 'ไทย', 'ន', 'привет', 'مرحبا', 'שלום'],
  ...[
    '日本',
    '中文字',
    '。',
    '、',
    '👩\u200d🚀',
    '🏽',
    '🇩🇪',
    '😀',
    '𝔘',
    '\u0301',
    '\u0000',
    '\ufeff',
    '\u200b',
    '\ufffd',
    '\ud800',
    '\udc00',
    '▁',
    '▁▁',
    'Ġ',
    '<0x0A>',
  ],
];
const ranges: readonly (readonly [number, number])[] = [
  ...[0, 1, 2, 3].map(() => [0x20, 0x7f] as const),
  ...([
    [0x80, 0x250],
    [0x250, 0x600],
    [0x600, 0xe00],
    [0xe00, 0x2000],
    [0x2000, 0x2c00],
    [0x3000, 0x3400],
    [0x4e00, 0xa000],
  ] as const),
  ...([
    [0xac00, 0xd7a4],
    [0xd800, 0xe000],
    [0xe000, 0x10000],
    [0x10000, 0x12000],
    [0x1f000, 0x1fb00],
    [0x20000, 0x110000],
  ] as const),
];

/** A text, in which some of `tokens` stand: scripts of all kinds, spaces, emoji, control characters, halves of surrogate pairs. */
export function randomText(random: (limit: number) => number, tokens: readonly string[]): string {
  const one = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const character = (): string => {
    const [first, end] = one(ranges);
    return String.fromCodePoint(first + random(end - first));
  };
  const piece = (): string => {
    const kind = random(20);
    if (kind < 8) return one(pieces);
    if (kind < 11 && tokens.length > 0) return one(tokens);
    if (kind < 15) return Array.from({ length: 1 + random(8) }, () => String.fromCharCode(97 + random(26))).join('');
    return Array.from({ length: 1 + random(5) }, character).join('');
  };
  return Array.from({ length: one([1, 2, 3, 5, 8, 12, 20]) }, piece).join('');
}
