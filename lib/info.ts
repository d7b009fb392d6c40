import type { AdapterInfo } from './adapters';
import type { NativeInfo } from './native';

/** What was loaded, and what it takes. */
export interface ModelInfo {
  readonly architecture: string;
  readonly name: string;
  /** The type of most weights, as people write it: `Q4_K_M`. */
  readonly fileType: string;
  /** What computes: `cpu avx512, 2 threads`. */
  readonly backend: string;
  /** Threads of the CPU that compute. */
  readonly threads: number;
  /** Of them, those that compute a step of few rows, as while one text is generated: fewer where `threads: 'auto'` found that as fast. */
  readonly decodeThreads: number;
  readonly parameters: number;
  readonly fileBytes: number;
  readonly layers: number;
  /** Of the layers, those that a device computes: the last ones. */
  readonly deviceLayers: number;
  readonly width: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly vocabulary: number;
  /** The length that the model was trained for. */
  readonly trainedContext: number;
  /** Tokens that all generations together can hold. */
  readonly contextTokens: number;
  /** Whether the weights are in the mapped file. */
  readonly mmap: boolean;
  /**
   * Bytes. `weights` are of the mapped file, shared with other processes (with `mmap: false` memory of this process, and so with `hugePages`, once the
   * model is used); the rest was allocated while loading. `device` is of the device's own memory, `total` the sum of the others.
   */
  readonly memory: {
    readonly weights: number;
    readonly kv: number;
    /** Of layers whose state has a fixed size: of the generations that run, and of the beginnings of texts that are kept. */
    readonly states: number;
    readonly scratch: number;
    readonly tables: number;
    /** Of adapters and control vectors, wherever their layers lie. */
    readonly adapters: number;
    readonly device: number;
    readonly total: number;
  };
  /** The adapters and control vectors that it was loaded with. */
  readonly adapters: readonly AdapterInfo[];
  /** How several ranks divide the model, in words; absent where one computes it. */
  readonly ranks?: string;
  /** Whether it predicts tokens. Of a model that encodes texts, vectors and scores are all there is. */
  readonly head: boolean;
  /** How the file says that rows become a vector; `rank`: that it scores pairs; `none`: nothing. */
  readonly pooling: 'none' | 'mean' | 'cls' | 'last' | 'rank';
  /** Numbers of a vector that `embed` gives, unless it is cut. */
  readonly vectorColumns: number;
  /** Scores that `rank` and `classify` give; 0: it has no head for them. */
  readonly outputs: number;
  /** What the scores are of, where the file names it. */
  readonly labels: readonly string[];
  /** Kinds of tokens that a pair of texts has: 2 where the second one's differ. */
  readonly types: number;
  /** Tokens of a text at most, where texts are read whole, in one step; 0: there is no such bound. */
  readonly textAtOnce: number;
  /** Of an encoder and a decoder, the token that the decoder's texts begin with; -1: the model has no encoder that a decoder follows. */
  readonly decoderStart: number;
  /** The token between two texts; -1: none. */
  readonly separator: number;
  /** What a reranker is asked, with `{query}` and `{document}`; absent where it takes a pair of texts. */
  readonly rerankTemplate?: string;
  /** The Jinja source of the file's chat template, where it has one. */
  readonly chatTemplate?: string;
  /** All of the file's chat templates by their names; `chatTemplate` is `default`. */
  readonly chatTemplates: Readonly<Record<string, string>>;
}

/** @internal */
export function infoOf(from: NativeInfo, mmap: boolean): ModelInfo {
  const { weights, kv, states, scratch, tables, device, chatTemplate, namedTemplates, ranks, rerankTemplate, labels, adapters, adapterBytes, ...rest } = from;
  const total = weights + kv + states + scratch + tables + adapterBytes;
  const memory = Object.freeze({ weights, kv, states, scratch, tables, adapters: adapterBytes, device, total });
  const adapterInfo = (a: NativeInfo['adapters'][number]): AdapterInfo =>
    Object.freeze({ name: a.name, kind: a.steers ? 'control vector' : 'lora', scale: a.scale });
  return Object.freeze({
    ...rest,
    labels: Object.freeze([...labels]),
    adapters: Object.freeze(adapters.map(adapterInfo)),
    mmap,
    memory,
    ...(rerankTemplate !== '' && { rerankTemplate }),
    ...(ranks !== '' && { ranks }),
    ...(chatTemplate !== '' && { chatTemplate }),
    chatTemplates: Object.freeze({ ...(chatTemplate !== '' && { default: chatTemplate }), ...Object.fromEntries(namedTemplates) }),
  });
}

/**
 * The bytes that are freed with a model: what it was given for itself. Mapped weights are the file's own pages, which the system takes back by itself.
 * @internal
 */
export const ownBytes = ({ memory, mmap }: ModelInfo): number =>
  memory.kv + memory.states + memory.scratch + memory.tables + memory.adapters + memory.device + (mmap ? 0 : memory.weights);
