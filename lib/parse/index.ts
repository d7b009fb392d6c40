// One parser of what models say, for all families: a family is data, found from the model's template.
import { detect } from './detect';
import type { OutputFormat } from './format';
import { Input } from './input';
import { Parts, type OutputPart, type ParsedOutput } from './parts';
import { OutputReader } from './reader';
import { Tools, type OfferedTool } from './tools';

export type { OutputPart, ParsedOutput, ParseProblem, ToolCall } from './parts';
export type { OfferedTool } from './tools';

/** What an output answers. */
export interface ParseContext {
  /** The tools that were offered; without any, what looks like a call is text. */
  tools?: readonly OfferedTool[] | null;
  /** The prompt, or its end: there reasoning may have begun. */
  prompt?: string;
}

const formats = new Map<string, OutputFormat>(); // of the last few templates

function formatOf(template: string): OutputFormat {
  const format = formats.get(template) ?? detect(template);
  formats.delete(template);
  formats.set(template, format);
  if (formats.size > 16) formats.delete(formats.keys().next().value as string);
  return format;
}

/**
 * Reads a model's output as it comes. Whatever the output is, nothing is thrown and no letter is lost: what is malformed is text or an incomplete
 * call, and a `problem` with its letters.
 */
export class OutputParser {
  readonly #input = new Input();
  readonly #parts: Parts;
  readonly #steps: Iterator<undefined, void, void>;
  #given: OutputPart[] = [];
  #whole: ParsedOutput | undefined;

  /** `template`: the Jinja source that the model is prompted with. */
  constructor(template: string, { tools, prompt = '' }: ParseContext = {}) {
    const offered = tools && tools.length > 0 ? new Tools(tools) : undefined;
    this.#parts = new Parts(
      (part) => this.#given.push(part),
      (call) => offered?.faults(call.name, call.arguments) ?? [],
    );
    this.#steps = new OutputReader(this.#input, this.#parts, formatOf(template), offered).read(prompt);
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
