import './dispose';
import { closeTicket, native, openTicket } from './binding';
import { Chat, chatChecks, chatLater, type Asked, type ChatOptions, type Setting } from './chat';
import * as check from './check';
import { LlamaError, Origin } from './errors';
import { Run, type Course, type Generation } from './generation';
import type { ModelInfo } from './info';
import type { ModelHandle, NativeReport, NativeRequest, NativeVocabulary, Segment } from './native';
import { checkPrompt, conversationPart, idsPart, promptOf, textPart, withPrefix, type Prompt, type PromptPart } from './prompt';
import { checkGenerate, generateChecks, requestOf, type GenerateOptions } from './sampling';
import { ChatTemplate, type Message } from './template';
import * as text from './text';
import type { TextJobOptions, TextOptions } from './text';

export interface RowOptions {
  /** Stop: the call rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** A loaded model. Concurrent generations are computed together; there is nothing to configure. */
export class Model implements AsyncDisposable {
  /** What was loaded, and what it takes. */
  readonly info: ModelInfo;
  readonly #handle: ModelHandle;
  readonly #jobs = new text.TextJobs();
  #vocabulary: NativeVocabulary | undefined;
  #templates = new Map<string, ChatTemplate>(); // the last few that were used
  #disposal: Promise<void> | undefined;

  private constructor(handle: ModelHandle, info: ModelInfo) {
    this.#handle = handle;
    this.info = info;
  }

  /** @internal */
  static of(handle: ModelHandle, info: ModelInfo): Model {
    return new Model(handle, info);
  }

