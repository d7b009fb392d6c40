// Methods of str that change or pad letters, and that tell what they are.
import type { Steps } from './budget';
import { fail } from './failure';
import { pad } from './field';
import { formatText } from './format';
import { capitalized, folded, isCased, isLower, isSpaceCode, isTitle, isUpper, lowered, swapped, titleCase } from './letters';
import type { Attribute } from './methods';
import type { Run } from './run';
import { callee, intIn, noArgs, textIn } from './signature';
import { Builder, join, Text } from './text';
import { Dict, Native, or, typeOf, type Value } from './values';

/** text.strip(letters) at the start, the end or both. */
export function strip(run: Run, text: Text, letters: Value | undefined, start: boolean, end: boolean): Text {
  const set = letters === undefined || letters === null ? undefined : new Set(textIn(letters, 'the letters to strip').plain);
  const drops = (from: number, to: number): boolean => (set ? set.has(text.plain.slice(from, to)) : isSpaceCode(text.plain.charCodeAt(from)));
  let [low, high] = [0, text.plain.length];
  for (let size = 0; start && low < high; low += size) {
    size = (text.plain.codePointAt(low) as number) > 0xffff ? 2 : 1;
    if (!drops(low, low + size)) break;
  }
  for (let size = 0; end && low < high; high -= size) {
    size = high - low > 1 && /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.plain.slice(high - 2, high)) ? 2 : 1;
    if (!drops(high - size, high)) break;
  }
  run.budget.step(1 + ((low + text.plain.length - high) >> 3));
  return text.slice(low, high);
}

function changing(change: (text: string) => string, whole = true): Attribute {
  return callee('/', (run, self) => changed(run, self as Text, change, whole));
}

export function changed(run: Run, text: Text, change: (text: string) => string, whole = true): Text {
  run.budget.text(text.plain.length + text.turns.length);
  return text.map(change, whole);
}

/** Changes that depend on what stands before: made for the whole text, and given to the runs by length. */
function wholly(change: (text: string) => string): Attribute {
  return callee('/', (run, self) => byLetters(run, self as Text, change));
}

/** The change of the whole text; a letter's origin stays that of the letter it was made from, where their numbers agree. */
export function byLetters(run: Run, text: Text, change: (text: string) => string): Text {
  run.budget.text(2 * text.plain.length + text.turns.length);
  run.budget.step(text.plain.length >> 2);
  const all = change(text.plain);
  if (text.turns.length === 0 || all.length === text.plain.length) return new Text(all, text.user, text.turns, text.markup);
  return new Text(all, text.plain !== '', undefined, text.markup);
}

function stripping(start: boolean, end: boolean): Attribute {
  return callee('/chars?', (run, self, letters) => strip(run, self as Text, letters, start, end));
}

function justify(run: Run, text: Text, width: Value, fill: Value | undefined, align: '<' | '>'): Text {
  const letter = fill === undefined ? ' ' : textIn(fill, 'the fill character').plain;
  if (letter.length !== 1 && [...letter].length !== 1) fail('type', 'The fill character must be exactly one character long');
  return pad(run, text, { fill: letter, align, width: intIn(width, 'the width') }).as(text.markup);
}

/** Python puts the odd place on the left where the width is odd. */
export function center(run: Run, text: Text, width: Value, fill?: Value): Text {
  const letter = fill === undefined ? ' ' : textIn(fill, 'the fill character').plain;
  if ([...letter.slice(0, 3)].length !== 1) fail('type', 'The fill character must be exactly one character long');
  const wide = intIn(width, 'the width');
  const missing = wide - text.length;
  if (missing <= 0) return text;
  run.budget.text(wide);
  const left = (missing >> 1) + (missing & wide & 1);
  return join([letter.repeat(left), text, letter.repeat(missing - left)]).as(text.markup);
}

function zfill(run: Run, self: Value, width: Value): Text {
  const text = self as Text;
  const missing = intIn(width, 'the width') - text.length;
  if (missing <= 0) return text;
  run.budget.text(text.plain.length + missing);
  const signed = /^[+-]/.test(text.plain) ? 1 : 0;
  return join([text.slice(0, signed), '0'.repeat(missing), text.slice(signed)]).as(text.markup);
}

function expandTabs(run: Run, self: Value, size: Value = 8n): Text {
  const every = intIn(size, 'tabsize');
  const out = new Builder();
  let column = 0;
  for (const run_ of (self as Text).runs()) {
    for (const piece of run_.text.split(/([\t\n\r])/)) {
      const spaces = piece === '\t' ? ' '.repeat(every > 0 ? every - (column % every) : 0) : piece;
      run.budget.text(spaces.length);
      out.add(new Text(spaces, run_.user));
      column = /[\n\r]/.test(piece) ? 0 : column + [...spaces].length;
    }
  }
  return out.text().as((self as Text).markup);
}

