// `llama-ts/ai-sdk`: loaded models as models of the AI SDK (package ai, version 6 or 7), in this process. Needs nothing of it.
import './platform';
import { LlamaError } from './errors';
import type { Model } from './model';
import { LlamaLanguageModel, type LanguageSettings } from './ai-sdk/language';
import { LlamaEmbeddingModel, LlamaRerankingModel, type EmbeddingSettings, type RerankingSettings } from './ai-sdk/reading';
import { opened, type ModelSource, type Opened } from './ai-sdk/source';
import type { EmbeddingModel, LanguageModel, RerankingModel } from './ai-sdk/spec';

export type { EmbeddingModel, EmbeddingSettings, LanguageModel, LanguageSettings, ModelSource, RerankingModel, RerankingSettings };

const nameOf = ({ info }: Model): string => info.name || info.architecture;

/** A loaded model that writes: for `generateText`, `streamText`, agents and the like. */
export function languageModel(model: Model, settings: LanguageSettings = {}): LanguageModel {
  return new LlamaLanguageModel(nameOf(model), opened(model), settings);
}

/** A loaded model that reads texts: for `embed` and `embedMany`. */
export function embeddingModel(model: Model, settings: EmbeddingSettings = {}): EmbeddingModel {
  return new LlamaEmbeddingModel(nameOf(model), opened(model), settings);
}

/** A loaded model that scores documents: for `rerank`. */
export function rerankingModel(model: Model, settings: RerankingSettings = {}): RerankingModel {
  return new LlamaRerankingModel(nameOf(model), opened(model), settings);
}

/** Models by names of your choice, as the AI SDK's registry takes them. Called, it gives a language model. */
export interface LlamaProvider {
  (name: string, settings?: LanguageSettings): LanguageModel;
  readonly specificationVersion: 'v3';
  languageModel(name: string, settings?: LanguageSettings): LanguageModel;
  embeddingModel(name: string, settings?: EmbeddingSettings): EmbeddingModel;
  rerankingModel(name: string, settings?: RerankingSettings): RerankingModel;
  /** There are none: throws `UNSUPPORTED`. */
  imageModel(name: string): never;
}

/** A provider of several models. One that is given as a function is loaded when it is first used, once; whoever loads models disposes of them. */
export function createLlama(models: Readonly<Record<string, ModelSource>>): LlamaProvider {
  const sources = new Map<string, Opened>(Object.entries(models).map(([name, source]) => [name, opened(source)]));
  const of = (name: string): Opened => {
    const source = sources.get(name);
    if (source) return source;
    throw new LlamaError('ARGUMENT', `model: expected one of ${[...sources.keys()].join(', ')}, found ${JSON.stringify(name)}`);
  };
  const language = (name: string, settings: LanguageSettings = {}): LanguageModel => new LlamaLanguageModel(name, of(name), settings);
  return Object.assign((name: string, settings?: LanguageSettings) => language(name, settings), {
    specificationVersion: 'v3' as const,
    languageModel: language,
    embeddingModel: (name: string, settings: EmbeddingSettings = {}) => new LlamaEmbeddingModel(name, of(name), settings),
    rerankingModel: (name: string, settings: RerankingSettings = {}) => new LlamaRerankingModel(name, of(name), settings),
    imageModel: (name: string): never => {
      throw new LlamaError('UNSUPPORTED', `imageModel: this package makes no images, asked for ${JSON.stringify(name)}`);
    },
  });
}
