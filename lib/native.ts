// The addon's exports, one to one (native/addon/addon.cpp). Only lib/binding.ts holds an object of this type. Not part of the package's types:
// what names these in a file with public types is marked @internal.

import type { GrammarPart } from './grammar-part';

declare const model: unique symbol;
declare const vocabulary: unique symbol;
/** A model in memory. */
export interface ModelHandle {
  readonly [model]: true;
}
/** A vocabulary in memory. */
export interface VocabularyHandle {
  readonly [vocabulary]: true;
}

declare const grammar: unique symbol;
/** A compiled grammar. */
export interface GrammarHandle {
  readonly [grammar]: true;
}

declare const job: unique symbol;
/** Work that runs on a thread of its own. */
export interface JobHandle {
  readonly [job]: true;
}

export interface NativeBackend {
  name: string;
  onHost: boolean; // no devices: it computes on the CPU
  whyNot: string;
  variants: string[];
  devices: { name: string; total: number; free: number; software: boolean }[];
}

export interface NativeAdapter {
  path: string;
  name: string;
  scale: number;
  steers: boolean; // a control vector, else a LoRA
  first: number; // its layers
  last: number;
}

export interface NativeLoadOptions {
  backend: string;
  isa: string; // '': the best
  gpuLayers: number; // -1: what fits, -2: all
  cpuExperts: readonly number[]; // layers; -1: every one
  threads: number; // 0: the default, as in the next three; -1: measured
  contextTokens: number;
  batchTokens: number;
  maxSequences: number;
  cacheType: string;
  preTokenizer: string;
  mmap: boolean;
  hugePages: boolean;
  encoder: boolean;
  exactRanks: boolean;
  stepTime: number; // milliseconds
  stateMemory: number; // bytes
  adapters: readonly NativeAdapter[];
}

export interface NativeInfo {
  architecture: string;
  name: string;
  fileType: string;
  backend: string;
  chatTemplate: string;
  namedTemplates: [name: string, source: string][];
  ranks: string; // '': one
  rerankTemplate: string; // '': a reranker takes a pair of texts
  pooling: 'none' | 'mean' | 'cls' | 'last' | 'rank'; // as the file says
  head: boolean; // it predicts tokens
  labels: string[]; // of its scores
  types: number; // texts of a pair that it tells apart
  vectorColumns: number;
  outputs: number; // scores of a text; 0: none
  decoderStart: number; // of an encoder and a decoder: the token that the decoder's texts begin with; -1: there is no encoder
  textAtOnce: number; // tokens of a text that is read in one step; 0: any number
  separator: number; // -1: none
  parameters: number;
  fileBytes: number;
  layers: number;
  deviceLayers: number;
  width: number;
  heads: number;
  kvHeads: number;
  vocabulary: number;
  trainedContext: number;
  contextTokens: number;
  threads: number;
  decodeThreads: number;
  adapters: { name: string; steers: boolean; scale: number }[];
  adapterBytes: number;
  weights: number; // bytes, as the next five
  kv: number;
  states: number;
  scratch: number;
  tables: number;
  device: number;
}

/** A piece of a prompt; `control`: control tokens written in it are recognised. */
export interface Segment {
  text: string;
  control: boolean;
}

export interface NativeRequest {
  ids: Uint32Array | undefined;
  decoderIds?: Uint32Array | undefined; // of a model with an encoder: what the decoder's text begins with, by default decoderStart
  types?: Uint32Array | undefined; // of each of the ids, the text of a pair that it is of
  pooling?: 'none' | 'mean' | 'cls' | 'last' | 'rank'; // embed: what becomes of the rows
  adapters?: readonly (readonly [name: string, scale: number])[] | undefined; // by default those of the load options
  segments: readonly Segment[]; // behind ids
  begin: boolean; // the begin token in front, where the file asks for one
  maxTokens: number; // -1: up to the end of the context
  stop: readonly string[];
  ignoreEnd: boolean;
  spellControls: boolean; // control tokens are part of the text, as they are spelled
  banned: readonly string[];
  textBias: readonly (readonly [text: string, bias: number, tokens: number])[]; // tokens: -1: all
  asks: boolean; // reports have logits, each of which answer() answers
  tellsReading: boolean; // reports have promptRead
  logprobs: number; // -1: none
  kind: 'generate' | 'score' | 'embed'; // text, or a row of logits or of hidden values of each token
  seed: number;
  samplers: readonly string[]; // empty: the default order
  settings: readonly (readonly [name: string, value: number, texts: readonly string[]])[];
  bias: readonly (readonly [id: number, bias: number])[];
  grammar?: GrammarHandle | undefined; // that the text is bound to
  canonical: boolean; // of the bound text: what must come is cut as the tokenizer cuts it
  grammarPrefix?: string | undefined; // how the bound text begins, in the prompt
  grammarAfter?: { open: string; close: string; opened: boolean } | undefined; // marks of reasoning, behind which the bound text begins
}

