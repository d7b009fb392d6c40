// Where models reason, and what they put around their answers.
import type { ReasoningFormat, Wrap } from '../format';

export const think: ReasoningFormat = { open: '<think>', close: ['</think>'] };

export const reasonings: readonly ReasoningFormat[] = [
  think,
  { open: '<think:opensource>', close: ['</think:opensource>'] },
  { open: '<seed:think>', close: ['</seed:think>'] },
  { open: '<thinking>', close: ['</thinking>'] },
  { open: '<thought>', close: ['</thought>'] },
  { open: '<reasoning>', close: ['</reasoning>'] },
  { open: '[THINK]', close: ['[/THINK]'], anywhere: true },
  { open: '<|START_THINKING|>', close: ['<|END_THINKING|>'], anywhere: true },
  { open: '<|inner_prefix|>', close: ['<|inner_suffix|>'], anywhere: true },
  { open: '<|channel>thought', close: ['<channel|>'], anywhere: true },
  { open: 'Here are my reasoning steps:', close: ['[BEGIN FINAL RESPONSE]'] },
];

export const wraps: readonly Wrap[] = [
  ['<|START_TEXT|>', '<|END_TEXT|>'],
  ['<|START_RESPONSE|>', '<|END_RESPONSE|>'],
  ['<response>', '</response>'],
  ['<answer>', '</answer>'],
];
