import type { Steps } from './budget';
import { str } from './repr';
import type { Run } from './run';
import { mapLetters, Text } from './text';
import type { Value } from './values';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };

export function* escapedText(run: Run, text: Text): Steps<Text> {
  const out = yield* mapLetters(run.budget, text.as(false), (piece) => piece.replace(/[&<>'"]/g, (letter) => entities[letter] as string));
  run.budget.text(out.plain.length);
  return out.as(true);
}

/** A value as HTML text: what is marked safe stays as it is. */
export function* escape(run: Run, value: Value): Steps<Text> {
  if (value instanceof Text && value.markup) return value;
  return yield* escapedText(run, yield* str(run, value));
}