/** What a text can be bound to. */
export type GrammarKind = 'schema' | 'regex' | 'grammar' | 'lark' | 'choices' | 'parts';

export interface NativeGrammarOptions {
  draft7: boolean; // of a schema that names no draft
  anySpace: boolean; // of a schema
}

/** A grammar, or why there is none; neither, where it names tokens and was compiled over no vocabulary. */
export interface NativeCompiled {
  compileUs: number;
  handle?: GrammarHandle;
  code?: string; // of the error, as the next
  message?: string;
  keyword?: string; // SCHEMA, as the next
  pointer?: string;
}

export interface NativeQuestions {
  walks: readonly { ids?: Uint32Array | undefined; text?: string | undefined; detours?: number | undefined }[];
  prefixes: readonly Uint32Array[];
  seeds: readonly number[];
  maxTokens: number; // of a sample
  weights: readonly (readonly [id: number, weight: number])[];
}

export interface NativeAnswers {
  walks: { tokens: number; refusedAt: number | null; end: boolean; ends: number[]; dead: number | null; maskUs: number[] }[];
  masks: Uint8Array[]; // a bit a token
  samples: { ids: Uint32Array; complete: boolean; stuck: boolean }[];
}

interface NativeLogprob {
  id: number;
  text: string;
  logprob: number;
}

/** What became of a request since its last report; the fields from `finish` on come with the last one only. */
export interface NativeReport {
  text: string;
  ids: Uint32Array;
  logprobs?: (NativeLogprob & { top: NativeLogprob[] })[];
  rows?: Float32Array;
  logits?: Float32Array; // to choose from
  promptRead?: number; // how much of the prompt is computed, up to 1
  finish?: 'stop' | 'length' | 'context' | 'aborted' | 'failed'; // length: maxTokens was reached, context: the context was full first
  error?: Error;
  stopString?: string;
  complete?: boolean; // of a bound text: nothing of it is missing
  cutCharacter?: boolean; // the last tokens began a character, which is not in the text
  promptTokens?: number;
  cachedTokens?: number;
  completionTokens?: number;
  queuedMs?: number;
  prefillMs?: number;
  decodeMs?: number;
}

export interface NativeVocabulary {
  size: number;
  begin: number; // -1: none
  end: number; // -1: none
  beginText: string;
  endText: string;
  addsBegin: boolean;
  addsEnd: boolean;
  controls: string[]; // how the control tokens are spelled
  fill: [prefix: string, suffix: string, middle: string]; // marks of fill-in-the-middle prompts that the file names; '': it does not
}

/** What chat templates are told of it. */
export type TemplateVocabulary = Omit<NativeVocabulary, 'fill'>;

export type NativeMetadata = boolean | number | bigint | string | readonly NativeMetadata[];

export interface NativeFile {
  version: number;
  bytes: number | bigint;
  tensorBytes: number | bigint;
  parts: number;
  metadata: [key: string, value: NativeMetadata][];
  tensors: { name: string; type: string; shape: (number | bigint)[]; bytes: number | bigint }[];
}

export interface NativeWritten {
  bytes: number;
  tensors: number;
}

export interface NativeDifferences {
  metadata: { key: string; what: 'only in A' | 'only in B' | 'value' }[];
  tensors: { name: string; what: 'only in A' | 'only in B' | 'type' | 'shape' | 'values'; a: string; b: string; largest: number }[];
}

export interface NativeSampler {
  name: string;
  sentence: string;
  parameters: {
    name: string;
    type: 'number' | 'integer' | 'boolean' | 'texts';
    minimum: number;
    maximum: number;
    fallback: number;
    texts: string[]; // the fallback of texts
    sentence: string;
  }[];
}

export interface NativeQuantizeOptions {
  type: string;
  imatrix: string; // '': none, as the other texts
  allowRequantize: boolean;
  leaveOutputTensor: boolean;
  pure: boolean;
  keepSplit: boolean;
  keepPartial: boolean;
  dryRun: boolean;
  outputTensorType: string;
  tokenEmbeddingType: string;
  tensorTypes: [pattern: string, type: string, names: string[]][]; // names: of the tensors that the pattern fits
  pruneLayers: number[];
  overrides: [key: string, kind: string, text: string][]; // as editFile's
  targetSize: number; // 0: none, as the next
  targetBpw: number;
  threads: number; // 0: the default
}

export interface NativeQuantizeReport {
  type: string;
  inputBytes: number;
  bytes: number;
  files: string[];
  warnings: string[];
  tensors: {
    name: string;
    from: string;
    to: string;
    shape: number[];
    bytes: number;
    squaredError: number; // of the weights that were measured
    measured: number;
    relativeError: number;
  }[];
}

interface NativePerplexityOptions extends NativeLoadOptions {
  context: number;
  chunks: number; // -1: all
  saveBase: string; // '': none, as the next
  base: string;
}

