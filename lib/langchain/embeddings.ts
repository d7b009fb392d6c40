// A loaded model as LangChain's embeddings.
import type { Embeddings, EmbeddingsParams } from '@langchain/core/embeddings';

import type { Model } from '../model';
import type { Core } from './core';
import type { EmbeddingsSettings, OfModel } from './settings';

type Fields = EmbeddingsParams & EmbeddingsSettings & OfModel;

/** The class of embeddings; `Base` is LangChain's, as the importer's kind of module has it. */
export interface EmbeddingsClass<Base, Fields> {
  new (fields: Fields): Base;
}

export function embeddings(core: Core): EmbeddingsClass<Embeddings, Fields> {
  return class LlamaEmbeddings extends core.embeddings.Embeddings {
    readonly model: Model;
    readonly #settings: EmbeddingsSettings;

    constructor({ model, queryInstruction, maxConcurrency, maxRetries, onFailedAttempt, ...settings }: Fields) {
      super({ ...(maxConcurrency !== undefined && { maxConcurrency }) }); // nothing here is tried again
      this.model = model;
      this.#settings = { ...settings, ...(queryInstruction !== undefined && { queryInstruction }) };
    }

    async embedDocuments(documents: string[]): Promise<number[][]> {
      const { queryInstruction: _, ...options } = this.#settings;
      return (await this.model.embed(documents, options)).map((vector) => Array.from(vector));
    }

    async embedQuery(question: string): Promise<number[]> {
      const { queryInstruction, ...options } = this.#settings;
      return Array.from(await this.model.embed(question, queryInstruction === undefined ? options : { ...options, instruction: queryInstruction }));
    }
  };
}
