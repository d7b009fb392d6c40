// Texts read for their vectors and scores: ids, what is cut off, and the many that are on their way at a time.
import { onAbort } from './abort';
import { native } from './binding';
import * as check from './check';
import {
  classifyChecks,
  embedChecks,
  finished,
  input,
  inputs,
  pairOf,
  poolingOf,
  questionOf,
  rankChecks,
  texts,
  type EmbedInput,
  type EmbedOptions,
  type Ids,
  type Ranked,
  type RankOptions,
  type ReadOptions,
} from './embed';
import { LlamaError, type Origin } from './errors';
import { Run, type Course } from './generation';
import type { ModelInfo } from './info';
import type { ModelHandle, NativeRequest, NativeVocabulary } from './native';
import { idsPart } from './prompt';
import { Rows } from './rows';
import { adaptersOf, requestOf } from './sampling';
import type { TextJobs } from './text';

/** What a model gives its reader. `handle` throws where the model was disposed; `submit` gives the function that aborts. */
interface Source {
  readonly info: ModelInfo;
  readonly jobs: TextJobs;
  handle(): ModelHandle;
  words(): NativeVocabulary;
  submit(request: NativeRequest, course: Course): () => void;
}

const textsAtOnce = 256; // on their way to the engine, which computes them together
const longText = 20_000; // characters: to encode so many takes longer than a thread

/** @internal */
export class Reader {
  readonly #model: Source;

  constructor(model: Source) {
    this.#model = model;
  }

  async embed(origin: Origin, given: EmbedInput | readonly EmbedInput[], options?: EmbedOptions): Promise<Float32Array | Float32Array[]> {
    const checked = check.options<EmbedOptions>(options, 'embed', embedChecks);
    const { pooling = poolingOf(this.#model.info), dimensions, instruction = '' } = checked;
    const columns = pooling === 'none' ? this.#model.info.width : this.#model.info.vectorColumns;
    if (dimensions !== undefined && dimensions > columns) check.refuse('dimensions', `at most the ${columns} numbers of a vector`, dimensions);
    const one = !Array.isArray(given);
    const all = one ? [input(given, 'text')] : inputs(given, 'texts');
    const { normalize = pooling !== 'none' } = checked;
    const vectors = await this.#read(origin, all.length, pooling, checked, async (i) => {
      const of = all[i]!;
      return typeof of === 'string' ? this.#fitted(await this.#idsOf(origin, instruction + of), i, checked) : of;
    });
    const finish = (rows: Float32Array): Float32Array => finished(rows, columns, dimensions ?? columns, normalize);
    return one ? finish(vectors[0]!) : vectors.map(finish);
  }

