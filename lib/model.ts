import './dispose';
import { adapterChoices, type AdapterChoice } from './adapters';
import { infillPart } from './infill';
import { closeTicket, native, openTicket } from './binding';
import { Chat, chatChecks, type Asked, type ChatOptions } from './chat';
import * as check from './check';
import type { EmbedInput, EmbedOptions, Ranked, RankOptions, ReadOptions } from './embed';
import { LlamaError, Origin } from './errors';
import { Run, type Course, type Generation } from './generation';
import { boundBy, compileCalls, type BoundTo, type BoundValue, type Grammar, type Unbound } from './grammar';
import type { ModelInfo } from './info';
import type { GrammarHandle, ModelHandle, NativeReport, NativeRequest, NativeVocabulary, Segment } from './native';
import { checkPrompt, idsPart, promptOf, textPart, type Prompt, type PromptPart } from './prompt';
import { alone, Rounds, type Host } from './rounds';
import { Reader } from './reader';
import { Rows } from './rows';
import {
  adaptersOf,
  answersChecks,
  checkGenerate,
  generateChecks,
  requestOf,
  seedsOf,
  type AllOptions,
  type AnswersOptions,
  type GenerateOptions,
} from './sampling';
import { ChatTemplate, type Message, type Variables } from './template';
import { ownTemplate, sourceOf, templateNames } from './templates';
import type { SchemaSource } from './schema';
import * as text from './text';
import type { TextJobOptions, TextOptions } from './text';
import { mustConverse, offered } from './tools';

export interface RowOptions {
  /** Which of the model's adapters and control vectors, and how much of each; `[]`: none. Default: those of `loadModel`. */
  adapters?: readonly AdapterChoice[];
  /** Stop: the call rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface LogitsOptions extends RowOptions {
  /**
   * Of a model with an encoder (T5), which reads the ids: the tokens that the decoder reads, whose rows these are. By default its first token
   * alone, `info.decoderStart`. Of other models there must be none.
   */
  decoderIds?: Uint32Array | readonly number[] | undefined;
}

const rowChecks: check.Checks<RowOptions> = { adapters: adapterChoices, signal: check.signal };

/** A loaded model. Concurrent generations are computed together; there is nothing to configure. */
export class Model implements AsyncDisposable {
  /** What was loaded, and what it takes. */
  readonly info: ModelInfo;
  readonly #handle: ModelHandle;
  readonly #jobs = new text.TextJobs();
  #vocabulary: NativeVocabulary | undefined;
  #warned = false; // that there is no template
  #templates = new Map<string, ChatTemplate>(); // the last few that were used
  #disposal: Promise<void> | undefined;
  readonly #reader: Reader;

