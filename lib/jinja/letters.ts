// What Python says of letters.

/** str.isspace of one character. */
export function isSpaceCode(code: number): boolean {
  if (code <= 0x20) return (code >= 9 && code <= 13) || (code >= 0x1c && code <= 0x20);
  if (code < 0x80) return false;
  if (code < 0x1680) return code === 0x85 || code === 0xa0;
  return code === 0x1680 || (code >= 0x2000 && code <= 0x200a) || code === 0x2028 || code === 0x2029 || code === 0x202f || code === 0x205f || code === 0x3000;
}

const upper = /\p{Uppercase}/u;
const lower = /\p{Lowercase}/u;
const title = /\p{Lt}/u;
const notSimple = /[\u0149\u01f0\u0390\u03b0\u0587\u1e96-\u1e9a\u1f50-\u1ffc\ufb00-\ufb17ß]/;

/** A letter in title case: what Unicode's title case mapping gives, which differs from upper case for few. */
function titled(letter: string): string {
  const special = titles[letter];
  if (special !== undefined) return special;
  const up = letter.toUpperCase();
  if (!notSimple.test(letter)) return up;
  const [first = '', ...rest] = up;
  if (/[\u1f80-\u1faf\u1fb3\u1fbc\u1fc3\u1fcc\u1ff3\u1ffc]/.test(letter)) return greek(letter);
  return first + rest.join('').toLowerCase();
}

const titles: Readonly<Record<string, string>> = {
  Ǆ: 'ǅ',
  ǅ: 'ǅ',
  ǆ: 'ǅ',
  Ǉ: 'ǈ',
  ǈ: 'ǈ',
  ǉ: 'ǈ',
  Ǌ: 'ǋ',
  ǋ: 'ǋ',
  ǌ: 'ǋ',
  Ǳ: 'ǲ',
  ǲ: 'ǲ',
  ǳ: 'ǲ',
};

/** Greek letters with an iota below have title forms of their own, eight behind the small ones or one letter. */
function greek(letter: string): string {
  const code = letter.charCodeAt(0);
  if (code < 0x1fb0) return String.fromCharCode(code | 8);
  return String.fromCharCode(code | 0xc);
}

export const isUpper = (letter: string): boolean => upper.test(letter);
export const isLower = (letter: string): boolean => lower.test(letter);
export const isTitle = (letter: string): boolean => title.test(letter);
export const isCased = (letter: string): boolean => upper.test(letter) || lower.test(letter) || title.test(letter);

/** Upper case for title case, lower for the rest. */
export function capitalized(text: string): string {
  const [first = ''] = text;
  return titled(first) + lowered(text).slice(first.toLowerCase().length);
}

/** As Python: a sigma at a word's end is a final one, as in JavaScript. */
export const lowered = (text: string): string => text.toLowerCase();

/** str.title */
export function titleCase(text: string): string {
  let inside = false;
  let out = '';
  for (const letter of text) {
    out += inside ? letter.toLowerCase() : titled(letter);
    inside = isCased(letter);
  }
  return out;
}

/** str.swapcase */
export function swapped(text: string): string {
  let out = '';
  for (const letter of text) out += isUpper(letter) ? letter.toLowerCase() : isLower(letter) ? letter.toUpperCase() : letter;
  return out;
}

/** str.casefold, for the letters where it differs from lower case. */
export function folded(text: string): string {
  return text.toUpperCase().toLowerCase().replaceAll('ς', 'σ');
}