  /** The ids of whole texts. */
  async ids(origin: Origin, given: readonly string[]): Promise<Uint32Array[]> {
    return Promise.all(texts(given, 'texts').map((text) => this.#idsOf(origin, text)));
  }

  async rank(origin: Origin, query: string, documents: readonly string[], options?: RankOptions): Promise<Ranked[]> {
    const checked = check.options<RankOptions>(options, 'rank', rankChecks);
    check.string(query, 'query');
    const all = texts(documents, 'documents');
    this.#mustScore('rank');
    const { rerankTemplate } = this.#model.info;
    if (checked.instruction !== undefined && rerankTemplate === undefined)
      throw new LlamaError('ARGUMENT', 'instruction: this model takes a pair of texts, and has no place for it: leave it out');
    const asked = rerankTemplate === undefined ? await this.#plainIds(origin, query) : undefined;
    const scores = await this.#read(origin, all.length, 'rank', checked, (i) =>
      asked ? this.#pair(origin, asked, all[i]!, i, checked) : this.#question(origin, query, all[i]!, i, checked),
    );
    return scores.map((of, index) => ({ index, score: of[0]!, scores: of })).sort((a, b) => b.score - a.score || a.index - b.index);
  }

  async classify(origin: Origin, given: readonly EmbedInput[], options?: ReadOptions): Promise<Float32Array[]> {
    const checked = check.options<ReadOptions>(options, 'classify', classifyChecks);
    const all = inputs(given, 'texts');
    this.#mustScore('classify');
    return this.#read(origin, all.length, 'rank', checked, async (i) => {
      const of = all[i]!;
      return typeof of === 'string' ? this.#fitted(await this.#idsOf(origin, of), i, checked) : of;
    });
  }

  #mustScore(where: string): void {
    if (this.#model.info.outputs > 0) return;
    throw new LlamaError('UNSUPPORTED', `${where}: the model has no head for scores: expected a reranker or a classifier; embed() gives vectors to compare`);
  }

  /** What becomes of each of `count` inputs; some are on their way at a time. */
  async #read(
    origin: Origin,
    count: number,
    pooling: NonNullable<NativeRequest['pooling']>,
    options: ReadOptions,
    idsOf: (index: number) => Promise<Ids>,
  ): Promise<Float32Array[]> {
    const out: Float32Array[] = new Array<Float32Array>(count);
    let [next, done] = [0, 0];
    const stop = new AbortController();
    const stopAll = (): void => stop.abort(options.signal?.reason);
    const unlisten = onAbort(options.signal, stopAll);
    if (options.signal?.aborted) stopAll();
    const columns = pooling === 'rank' ? this.#model.info.outputs : pooling === 'none' ? this.#model.info.width : this.#model.info.vectorColumns;
    const lane = async (): Promise<void> => {
      while (next < count) {
        const index = next++;
        const { ids, types } = await idsOf(index);
        const request: NativeRequest = { ...requestOf({ seed: 0, ...adaptersOf(options) }), ...idsPart(ids), kind: 'embed', pooling, types };
        const rows = new Rows('embed', pooling === 'none' ? ids.length : 1, columns);
        await new Run(origin, 0).start((course) => this.#model.submit(request, rows.before(course)), stop.signal);
        out[index] = rows.values;
        options.onProgress?.(++done / count);
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(count, textsAtOnce) }, lane));
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      unlisten();
    }
    return out;
  }

  /** Tokens of a text at most. */
  get #longest(): number {
    const { contextTokens, trainedContext, textAtOnce } = this.#model.info;
    return Math.min(contextTokens, trainedContext, textAtOnce > 0 ? textAtOnce : Infinity);
  }

  /** Ids without begin and end; of a long text on a thread of its own. */
  async #plainIds(origin: Origin, content: string, special = false): Promise<Uint32Array> {
    if (content.length < longText) return native.encode(this.#model.handle(), content, special);
    return this.#model.jobs.prompt(origin, this.#model.handle(), [{ text: content, control: special }], false);
  }

  /** Ids of a text, with what the file puts before and behind it. */
  async #idsOf(origin: Origin, content: string): Promise<Uint32Array> {
    const { begin, end, addsBegin, addsEnd } = this.#model.words();
    const ids = await this.#plainIds(origin, content);
    const first = addsBegin && begin >= 0 ? [begin] : [];
    const last = addsEnd && end >= 0 ? [end] : [];
    return Uint32Array.from([...first, ...ids, ...last]);
  }

  /** The ids, or as many as can be read: the end stays. */
  #fitted(ids: Uint32Array, index: number, options: ReadOptions): Ids {
    const longest = this.#longest;
    if (ids.length <= longest || options.tooLong !== 'truncate') return { ids, types: undefined };
    options.onTruncated?.({ index, tokens: ids.length, read: longest });
    const { end, addsEnd } = this.#model.words();
    const read = ids.slice(0, longest);
    if (addsEnd && end >= 0) read[longest - 1] = end;
    return { ids: read, types: undefined };
  }

  /** A pair, of which the document gives way. */
  async #pair(origin: Origin, query: Uint32Array, document: string, index: number, options: ReadOptions): Promise<Ids> {
    const vocabulary = this.#model.words();
    const ids = await this.#plainIds(origin, document);
    const whole = pairOf(this.#model.info, vocabulary, query, ids);
    const over = whole.ids.length - this.#longest;
    if (over <= 0 || over >= ids.length || options.tooLong !== 'truncate') return whole;
    options.onTruncated?.({ index, tokens: whole.ids.length, read: whole.ids.length - over });
    return pairOf(this.#model.info, vocabulary, query, ids.slice(0, ids.length - over));
  }

  /** The reranker's question, of which the document gives way. Control tokens that the texts spell are plain text. */
  async #question(origin: Origin, query: string, document: string, index: number, options: RankOptions): Promise<Ids> {
    const template = this.#model.info.rerankTemplate!;
    const { controls } = this.#model.words();
    const spelled = [query, document, options.instruction ?? ''].find((text) => controls.some((c) => c !== '' && text.includes(c)));
    if (spelled !== undefined)
      throw new LlamaError(
        'ARGUMENT',
        `${spelled === document ? `documents[${index}]` : 'query'}: spells a control token, which the model's question cannot hold`,
      );
    const idsOf = (text: string): Promise<Uint32Array> => this.#plainIds(origin, questionOf(template, query, text, options.instruction), true);
    const longest = this.#longest;
    let ids = await idsOf(document);
    if (ids.length <= longest || options.tooLong !== 'truncate') return { ids, types: undefined };
    const tokens = ids.length;
    for (let kept = await this.#plainIds(origin, document); ids.length > longest && kept.length > 0; ) {
      kept = kept.slice(0, Math.max(0, kept.length - (ids.length - longest)));
      ids = await idsOf(native.decode(this.#model.handle(), kept, false));
    }
    options.onTruncated?.({ index, tokens, read: ids.length });
    return { ids, types: undefined };
  }
}
