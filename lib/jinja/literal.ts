// What stands between the quotes of a string.
import { fail } from './failure';
import { hexEscape } from './repr';

const simple: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const digits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** Python's escapes; one that is unknown stays as it is written. */
export function unescape(text: string, refuse: (what: string) => never): string {
  return text.replace(
    /\\([xuU])([0-9a-fA-F]*)|\\([0-7]{1,3})|\\(.)/gsu,
    (whole, kind: string | undefined, hex: string, octal: string | undefined, letter: string) => {
      if (kind !== undefined) return coded(kind, hex);
      if (octal !== undefined) return String.fromCodePoint(parseInt(octal, 8));
      const known = simple[letter];
      if (known !== undefined) return known;
      if (letter === 'N') refuse('naming a character by \\N{...}');
      const code = letter.codePointAt(0) as number;
      return code > 0x7f ? hexEscape(code) : whole; // the letter is escaped before the escapes are read
    },
  );
}

function coded(kind: string, hex: string): string {
  const length = digits[kind] as number;
  const code = parseInt(hex.slice(0, length), 16);
  if (hex.length < length || code > 0x10ffff) fail('syntax', `a \\${kind} escape needs ${length} digits of a character`);
  return String.fromCodePoint(code) + hex.slice(length);
}