  /**
   * Goes on from a text, a conversation or token ids. Await it for the result, iterate it for the stream, or both. Options that are wrong, and what
   * is no prompt at all, are thrown at once; what is wrong inside a prompt, and all that fails later, rejects the generation.
   */
  generate(prompt: Prompt, options?: GenerateOptions): Generation<string> {
    const checked = checkGenerate<GenerateOptions>(options, 'generate', generateChecks);
    checkPrompt(prompt);
    return this.#start(new Origin(Model.prototype.generate), checked, ({ signal }) => {
      const given = promptOf(prompt);
      if (typeof given === 'string') return textPart(given);
      if (given instanceof Uint32Array) return idsPart(given);
      return this.#render(given, {}, signal).then(conversationPart);
    });
  }

  /** A conversation that keeps its history; also one that `JSON.stringify(chat)` wrote. */
  chat(options?: ChatOptions): Chat {
    const checked = check.options<ChatOptions>(options, 'chat', chatChecks, chatLater);
    return Chat.of(checked, (call, settings, ask) => {
      const origin = new Origin(call);
      return this.#start(origin, settings, (course) => this.#conversation(origin, ask(), settings, course));
    });
  }

  // `prepare` gives the prompt, at once or when it is ready.
  #start(origin: Origin, options: GenerateOptions, prepare: (course: Course) => PromptPart | Promise<PromptPart>): Run {
    const request = requestOf(options);
    const submit = (part: PromptPart, course: Course): (() => void) => (course.running ? this.#submit({ ...request, ...part }, course) : () => {});
    return new Run(origin, request.seed, options.onPromptProgress).start((course) => {
      const part = prepare(course);
      return 'then' in part ? part.then((ready) => submit(ready, course)) : submit(part, course);
    }, options.signal);
  }

  /** Token ids of a text, at once: for what is short. No begin token is added: `generate` does that. */
  tokenize(content: string, options?: TextOptions): Uint32Array {
    return text.encode(this.#alive(), content, options, 'tokenize');
  }

  /** The text of token ids, at once. */
  detokenize(ids: Uint32Array | readonly number[], options?: TextOptions): string {
    return text.decode(this.#alive(), ids, options, 'detokenize');
  }

  /** What `tokenize` gives, on a thread of its own: for long texts. */
  async tokenizeAsync(content: string, options?: TextJobOptions): Promise<Uint32Array> {
    return this.#jobs.encode(new Origin(Model.prototype.tokenizeAsync), this.#alive(), content, options, 'tokenizeAsync');
  }

  /** What `detokenize` gives, on a thread of its own: for many ids. */
  async detokenizeAsync(ids: Uint32Array | readonly number[], options?: TextJobOptions): Promise<string> {
    return this.#jobs.decode(new Origin(Model.prototype.detokenizeAsync), this.#alive(), ids, options, 'detokenizeAsync');
  }

  /** The model's logits behind each of the ids: row by row, `info.vocabulary` numbers a row. No token is added. */
  async logits(ids: Uint32Array | readonly number[], options?: RowOptions): Promise<Float32Array> {
    return this.#rows(new Origin(Model.prototype.logits), 'logits', 'score', this.info.vocabulary, ids, options);
  }

  /** The model's last hidden row behind each of the ids, after the final norm: row by row, `info.width` numbers a row. No token is added. */
  async hidden(ids: Uint32Array | readonly number[], options?: RowOptions): Promise<Float32Array> {
    return this.#rows(new Origin(Model.prototype.hidden), 'hidden', 'embed', this.info.width, ids, options);
  }

  async #rows(
    origin: Origin,
    where: string,
    kind: NativeRequest['kind'],
    columns: number,
    ids: Uint32Array | readonly number[],
    options?: RowOptions,
  ): Promise<Float32Array> {
    const { signal } = check.options<RowOptions>(options, where, { signal: check.signal });
    const given = check.ids(ids, 'ids');
    if (given.length === 0) check.refuse('ids', 'at least one token id', ids);
    const request: NativeRequest = { ...requestOf({ seed: 0 }), ...idsPart(given), kind };
    const rows = new Rows(where, given.length, columns);
    const run = new Run(origin, 0).start((course) => this.#submit(request, rows.before(course)), signal);
    await run;
    return rows.values;
  }

  /** @internal Not there yet. */
  async embed(): Promise<never> {
    throw new LlamaError('UNSUPPORTED', 'embed: this version does not compute embeddings');
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
  #submit(request: NativeRequest, course: Course): () => void {
    const handle = this.#alive();
    const ticket = openTicket((kind, value) => {
      const report = value as NativeReport;
      if (kind === 'failed' || report.finish) closeTicket(ticket);
      if (kind === 'failed') course.fail(value);
      else course.report(report);
    });
    try {
      native.submit(handle, ticket, request);
    } catch (error) {
      closeTicket(ticket);
      throw error;
    }
    return () => native.abort(handle, ticket);
  }

  /** The prompt of a chat: where the oldest turns may be left out, of the latest ones that fit. */
  async #conversation(origin: Origin, asked: Asked, options: GenerateOptions, course: Course): Promise<PromptPart> {
    const segments = (from: number): Promise<readonly Segment[]> => this.#render(asked.from(from), asked.setting, course.signal, asked.prefix);
    if (asked.setting.contextFull !== 'dropOldest') return conversationPart(await segments(0));
    const { contextTokens, trainedContext } = this.info;
    const longest = Math.min(contextTokens, trainedContext);
    const room = Math.max(1, Math.min(options.maxTokens ?? longest, Math.floor(longest / 4)));
    const idsFrom = async (from: number): Promise<Uint32Array> => this.#jobs.prompt(origin, this.#alive(), await segments(from), true);
    const { ids, dropped } = await asked.fit(idsFrom, longest - room);
    course.dropped(dropped);
    return idsPart(ids);
  }

  /** What a template makes of messages, and of the beginning of the answer. The only caller of templates. */
  async #render(
    messages: readonly Message[],
    { template = this.info.chatTemplate, variables = {} }: Setting,
    signal: AbortSignal,
    prefix = '',
  ): Promise<readonly Segment[]> {
    if (template === undefined) {
      throw new LlamaError('UNSUPPORTED', 'the model file has no chat template: give one as the option `template`, or generate from text');
    }
    this.#vocabulary ??= native.vocabulary(this.#alive());
    const compiled = this.#templates.get(template) ?? new ChatTemplate(template, this.#vocabulary);
    this.#templates.delete(template); // and put last
    this.#templates.set(template, compiled);
    for (const oldest of this.#templates.keys()) {
      if (this.#templates.size <= keptTemplates) break;
      this.#templates.delete(oldest);
    }
    return withPrefix(await compiled.renderInSlices(messages, variables, { signal }), prefix, this.#vocabulary.controls);
  }
}

const keptTemplates = 16;

const disposed = (): LlamaError => new LlamaError('DISPOSED', 'the model was disposed: load it again to go on');

/** Gathers rows as they come. */
class Rows {
  readonly values: Float32Array;
  #filled = 0;

  constructor(where: string, rows: number, columns: number) {
    try {
      this.values = new Float32Array(rows * columns);
    } catch (cause) {
      throw new LlamaError('MEMORY', `${where}: ${rows} rows of ${columns} numbers do not fit into one array: ask for fewer tokens`, { cause });
    }
  }

  before(course: Course): Course {
    return {
      running: true,
      signal: course.signal,
      dropped: () => {},
      fail: (error) => course.fail(error),
      report: (report) => {
        if (report.rows) {
          this.values.set(report.rows, this.#filled);
          this.#filled += report.rows.length;
        }
        course.report(report);
      },
    };
  }
}
