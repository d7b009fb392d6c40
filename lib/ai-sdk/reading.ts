// A loaded model as an embedding model and as a reranking model of the AI SDK.
import type { EmbedOptions, RankOptions, Truncated } from '../embed';
import type { Opened } from './source';
import type { AnyWarning, EmbeddingModel, RerankingModel } from './spec';
import { providerName } from './stream';

/** What every call has where `providerOptions['llama-ts']` does not say otherwise. */
export type EmbeddingSettings = Omit<EmbedOptions, 'signal' | 'onProgress' | 'onTruncated'>;
/** What every call has where `providerOptions['llama-ts']` does not say otherwise. */
export type RerankingSettings = Omit<RankOptions, 'signal' | 'onProgress' | 'onTruncated'>;

const cut = ({ index, tokens, read }: Truncated): AnyWarning => ({
  type: 'other',
  message: `of text ${index} the first ${read} of ${tokens} tokens were read`,
});

/** @internal */
export class LlamaEmbeddingModel implements EmbeddingModel {
  readonly specificationVersion = 'v3';
  readonly provider = providerName;
  readonly maxEmbeddingsPerCall = Infinity; // they are computed together, however many
  readonly supportsParallelCalls = true;

  constructor(
    readonly modelId: string,
    private readonly opened: Opened,
    private readonly settings: EmbeddingSettings,
  ) {}

  async doEmbed({ values, abortSignal, providerOptions, dimensions }: Parameters<EmbeddingModel['doEmbed']>[0]): ReturnType<EmbeddingModel['doEmbed']> {
    const warnings: AnyWarning[] = [];
    const model = await this.opened();
    const options: EmbedOptions = {
      ...this.settings,
      ...(providerOptions?.[providerName] as EmbeddingSettings | undefined),
      ...(dimensions !== undefined && { dimensions }),
      ...(abortSignal && { signal: abortSignal }),
    };
    const vectors = await model.embed([...values], { ...options, onTruncated: (truncated) => warnings.push(cut(truncated)) });
    const texts = values.map((value) => (options.instruction ?? '') + value);
    const ids = await model.tokenizeAsync(texts, { ...(abortSignal && { signal: abortSignal }) });
    return { embeddings: vectors.map((vector) => Array.from(vector)), usage: { tokens: ids.reduce((sum, of) => sum + of.length, 0) }, warnings };
  }
}

/** @internal */
export class LlamaRerankingModel implements RerankingModel {
  readonly specificationVersion = 'v3';
  readonly provider = providerName;

  constructor(
    readonly modelId: string,
    private readonly opened: Opened,
    private readonly settings: RerankingSettings,
  ) {}

  async doRerank({ documents, query, topN, abortSignal, providerOptions }: Parameters<RerankingModel['doRerank']>[0]): ReturnType<RerankingModel['doRerank']> {
    const warnings: AnyWarning[] = [];
    const texts = documents.type === 'text' ? [...documents.values] : documents.values.map((document) => JSON.stringify(document));
    const model = await this.opened();
    const ranked = await model.rank(query, texts, {
      ...this.settings,
      ...(providerOptions?.[providerName] as RerankingSettings | undefined),
      ...(abortSignal && { signal: abortSignal }),
      onTruncated: (truncated) => warnings.push(cut(truncated)),
    });
    return { ranking: ranked.slice(0, topN).map(({ index, score }) => ({ index, relevanceScore: score })), warnings };
  }
}
