// Chat templates: the model file's Jinja source makes a prompt of messages.
import { randomUUID } from 'node:crypto';

import { LlamaError } from './errors';
import type { NativeVocabulary, Segment } from './native';
import { strftime } from './strftime';

// What is used of @huggingface/jinja, whose own declarations are for import only and incomplete.
interface Program {
  readonly type: 'Program';
}
interface Scope {
  set(name: string, value: unknown): unknown;
}
declare class JinjaInterpreter {
  constructor(scope: Scope);
  run(program: Program): { readonly value: unknown };
  evaluate(statement: unknown, scope: Scope): { readonly value: unknown };
}
const { Environment, Interpreter, Template } = require('@huggingface/jinja') as {
  Environment: new () => Scope;
  Interpreter: typeof JinjaInterpreter;
  Template: new (source: string) => { readonly parsed: Program };
};

/** One turn of a conversation. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
}

const open = '\u{f0000}';
const close = '\u{f0001}';
const longestRange = 100_000;
const mostSteps = 3_000_000; // some seconds

function range(...given: number[]): number[] {
  const [start, stop, step] = given.length > 1 ? given : [0, ...given];
  const by = step ?? 1;
  const length = Math.ceil((Number(stop) - Number(start)) / by);
  if (!Number.isFinite(length) || length > longestRange) throw new Error(`range() of more than ${longestRange} numbers`);
  return Array.from({ length: Math.max(0, length) }, (_, i) => Number(start) + i * by);
}

function raise(message: unknown): never {
  throw new Error(String(message));
}

/** What every chat template may name, as transformers sets Jinja up. */
const globals = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range,
  raise_exception: raise,
  strftime_now: (format: string) => strftime(new Date(), format),
};

/** A template comes with the model file: its loops must end, and not take the machine's memory. */
class Bounded extends Interpreter {
  #steps = 0;

  override evaluate(statement: unknown, scope: Scope): { readonly value: unknown } {
    if (++this.#steps > mostSteps) throw new Error(`it took more than ${mostSteps} steps`);
    return super.evaluate(statement, scope);
  }
}

/**
 * A compiled chat template of one model.
 * @internal
 */
export class ChatTemplate {
  readonly #template: Program;
  readonly #vocabulary: NativeVocabulary;
  readonly #controls: RegExp | undefined;

  constructor(source: string, vocabulary: NativeVocabulary) {
    this.#vocabulary = vocabulary;
    const spelled = vocabulary.controls.filter((c) => c !== '').sort((a, b) => b.length - a.length);
    if (spelled.length > 0) this.#controls = new RegExp(spelled.map((c) => c.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g');
    try {
      this.#template = new Template(source).parsed;
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
      const environment = new Environment();
      for (const [name, value] of Object.entries({ ...globals, bos_token, eos_token, add_generation_prompt: true, ...variables })) {
        environment.set(name, value);
      }
      return String(new Bounded(environment).run(this.#template).value);
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
