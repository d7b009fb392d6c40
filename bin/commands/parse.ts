import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { CommandModule } from 'yargs';

import { applyTemplate, OutputParser, type OfferedTool, type OutputPart, type ToolCall } from '../../lib';
import { word, type Flags } from '../flags';
import { readInput, readText } from '../input';
import { explain, print } from '../screen';

/** A line of `--jsonl`. */
interface Request {
  readonly id?: unknown;
  readonly template: string;
  readonly tools?: readonly OfferedTool[] | null;
  readonly prompt?: string | null;
  readonly messages?: readonly Record<string, unknown>[];
  readonly variables?: Record<string, unknown>;
  readonly bosToken?: string;
  readonly eosToken?: string;
  readonly chunks?: readonly string[];
  readonly stream?: boolean;
  readonly render?: boolean;
}

/** Templates by their paths; a file that is read once serves all lines. */
class Templates {
  readonly #sources = new Map<string, string>();

  get(path: string): string {
    const source = this.#sources.get(path) ?? readFileSync(path, 'utf8');
    this.#sources.set(path, source);
    return source;
  }
}

// The arguments as they were written: numbers that JavaScript rounds stay.
function callText({ id, name, argumentsText, incomplete }: ToolCall): string {
  const fields = { ...(id !== undefined && { id }), name, argumentsText, ...(incomplete && { incomplete }) };
  return `${JSON.stringify(fields).slice(0, -1)},"arguments":${incomplete ? 'null' : argumentsText}}`;
}

function delta(part: OutputPart, at: number): Record<string, unknown> | undefined {
  switch (part.type) {
    case 'text':
      return { at, type: 'content', text: part.text };
    case 'reasoning':
      return { at, type: 'reasoning', text: part.text };
    case 'callStart':
      return { at, type: 'tool', index: part.index, name: part.name, ...(part.id !== undefined && { id: part.id }) };
    case 'callArguments':
      return { at, type: 'tool', index: part.index, arguments: part.text };
    case 'callEnd':
      return part.call.id === undefined ? undefined : { at, type: 'tool', index: part.index, id: part.call.id };
    case 'problem':
      return { at, type: 'problem', message: part.message, raw: part.raw };
  }
}

function answer(request: Request, templates: Templates, now: { now?: Date }): string {
  const { id, tools, messages = [], variables = {}, bosToken = '', eosToken = '', chunks = [], stream } = request;
  const source = templates.get(request.template);
  const render = (): string => applyTemplate(source, messages, { tools: tools ?? null, variables, bosToken, eosToken, lenient: true, ...now });
  if (request.render) return JSON.stringify({ id, prompt: render() });
  const parser = new OutputParser(source, { tools: tools ?? null, prompt: request.prompt ?? (messages.length > 0 ? render() : '') });
  const deltas: Record<string, unknown>[] = [];
  const take = (parts: readonly OutputPart[], at: number): void => {
    if (stream) for (const part of parts) deltas.push(...[delta(part, at) ?? []].flat());
  };
  chunks.forEach((chunk, at) => take(parser.push(chunk), at));
  take(parser.end(), Math.max(0, chunks.length - 1));
  const { reasoning, content, toolCalls, problems } = parser.output;
  const rest = JSON.stringify({ id, reasoning, content, problems, ...(stream && { deltas }) });
  return `${rest.slice(0, -1)},"toolCalls":[${toolCalls.map(callText).join(',')}]}`;
}

async function lines({ now }: Flags): Promise<void> {
  const present = typeof now === 'string' ? { now: new Date(now) } : {};
  const templates = new Templates();
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.trim() === '') continue;
    let id: unknown;
    try {
      const request = JSON.parse(line) as Request;
      id = request.id;
      await print(`${answer(request, templates, present)}\n`);
    } catch (error) {
      await print(`${JSON.stringify({ id, error: explain(error) })}\n`);
    }
  }
}

async function one(flags: Flags): Promise<void> {
  if (typeof flags.template !== 'string') throw new Error('--template: expected the file of a chat template');
  const source = await readText(flags.template);
  const tools = typeof flags.tools === 'string' ? (JSON.parse(await readText(flags.tools)) as OfferedTool[]) : null;
  const prompt = typeof flags.prompt === 'string' ? await readText(flags.prompt) : '';
  const parser = new OutputParser(source, { tools, prompt });
  if (flags.stream === true) {
    process.stdin.setEncoding('utf8');
    const show = (parts: readonly OutputPart[]): Promise<void> => print(parts.map((part) => `${JSON.stringify(part)}\n`).join(''));
    for await (const piece of process.stdin) await show(parser.push(String(piece)));
    return show(parser.end());
  }
  parser.push(await readInput());
  parser.end();
  await print(`${JSON.stringify(parser.output, null, 2)}\n`);
}

const command: CommandModule = {
  command: 'parse',
  describe: "read a model's output: its reasoning, its text and its calls of tools, as JSON",
  builder: (yargs) =>
    yargs.options({
      template: word('file with the Jinja template that the model was prompted with'),
      tools: word('file with the tools that were offered, as JSON; without one, what looks like a call is text'),
      prompt: word('file with the prompt: where it ends, reasoning may have begun'),
      stream: { type: 'boolean', describe: 'print each part when it is known, one JSON a line' },
      now: word('date and time that templates are told with --jsonl, as 2026-01-15T10:30:00 (default: the present)'),
      jsonl: { type: 'boolean', describe: 'one request a line in, one answer a line out: template, tools, prompt, chunks, stream' },
    }),
  handler: (flags) => (flags.jsonl === true ? lines(flags) : one(flags)),
};

export default command;
