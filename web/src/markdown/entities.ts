// Character references, as far as texts of models have them.

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00A0',
  copy: '©',
  reg: '®',
  trade: '™',
  deg: '°',
  plusmn: '±',
  times: '×',
  divide: '÷',
  middot: '·',
  bull: '•',
  hellip: '…',
  ndash: '–',
  mdash: '—',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  laquo: '«',
  raquo: '»',
  larr: '←',
  rarr: '→',
  uarr: '↑',
  darr: '↓',
  le: '≤',
  ge: '≥',
  ne: '≠',
  infin: '∞',
  euro: '€',
  pound: '£',
  yen: '¥',
  sect: '§',
  para: '¶',
};

function ofCode(code: number): string {
  const whole = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return whole ? String.fromCodePoint(code) : '\uFFFD';
}

/** The text that a text with references stands for. */
export const decoded = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|(\w{2,8}));/g, (whole, decimal?: string, hex?: string, name?: string) => {
    if (decimal !== undefined) return ofCode(Number(decimal));
    if (hex !== undefined) return ofCode(Number.parseInt(hex, 16));
    return (name !== undefined && Object.hasOwn(named, name) ? named[name] : undefined) ?? whole;
  });
