// The filter wordwrap: lines of at most so many characters, as Python's textwrap cuts them.
import type { Steps } from './budget';
import { fail } from './failure';
import { isSpaceCode } from './letters';
import { joinTexts, lines } from './methods-cut';
import { truth } from './protocols';
import type { Run } from './run';
import { callee, intIn, textIn, type Callee } from './signature';
import { Text } from './text';
import type { Value } from './values';

// Whitespace; a dash between words; a word, up to a hyphen inside it or a dash behind it. Of letters, as Python's \w has them.
const pieces =
  /[\t-\r ]+|(?<=[\p{L}\p{N}_!"'&.,?])-{2,}(?=[\p{L}\p{N}_])|[^\t-\r ]+?(?:-(?:(?<=[\p{L}\p{Nl}\p{No}_]{2}-)|(?<=[\p{L}\p{Nl}\p{No}_]-[\p{L}\p{Nl}\p{No}_]-))(?=[\p{L}\p{Nl}\p{No}_]-?[\p{L}\p{Nl}\p{No}_])|(?=[\t-\r ]|$)|(?<=[\p{L}\p{N}_!"'&.,?])(?=-{2,}[\p{L}\p{N}_]))/gu;
const words = /[\t-\r ]+|[^\t-\r ]+/gu;

interface Wrapping {
  readonly width: number;
  readonly breaksWords: boolean;
  readonly breaksAtHyphens: boolean;
}

/** A line's pieces, which are not divided but where one alone is too long: code points at which they begin, and the end. */
function* cuts(run: Run, line: Text, pattern: RegExp): Steps<number[]> {
  const found = [0];
  for (const [piece] of line.plain.matchAll(pattern)) {
    if ((found.length & 255) === 1) run.budget.list(256);
    if (run.budget.step(1 + (piece.length >> 3))) yield;
    found.push((found.at(-1) as number) + new Text(piece).length);
  }
  return found;
}

function blank(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isSpaceCode(text.charCodeAt(i))) return false;
  return true;
}

/** Where a piece from `from` on that has only `room` left is cut: behind the last hyphen that fits, where something stands before it. */
function cutOf(line: Text, from: number, room: number, { breaksAtHyphens }: Wrapping): number {
  if (!breaksAtHyphens) return from + room;
  const text = line.plain.slice(line.units(from), line.units(from + room));
  const hyphen = text.lastIndexOf('-');
  return hyphen > 0 && /[^-]/.test(text.slice(0, hyphen)) ? from + new Text(text.slice(0, hyphen)).length + 1 : from + room;
}

/** One line's text in lines. All that is kept of it is contiguous: whitespace goes at the ends alone. */
function* wrap(run: Run, line: Text, pattern: RegExp, how: Wrapping): Steps<Text[]> {
  const all = yield* cuts(run, line, pattern);
  const last = all.length - 1;
  const out: Text[] = [];
  const blankPiece = (from: number, to: number): boolean => blank(line.plain.slice(line.units(from), line.units(to)));
  for (let at = 0; at < last; ) {
    if (out.length > 0 && blankPiece(all[at] as number, all[at + 1] as number)) at++;
    const start = all[at] as number;
    let [before, end] = [start, start]; // of the line's last piece
    while (at < last && (all[at + 1] as number) - start <= how.width) [before, end] = [all[at] as number, all[++at] as number];
    if (at < last && (all[at + 1] as number) - (all[at] as number) > how.width) {
      if (how.breaksWords) {
        before = end;
        end = all[at] = cutOf(line, end, how.width - (end - start), how);
      } else if (end === start) {
        [before, end] = [start, all[++at] as number];
      }
    }
    if (blankPiece(before, end)) end = before;
    if (run.budget.step(1 + ((end - start) >> 3))) yield;
    if (end === start) continue;
    run.budget.list(1);
    out.push(line.slice(line.units(start), line.units(end)));
  }
  return out;
}

function* wordWrap(run: Run, value: Value, width: Value = 79n, breakWords: Value = true, by: Value = null, breakHyphens: Value = true): Steps<Value> {
  const text = textIn(value, 'what is wrapped');
  const separator = by === null ? new Text('\n') : textIn(by, 'wrapstring');
  const how = { width: intIn(width, 'width'), breaksWords: truth(breakWords), breaksAtHyphens: truth(breakHyphens) };
  const paragraphs: Text[] = [];
  for (const line of lines(run, text.as(false), false)) {
    if (how.width <= 0) fail('value', `invalid width ${how.width} (must be > 0)`);
    paragraphs.push(yield* joinTexts(run, separator, yield* wrap(run, line, breakHyphens === true ? pieces : words, how)));
  }
  return yield* joinTexts(run, separator, paragraphs);
}

export const wordwrap: Callee = callee('width? break_long_words? wrapstring? break_on_hyphens?', wordWrap as never);
