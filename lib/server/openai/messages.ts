// Messages on the wire of OpenAI's chat completions, as the engine takes them.
import * as v from 'valibot';

import type { MessageInput } from '../../index';
import { wrong } from '../failure';
import { maybe, someOf } from '../wire';

const unread = (kind: string) => v.looseObject({ type: v.literal(kind) });

const part = v.variant('type', [
  v.object({ type: v.literal('text'), text: v.string() }),
  v.object({ type: v.literal('refusal'), refusal: v.string() }),
  unread('image_url'),
  unread('input_audio'),
  unread('file'),
  unread('video_url'),
]);

const call = v.object({
  id: maybe(v.string()),
  type: maybe(v.literal('function')),
  function: v.object({ name: v.string(), arguments: maybe(v.union([v.string(), v.record(v.string(), v.unknown())], 'Expected the arguments as JSON text')) }),
});

const content = maybe(v.union([v.string(), someOf(part, 10_000)], 'Expected a string or an array of parts'));

const message = v.object({
  role: v.picklist(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content,
  name: maybe(v.string()),
  reasoning_content: maybe(v.string()),
  tool_calls: maybe(someOf(call, 10_000)),
  function_call: maybe(v.object({ name: v.string(), arguments: v.string() })),
  tool_call_id: maybe(v.string()),
});

/** A conversation. */
export const messages = v.pipe(someOf(message), v.minLength(1));

type Message = v.InferOutput<typeof message>;

function textOf(given: Message['content'], at: string): string {
  if (given === null || given === undefined) return '';
  if (typeof given === 'string') return given;
  return given
    .map((each, i) => {
      if (each.type === 'text' && 'text' in each) return each.text as string;
      if (each.type === 'refusal' && 'refusal' in each) return each.refusal as string;
      throw wrong(`${at}.content[${i}]`, `this model reads text alone, found a part of type ${each.type}`, 'unsupported');
    })
    .join('');
}

const defined = <T extends object>(of: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== null && value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };

/** The engine's messages. Of calls without arguments, `{}`; a function's role is a tool's. */
export function conversation(given: readonly Message[]): MessageInput[] {
  return given.map((each, i): MessageInput => {
    const { role, tool_calls: calls, function_call: legacy, name, reasoning_content, tool_call_id } = each;
    const made = calls ?? (legacy ? [{ id: undefined, function: legacy }] : []);
    const tool_calls = made.map(({ id, function: called }) => ({
      ...defined({ id }),
      type: 'function' as const,
      function: { name: called.name, arguments: called.arguments ?? {} },
    }));
    return {
      role: role === 'function' ? 'tool' : role,
      content: textOf(each.content, `messages[${i}]`),
      ...defined({ name, reasoning_content, tool_call_id }),
      ...(tool_calls.length > 0 && { tool_calls }),
    };
  });
}
