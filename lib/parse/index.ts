// One parser of what models say, for all families: a family is data, found from the model's template.
import { channelText, channelThought } from './channels';
import { formatOf as finding } from './detect';
import type { CallLayout, OutputFormat } from './format';
import { Input } from './input';
import { Parts, type OutputPart, type ParsedOutput } from './parts';
import { layoutsOf } from './layout';
import { asked, askedInSlices, probe } from './probe';
import { OutputReader, reasoningOpen } from './reader';
import { shaped } from './shape';
import { Tools, type OfferedTool } from './tools';
import { writtenCalls, type CallWish } from './written';
import type { GrammarPart } from '../grammar-part';
import type { Message } from '../template';

export type { OutputPart, ParsedOutput, ParseProblem, ToolCall } from './parts';
/**
 * Messages as a template takes them: what its format says of calls.
 * @internal
 */
export function shapedFor(template: string, messages: readonly Message[]): readonly Message[] {
  if (!messages.some(({ tool_calls: calls }) => calls)) return messages;
  const { callShape } = formatOf(template);
  return callShape ? messages.map((message) => shaped(message, callShape)) : messages;
}

export { channelStart } from './channels';
export { reasoningOpen } from './reader';
export type { OfferedTool } from './tools';

/** What an output answers. */
export interface ParseContext {
  /** The tools that were offered; without any, what looks like a call is text. */
  tools?: readonly OfferedTool[] | null;
  /** The prompt, or its end: there reasoning may have begun. */
  prompt?: string;
}

/** What the package itself adds. */
interface FullContext extends ParseContext {
  /** Control tokens, which are no text. */
  readonly dropped?: readonly string[];
  /** Gives a call an id where the model gave none. */
  readonly idOf?: () => string;
}

/** A template's formats, and how its model writes calls, once that was asked. */
interface Known {
  readonly format: OutputFormat;
  layouts?: readonly CallLayout[];
}

const kept = new Map<string, Known>(); // of the last few templates

function keep(template: string, known: Known): Known {
  kept.delete(template);
  kept.set(template, known);
  if (kept.size > 16) kept.delete(kept.keys().next().value as string);
  return known;
}

const formatOf = (template: string): OutputFormat => keep(template, kept.get(template) ?? { format: asked(template, finding(template)) }).format;

/**
 * Finds a template's formats as a parser does, while the event loop goes on. Tells whether its model reasons, as far as the template says.
 * @internal
 */
export async function prepareParser(template: string): Promise<{ readonly reasons: boolean }> {
  const { format } = keep(template, kept.get(template) ?? { format: await askedInSlices(template, finding(template)) });
  return { reasons: format.channels === true || format.reasoning.some((r) => template.includes(r.open) || template.includes(r.close[0] as string)) };
}

/**
 * What an answer of calls is written as; undefined where it is not known how the template's model writes them. What it allows is read back as calls.
 * @internal
 */
export async function callsOf(template: string, wish: CallWish): Promise<GrammarPart | undefined> {
  await prepareParser(template);
  const known = keep(template, kept.get(template) as Known);
  const read = (output: string, prompt: string): ParsedOutput => {
    const parser = new OutputParser(template, { tools: [{ name: probe.name }], prompt });
    parser.push(output);
    parser.end();
    return parser.output;
  };
  known.layouts ??= await askedInSlices(template, layoutsOf(known.format, read));
  return known.layouts.length > 0 ? writtenCalls(known.format, known.layouts, wish) : undefined;
}

/**
 * The marks of reasoning behind which an answer's text begins: that the end of the prompt has opened, or that the model may open first. `calls`: the answer may be
 * one, too.
 * @internal
 */
export function reasoningBefore(
  template: string,
  prompt: string,
  calls: boolean,
): { readonly open: string; readonly close: string; readonly opened: boolean } | undefined {
  const { channels, reasoning } = formatOf(template);
  if (channels) return calls ? { ...channelThought, opened: false } : { open: '', close: channelText, opened: true };
  const close = reasoningOpen(prompt);
  if (close !== undefined) return { open: '', close, opened: true };
  const end = prompt.trimEnd();
  if (reasoning.some((r) => r.close.some((mark) => end.endsWith(mark)))) return undefined;
  const may = reasoning.find((r) => template.includes(r.open) || template.includes(r.close[0] as string));
  return may && { open: may.open, close: may.close[0] as string, opened: false };
}

/**
 * Reads a model's output as it comes. Whatever the output is, nothing is thrown and no letter is lost: what is malformed is text or an incomplete
 * call, and a `problem` with its letters.
 */
export class OutputParser {
  readonly #input = new Input();
  readonly #parts: Parts;
  readonly #reader: OutputReader;
  readonly #steps: Iterator<undefined, void, void>;
  #given: OutputPart[] = [];
  #whole: ParsedOutput | undefined;

  /** `template`: the Jinja source that the model is prompted with. */
  constructor(template: string, context: ParseContext = {}) {
    const { tools, prompt = '', dropped = [], idOf } = context as FullContext;
    const offered = tools && tools.length > 0 ? new Tools(tools) : undefined;
    this.#parts = new Parts(
      (part) => this.#given.push(part),
      (call) => offered?.faults(call.name, call.arguments) ?? [],
      idOf,
    );
    this.#reader = new OutputReader(this.#input, this.#parts, formatOf(template), offered, dropped);
    this.#steps = this.#reader.read(prompt);
    this.#steps.next();
  }

  /** Takes the next piece; gives the parts that are known by now. */
  push(text: string): readonly OutputPart[] {
    if (this.#whole || text === '') return [];
    this.#input.push(text);
    this.#steps.next();
    return this.#take();
  }

  /** The output has ended: gives the parts that were held back. */
  end(): readonly OutputPart[] {
    if (this.#whole) return [];
    this.#input.end();
    this.#steps.next();
    this.#whole = this.#parts.whole();
    return this.#take();
  }

  /**
   * What ends the reasoning that is going on; undefined where none is.
   * @internal
   */
  get reasoningEnd(): string | undefined {
    return this.#reader.reasoningEnd;
  }

  /** All that was read. */
  get output(): ParsedOutput {
    return this.#whole ?? this.#parts.whole();
  }

  #take(): readonly OutputPart[] {
    const given = this.#given;
    this.#given = [];
    return given;
  }
}

/** Reads a whole output. */
export function parseOutput(output: string, template: string, context?: ParseContext): ParsedOutput {
  const parser = new OutputParser(template, context);
  parser.push(output);
  parser.end();
  return parser.output;
}