function translate(run: Run, self: Value, table: Value): Text {
  if (!(table instanceof Dict)) return fail('type', `translate() needs a dict, not ${typeOf(table)}`);
  const out = new Builder();
  for (const piece of (self as Text).runs()) {
    for (const letter of piece.text) {
      const by = table.get(BigInt(letter.codePointAt(0) as number));
      const made =
        typeof by === 'bigint' ? new Text(String.fromCodePoint(Number(by)), piece.user) : by === null ? Text.empty : or(by, () => new Text(letter, piece.user));
      run.budget.text(textIn(made, 'what translate() maps to').plain.length);
      out.add(made as Text);
    }
  }
  return out.text();
}

const every = (test: (letter: string) => boolean): Attribute =>
  callee('/', (run, self) => {
    run.budget.step((self as Text).plain.length >> 3);
    const text = (self as Text).plain;
    if (text === '') return false;
    for (const letter of text) if (!test(letter)) return false;
    return true;
  });

/** All cased letters are so, and there is one. */
export function casedAs(run: Run, text: Text, test: (letter: string) => boolean): boolean {
  run.budget.step(text.plain.length >> 3);
  let found = false;
  for (const letter of text.plain) {
    if (!isCased(letter)) continue;
    if (!test(letter)) return false;
    found = true;
  }
  return found;
}

function isTitleText(run: Run, self: Value): boolean {
  let [inside, found] = [false, false];
  run.budget.step((self as Text).plain.length >> 3);
  for (const letter of (self as Text).plain) {
    const up = isUpper(letter) || isTitle(letter);
    if (up ? inside : isLower(letter) && !inside) return false;
    inside = isCased(letter);
    found ||= inside;
  }
  return found;
}

export const shaping: Readonly<Record<string, Attribute>> = {
  upper: changing((text) => text.toUpperCase()),
  lower: changing(lowered),
  casefold: changing(folded),
  capitalize: wholly(capitalized),
  title: wholly(titleCase),
  swapcase: wholly(swapped),
  strip: stripping(true, true),
  lstrip: stripping(true, false),
  rstrip: stripping(false, true),
  ljust: callee('/width fill?', (run, self, width, fill) => justify(run, self as Text, width as Value, fill, '<')),
  rjust: callee('/width fill?', (run, self, width, fill) => justify(run, self as Text, width as Value, fill, '>')),
  center: callee('/width fill?', (run, self, width, fill) => center(run, self as Text, width as Value, fill)),
  zfill: callee('/width', zfill as never),
  expandtabs: callee('tabsize?', expandTabs as never),
  translate: callee('/table', translate as never),
  format: (self) => new Native('format', (run, args) => formatText(run, self as Text, args)),
  format_map: (self) =>
    new Native('format_map', function* (run, args): Steps<Value> {
      const [map] = args.positional;
      if (args.positional.length !== 1 || args.named.size > 0 || !(map instanceof Dict)) return fail('type', 'format_map() takes one dict');
      return yield* formatText(run, self as Text, noArgs, map);
    }),
  isspace: every((letter) => isSpaceCode(letter.codePointAt(0) as number)),
  isalpha: every((letter) => /\p{L}/u.test(letter)),
  isalnum: every((letter) => /[\p{L}\p{N}]/u.test(letter) || isDigit(letter)),
  isdecimal: every((letter) => /\p{Nd}/u.test(letter)),
  isdigit: every(isDigit),
  isnumeric: every((letter) => /\p{N}/u.test(letter) || numerals.test(letter)),
  isascii: callee('/', (_run, self) => !/[^\0-\x7f]/.test((self as Text).plain)),
  isprintable: callee('/', (_run, self) => !/[\p{C}\p{Z}]/u.test((self as Text).plain.replaceAll(' ', ''))),
  isidentifier: callee('/', (_run, self) => /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test((self as Text).plain)),
  islower: callee('/', (run, self) => casedAs(run, self as Text, isLower)),
  isupper: callee('/', (run, self) => casedAs(run, self as Text, isUpper)),
  istitle: callee('/', isTitleText),
};

/** Digits of other forms, such as ² and ①, beside the decimal ones. */
function isDigit(letter: string): boolean {
  return /[\p{Nd}\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792]/u.test(
    letter,
  );
}

/** Ideographs that stand for numbers. */
const numerals =
  /[\u3405\u3483\u382a\u3b4d\u4e00\u4e03\u4e07\u4e09\u4e5d\u4e8c\u4e94\u4e96\u4ebf-\u4ec0\u4edf\u4ee8\u4f0d\u4f70\u5104\u5146\u5169\u516b\u516d\u5341-\u5345\u534c\u53c1-\u53c4\u56db\u58f1\u58f9\u5e7a\u5efe-\u5eff\u5f0c-\u5f0e\u5f10\u62fe\u634c\u67d2\u6f06\u7396\u767e\u8086\u842c\u8cae\u8cb3\u8d30\u9621\u9646\u964c\u9678\u96f6]/;
