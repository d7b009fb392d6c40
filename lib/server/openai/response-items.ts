// The items of a response.
import type { Called, Logprob } from '../inner';
import { contentLogprobs } from './usage';

/** How far an item has come. */
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** A part of a message. */
export const textPart = (text: string, logprobs: readonly Logprob[] = []): Record<string, unknown> => ({
  type: 'output_text',
  text,
  annotations: [],
  logprobs: contentLogprobs(logprobs),
});

/** A message; one that is in progress has no parts yet. */
export const messageItem = (id: string, text: string, status: ItemStatus, logprobs?: readonly Logprob[]): Record<string, unknown> => ({
  id,
  type: 'message',
  role: 'assistant',
  status,
  content: status === 'in_progress' ? [] : [textPart(text, logprobs)],
});

/** A call. */
export const callItem = (id: string, call: Called, status: ItemStatus): Record<string, unknown> => ({
  id,
  type: 'function_call',
  call_id: call.id,
  name: call.name,
  arguments: call.arguments,
  status,
});

/** What the model thought. */
export const reasoningItem = (id: string, text: string): Record<string, unknown> => ({
  id,
  type: 'reasoning',
  summary: [],
  content: text === '' ? [] : [{ type: 'reasoning_text', text }],
});
