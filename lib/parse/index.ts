// One parser of what models say, for all families: a family is data, found from the model's template.
import { detect, detectInSlices } from './detect';
import type { CallText, OutputFormat } from './format';
import { Input } from './input';
import { Parts, type OutputPart, type ParsedOutput } from './parts';
import { OutputReader, reasoningOpen } from './reader';
import { shaped } from './shape';
import { Tools, type OfferedTool } from './tools';
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

const formats = new Map<string, OutputFormat>(); // of the last few templates

function keep(template: string, format: OutputFormat): OutputFormat {
  formats.delete(template);
  formats.set(template, format);
  if (formats.size > 16) formats.delete(formats.keys().next().value as string);
  return format;
}

const formatOf = (template: string): OutputFormat => keep(template, formats.get(template) ?? detect(template));

/**
 * Finds a template's formats as a parser does, while the event loop goes on. Tells whether its model reasons, as far as the template says.
 * @internal
 */
export async function prepareParser(template: string): Promise<{ readonly reasons: boolean }> {
  const format = keep(template, formats.get(template) ?? (await detectInSlices(template)));
  return { reasons: format.channels === true || format.reasoning.some((r) => template.includes(r.open) || template.includes(r.close[0] as string)) };
}

/**
 * What a model writes around a call's name and arguments, up to the control token that ends it; undefined where that is not known, or has control tokens
 * in it, which no bound text has. What it gives is read back as it was meant.
 * @internal
 */
export function callTextOf(template: string, controls: readonly string[]): CallText | undefined {
  const { callTexts = [], calls, channels } = formatOf(template);
  if (channels || calls.some((f) => f.textName !== undefined)) return undefined;
  const marks = controls.filter((c) => c !== '');
  const cut = callTexts.map(([before, between, after]): CallText => {
    const end = Math.min(after.length, ...marks.map((c) => after.indexOf(c)).filter((at) => at >= 0));
    return [before, between, after.slice(0, end).trimEnd()];
  });
  return cut.find((text) => !marks.some((c) => text[0].includes(c) || text[1].includes(c)) && readsBack(template, text));
}

function readsBack(template: string, [before, between, after]: CallText): boolean {
  const [name, args] = ['probe_call', '{"a":1}'];
  const { content, toolCalls, problems } = parseOutput(before + name + between + args + after, template, { tools: [{ name }] });
  const [call, ...more] = toolCalls;
  return content === '' && problems.length === 0 && more.length === 0 && call?.name === name && JSON.stringify(call.arguments) === args;
}

/**
 * The marks of reasoning behind which an answer's text begins: that the end of the prompt has opened, or that the model may open first.
 * @internal
 */
export function reasoningBefore(template: string, prompt: string): { readonly open: string; readonly close: string; readonly opened: boolean } | undefined {
  const { channels, reasoning } = formatOf(template);
  if (channels) return { open: '', close: '<|channel|>final<|message|>', opened: true };
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
