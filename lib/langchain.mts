// `llama-ts/langchain`, as it is imported.
import type { Embeddings, EmbeddingsParams } from '@langchain/core/embeddings';
import type { BaseLanguageModelInput } from '@langchain/core/language_models/base';
import type { BaseChatModel, BaseChatModelCallOptions, BaseChatModelParams, BindToolsInput } from '@langchain/core/language_models/chat_models';
import type { AIMessageChunk } from '@langchain/core/messages';
import type { Runnable } from '@langchain/core/runnables';

import { chatModel, type ChatModelClass } from './langchain/chat-model.js';
import { modules, type Core } from './langchain/core.js';
import { embeddings, type EmbeddingsClass } from './langchain/embeddings.js';
import type { ChatLlamaSettings, EmbeddingsSettings, NamedOptions, OfModel } from './langchain/settings.js';
import { peerError } from './peer.js';

export type { ChatLlamaSettings, EmbeddingsSettings };
export type ChatLlamaCallOptions = BaseChatModelCallOptions & NamedOptions & ChatLlamaSettings;
export type ChatLlamaFields = BaseChatModelParams & ChatLlamaSettings & OfModel;
export type LlamaEmbeddingsFields = EmbeddingsParams & EmbeddingsSettings & OfModel;

async function load(): Promise<Core> {
  try {
    const all = Object.entries(modules).map(async ([name, path]) => [name, (await import(path)) as unknown] as const);
    return Object.fromEntries(await Promise.all(all)) as unknown as Core;
  } catch (error) {
    throw peerError('@langchain/core', 'llama-ts/langchain', error);
  }
}

const core = await load();

/** A loaded model as a chat model of LangChain, in this process. */
export const ChatLlama = chatModel(core) as unknown as ChatModelClass<
  BaseChatModel<ChatLlamaCallOptions, AIMessageChunk>,
  ChatLlamaFields,
  BindToolsInput,
  Runnable<BaseLanguageModelInput, AIMessageChunk, ChatLlamaCallOptions>,
  ChatLlamaCallOptions
>;
export type ChatLlama = InstanceType<typeof ChatLlama>;

/** A loaded model as LangChain's embeddings, in this process. */
export const LlamaEmbeddings = embeddings(core) as unknown as EmbeddingsClass<Embeddings, LlamaEmbeddingsFields>;
export type LlamaEmbeddings = InstanceType<typeof LlamaEmbeddings>;