export interface NativePerplexity {
  nll: number; // of a token, in nats
  nllError: number;
  tokens: number;
  chunks: number;
  context: number;
  seconds: number;
  backend: string;
  divergence?: {
    kl: number;
    klError: number;
    klMedian: number;
    kl99: number;
    klMax: number;
    sameTop: number;
    sameTopError: number;
    basePerplexity: number;
    logRatio: number; // of the perplexities
    logRatioError: number;
    rmsProbability: number;
  };
}

interface NativeImatrixOptions extends NativeLoadOptions {
  context: number;
  chunks: number; // -1: all
  dataset: string;
  processOutput: boolean;
  resume: boolean;
  outputFrequency: number; // 0: at the end alone
  inFiles: readonly string[];
}

export interface NativeImatrix {
  resumed: number;
  chunks: number;
  allChunks: number;
  tensors: number;
  seconds: number;
  backend: string;
}

/**
 * What the addon says about a ticket:
 * loadModel: 'progress' (a fraction), then 'loaded' (NativeInfo) or 'failed' (an error); 'followed' where another rank led and ended. submit: 'report' (NativeReport), the
 * last one with `finish`, or 'failed'. dispose: 'disposed'. Whatever gives a JobHandle: 'progress' (a fraction) now and then, at the end 'done' (the value) or 'failed'.
 */
export type NativeEvent = readonly [ticket: number, kind: string, value: unknown];

/** What the module itself exports. */
export interface Addon {
  /** The exports for one evaluation of lib. They hold the receiver; when nobody holds them any more and nothing is awaited, all of it is collected. */
  attach(receiver: { makeError: (code: string, message: string) => Error; deliver: (events: readonly NativeEvent[]) => void }): Native;
}

export interface Native {
  readonly version: string;
  readonly rank: number; // of this process, as its launcher says
  readonly ranks: number;
  hold(alive: boolean): void; // true: events are awaited
  loadModel(ticket: number, path: string, options: NativeLoadOptions): ModelHandle;
  weigh(model: ModelHandle, bytes: number): void; // the memory behind it, for V8 to know; none once it is collected
  submit(model: ModelHandle, ticket: number, request: NativeRequest): void;
  abort(model: ModelHandle, ticket: number): void;
  answer(model: ModelHandle, ticket: number, id: number): void;
  dispose(model: ModelHandle, ticket: number): void;
  loadTokenizer(ticket: number, path: string, preTokenizer: string): JobHandle;
  stopJob(job: JobHandle): void;
  quantize(ticket: number, input: string, output: string, options: NativeQuantizeOptions): JobHandle;
  quantizeTypes(): { recipes: string[]; types: string[] };
  perplexity(ticket: number, model: string, text: string | undefined, options: NativePerplexityOptions): JobHandle;
  imatrix(ticket: number, model: string | undefined, text: string | undefined, output: string, options: NativeImatrixOptions): JobHandle;
  inspect(ticket: number, path: string): JobHandle;
  compileGrammar(
    ticket: number,
    kind: GrammarKind,
    source: string | readonly string[] | GrammarPart,
    options: NativeGrammarOptions,
    over: ModelHandle | VocabularyHandle | undefined, // whose tokens it names
  ): JobHandle; // done: NativeCompiled
  checkGrammar(ticket: number, over: ModelHandle | VocabularyHandle, grammar: GrammarHandle, questions: NativeQuestions): JobHandle; // done: NativeAnswers
  convertFolder(ticket: number, folder: string, to: string, options: { type: string; name: string }): JobHandle; // done: NativeWritten
  splitFile(ticket: number, from: string, prefix: string, maxBytes: number, maxTensors: number): JobHandle; // done: { path, bytes }[]
  mergeFile(ticket: number, from: string, to: string): JobHandle; // done: NativeWritten
  editFile(
    ticket: number,
    from: string,
    to: string,
    set: readonly (readonly [key: string, type: string, text: string])[],
    remove: readonly string[],
  ): JobHandle;
  diffFiles(ticket: number, a: string, b: string): JobHandle; // done: NativeDifferences
  encode(from: ModelHandle | VocabularyHandle, text: string, control: boolean): Uint32Array;
  decode(from: ModelHandle | VocabularyHandle, ids: Uint32Array, control: boolean): string;
  encodeJob(ticket: number, from: ModelHandle | VocabularyHandle, text: string, control: boolean): JobHandle; // done: Uint32Array
  encodeAllJob(ticket: number, from: ModelHandle | VocabularyHandle, texts: readonly string[], control: boolean): JobHandle; // done: [ids, where each text's end]
  decodeJob(ticket: number, from: ModelHandle | VocabularyHandle, ids: Uint32Array, control: boolean): JobHandle; // done: string
  promptJob(ticket: number, from: ModelHandle, segments: readonly Segment[], begin: boolean): JobHandle; // done: Uint32Array, as submit makes it
  vocabulary(from: ModelHandle | VocabularyHandle): NativeVocabulary;
  samplers(): NativeSampler[];
  samplerOrder(): string[];
  backends(): NativeBackend[];
  mpi(): string;
}
