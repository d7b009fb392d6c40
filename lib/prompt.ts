import { isUint32Array } from 'node:util/types';

import * as check from './check';
import type { NativeRequest } from './native';
import type { Message } from './template';

/**
 * What to go on from: text (behind the begin token, where the file asks for one; control tokens written in it are plain
 * text), a conversation (through the model's chat template), or token ids as they are.
 */
export type Prompt = string | readonly Message[] | Uint32Array | readonly number[];

const roles = ['system', 'user', 'assistant', 'tool'] as const;

export const message: check.Check<Message> = (value, name) => {
  const checked = check.options<Message>(value, name, { role: check.oneOf(roles), content: check.string });
  if (checked.role === undefined || checked.content === undefined) return check.refuse(name, 'a message with role and content', value);
  return Object.freeze({ role: checked.role, content: checked.content });
};

export const messages = check.listOf(message, 100_000);

/** The prompt's part of a request; `render` makes the segments of a conversation. */
export function promptOf(prompt: unknown, render: (conversation: readonly Message[]) => NativeRequest['segments']): Pick<NativeRequest, 'ids' | 'segments' | 'begin'> {
  if (typeof prompt === 'string') return { ids: undefined, segments: [{ text: prompt, control: false }], begin: true };
  if (!Array.isArray(prompt) && !isUint32Array(prompt)) return check.refuse('prompt', 'a string, an array of messages or token ids', prompt);
  if (isUint32Array(prompt) || typeof prompt[0] === 'number') return { ids: check.ids(prompt, 'prompt'), segments: [], begin: false };
  if (prompt.length === 0) return check.refuse('prompt', 'at least one message', prompt);
  return { ids: undefined, segments: render(messages(prompt, 'prompt')), begin: true };
}
