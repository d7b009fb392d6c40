// A loaded model as a chat model of LangChain.
import type { CallbackManagerForLLMRun } from '@langchain/core/callbacks/manager';
import type { BaseLanguageModelInput, StructuredOutputMethodOptions } from '@langchain/core/language_models/base';
import type {
  BaseChatModel,
  BaseChatModelCallOptions,
  BaseChatModelParams,
  BindToolsInput,
  LangSmithParams,
} from '@langchain/core/language_models/chat_models';
import type { AIMessageChunk, BaseMessage } from '@langchain/core/messages';
import type { ChatGenerationChunk, ChatResult } from '@langchain/core/outputs';
import type { Runnable } from '@langchain/core/runnables';

import type { Chunk, Generation, Result } from '../generation';
import type { Model } from '../model';
import { isStandard, issuesOf, type SchemaSource } from '../schema';
import type { Core } from './core';
import { callOf, cutCallOf, messagesOf, metadataOf, usageOf } from './messages';
import { optionsOf, settingsOf, type ChatLlamaSettings, type NamedOptions, type OfModel } from './settings';

type CallOptions = BaseChatModelCallOptions & NamedOptions & ChatLlamaSettings & { ls_structured_output_format?: unknown };
type Fields = BaseChatModelParams & ChatLlamaSettings & OfModel;

/** A chat model's class; `Base` is LangChain's, as the importer's kind of module has it. */
export interface ChatModelClass<Base extends { _generate: unknown }, Fields, ToolInput, Bound, Options> {
  new (
    fields: Fields,
  ): Base & {
    readonly model: Model;
    bindTools(tools: ToolInput[], kwargs?: Partial<Options>): Bound;
    _llmType(): string;
    _generate: Base['_generate'];
  };
}

type Parsed = Record<string, unknown>;

/** Reads an answer that is bound to a schema. */
function answerParser(core: Core, schema: unknown): (message: BaseMessage) => Promise<Parsed> {
  const { OutputParserException } = core.parsers;
  return async (message) => {
    const text = typeof message.content === 'string' ? message.content : message.text;
    const { complete, finish_reason } = message.response_metadata as { complete?: boolean; finish_reason?: string };
    if (complete === false) throw new OutputParserException(`the answer was cut off (${finish_reason}): give it more maxTokens`, text);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new OutputParserException('the answer is no JSON', text);
    }
    if (!isStandard(schema)) return value as Parsed;
    const checked = await schema['~standard'].validate(value);
    if (checked.issues)
      throw new OutputParserException(`the answer is valid JSON for its schema, whose own checks refuse it: ${issuesOf(checked.issues)}`, text);
    return checked.value as Parsed;
  };
}

export function chatModel(
  core: Core,
): ChatModelClass<
  BaseChatModel<CallOptions, AIMessageChunk>,
  Fields,
  BindToolsInput,
  Runnable<BaseLanguageModelInput, AIMessageChunk, CallOptions>,
  CallOptions
