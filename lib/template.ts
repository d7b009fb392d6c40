// Chat templates: the model file's Jinja source makes a prompt of messages.
import { randomUUID } from 'node:crypto';
import type * as Jinja from '@huggingface/jinja' with { 'resolution-mode': 'import' };

import { LlamaError } from './errors';
import type { NativeVocabulary, Segment } from './native';

// Its types are declared for import only, though it can be required.
const { Template } = require('@huggingface/jinja') as typeof Jinja;

/** One turn of a conversation. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
}

const open = '\u{f0000}';
const close = '\u{f0001}';
const longestRange = 100_000;

// A template comes with the model file: its loops must not take the machine's memory.
function range(...given: number[]): number[] {
  const [start, stop, step] = given.length > 1 ? given : [0, ...given];
  const by = step ?? 1;
  const length = Math.ceil((Number(stop) - Number(start)) / by);
  if (!Number.isFinite(length) || length > longestRange) throw new Error(`range() of more than ${longestRange} numbers`);
  return Array.from({ length: Math.max(0, length) }, (_, i) => Number(start) + i * by);
}

/** A compiled chat template of one model. */
export class ChatTemplate {
  readonly #template: Jinja.Template;
  readonly #vocabulary: NativeVocabulary;
  readonly #controls: RegExp | undefined;

  constructor(source: string, vocabulary: NativeVocabulary) {
    this.#vocabulary = vocabulary;
    const spelled = vocabulary.controls.filter((c) => c !== '').sort((a, b) => b.length - a.length);
    if (spelled.length > 0) this.#controls = new RegExp(spelled.map((c) => c.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g');
    try {
      this.#template = new Template(source);
    } catch (cause) {
      throw failure('the chat template cannot be parsed', cause);
    }
  }

  /**
   * The prompt of a conversation. Control tokens that the template writes are control tokens; the same letters in a
   * message stay letters, so that nobody can end a turn by typing its end: they are rendered as a mark that cannot be
   * guessed, and become a segment of their own.
   */
  render(messages: readonly Message[], variables: Readonly<Record<string, unknown>>): Segment[] {
    const hidden: string[] = [];
    const mark = randomUUID();
    const hide = (text: string): string =>
      this.#controls ? text.replace(this.#controls, (found) => `${open}${mark}:${hidden.push(found) - 1}${close}`) : text;
    const text = this.#run({ ...variables, messages: messages.map((m) => ({ ...m, content: hide(m.content) })) });
    return split(text, new RegExp(`${open}${mark}:(\\d+)${close}`, 'u'), hidden);
  }

  #run(variables: Record<string, unknown>): string {
    const { beginText: bos_token, endText: eos_token } = this.#vocabulary;
    try {
      return this.#template.render({ range, bos_token, eos_token, add_generation_prompt: true, ...variables });
    } catch (cause) {
      throw failure('the chat template refuses these messages', cause);
    }
  }
}

function split(text: string, mark: RegExp, hidden: readonly string[]): Segment[] {
  return text
    .split(mark)
    .map((piece, i) => (i % 2 === 0 ? { text: piece, control: true } : { text: hidden[Number(piece)] ?? '', control: false }))
    .filter((segment) => segment.text !== '');
}

function failure(what: string, cause: unknown): LlamaError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new LlamaError('TEMPLATE', `${what}: ${why.split('\n')[0]}`, { cause });
}
