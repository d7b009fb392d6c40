// Messages with calls, in the shape that a template takes: some want the arguments as text, some no content beside calls.
import type { Message, MessageCall } from '../template';

export interface CallShape {
  /** Arguments are JSON text. */
  readonly asText: boolean;
  /** Content that is empty is none. */
  readonly noContent: boolean;
}

/** The ways in which templates take a call. */
export const callShapes: readonly CallShape[] = [
  { asText: false, noContent: false },
  { asText: false, noContent: true },
  { asText: true, noContent: false },
  { asText: true, noContent: true },
];

/** JSON as Python's json.dumps writes it: a space behind commas and colons. */
export function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return `{${Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${JSON.stringify(key)}: ${spaced(item)}`)
    .join(', ')}}`;
}

/** A message as its template takes it. */
export function shaped(message: Message, { asText, noContent }: CallShape): Message {
  const { tool_calls: calls, content } = message;
  if (!calls || calls.length === 0 || !(asText || noContent)) return message;
  const written = ({ function: called, ...rest }: MessageCall): MessageCall =>
    asText && typeof called?.arguments === 'object' ? { ...rest, function: { ...called, arguments: spaced(called.arguments) } } : { ...rest, function: called };
  return { ...message, content: noContent && content === '' ? (null as unknown as string) : content, tool_calls: calls.map(written) };
}
