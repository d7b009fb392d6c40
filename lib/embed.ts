import { isUint32Array } from 'node:util/types';

import { adapterChoices, type AdapterChoice } from './adapters';
import * as check from './check';
import { LlamaError } from './errors';
import type { ModelInfo } from './info';
import type { NativeVocabulary } from './native';

/** How the hidden rows of a text become one vector: their mean, the first, the last; or all of them, one behind another. */
export type Pooling = 'none' | 'mean' | 'cls' | 'last';

/** Token ids as they are; `types`: of each, the text of a pair that it is of, 0 or 1. */
export interface TokenInput {
  readonly ids: Uint32Array | readonly number[];
  readonly types?: Uint32Array | readonly number[];
}

/** A text, or token ids as they are. */
export type EmbedInput = string | Uint32Array | TokenInput;

/** What becomes of a text that the model cannot read whole: an error, or its beginning alone. */
export type TooLong = 'refuse' | 'truncate';

/** A text of which the beginning alone was read. */
export interface Truncated {
  /** Which one of the list. */
  readonly index: number;
  /** Tokens that it has, and those that were read. */
  readonly tokens: number;
  readonly read: number;
}

export interface ReadOptions {
  /** Which of the model's adapters and control vectors, and how much of each; `[]`: none. Default: those of `loadModel`. */
  adapters?: readonly AdapterChoice[];
  /** Default `refuse`: such a text rejects with `CONTEXT`. */
  tooLong?: TooLong;
  /** Told of each text of which the beginning alone is read. */
  onTruncated?: (truncated: Truncated) => void;
  /** Told how many of the texts are done. */
  onProgress?: (fraction: number) => void;
  /** Stop: the call rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface EmbedOptions extends ReadOptions {
  /** Default: as the file says; where it does not, `mean` of a model that encodes texts, `last` of one that continues them. */
  pooling?: Pooling;
  /** Divide each vector by its Euclidean norm. Default true, with `pooling: 'none'` false. */
  normalize?: boolean;
  /** Keep the first so many numbers, for models that were trained for it. */
  dimensions?: number;
  /** Put before each text, as the model was trained for: `search_query: `. */
  instruction?: string;
}

export interface RankOptions extends ReadOptions {
  /** What is looked for, where the model's question has a place for it (Qwen3-Reranker). */
  instruction?: string;
}

/** How well a document fits. */
export interface Ranked {
  /** Which one of the list. */
  readonly index: number;
  /** The first of the scores: higher is better. */
  readonly score: number;
  /** One a label of the model. */
  readonly scores: Float32Array;
}

/** @internal */
export interface Ids {
  readonly ids: Uint32Array;
  readonly types: Uint32Array | undefined;
}

const readChecks: check.Checks<ReadOptions> = {
  adapters: adapterChoices,
  tooLong: check.oneOf(['refuse', 'truncate']),
  onTruncated: check.callback(),
  onProgress: check.callback(),
  signal: check.signal,
};

/** @internal */
export const embedChecks: check.Checks<EmbedOptions> = {
  ...readChecks,
  pooling: check.oneOf(['none', 'mean', 'cls', 'last']),
  normalize: check.boolean,
  dimensions: check.integer(1, 1 << 24),
  instruction: check.string,
};

/** @internal */
export const rankChecks: check.Checks<RankOptions> = { ...readChecks, instruction: check.string };

/** @internal */
export const classifyChecks: check.Checks<ReadOptions> = readChecks;

/** @internal */
export const input: check.Check<string | Ids> = check.reading((value, name) => {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return check.refuse(name, 'a text, a Uint32Array of token ids, or { ids }', value);
  const { ids, types } = isUint32Array(value) ? { ids: value } : check.record<TokenInput>(value, name, { ids: check.ids, types: check.ids });
  if (ids === undefined || ids.length === 0) return check.refuse(name, 'a text, or at least one token id', value);
  if (types !== undefined && types.length !== ids.length) check.refuse(`${name}.types`, `one for each of ${ids.length} ids`, types);
  return { ids: Uint32Array.from(ids), types: types && Uint32Array.from(types) };
});

/** @internal */
export const inputs = check.listOf(input, 10_000_000);
/** @internal */
export const texts = check.listOf(check.string, 10_000_000);

/** @internal */
export function poolingOf({ pooling, head }: ModelInfo): Pooling {
  if (pooling !== 'none' && pooling !== 'rank') return pooling;
  return head ? 'last' : 'mean';
}

/**
 * Of rows of `columns`, the first `dimensions` of each, by their norm where it is wanted. Sums ascend.
 * @internal
 */
export function finished(rows: Float32Array, columns: number, dimensions: number, normalize: boolean): Float32Array {
  const count = rows.length / columns;
  const out = new Float32Array(count * dimensions);
  for (let r = 0; r < count; r++) {
    const row = rows.subarray(r * columns, r * columns + dimensions);
    let squares = 0;
    if (normalize) for (const x of row) squares += x * x;
    const by = squares > 0 ? 1 / Math.sqrt(squares) : 1;
    for (let c = 0; c < dimensions; c++) out[r * dimensions + c] = row[c]! * by;
  }
  return out;
}

const type = (of: Uint32Array, first: number): Uint32Array => of.slice().fill(1, first);
const joined = (...parts: readonly (readonly number[] | Uint32Array)[]): Uint32Array => Uint32Array.from(parts.flatMap((p) => [...p]));

/**
 * Query and document as a cross-encoder reads them: begin, query, separator, document, separator. RoBERTa's kind, which has one type of
 * tokens alone, has two separators between.
 * @internal
 */
export function pairOf(info: ModelInfo, vocabulary: NativeVocabulary, query: Uint32Array, document: Uint32Array): Ids {
  const { separator, types } = info;
  const begin = vocabulary.begin >= 0 ? [vocabulary.begin] : [];
  const end = separator >= 0 ? [separator] : [];
  const between = info.architecture === 'bert' && types === 1 ? [...end, ...end] : end;
  const first = joined(begin, query, between);
  const ids = joined(first, document, end);
  return { ids, types: types > 1 ? type(new Uint32Array(ids.length), first.length) : undefined };
}

/**
 * What a reranker that generates is asked, in pieces: its template's words, and the texts.
 * @internal
 */
export function questionOf(template: string, query: string, document: string, instruction: string | undefined): string {
  const asked = instruction === undefined ? template : template.replace(/(<Instruct>: )[^\n]*/, (_, before: string) => before + instruction);
  return asked.replace(/\{(query|document)\}/g, (_, name: string) => (name === 'query' ? query : document));
}

/** The cosine of the angle between two vectors: 1 where they point the same way. */
export function cosineSimilarity(a: Float32Array | readonly number[], b: Float32Array | readonly number[]): number {
  if (a.length !== b.length) throw new LlamaError('ARGUMENT', `cosineSimilarity: expected vectors of one length, found ${a.length} and ${b.length} numbers`);
  let [both, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i]! * b[i]!;
    ofA += a[i]! * a[i]!;
    ofB += b[i]! * b[i]!;
  }
  return ofA > 0 && ofB > 0 ? both / Math.sqrt(ofA * ofB) : 0;
}
