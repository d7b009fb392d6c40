// `llama-ts/langchain`, as it is required.
import type { Embeddings, EmbeddingsParams } from '@langchain/core/embeddings';
import type { BaseLanguageModelInput } from '@langchain/core/language_models/base';
import type { BaseChatModel, BaseChatModelCallOptions, BaseChatModelParams, BindToolsInput } from '@langchain/core/language_models/chat_models';
import type { AIMessageChunk } from '@langchain/core/messages';
import type { Runnable } from '@langchain/core/runnables';

import { chatModel, type ChatModelClass } from './langchain/chat-model';
import { modules, type Core } from './langchain/core';
import { embeddings, type EmbeddingsClass } from './langchain/embeddings';
import type { ChatLlamaSettings, EmbeddingsSettings, NamedOptions, OfModel } from './langchain/settings';
import { peerError } from './peer';

export type { ChatLlamaSettings, EmbeddingsSettings };
export type ChatLlamaCallOptions = BaseChatModelCallOptions & NamedOptions & ChatLlamaSettings;
export type ChatLlamaFields = BaseChatModelParams & ChatLlamaSettings & OfModel;
export type LlamaEmbeddingsFields = EmbeddingsParams & EmbeddingsSettings & OfModel;

function load(): Core {
  try {
    return Object.fromEntries(Object.entries(modules).map(([name, path]) => [name, require(path) as unknown])) as unknown as Core;
  } catch (error) {
    throw peerError('@langchain/core', 'llama-ts/langchain', error);
  }
}

const core = load();

/** A loaded model as a chat model of LangChain, in this process. */
export const ChatLlama = chatModel(core) as ChatModelClass<
  BaseChatModel<ChatLlamaCallOptions, AIMessageChunk>,
  ChatLlamaFields,
  BindToolsInput,
  Runnable<BaseLanguageModelInput, AIMessageChunk, ChatLlamaCallOptions>,
  ChatLlamaCallOptions
>;
export type ChatLlama = InstanceType<typeof ChatLlama>;

/** A loaded model as LangChain's embeddings, in this process. */
export const LlamaEmbeddings = embeddings(core) as EmbeddingsClass<Embeddings, LlamaEmbeddingsFields>;
export type LlamaEmbeddings = InstanceType<typeof LlamaEmbeddings>;