> {
  const { AIMessage, AIMessageChunk: MessageChunk } = core.messages;
  const { RunnableLambda, RunnablePassthrough, RunnableSequence } = core.runnables;

  /** What a part of an answer adds to the message; nothing where it says nothing. */
  function added(chunk: Chunk): AIMessageChunk | undefined {
    switch (chunk.type) {
      case 'text':
        return chunk.text === '' ? undefined : new MessageChunk({ content: chunk.text });
      case 'reasoning':
        return new MessageChunk({ content: '', additional_kwargs: { reasoning_content: chunk.reasoning } });
      case 'callStart': {
        const { index, name, id } = chunk;
        return new MessageChunk({ content: '', tool_call_chunks: [{ type: 'tool_call_chunk', index, name, args: '', ...(id !== undefined && { id }) }] });
      }
      case 'callArguments':
        return new MessageChunk({ content: '', tool_call_chunks: [{ type: 'tool_call_chunk', index: chunk.index, args: chunk.arguments }] });
      default:
        return undefined;
    }
  }

  class ChatLlama extends core.chat.BaseChatModel<CallOptions, AIMessageChunk> {
    readonly model: Model;
    readonly #settings: ChatLlamaSettings;

    static override lc_name(): string {
      return 'ChatLlama';
    }

    constructor(fields: Fields) {
      super(fields);
      this.model = fields.model;
      this.#settings = settingsOf(fields);
    }

    get #name(): string {
      return this.model.info.name || this.model.info.architecture;
    }

    _llmType(): string {
      return 'llama-ts';
    }

    override getLsParams(options: this['ParsedCallOptions']): LangSmithParams {
      const { temperature, maxTokens } = { ...this.#settings, ...settingsOf(options) };
      return {
        ls_provider: 'llama-ts',
        ls_model_name: this.#name,
        ls_model_type: 'chat',
        ...(temperature !== undefined && { ls_temperature: temperature }),
        ...(maxTokens !== undefined && { ls_max_tokens: maxTokens }),
        ...(options.stop && { ls_stop: options.stop }),
      };
    }

    /** What LangChain's cache tells answers apart by, beside the messages and the call's options. */
    override _identifyingParams(): Record<string, unknown> {
      const { architecture, fileType, parameters, fileBytes } = this.model.info;
      return { model: this.#name, architecture, fileType, parameters, fileBytes, ...this.#settings };
    }

    /** What decides the answer beside the messages. */
    override invocationParams(options?: this['ParsedCallOptions']): object {
      const { tools = [], tool_choice, response_format, ...others } = (options ?? {}) as CallOptions;
      return {
        model: this.#name,
        ...this.#settings,
        ...settingsOf(others),
        ...(tools.length > 0 && { tools: tools.map((tool) => core.functions.convertToOpenAITool(tool as Record<string, unknown>)) }),
        ...(tool_choice !== undefined && { tool_choice }),
        ...(response_format !== undefined && { response_format }),
      };
    }

    override bindTools(tools: BindToolsInput[], kwargs?: Partial<CallOptions>): Runnable<BaseLanguageModelInput, AIMessageChunk, CallOptions> {
      return this.withConfig({ ...kwargs, tools } as Partial<CallOptions>);
    }

    async #begin(messages: readonly BaseMessage[], options: this['ParsedCallOptions']): Promise<Generation<unknown>[]> {
      const given = await optionsOf(core, this.#settings, options as NamedOptions);
      return [this.model.generate(messagesOf(messages), given)]; // in a list, as one that is returned would be awaited
    }

    async _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
      const [generation] = (await this.#begin(messages, options)) as [Generation<unknown>];
      let reasoned = 0;
      for await (const chunk of generation) if (chunk.type === 'reasoning') reasoned += chunk.ids.length;
      const result: Result<unknown> = await generation;
      const { text, reasoning, toolCalls = [] } = result;
      const usage = usageOf(result, reasoned);
      const message = new AIMessage({
        content: text,
        additional_kwargs: reasoning === undefined ? {} : { reasoning_content: reasoning },
        tool_calls: toolCalls.filter((call) => !call.incomplete).map(callOf),
        invalid_tool_calls: toolCalls.filter((call) => call.incomplete).map(cutCallOf),
        response_metadata: metadataOf(result, this.#name),
      });
      Object.assign(message, { usage_metadata: usage });
      const tokenUsage = { promptTokens: usage.input_tokens, completionTokens: usage.output_tokens, totalTokens: usage.total_tokens };
      return { generations: [{ text, message, generationInfo: { finish_reason: message.response_metadata.finish_reason } }], llmOutput: { tokenUsage } };
    }

    override async *_streamResponseChunks(
      messages: BaseMessage[],
      options: this['ParsedCallOptions'],
      runManager?: CallbackManagerForLLMRun,
    ): AsyncGenerator<ChatGenerationChunk> {
      const [generation] = (await this.#begin(messages, options)) as [Generation<unknown>];
      let reasoned = 0;
      for await (const chunk of generation) {
        if (chunk.type === 'reasoning') reasoned += chunk.ids.length;
        const message = added(chunk);
        if (!message) continue;
        const part = new core.outputs.ChatGenerationChunk({ text: chunk.text, message });
        yield part;
        await runManager?.handleLLMNewToken(chunk.text, undefined, undefined, undefined, undefined, { chunk: part });
      }
      const result = await generation;
      const response_metadata = metadataOf(result, this.#name);
      const message = new MessageChunk({ content: '', response_metadata });
      Object.assign(message, { usage_metadata: usageOf(result, reasoned) });
      yield new core.outputs.ChatGenerationChunk({ text: '', message, generationInfo: { finish_reason: response_metadata.finish_reason } });
    }

    // The answer is bound to the schema, whatever the `method`.
    override withStructuredOutput(schema: unknown, { includeRaw = false }: StructuredOutputMethodOptions<boolean> = {}): never {
      const json = core.types.isZodSchemaV3(schema) ? core.jsonSchema.toJsonSchema(schema) : schema;
      const ls_structured_output_format = { kwargs: { method: 'jsonSchema' }, schema: json };
      const bound = this.withConfig({ schema: json as SchemaSource, ls_structured_output_format } as Partial<CallOptions>);
      const parse = answerParser(core, schema);
      if (!includeRaw) return RunnableSequence.from([bound, RunnableLambda.from(parse)]) as never;
      const parsed = ({ raw }: { raw: BaseMessage }): Promise<Parsed | null> => parse(raw).catch(() => null);
      return RunnableSequence.from([{ raw: bound }, RunnablePassthrough.assign({ parsed: RunnableLambda.from(parsed) })]) as never;
    }
  }
  return ChatLlama;
}
