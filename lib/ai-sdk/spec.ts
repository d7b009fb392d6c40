// What the AI SDK asks of a provider: version 3 of its specification, which its versions 6 and 7 take, as far as text is concerned. Written here, so that
// the types hold with either version, and with none installed.

export interface Warning {
  readonly type: 'unsupported';
  readonly feature: string;
  readonly details?: string;
}

export interface OtherWarning {
  readonly type: 'other';
  readonly message: string;
}

export type AnyWarning = Warning | OtherWarning;

export type Json = null | string | number | boolean | { [key: string]: Json | undefined } | Json[];
/** By provider; ours are below `llama-ts`. */
export type ProviderOptions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A file: version 6 gives its data as they are, version 7 says what they are. */
export interface FilePart {
  readonly type: 'file';
  readonly mediaType: string;
  readonly data: unknown;
}

export interface ToolCallPart {
  readonly type: 'tool-call';
  readonly toolCallId: string;
  readonly toolName: string;
  readonly input: unknown;
}

export interface ToolResultPart {
  readonly type: 'tool-result';
  readonly toolCallId: string;
  readonly toolName: string;
  readonly output: { readonly type: string; readonly value?: unknown; readonly reason?: string };
}

interface Words<Type extends string> {
  readonly type: Type;
  readonly text: string;
}

export interface OtherPart {
  readonly type: 'tool-approval-response' | 'custom' | 'reasoning-file';
}

export type PromptMessage =
  | { readonly role: 'system'; readonly content: string }
  | { readonly role: 'user'; readonly content: readonly (Words<'text'> | FilePart)[] }
  | { readonly role: 'assistant'; readonly content: readonly (Words<'text'> | Words<'reasoning'> | FilePart | ToolCallPart | ToolResultPart | OtherPart)[] }
  | { readonly role: 'tool'; readonly content: readonly (ToolResultPart | OtherPart)[] };

export interface FunctionTool {
  readonly type: 'function';
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: unknown;
  readonly inputExamples?: readonly unknown[];
}

/** A tool of a provider's own, of which this one has none. */
export interface ProviderTool {
  readonly type: 'provider';
  readonly id: string;
  readonly name: string;
}

export interface CallOptions {
  readonly prompt: readonly PromptMessage[];
  readonly maxOutputTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly stopSequences?: readonly string[] | undefined;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly responseFormat?: { readonly type: 'text' } | { readonly type: 'json'; readonly schema?: unknown } | undefined;
  readonly seed?: number | undefined;
  readonly tools?: readonly (FunctionTool | ProviderTool)[] | undefined;
  readonly toolChoice?: { readonly type: 'auto' | 'none' | 'required' } | { readonly type: 'tool'; readonly toolName: string } | undefined;
  readonly includeRawChunks?: boolean | undefined;
  readonly abortSignal?: AbortSignal | undefined;
  readonly providerOptions?: ProviderOptions | undefined;
  /** Of version 7: how much the model reasons; `provider-default` says nothing. */
  readonly reasoning?: string | undefined;
}

export interface Usage {
  inputTokens: { total: number | undefined; noCache: number | undefined; cacheRead: number | undefined; cacheWrite: number | undefined };
  outputTokens: { total: number | undefined; text: number | undefined; reasoning: number | undefined };
}

export interface FinishReason {
  unified: 'stop' | 'length' | 'tool-calls';
  raw: string | undefined;
}

export interface ToolCallContent {
  type: 'tool-call';
  toolCallId: string;
  toolName: string;
  input: string;
}

export type Content = { type: 'text' | 'reasoning'; text: string } | ToolCallContent;
export type ProviderMetadata = Record<string, { [key: string]: Json | undefined }>;

export interface ResponseMetadata {
  id: string;
  timestamp: Date;
  modelId: string;
}

export type StreamPart =
  | { type: 'stream-start'; warnings: AnyWarning[] }
  | ({ type: 'response-metadata' } & ResponseMetadata)
  | { type: 'text-start' | 'text-end' | 'reasoning-start' | 'reasoning-end' | 'tool-input-end'; id: string }
  | { type: 'text-delta' | 'reasoning-delta' | 'tool-input-delta'; id: string; delta: string }
  | { type: 'tool-input-start'; id: string; toolName: string }
  | ToolCallContent
  | { type: 'finish'; usage: Usage; finishReason: FinishReason; providerMetadata: ProviderMetadata }
  | { type: 'raw'; rawValue: unknown }
  | { type: 'error'; error: unknown };

export interface GenerateResult {
  content: Content[];
  finishReason: FinishReason;
  usage: Usage;
  providerMetadata: ProviderMetadata;
  response: ResponseMetadata;
  warnings: AnyWarning[];
}

/** A language model as the AI SDK takes it. */
export interface LanguageModel {
  readonly specificationVersion: 'v3';
  readonly provider: string;
  readonly modelId: string;
  readonly supportedUrls: Record<string, RegExp[]>;
  doGenerate(options: CallOptions): Promise<GenerateResult>;
  doStream(options: CallOptions): Promise<{ stream: ReadableStream<StreamPart> }>;
}

/** An embedding model as the AI SDK takes it. */
export interface EmbeddingModel {
  readonly specificationVersion: 'v3';
  readonly provider: string;
  readonly modelId: string;
  readonly maxEmbeddingsPerCall: number;
  readonly supportsParallelCalls: boolean;
  doEmbed(options: {
    readonly values: readonly string[];
    readonly abortSignal?: AbortSignal | undefined;
    readonly providerOptions?: ProviderOptions | undefined;
    /** Of version 7. */
    readonly dimensions?: number | undefined;
  }): Promise<{ embeddings: number[][]; usage: { tokens: number }; warnings: AnyWarning[] }>;
}

/** A reranking model as the AI SDK takes it. */
export interface RerankingModel {
  readonly specificationVersion: 'v3';
  readonly provider: string;
  readonly modelId: string;
  doRerank(options: {
    readonly documents: { readonly type: 'text'; readonly values: readonly string[] } | { readonly type: 'object'; readonly values: readonly object[] };
    readonly query: string;
    readonly topN?: number | undefined;
    readonly abortSignal?: AbortSignal | undefined;
    readonly providerOptions?: ProviderOptions | undefined;
  }): Promise<{ ranking: { index: number; relevanceScore: number }[]; warnings: AnyWarning[] }>;
}
