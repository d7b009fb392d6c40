// A chat template without its model: what a conversation reads as.
import * as check from './check';
import { LlamaError } from './errors';
import { shapedFor, type OfferedTool } from './parse';
import { inspectModel } from './inspect';
import { triedAgain } from './lenience';
import { ChatTemplate, type Message, type Variables } from './template';
import { sourceOf, templatesIn, type NamedTemplates } from './templates';

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
  /**
   * Calls are given in the shape that the template prints, and what transformers refuses but other renderers do is done: `append` of lists, tools
   * that are none as an empty list. Default false: as transformers renders.
   */
  lenient?: boolean;
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
  lenient: check.boolean,
};

/**
 * The text of a conversation in a Jinja template, as Jinja2 renders it: its source, or one of `templateNames`. Messages are taken as they are, with whatever keys the template reads.
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
    lenient = false,
  } = check.options(
    options && { ...options, tools: options.tools ?? undefined },
    'applyTemplate',
    checks as check.Checks<Omit<ApplyTemplateOptions, 'tools'> & { tools: readonly OfferedTool[] | undefined }>,
  );
  if (given.length === 0) throw new LlamaError('ARGUMENT', 'messages: expected at least one message, found none');
  const vocabulary = {
    size: 0,
    begin: -1,
    end: -1,
    beginText: bosToken,
    endText: eosToken,
    addsBegin: false,
    addsEnd: false,
    controls: [],
    fill: ['', '', ''] as [string, string, string],
  };
  const all: Variables = { add_generation_prompt: addGenerationPrompt, ...(tools && { tools }), ...variables };
  const compiled = new ChatTemplate(sourceOf(source), vocabulary);
  const asked = lenient ? shapedFor(sourceOf(source), given) : given;
  const render = (given: Variables): string =>
    compiled
      .render(asked, given, { lenient, ...(now && { now }) })
      .map(({ text }) => text)
      .join('');
  try {
    return render(all);
  } catch (error) {
    const again = lenient ? triedAgain(error, all, now) : undefined;
    if (!again) throw error;
    return render(again);
  }
}

/** The templates of a model file or folder, and the texts that they call `bos_token` and `eos_token`. */
export interface ModelTemplates {
  /** By name; the one that is used unless another is asked for is `default`. */
  readonly templates: NamedTemplates;
  readonly bosToken: string;
  readonly eosToken: string;
}

/** Reads the chat templates of a GGUF file or a Hugging Face folder, without loading it. */
export async function chatTemplates(path: string | URL): Promise<ModelTemplates> {
  const { metadata } = await inspectModel(path);
  const tokens = metadata.get('tokenizer.ggml.tokens');
  const textOf = (key: string): string => {
    const id = metadata.get(`tokenizer.ggml.${key}_token_id`);
    const text: unknown = Array.isArray(tokens) && typeof id === 'number' ? tokens[id] : undefined;
    return typeof text === 'string' ? text : '';
  };
  return { templates: templatesIn(metadata), bosToken: textOf('bos'), eosToken: textOf('eos') };
}
