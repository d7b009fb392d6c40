import { isUint32Array } from 'node:util/types';

import * as check from './check';
import type { NativeRequest, Segment } from './native';
import { roles, type Message } from './template';

/**
 * What to go on from: text (behind the begin token, where the file asks for one; control tokens written in it are plain
 * text), a conversation (through the model's chat template), or token ids as they are.
 */
export type Prompt = string | readonly Message[] | Uint32Array | readonly number[];

/** @internal */
export const message: check.Check<Message> = (value, name) => {
  const checked = check.record<Message>(value, name, { role: check.oneOf(roles), content: check.string });
  if (checked.role === undefined || checked.content === undefined) return check.refuse(name, 'a message with role and content', value);
  return Object.freeze({ role: checked.role, content: checked.content });
};

/** @internal */
export const messages = check.listOf(message, 100_000);

/**
 * The prompt's part of a request.
 * @internal
 */
export type PromptPart = Pick<NativeRequest, 'ids' | 'segments' | 'begin'>;

/**
 * What is no prompt at all is the program's fault, and thrown at once. What is wrong inside one may be the data's: `promptOf` tells.
 * @internal
 */
export function checkPrompt(prompt: unknown): void {
  if (typeof prompt !== 'string' && !Array.isArray(prompt) && !isUint32Array(prompt))
    check.refuse('prompt', 'a string, an array of messages or token ids', prompt);
}

/**
 * The checked prompt: a text, token ids or messages, copied.
 * @internal
 */
export function promptOf(prompt: unknown): string | Uint32Array | readonly Message[] {
  return typeof prompt === 'string' ? prompt : check.reading(idsOrMessages)(prompt, 'prompt');
}

/** @internal */
export const textPart = (text: string): PromptPart => ({ ids: undefined, segments: [{ text, control: false }], begin: true });
/** @internal */
export const idsPart = (ids: Uint32Array): PromptPart => ({ ids, segments: [], begin: false });
/** @internal */
export const conversationPart = (segments: readonly Segment[]): PromptPart => ({ ids: undefined, segments, begin: true });

const idsOrMessages: check.Check<Uint32Array | readonly Message[]> = (value, name) => {
  if (isUint32Array(value) || (Array.isArray(value) && typeof value[0] === 'number')) return Uint32Array.from(check.ids(value, name));
  return (value as unknown[]).length > 0 ? messages(value, name) : check.refuse(name, 'at least one message', value);
};

/**
 * A rendered conversation, and the beginning of the answer: text, whatever control tokens it spells. It is read as one with the
 * template's last words where that makes no control token.
 * @internal
 */
export function withPrefix(segments: readonly Segment[], prefix: string, controls: readonly string[]): readonly Segment[] {
  if (prefix === '') return segments;
  const last = segments.at(-1);
  const apart = [...segments, { text: prefix, control: false }];
  if (!last?.control) return apart;
  const joined = last.text + prefix;
  const spelled = controls.some((c) => c !== '' && joined.includes(c, Math.max(0, last.text.length - c.length + 1)));
  return spelled ? apart : [...segments.slice(0, -1), { text: joined, control: true }];
}
