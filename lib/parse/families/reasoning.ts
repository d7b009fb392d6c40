// Where models reason, and what they put around their answers.
import type { ReasoningFormat, Wrap } from '../format';

export const think: ReasoningFormat = { open: '<think>', close: ['</think>'] };

export const reasonings: readonly ReasoningFormat[] = [
  think,
  { open: '<think:opensource>', close: ['</think:opensource>'] },
  { open: '<seed:think>', close: ['</seed:think>'] },
  { open: '<thinking>', close: ['</thinking>'], printed: true },
  { open: '<thought>', close: ['</thought>'], printed: true },
  { open: '<reasoning>', close: ['</reasoning>'], printed: true },
  { open: '[THINK]', close: ['[/THINK]'], anywhere: true },
  { open: '<|START_THINKING|>', close: ['<|END_THINKING|>'], anywhere: true },
  { open: '<|inner_prefix|>', close: ['<|inner_suffix|>'], anywhere: true },
  { open: '<|channel>thought', close: ['<channel|>'], anywhere: true },
  { open: '<|think|>', close: ['<|end|>'], anywhere: true },
  { open: '<|open|>think<|sep|>', close: ['<|close|>think<|sep|>'], anywhere: true },
  { open: 'Here are my reasoning steps:', close: ['[BEGIN FINAL RESPONSE]'] },
];

export const wraps: readonly Wrap[] = [
  ['<|START_TEXT|>', '<|END_TEXT|>'],
  ['<|START_RESPONSE|>', '<|END_RESPONSE|>'],
  ['<response>', '</response>'],
  ['<|content|>', '<|end|>'],
  ['<|begin|>assistant', '<|end|>'],
  ['<|open|>response<|sep|>', '<|close|>response<|sep|>'],
];

/** A marker that no prose spells: it is dropped wherever it stands. */
export const isControl = (marker: string): boolean => marker.startsWith('<|');
