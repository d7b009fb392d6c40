// Filters that make text.
import { slice } from './access';
import { binary } from './arithmetic';
import type { Steps } from './budget';
import { escape, escapedText } from './escape';
import { fail, refuse } from './failure';
import { toJson } from './json';
import { floatOf } from './filters-number';
import { capitalized, lowered } from './letters';
import { lines, replace } from './methods-cut';
import { byLetters, center, changed, strip } from './methods-shape';
import { fixed } from './numbers';
import { percent } from './percent';
import { iterable, listOf, lengthOf, truth } from './protocols';
import { softStr, str } from './repr';
import type { Run } from './run';
import { findLast } from './search';
import { callee, intIn, textIn, type Callee } from './signature';
import { Builder, join, mapLetters, Text } from './text';
import { Dict, typeOf, Undefined, type Value } from './values';

function changing(change: (text: string) => string): Callee {
  return callee('', function* (run, value): Steps<Value> {
    return changed(run, yield* softStr(run, value), change, true);
  });
}

function lettering(change: (text: string) => string): Callee {
  return callee('', function* (run, value): Steps<Value> {
    return byLetters(run, yield* softStr(run, value), change);
  });
}

const titleWords = (text: string): string =>
  text
    .split(/([-\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000({[<]+)/)
    .filter((word) => word !== '')
    .map((word) => {
      const [first = ''] = word;
      return first.toUpperCase() + lowered(word.slice(first.length));
    })
    .join('');

function* replaceFilter(run: Run, value: Value, old: Value, made: Value, count: Value = null): Steps<Value> {
  const most = count === null ? -1 : intIn(count, 'count');
  return yield* replace(run, yield* str(run, value), yield* str(run, old), yield* str(run, made), most);
}

function* indent(run: Run, value: Value, width: Value = 4n, first: Value = false, blank: Value = false): Steps<Value> {
  const by = width instanceof Text ? width : ((yield* binary(run, '*', new Text(' '), width)) as Text);
  if (value instanceof Undefined) value.fail();
  const text = textIn(value, 'what is indented');
  const all = lines(run, join([text, '\n']), false);
  run.budget.text(text.plain.length + all.length * (by.plain.length + by.turns.length + 1));
  const out = new Builder();
  for (const [i, line] of all.entries()) {
    if (run.budget.step()) yield;
    if (i > 0) out.add('\n');
    if (i === 0 ? truth(first) : line.plain !== '' || truth(blank)) out.add(by);
    out.add(line);
  }
  return out.text().as(text.markup);
}

function* truncate(run: Run, value: Value, length: Value = 255n, cut: Value = false, tail: Value = new Text('...'), leeway: Value = null): Steps<Value> {
  const end = textIn(tail, 'end');
  const most = intIn(length, 'length');
  const more = leeway === null ? 5 : intIn(leeway, 'leeway');
  if (most < end.length || more < 0) fail('value', `expected length >= ${end.length} and leeway >= 0, got ${most} and ${more}`);
  const size = lengthOf(value);
  if (size === undefined) fail('type', `object of type '${typeOf(value)}' has no len()`);
  if ((size as number) <= most + more) return value;
  const kept = slice(run, value, null, BigInt(most - end.length), null);
  if (truth(cut)) return yield* binary(run, '+', kept, end);
  const text = textIn(kept, 'what is truncated');
  const at = yield* findLast(run, text.plain, ' ');
  return yield* binary(run, '+', at < 0 ? text : text.slice(0, at), end);
}

function* format(run: Run, value: Value, args: Value, named: Value): Steps<Value> {
  return yield* percent(run, yield* softStr(run, value), (named as Dict).size > 0 ? named : args);
}

const sizes = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'] as const;

function fileSize(bytes: number, binaryUnits: boolean): string {
  const base = binaryUnits ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const index = sizes.findIndex((_, i) => bytes < base ** (i + 2));
  const at = index < 0 ? sizes.length - 1 : index;
  const prefix = binaryUnits ? `${(sizes[at] as string).toUpperCase()}iB` : `${sizes[at]}B`;
  return `${fixedOne((base * bytes) / base ** (at + 2))} ${prefix}`;
}

function stripTags(run: Run, text: Text): Text {
  run.budget.text(text.plain.length);
  let plain = text;
  for (const [open, close] of [
    ['<!--', '-->'],
    ['<', '>'],
  ] as const)
    plain = without(plain, open, close);
  if (/&[#a-zA-Z]/.test(plain.plain)) refuse('striptags of HTML entities');
  return collapsed(plain);
}

function without(text: Text, open: string, close: string): Text {
  const out = new Builder();
  let at = 0;
  for (;;) {
    const from = text.plain.indexOf(open, at);
    const to = from < 0 ? -1 : text.plain.indexOf(close, from + open.length);
    if (to < 0) return out.add(text.slice(at)).text();
    out.add(text.slice(at, from));
    at = to + close.length;
  }
}

function collapsed(text: Text): Text {
  const out = new Builder();
  for (const match of text.plain.matchAll(/[^\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g)) {
    if (out.length > 0) out.add(' ');
    out.add(text.slice(match.index, match.index + match[0].length));
  }
  return out.text();
}

function* quoteUrl(run: Run, text: Text, query: boolean): Steps<Text> {
  run.budget.text(text.plain.length * 3);
  return yield* mapLetters(run.budget, text.as(false), (piece) => {
    const coded = encodeURIComponent(piece).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
    return query ? coded.replaceAll('%20', '+') : coded.replaceAll('%2F', '/');
  });
}

function* urlEncode(run: Run, value: Value): Steps<Value> {
  if (value instanceof Text || !iterable(value)) return yield* quoteUrl(run, yield* str(run, value), false);
  const pairs = value instanceof Dict ? value.entries() : yield* listOf(run, value);
  const out = new Builder();
  for (const pair of pairs) {
    const parts = Array.isArray(pair) ? (pair as Value[]) : yield* listOf(run, pair as Value);
    if (parts.length !== 2) fail('value', 'urlencode needs pairs');
    if (out.length > 0) out.add('&');
    out.add(yield* quoteUrl(run, yield* str(run, parts[0] as Value), true)).add('=');
    out.add(yield* quoteUrl(run, yield* str(run, parts[1] as Value), true));
  }
  return out.text();
}

function* xmlAttributes(run: Run, value: Value, space: Value = true): Steps<Value> {
  if (value instanceof Undefined) value.fail();
  if (!(value instanceof Dict)) return fail('type', `xmlattr needs a dict, not ${typeOf(value)}`);
  const out = new Builder();
  for (const [key, each] of value.entries()) {
    if (each === null || each instanceof Undefined) continue;
    if (/[\t-\r />=]/.test(textIn(key, 'an attribute name').plain)) fail('value', 'invalid character in attribute name');
    if (out.length > 0 || truth(space)) out.add(' ');
    out
      .add((yield* escape(run, key)).as(false))
      .add('="')
      .add((yield* escape(run, each)).as(false))
      .add('"');
  }
  return out.text();
}

const fixedOne = (value: number): string => fixed(value, 1);

export const textFilters: Readonly<Record<string, Callee>> = {
  capitalize: lettering(capitalized),
  title: lettering(titleWords),
  upper: changing((text) => text.toUpperCase()),
  lower: changing(lowered),
  center: callee('width?', function* (run, value, width = 80n): Steps<Value> {
    return center(run, yield* softStr(run, value), width);
  }),
  trim: callee('chars?', function* (run, value, chars): Steps<Value> {
    return strip(run, yield* softStr(run, value), chars, true, true);
  }),
  replace: callee('old new count?', replaceFilter as never),
  indent: callee('width? first? blank?', indent as never),
  truncate: callee('length? killwords? end? leeway?', truncate as never),
  format: callee('* **', format as never),
  string: callee('', (run, value) => softStr(run, value)),
  safe: callee('', function* (run, value): Steps<Value> {
    return (yield* softStr(run, value)).as(true);
  }),
  escape: callee('', (run, value) => escape(run, value)),
  forceescape: callee('', function* (run, value): Steps<Value> {
    return yield* escapedText(run, yield* str(run, value));
  }),
  striptags: callee('', function* (run, value): Steps<Value> {
    return stripTags(run, yield* str(run, value));
  }),
  wordcount: callee('', function* (run, value): Steps<Value> {
    const text = yield* softStr(run, value);
    let count = 0n;
    for (const [word] of text.plain.matchAll(/[\p{L}\p{N}_]+/gu)) {
      if (run.budget.step(1 + (word.length >> 3))) yield;
      count++;
    }
    return count;
  }),
  filesizeformat: callee('binary?', function* (run, value, binaryUnits = false): Steps<Value> {
    return new Text(fileSize(yield* floatOf(run, value), truth(binaryUnits)));
  }),
  urlencode: callee('', urlEncode),
  xmlattr: callee('autospace?', xmlAttributes as never),
  tojson: callee('ensure_ascii? indent? separators? sort_keys?', toJson as never),
};
