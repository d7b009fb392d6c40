import { isUint32Array } from 'node:util/types';

import * as check from './check';
import type { NativeRequest } from './native';
import { roles, type Message } from './template';

/**
 * What to go on from: text (behind the begin token, where the file asks for one; control tokens written in it are plain
 * text), a conversation (through the model's chat template), or token ids as they are.
 */
export type Prompt = string | readonly Message[] | Uint32Array | readonly number[];

export const message: check.Check<Message> = (value, name) => {
  const checked = check.options<Message>(value, name, { role: check.oneOf(roles), content: check.string });
  if (checked.role === undefined || checked.content === undefined) return check.refuse(name, 'a message with role and content', value);
  return Object.freeze({ role: checked.role, content: checked.content });
};

export const messages = check.listOf(message, 100_000);

export type Part = Pick<NativeRequest, 'ids' | 'segments' | 'begin'>;

type Segments = NativeRequest['segments'];

/** The prompt's part of a request; `render` makes the segments of a conversation, at once or later. */
export function promptOf(prompt: unknown, render: (conversation: readonly Message[]) => Segments | Promise<Segments>): Part | Promise<Part> {
  if (typeof prompt === 'string') return { ids: undefined, segments: [{ text: prompt, control: false }], begin: true };
  const given = check.reading(idsOrMessages)(prompt, 'prompt');
  if (given instanceof Uint32Array) return { ids: given, segments: [], begin: false };
  const rendered = render(given);
  const part = (segments: Segments): Part => ({ ids: undefined, segments, begin: true });
  return rendered instanceof Promise ? rendered.then(part) : part(rendered);
}

const idsOrMessages: check.Check<Uint32Array | readonly Message[]> = (value, name) => {
  if (!Array.isArray(value) && !isUint32Array(value)) return check.refuse(name, 'a string, an array of messages or token ids', value);
  if (isUint32Array(value) || typeof value[0] === 'number') return Uint32Array.from(check.ids(value, name));
  return value.length > 0 ? messages(value, name) : check.refuse(name, 'at least one message', value);
};