  private constructor(handle: ModelHandle, info: ModelInfo) {
    this.#handle = handle;
    this.info = info;
    this.#reader = new Reader({
      info,
      jobs: this.#jobs,
      handle: () => this.#alive(),
      words: () => this.#words(),
      submit: (request, course) => this.#submit(request, course),
    });
  }

  /** @internal */
  static of(handle: ModelHandle, info: ModelInfo): Model {
    return new Model(handle, info);
  }

  /**
   * Goes on from a text, a conversation or token ids. Await it for the result, iterate it for the stream, or both. Options that are wrong, and what
   * is no prompt at all, are thrown at once; what is wrong inside a prompt, and all that fails later, rejects the generation. With `n`, as many
   * generations, which compute the prompt once.
   */
  generate(prompt: Prompt, options: AnswersOptions & Unbound): Generation<string>[];
  generate(prompt: Prompt, options?: GenerateOptions & Unbound): Generation<string>;
  generate<const S extends SchemaSource | Grammar = never, const C extends string = never, V = never, J extends true = never>(
    prompt: Prompt,
    options: AnswersOptions & BoundTo<S, C, V, J>,
  ): Generation<BoundValue<S, C, V, J>>[];
  generate<const S extends SchemaSource | Grammar = never, const C extends string = never, V = never, J extends true = never>(
    prompt: Prompt,
    options?: GenerateOptions & BoundTo<S, C, V, J>,
  ): Generation<BoundValue<S, C, V, J>>;
  generate(prompt: Prompt, options?: AllOptions & Partial<AnswersOptions>): Generation<unknown> | Generation<unknown>[] {
    const { n, ...checked } = checkGenerate<AllOptions & Partial<AnswersOptions>>(options, 'generate', answersChecks);
    checkPrompt(prompt);
    const converses = Array.isArray(prompt) && prompt.length > 0 && typeof prompt[0] !== 'number';
    if (!converses) mustConverse(checked);
    const bound = boundBy(new Origin(Model.prototype.generate), checked);
    const start = (settings: AllOptions): Run => {
      const origin = new Origin(Model.prototype.generate);
      if (converses) return this.#converse(origin, settings, bound, () => alone(promptOf(prompt) as readonly Message[]));
      return this.#start(origin, settings, bound, () => {
        const given = promptOf(prompt);
        return typeof given === 'string' ? textPart(given) : idsPart(given as Uint32Array);
      });
    };
    return n === undefined ? start(checked) : seedsOf(checked, n).map((seed) => start({ ...checked, seed }));
  }

  /**
   * Writes what is missing between two texts, with the fill-in-the-middle tokens of models for code; control tokens written in the texts are plain
   * text. Rejects with `UNSUPPORTED` where the model has no such tokens.
   */
  infill(prefix: string, suffix: string, options?: GenerateOptions & Unbound): Generation<string>;
  infill<const S extends SchemaSource | Grammar = never, const C extends string = never, V = never, J extends true = never>(
    prefix: string,
    suffix: string,
    options?: GenerateOptions & BoundTo<S, C, V, J>,
  ): Generation<BoundValue<S, C, V, J>>;
  infill(prefix: string, suffix: string, options?: AllOptions): Generation<unknown> {
    const checked = checkGenerate<AllOptions>(options, 'infill', generateChecks);
    mustConverse(checked);
    const origin = new Origin(Model.prototype.infill);
    return this.#start(origin, checked, boundBy(origin, checked), () => infillPart(prefix, suffix, this.#words()));
  }

  /** A conversation that keeps its history; also one that `JSON.stringify(chat)` wrote. */
  chat(options?: ChatOptions): Chat {
    const checked = check.options<ChatOptions>(options, 'chat', chatChecks);
    return Chat.of(checked, (call, settings, ask) => {
      const origin = new Origin(call);
      return this.#converse(origin, settings, boundBy(origin, settings), ask);
    });
  }

  /** An answer in a conversation. `ask` is called once, at once; what it throws rejects the answer. */
  #converse(origin: Origin, options: AllOptions, bound: Promise<Grammar> | undefined, ask: () => Asked): Run {
    const tools = offered(options);
    if (tools && bound && options.schema === undefined && !options.json)
      throw new LlamaError('UNSUPPORTED', 'tools: beside them, an answer is bound to a schema alone: leave them or the other out');
    const request = requestOf(options);
    let begun = ''; // of the bound text
    const valued = bound?.then((grammar) => ({ value: (rest: string, complete: boolean) => grammar.value(begun + rest, complete) }));
    valued?.catch(() => {});
    return new Run(origin, request.seed, options.onPromptProgress, valued).start((course) => {
      const asked = ask();
      begun = asked.prefix;
      const host = this.#host(origin, options, tools !== undefined, course, (part, inner, more) =>
        this.#submit({ ...request, ...part, ...more }, inner, options.sample),
      );
      const rounds = new Rounds(host);
      const begin = async (): Promise<void> => rounds.begin(course, { ...options, offered: tools, bound: await bound }, asked);
      begin().catch((error: unknown) => course.fail(error));
      return () => rounds.stop();
    }, options.signal);
  }

  #host(origin: Origin, options: AllOptions, tools: boolean, course: Course, submit: Host['submit']): Host {
    return {
      controls: () => this.#words().controls,
      ids: (segments) => this.#jobs.prompt(origin, this.#alive(), segments, true),
      submit,
      room: () => this.#room(options.maxTokens),
      bind: (grammar) => grammar.over(origin, this.#alive()),
      calls: (written, beside) => compileCalls(origin, written, beside, this.#alive()),
      template: () => this.#template(options.template, tools),
      render: (template, messages, variables) => this.#render(template, messages, variables, course.signal),
    };
  }

  // `prepare` gives the prompt, at once or when it is ready.
  #start(origin: Origin, options: GenerateOptions, bound: Promise<Grammar> | undefined, prepare: (course: Course) => PromptPart | Promise<PromptPart>): Run {
    const request = requestOf(options);
    const submit = (part: PromptPart, course: Course, grammar?: GrammarHandle): (() => void) =>
      course.running ? this.#submit({ ...request, ...part, grammar }, course, options.sample) : () => {};
    return new Run(origin, request.seed, options.onPromptProgress, bound).start((course) => {
      const part = prepare(course);
      if (bound) return bound.then(async (grammar) => submit(await part, course, await grammar.over(origin, this.#alive())));
      return 'then' in part ? part.then((ready) => submit(ready, course)) : submit(part, course);
    }, options.signal);
  }

  /**
   * The token ids that `generate` reads of a prompt: a conversation through the template, with tools where they are offered, the begin token where the
   * file asks for one.
   */
  async promptIds(prompt: Prompt, options?: GenerateOptions): Promise<Uint32Array> {
    const origin = new Origin(Model.prototype.promptIds);
    const checked = checkGenerate<AllOptions>(options, 'promptIds', generateChecks);
    checkPrompt(prompt);
    const given = promptOf(prompt);
    if (typeof given !== 'string' && 'BYTES_PER_ELEMENT' in given) return given;
    if (typeof given === 'string') mustConverse(checked);
    const part = typeof given === 'string' ? textPart(given) : await this.#asked(origin, checked, given);
    return this.#jobs.prompt(origin, this.#alive(), part.segments, part.begin);
  }

  /** The prompt of an answer that is not begun. */
  async #asked(origin: Origin, options: AllOptions, messages: readonly Message[]): Promise<PromptPart> {
    const tools = offered(options);
    let stop = (): void => {};
    try {
      return await new Promise<PromptPart>((resolve, reject) => {
        const run = new Run(origin, 0).start((course) => {
          const submit = (part: PromptPart): (() => void) => {
            resolve(part);
            return () => {};
          };
          const host = this.#host(origin, options, tools !== undefined, course, submit);
          new Rounds(host).begin(course, { ...options, offered: tools, bound: undefined }, alone(messages)).catch(reject);
          return () => {};
        }, options.signal);
        run.catch(reject);
        stop = () => run.abort();
      });
    } finally {
      stop();
    }
  }

  /** The token ids that `embed` reads of each text, whole. */
  async embedIds(given: readonly string[]): Promise<Uint32Array[]> {
    return this.#reader.ids(new Origin(Model.prototype.embedIds), given);
  }

  /** Token ids of a text, at once: for what is short. No begin token is added: `generate` does that. */
  tokenize(content: string, options?: TextOptions): Uint32Array {
    return text.encode(this.#alive(), content, options, 'tokenize');
  }

  /** The text of token ids, at once. */
  detokenize(ids: Uint32Array | readonly number[], options?: TextOptions): string {
    return text.decode(this.#alive(), ids, options, 'detokenize');
  }

  /** What `tokenize` gives, on a thread of its own: for long texts. Of a list, what it gives for each, on all threads. */
  tokenizeAsync(content: string, options?: TextJobOptions): Promise<Uint32Array>;
  tokenizeAsync(contents: readonly string[], options?: TextJobOptions): Promise<Uint32Array[]>;
  async tokenizeAsync(content: string | readonly string[], options?: TextJobOptions): Promise<Uint32Array | Uint32Array[]> {
    return this.#jobs.encode(new Origin(Model.prototype.tokenizeAsync), this.#alive(), content, options, 'tokenizeAsync');
  }

  /** What `detokenize` gives, on a thread of its own: for many ids. */
  async detokenizeAsync(ids: Uint32Array | readonly number[], options?: TextJobOptions): Promise<string> {
    return this.#jobs.decode(new Origin(Model.prototype.detokenizeAsync), this.#alive(), ids, options, 'detokenizeAsync');
  }

  /**
   * The model's logits behind each of the ids, of a model with an encoder behind each of `decoderIds`: row by row, `info.vocabulary` numbers a
   * row. No token is added.
   */
  async logits(ids: Uint32Array | readonly number[], options?: LogitsOptions): Promise<Float32Array> {
    const checked = check.options<LogitsOptions>(options, 'logits', { ...rowChecks, decoderIds: check.ids });
    return this.#rows(new Origin(Model.prototype.logits), 'logits', 'score', this.info.vocabulary, ids, checked);
  }

  /** The model's last hidden row behind each of the ids, after the final norm: row by row, `info.width` numbers a row. No token is added. */
  async hidden(ids: Uint32Array | readonly number[], options?: RowOptions): Promise<Float32Array> {
    const checked = check.options<RowOptions>(options, 'hidden', rowChecks);
    return this.#rows(new Origin(Model.prototype.hidden), 'hidden', 'embed', this.info.width, ids, checked);
  }

  async #rows(
    origin: Origin,
    where: string,
    kind: NativeRequest['kind'],
    columns: number,
    ids: Uint32Array | readonly number[],
    { signal, decoderIds, ...rest }: LogitsOptions,
  ): Promise<Float32Array> {
    const given = check.ids(ids, 'ids');
    if (given.length === 0) check.refuse('ids', 'at least one token id', ids);
    if (decoderIds?.length === 0) check.refuse('decoderIds', 'at least one token id', decoderIds);
    const decoder = decoderIds && Uint32Array.from(decoderIds);
    const request: NativeRequest = { ...requestOf({ seed: 0, ...adaptersOf(rest) }), ...idsPart(given), kind, decoderIds: decoder };
    const encodes = this.info.decoderStart >= 0; // the rows are the decoder's
    const rows = new Rows(where, decoder?.length ?? (encodes ? 1 : given.length), columns);
    const run = new Run(origin, 0).start((course) => this.#submit(request, rows.before(course)), signal);
    await run;
    return rows.values;
  }

  /**
   * A vector of a text, or of each of a list: near for texts that mean the same. Texts are computed together; a text's vector never depends on the
   * others.
   */
  embed(text: EmbedInput, options?: EmbedOptions): Promise<Float32Array>;
  embed(texts: readonly EmbedInput[], options?: EmbedOptions): Promise<Float32Array[]>;
  async embed(given: EmbedInput | readonly EmbedInput[], options?: EmbedOptions): Promise<Float32Array | Float32Array[]> {
    return this.#reader.embed(new Origin(Model.prototype.embed), given, options);
  }

  /** How well each document fits a query, best first. Of models with a head for scores: cross-encoders and rerankers. */
  async rank(query: string, documents: readonly string[], options?: RankOptions): Promise<Ranked[]> {
    return this.#reader.rank(new Origin(Model.prototype.rank), query, documents, options);
  }

  /** The scores of each text, one a label of the model (`info.labels`). Of models with a head for them. */
  async classify(given: readonly EmbedInput[], options?: ReadOptions): Promise<Float32Array[]> {
    return this.#reader.classify(new Origin(Model.prototype.classify), given, options);
  }

  /** Frees the memory. What still runs rejects with `DISPOSED`. Resolves when all is freed. */
  dispose(): Promise<void> {
    this.#disposal ??= new Promise((resolve) => {
      const ticket = openTicket(() => {
        closeTicket(ticket);
        native.weigh(this.#handle, 0);
        resolve();
      });
      native.dispose(this.#handle, ticket);
      this.#jobs.end(disposed());
    });
    return this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #alive(): ModelHandle {
    if (this.#disposal) throw disposed();
    return this.#handle;
  }

  /** Hands a request over; gives the function that aborts it. */
  #submit(request: NativeRequest, course: Course, sample?: GenerateOptions['sample']): () => void {
    const handle = this.#alive();
    const ticket = openTicket((kind, value) => {
      const report = value as NativeReport;
      if (kind === 'failed' || report.finish) closeTicket(ticket);
      if (kind === 'failed') course.fail(value);
      else course.report(report);
      if (sample && report.logits && course.running) void this.#choose(handle, ticket, sample, report.logits, course);
    });
    try {
      native.submit(handle, ticket, request);
    } catch (error) {
      closeTicket(ticket);
      throw error;
    }
    return () => native.abort(handle, ticket);
  }

  /** Asks the caller's own sampler for the next token. The engine goes on with others meanwhile, so that nothing here can hold it up. */
  async #choose(handle: ModelHandle, ticket: number, sample: NonNullable<GenerateOptions['sample']>, logits: Float32Array, course: Course): Promise<void> {
    try {
      const id = check.integer(0, this.info.vocabulary - 1)(await sample(logits), 'sample: a token id');
      if (course.running) native.answer(handle, ticket, id);
    } catch (error) {
      native.abort(handle, ticket);
      course.fail(error);
    }
  }

  #words(): NativeVocabulary {
    return (this.#vocabulary ??= native.vocabulary(this.#alive()));
  }

  /** The most tokens of a prompt that leaves room for an answer. */
  #room(maxTokens: number | undefined): number {
    const { contextTokens, trainedContext } = this.info;
    const longest = Math.min(contextTokens, trainedContext);
    return longest - Math.max(1, Math.min(maxTokens ?? longest, Math.floor(longest / 4)));
  }

  /** The Jinja source of a conversation's prompt. A model that has none is spoken to in ChatML, which is told once. */
  #template(given: string | undefined, tools: boolean): string {
    const own = this.info.chatTemplates;
    const source = given === undefined ? ownTemplate(own, tools) : sourceOf(given, own);
    if (source !== undefined) return source;
    if (!this.#warned) {
      this.#warned = true;
      const known = templateNames.join(', ');
      process.emitWarning(
        `the model file has no chat template, so ChatML is used: give the option template, a Jinja source or one of ${known}`,
        'LlamaWarning',
      );
    }
    return sourceOf('chatml');
  }

  /** What a template makes of messages. The only caller of templates. */
  async #render(template: string, messages: readonly Message[], variables: Variables, signal: AbortSignal): Promise<readonly Segment[]> {
    const compiled = this.#templates.get(template) ?? new ChatTemplate(template, this.#words());
    this.#templates.delete(template); // and put last
    this.#templates.set(template, compiled);
    for (const oldest of this.#templates.keys()) {
      if (this.#templates.size <= keptTemplates) break;
      this.#templates.delete(oldest);
    }
    return compiled.renderInSlices(messages, variables, { signal, lenient: true });
  }
}

const keptTemplates = 16;

const disposed = (): LlamaError => new LlamaError('DISPOSED', 'the model was disposed: load it again to go on');
