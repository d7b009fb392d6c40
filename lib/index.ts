// Everything public. Loading it loads the compiled addon, or throws a LlamaError `BINARY` that says how to build it.
import { join } from 'node:path';

import './dispose';
import './platform';
import { native, packageRoot } from './binding';

export type { AdapterChoice, AdapterFile, AdapterInfo, ControlVectorFile } from './adapters';
export { applyTemplate, chatTemplates, type ApplyTemplateOptions, type ModelTemplates } from './apply';
export { backends, type BackendInfo, type DeviceInfo } from './backends';
export { Chat, type ChatJson, type ChatOptions, type SendOptions } from './chat';
export { convertModel, type ConvertOptions, type ConvertType, type Written } from './convert';
export {
  cosineSimilarity,
  type EmbedInput,
  type EmbedOptions,
  type Pooling,
  type Ranked,
  type RankOptions,
  type ReadOptions,
  type TokenInput,
  type TooLong,
  type Truncated,
} from './embed';
export { LlamaError, type ErrorCode } from './errors';
export type { Chunk, ChunkBase, Generation, Result, Said, TokenLogprob } from './generation';
export {
  defaultSamplers,
  samplers,
  type Sampler,
  type SamplerName,
  type SamplerOptions,
  type SamplerParameter,
} from './generated/samplers';
export {
  diffModels,
  editModel,
  mergeModel,
  splitModel,
  type Differences,
  type EditOptions,
  type KeyDifference,
  type MetadataEdit,
  type MetadataType,
  type SplitOptions,
  type SplitPart,
  type TensorDifference,
} from './gguf';
export {
  compileChoices,
  compileGrammar,
  compileLark,
  compileRegex,
  compileSchema,
  Grammar,
  type BoundOptions,
  type SchemaOptions,
  type Whitespace,
} from './grammar';
export { checkGrammar, type GrammarCase, type GrammarVerdict, type GrammarWalk, type GrammarWalked } from './grammar-check';
export { cachedModels, downloads, removeModel, type CachedModel, type CacheOptions, type Download, type Removed } from './hub/models';
export type { PullProgress, PullState } from './hub/meter';
export { pull, type PulledModel, type PullOptions } from './hub/pull';
export type { HubOptions } from './hub/settings';
export { suggestedModels, type SuggestedModel } from './hub/suggested';
export { imatrix, type ImatrixOptions, type ImatrixResult } from './imatrix';
export { connectMcp, type ConnectMcpOptions, type McpConnection } from './mcp/connect';
export { mcpServers, type McpServer, type McpServers } from './mcp/servers';
export { mcpTools, type McpClient, type McpToolsOptions } from './mcp/tools';
export type { ModelInfo } from './info';
export { inspectModel, type FileInfo, type InspectOptions, type MetadataValue, type TensorInfo } from './inspect';
export type { JobOptions } from './job';
export type { CpuExperts } from './placement';
export { loadModel, type BackendName, type CacheType, type GpuLayers, type LoadOptions } from './load';
export { type LogitsOptions, Model, type RowOptions } from './model';
export type { SchemaSource } from './schema';
export type { JsonSchema, JsonValue, SchemaValue, StandardSchema } from './schema-value';
export type { TextJobOptions, TextOptions } from './text';
export {
  OutputParser,
  parseOutput,
  type OfferedTool,
  type OutputPart,
  type ParseContext,
  type ParsedOutput,
  type ParseProblem,
  type ToolCall,
} from './parse';
export { perplexity, type Divergence, type PerplexityOptions, type PerplexityResult } from './perplexity';
export type { MeasureOptions } from './measure';
export type { Prompt } from './prompt';
export { quantize, quantizeTypes, type MetadataOverride, type QuantizedTensor, type QuantizeOptions, type QuantizeReport } from './quantize';
export type { AnswersOptions, GenerateOptions, TextBias } from './sampling';
export type { Message, MessageCall, MessageInput, TextPart } from './template';
export { templateNames, type NamedTemplates } from './templates';
export {
  tool,
  type ArgumentSchema,
  type ArgumentsOf,
  type ReasoningOptions,
  type Tool,
  type ToolChoice,
  type ToolContext,
  type ToolOptions,
} from './tools';
export { loadTokenizer, Tokenizer } from './tokenizer';
export type { TokenizerOptions } from './tokenizer';

/** The package's version. */
export const version: string = native.version;

/** What there is of MPI, in words: whether it is compiled in, and which library was found. */
export function mpi(): string {
  return native.mpi();
}

/** Under `mpirun`: which process this is, and how many there are; rank 0 has the model's API. Elsewhere 0 of 1. */
export const ranks: { readonly rank: number; readonly size: number } = Object.freeze({ rank: native.rank, size: native.ranks });

/** The path of the small story model that comes with the package. */
export const embeddedModel: string = join(packageRoot, 'models', 'story-Q8_0.gguf');
