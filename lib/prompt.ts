import { isProxy, isUint32Array } from 'node:util/types';

import * as check from './check';
import type { NativeRequest, Segment } from './native';
import { LlamaError } from './errors';
import { roles, type Message, type MessageCall, type MessageInput, type TextPart } from './template';

/**
 * What to go on from: text (behind the begin token, where the file asks for one; control tokens written in it are plain
 * text), a conversation (through the model's chat template), or token ids as they are.
 */
export type Prompt = string | readonly MessageInput[] | Uint32Array | readonly number[];

const contentPart: check.Check<TextPart> = (value, name) => {
  const type: unknown = typeof value === 'object' && value !== null ? (value as { type?: unknown }).type : undefined;
  if (typeof type === 'string' && type !== 'text') throw new LlamaError('UNSUPPORTED', `${name}: this version reads parts of type text alone, found ${type}`);
  const { text } = check.record<TextPart>(value, name, { type: check.oneOf(['text']), text: check.string });
  return text === undefined ? check.refuse(name, 'a part with type and text', value) : { type: 'text', text };
};

const content: check.Check<string> = (value, name) =>
  Array.isArray(value)
    ? check
        .listOf(contentPart, 100_000)(value, name)
        .map((part) => part.text)
        .join('')
    : check.string(value, name);

const argumentsOf: check.Check<Readonly<Record<string, unknown>>> = (value, name) => {
  let found: unknown = value;
  if (typeof value === 'string') {
    try {
      found = value.trim() === '' ? {} : JSON.parse(value);
    } catch {
      found = undefined;
    }
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return check.refuse(name, 'an object of arguments, or its JSON text', value);
  return structuredClone(found) as Readonly<Record<string, unknown>>;
};

const call: check.Check<MessageCall> = (value, name) => {
  const { id, function: called } = check.record<MessageCall>(value, name, {
    id: check.string,
    type: check.oneOf(['function']),
    function: (given, at) => {
      const inner = check.record<MessageCall['function']>(given, at, { name: check.string, arguments: argumentsOf });
      return inner.name === undefined ? check.refuse(at, 'a function with name and arguments', given) : { name: inner.name, arguments: inner.arguments ?? {} };
    },
  });
  if (called === undefined) return check.refuse(name, 'a call with function', value);
  return { ...(id !== undefined && { id }), type: 'function', function: called };
};

/** A message of a role and a text alone, as nearly all are: conversations of thousands are checked in one turn of the event loop. */
function plainMessage(value: unknown): Message | undefined {
  if (typeof value !== 'object' || value === null || isProxy(value)) return undefined;
  const keys = Reflect.ownKeys(value);
  if (keys.length !== 2 || keys[0] !== 'role' || keys[1] !== 'content') return undefined;
  try {
    const { role, content: said } = value as Message;
    return roles.includes(role) && typeof said === 'string' ? Object.freeze({ role, content: said }) : undefined;
  } catch {
    return undefined; // a getter of the caller's: who checks it all says where
  }
}

/** @internal */
export const message: check.Check<Message> = (value, name) => plainMessage(value) ?? anyMessage(value, name);

const anyMessage: check.Check<Message> = (value, name) => {
  const given = (typeof value === 'object' && value !== null ? value : {}) as MessageInput;
  const nothing = given.content === null && Array.isArray(given.tool_calls);
  const checked = check.record<Message>(nothing ? { ...given, content: '' } : value, name, {
    role: check.oneOf(roles),
    content,
    name: check.string,
    reasoning_content: check.string,
    tool_calls: check.listOf(call, 10_000),
    tool_call_id: check.string,
  });
  const { role, content: said = checked.tool_calls && '', ...rest } = checked;
  if (role === undefined || said === undefined) return check.refuse(name, 'a message with role and content', value);
  return Object.freeze({ role, content: said, ...rest });
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

/**
 * The end of a rendered conversation, as far as parsers look at it.
 * @internal
 */
export const tailOf = (segments: readonly Segment[]): string =>
  segments
    .slice(-16)
    .map(({ text }) => text.slice(-400))
    .join('');

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
