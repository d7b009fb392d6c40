// A loaded model as a language model of the AI SDK.
import { randomUUID } from 'node:crypto';

import type { Generation } from '../generation';
import type { BoundOptions } from '../grammar';
import type { Model } from '../model';
import type { GenerateOptions } from '../sampling';
import { closedSchema } from '../schema';
import type { Tool, ToolChoice } from '../tools';
import { messagesOf } from './prompt';
import type { Opened } from './source';
import type { AnyWarning, CallOptions, Content, FinishReason, GenerateResult, LanguageModel, ResponseMetadata, StreamPart } from './spec';
import { partsOf, providerName } from './stream';

/** What every call has where it does not say otherwise: options of `generate` that the AI SDK has no name for, or defaults of those that it has. */
export type LanguageSettings = Omit<GenerateOptions, 'tools' | 'toolChoice' | 'maxRounds' | 'signal'> &
  Pick<BoundOptions, 'regex' | 'choices' | 'grammar' | 'lark' | 'whitespace'>;

const without = <T extends object>(options: T): T => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;

function toolsOf({ tools = [] }: CallOptions, warnings: AnyWarning[]): Record<string, Tool> | undefined {
  const own: Record<string, Tool> = {};
  for (const tool of tools) {
    if (tool.type === 'provider') {
      warnings.push({ type: 'unsupported', feature: `the tool ${tool.id}`, details: 'It runs at a provider, and this model runs in this process.' });
      continue;
    }
    const { name, description, inputSchema, inputExamples = [] } = tool;
    if (inputExamples.length > 0)
      warnings.push({ type: 'unsupported', feature: `inputExamples of the tool ${name}`, details: 'Templates have no place for them.' });
    own[name] = { ...(description !== undefined && { description }), parameters: closedSchema(inputSchema) };
  }
  return Object.keys(own).length > 0 ? own : undefined;
}

const choiceOf = ({ toolChoice }: CallOptions): ToolChoice | undefined => (toolChoice?.type === 'tool' ? { name: toolChoice.toolName } : toolChoice?.type);

function optionsOf(settings: LanguageSettings, call: CallOptions, warnings: AnyWarning[]): GenerateOptions {
  const { responseFormat: format, reasoning } = call;
  const tools = toolsOf(call, warnings);
  const own = (call.providerOptions?.[providerName] ?? {}) as LanguageSettings;
  const effort = reasoning === undefined || reasoning === 'provider-default' ? undefined : { ...settings.reasoning, ...own.reasoning, effort: reasoning };
  return {
    ...settings,
    ...own,
    ...without({
      maxTokens: call.maxOutputTokens,
      temperature: call.temperature,
      stop: call.stopSequences,
      topP: call.topP,
      topK: call.topK,
      presencePenalty: call.presencePenalty,
      frequencyPenalty: call.frequencyPenalty,
      seed: call.seed,
      reasoning: effort,
      tools,
      toolChoice: tools && choiceOf(call),
      ...(format?.type === 'json' && (format.schema === undefined ? { json: true } : { schema: format.schema })),
      signal: call.abortSignal,
    }),
  } as GenerateOptions;
}

interface Begun {
  readonly generation: Generation<unknown>;
  readonly warnings: AnyWarning[];
  readonly response: ResponseMetadata;
}

/** Content of the parts of an answer. */
class Collected {
  readonly content: Content[] = [];
  finish: Extract<StreamPart, { type: 'finish' }> | undefined;

  add(part: StreamPart): void {
    if (part.type === 'text-start' || part.type === 'reasoning-start') this.content.push({ type: part.type === 'text-start' ? 'text' : 'reasoning', text: '' });
    else if (part.type === 'text-delta' || part.type === 'reasoning-delta') (this.content.at(-1) as { text: string }).text += part.delta;
    else if (part.type === 'tool-call') this.content.push(part);
    else if (part.type === 'finish') this.finish = part;
  }
}

/** A stream that is read as fast as it is taken, and whose end ends the generation. */
function streamOf({ generation, warnings, response }: Begun, raw: boolean, signal: AbortSignal | undefined): ReadableStream<StreamPart> {
  const parts = partsOf(generation, raw);
  return new ReadableStream<StreamPart>({
    start(controller) {
      controller.enqueue({ type: 'stream-start', warnings });
      controller.enqueue({ type: 'response-metadata', ...response });
    },
    async pull(controller) {
      try {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        if (signal?.aborted) return controller.error(error);
        controller.enqueue({ type: 'error', error });
        controller.close();
      }
    },
    cancel(reason) {
      generation.abort(reason);
    },
  });
}

/** @internal */
export class LlamaLanguageModel implements LanguageModel {
  readonly specificationVersion = 'v3';
  readonly provider = providerName;
  readonly modelId: string;
  readonly supportedUrls = {};
  readonly #opened: Opened;
  readonly #settings: LanguageSettings;

  constructor(modelId: string, opened: Opened, settings: LanguageSettings) {
    this.modelId = modelId;
    this.#opened = opened;
    this.#settings = settings;
  }

  async #begin(call: CallOptions): Promise<Begun> {
    const warnings: AnyWarning[] = [];
    const messages = messagesOf(call.prompt, warnings);
    const options = optionsOf(this.#settings, call, warnings);
    const response = { id: randomUUID(), timestamp: new Date(), modelId: this.modelId };
    const model: Model = await this.#opened();
    return { generation: model.generate(messages, options), warnings, response };
  }

  async doGenerate(call: CallOptions): Promise<GenerateResult> {
    const { generation, warnings, response } = await this.#begin(call);
    const collected = new Collected();
    for await (const part of partsOf(generation, false)) collected.add(part);
    const { problems = [] } = await generation;
    const { usage, finishReason, providerMetadata } = collected.finish as { finishReason: FinishReason } & Extract<StreamPart, { type: 'finish' }>;
    const told = problems.map(({ message }): AnyWarning => ({ type: 'other', message }));
    return { content: collected.content, finishReason, usage, providerMetadata, response, warnings: [...warnings, ...told] };
  }

  async doStream(call: CallOptions): Promise<{ stream: ReadableStream<StreamPart> }> {
    return { stream: streamOf(await this.#begin(call), call.includeRawChunks === true, call.abortSignal) };
  }
}
