// The filter urlize: addresses in a text as links.
import type { Steps } from './budget';
import { compareTexts } from './compare';
import { escape, escapedText } from './escape';
import { fail } from './failure';
import { listOf, truth } from './protocols';
import { repr } from './repr';
import type { Run } from './run';
import { callee, intIn, textIn, type Callee } from './signature';
import { slice } from './access';
import { Builder, join, Text } from './text';
import { Undefined, type Value } from './values';

const space = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const word = '\\p{L}\\p{N}_';
// Python holds i to be any of four letters where case does not count.
const i = '[i\\u0130\\u0131]';
const letter = '[a-z\\u0130\\u0131]';

const pattern = (text: string, flags = 'u'): RegExp => new RegExp(text, flags);

const web = pattern(
  `^(?:(?:https?://|www\\.)(?:(?:[${word}%\\-]+\\.)+)?(?:${letter}{2,63}|xn--[${word}%]{2,59})` +
    `|(?:[${word}%\\-]{2,63}\\.)+(?:com|net|${i}nt|edu|gov|org|${i}nfo|m${i}l)` +
    `|https?://(?:\\p{Nd}{1,3}(?:\\.\\p{Nd}{1,3}){3}|\\[(?:[\\p{Nd}a-f]{0,4}:){2}(?:[\\p{Nd}a-f]{0,4}:?){1,6}\\]))` +
    `(?::\\p{Nd}{1,5})?(?:[/?#][^${space}]*)?$`,
  'iu',
);
const mail = pattern(`^[^${space}]+@[${word}][${word}.\\-]*\\.[${word}]+$`);
const parts = pattern(`[${space}]+|[^${space}]+`, 'gu');
const names = pattern(`[^${space}]+`, 'gu');
const scheme = pattern(`^[${word}.+\\-]{2,}:/{0,2}$`);

interface Links {
  /** What every link has beside its address. */
  readonly attributes: Text;
  readonly shown: (address: Text) => Text;
  readonly schemes: readonly Text[];
}

/** Where what stands behind an address begins: brackets, full stops, commas. */
function tailOf(text: string, from: number): number {
  let at = text.length;
  for (;;) {
    if (at > from && ')>.,'.includes(text[at - 1] as string)) at--;
    else if (at - 4 >= from && text.startsWith('&gt;', at - 4)) at -= 4;
    else return at;
  }
}

const brackets = [
  ['(', ')'],
  ['<', '>'],
  ['&lt;', '&gt;'],
] as const;

/** What of the tail belongs to the address after all: brackets that it opens. */
function balanced(text: string, from: number, to: number): number {
  let end = to;
  for (const [open, close] of brackets) {
    const count = (part: string, low: number, high: number): number => text.slice(low, high).split(part).length - 1;
    const opened = count(open, from, end);
    if (opened <= count(close, from, end)) continue;
    for (let moved = Math.min(opened, count(close, end, text.length)); moved > 0; moved--) end = text.indexOf(close, end) + close.length;
  }
  return end;
}

const link = (to: readonly (Text | string)[], shown: Text, attributes: Text | string = ''): Text =>
  join(['<a href="', ...to, '"', attributes, '>', shown, '</a>']);

function linked(address: Text, links: Links): Text {
  const { plain } = address;
  if (web.test(plain)) return link(/^https?:\/\//.test(plain) ? [address] : ['https://', address], links.shown(address), links.attributes);
  if (plain.startsWith('mailto:') && mail.test(plain.slice(7))) return link([address], address.slice(7));
  if (plain.includes('@') && !/^(?:www\.|@)|:/.test(plain) && mail.test(plain)) return link(['mailto:', address], address);
  const known = links.schemes.some((each) => plain !== each.plain && plain.startsWith(each.plain));
  return known ? link([address], address, links.attributes) : address;
}

function* withLinks(run: Run, text: Text, links: Links): Steps<Text> {
  const out = new Builder();
  const most = links.attributes.plain.length + links.attributes.turns.length + 32;
  for (const match of text.plain.matchAll(parts)) {
    const [part] = match;
    if (run.budget.step(2 + (part.length >> 3))) yield;
    const from = match.index + (/^(?:[(<]|&lt;)*/.exec(part) as RegExpExecArray)[0].length;
    const tail = tailOf(part, from - match.index);
    const end = match.index + balanced(part, from - match.index, tail);
    run.budget.text(2 * part.length);
    const made = linked(text.slice(from, end), links);
    if (made.plain.length > end - from) run.budget.text(made.plain.length + most);
    out
      .add(text.slice(match.index, from))
      .add(made)
      .add(text.slice(end, match.index + part.length));
  }
  return out.text();
}

/** The names of a link's `rel`, each once and in order; Jinja2 adds one of its own. */
function* relation(run: Run, rel: Value, noFollow: Value): Steps<Text> {
  const given = truth(rel) ? textIn(rel, 'rel') : Text.empty;
  const all = new Map<string, Text>();
  for (const { 0: name, index } of given.plain.matchAll(names)) if (!all.has(name)) all.set(name, given.slice(index, index + name.length).as(false));
  for (const name of truth(noFollow) ? ['nofollow', 'noopener'] : ['noopener']) if (!all.has(name)) all.set(name, new Text(name));
  run.budget.list(all.size);
  const sorted = [...all].sort(([a], [b]) => compareTexts(a, b)).flatMap(([, text], at) => (at > 0 ? [' ', text] : [text]));
  return join([' rel="', (yield* escapedText(run, join(sorted))).as(false), '"']);
}

function* schemesOf(run: Run, given: Value): Steps<Text[]> {
  const out: Text[] = [];
  for (const each of given === null || !truth(given) ? [] : yield* listOf(run, given)) {
    const text = textIn(each, 'a scheme');
    if (!scheme.test(text.plain)) fail('value', `${(yield* repr(run, text)).plain} is not a valid URI scheme prefix.`);
    out.push(text);
  }
  return out;
}

function* urls(
  run: Run,
  value: Value,
  limit: Value = null,
  noFollow: Value = false,
  target: Value = null,
  rel: Value = null,
  extra: Value = null,
): Steps<Value> {
  const relations = yield* relation(run, rel, noFollow);
  const schemes = yield* schemesOf(run, extra);
  const aim = truth(target) ? [' target="', (yield* escape(run, target)).as(false), '"'] : [];
  const most = limit === null ? Infinity : intIn(limit, 'trim_url_limit');
  return yield* withLinks(run, (yield* escape(run, value instanceof Undefined ? Text.empty : value)).as(false), {
    attributes: join([relations, ...aim]),
    shown: (address) => (address.length > most ? join([slice(run, address, null, BigInt(most), null) as Text, '...']) : address),
    schemes,
  });
}

export const urlize: Callee = callee('trim_url_limit? nofollow? target? rel? extra_schemes?', urls as never);
