// A formula, drawn by the browser. Loaded when there is the first one.
import { h, type VNode } from 'preact';

import { mathOf, type MathElement } from './tex';

const drawn = ({ tag, attributes, inner }: MathElement): VNode =>
  h(
    tag,
    attributes,
    inner.map((each) => (typeof each === 'string' ? each : drawn(each))),
  );

export function Formula({ text, display }: { readonly text: string; readonly display: boolean }) {
  const math = mathOf(text, display);
  return math ? drawn(math) : <code>{text}</code>;
}
