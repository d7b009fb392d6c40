// A chat template without its model: what a conversation reads as.
import * as check from './check';
import { LlamaError } from './errors';
import type { OfferedTool } from './parse';
import { ChatTemplate, type Message } from './template';

export interface ApplyTemplateOptions {
  /** Tools to offer, each `{ type: 'function', function: { name, description, parameters } }`, as templates take them. */
  tools?: readonly OfferedTool[] | null;
  /** Variables of the template, such as `enable_thinking`. */
  variables?: Readonly<Record<string, unknown>>;
  /** Whether the answer is begun at the end. Default true, but for a conversation that ends with an assistant's message, which is continued. */
  addGenerationPrompt?: boolean;
  /** The texts of the model's first and last token, where the template writes them. Default: nothing. */
  bosToken?: string;
  eosToken?: string;
  /** What templates take for the present. Default: now. */
  now?: Date;
}

const record: check.Check<Readonly<Record<string, unknown>>> = (value, name) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : check.refuse(name, 'an object', value);

const date: check.Check<Date> = (value, name) => (value instanceof Date && !Number.isNaN(value.getTime()) ? value : check.refuse(name, 'a valid Date', value));

const checks: check.Checks<ApplyTemplateOptions> = {
  tools: check.listOf(record, 10_000),
  variables: record,
  addGenerationPrompt: check.boolean,
  bosToken: check.string,
  eosToken: check.string,
  now: date,
};

/**
 * The text of a conversation in a Jinja template, as Jinja2 renders it. Messages are taken as they are, with whatever keys the template reads.
 * Throws a `LlamaError`: `TEMPLATE` where the template cannot be read, refuses the messages, or takes more than its bounds.
 */
export function applyTemplate(template: string, messages: readonly Readonly<Record<string, unknown>>[], options?: ApplyTemplateOptions): string {
  const source = check.string(template, 'template');
  const given = check.reading(check.listOf(record, 100_000))(messages, 'messages') as unknown as readonly Message[];
  const {
    tools,
    variables,
    addGenerationPrompt = true,
    bosToken = '',
    eosToken = '',
    now,
  } = check.options(
    options && { ...options, tools: options.tools ?? undefined },
    'applyTemplate',
    checks as check.Checks<Omit<ApplyTemplateOptions, 'tools'> & { tools: readonly OfferedTool[] | undefined }>,
  );
  if (given.length === 0) throw new LlamaError('ARGUMENT', 'messages: expected at least one message, found none');
  const vocabulary = { size: 0, begin: -1, end: -1, beginText: bosToken, endText: eosToken, addsBegin: false, addsEnd: false, controls: [] };
  const all = { add_generation_prompt: addGenerationPrompt, ...(tools && { tools }), ...variables };
  return new ChatTemplate(source, vocabulary)
    .render(given, all, now ? { now } : {})
    .map(({ text }) => text)
    .join('');
}
