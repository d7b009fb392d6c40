import './dispose';
import { closeTicket, native, openTicket } from './binding';
import { Chat, chatChecks, type ChatOptions } from './chat';
import * as check from './check';
import { LlamaError, Origin } from './errors';
import { Run, type Course, type Generation } from './generation';
import type { ModelInfo } from './info';
import type { ModelHandle, NativeReport, NativeRequest, NativeVocabulary } from './native';
import { promptOf, type Part, type Prompt } from './prompt';
import { checkGenerate, requestOf, type GenerateOptions } from './sampling';
import { ChatTemplate, type Message, type Variables } from './template';

export interface TextOptions {
  /** Control tokens: recognised where the text spells them, or spelled out. Default false: they are letters, or nothing. */
  special?: boolean;
}

const textChecks: check.Checks<TextOptions> = { special: check.boolean };

/** A loaded model. Concurrent generations are computed together; there is nothing to configure. */
export class Model implements AsyncDisposable {
  /** What was loaded, and what it takes. */
  readonly info: ModelInfo;
  readonly #handle: ModelHandle;
  #vocabulary: NativeVocabulary | undefined;
  #templates = new Map<string, ChatTemplate>();
  #disposal: Promise<void> | undefined;

  /** @internal Use `loadModel`. */
  constructor(handle: ModelHandle, info: ModelInfo) {
    this.#handle = handle;
    this.info = info;
  }

  /** Goes on from a text, a conversation or token ids. Await it for the result, iterate it for the stream, or both. */
  generate(prompt: Prompt, options?: GenerateOptions): Generation<string> {
    return this.#generate(new Origin(Model.prototype.generate), options, (signal) => promptOf(prompt, (messages) => this.#render(messages, signal)));
  }

  /** A conversation that keeps its history. */
  chat(options?: ChatOptions): Chat {
    const checked = check.options<ChatOptions>(options, 'chat', chatChecks);
    return new Chat(checked, (ask, settings) =>
      this.#generate(new Origin(Chat.prototype.send), settings, (signal) =>
        promptOf(ask(), (messages) => this.#render(messages, signal, checked.template, checked.variables)),
      ),
    );
  }

  // Whatever is wrong with the arguments rejects the generation.
  #generate(origin: Origin, options: unknown, prompt: (signal: AbortSignal) => Part | Promise<Part>): Run {
    let checked: GenerateOptions;
    let settings: ReturnType<typeof requestOf>;
    try {
      checked = checkGenerate(options);
      settings = requestOf(checked);
    } catch (error) {
      const failed = new Run(origin, 0);
      failed.fail(error);
      return failed;
    }
    return new Run(origin, settings.seed).start((course) => this.#begin(settings, prompt, course), checked.signal);
  }

  /** Submits a request as soon as its prompt is there; gives the function that stops either. */
  #begin(settings: ReturnType<typeof requestOf>, prompt: (signal: AbortSignal) => Part | Promise<Part>, course: Course): () => void {
    const rendering = new AbortController();
    const part = prompt(rendering.signal);
    if (!(part instanceof Promise)) return this.#submit({ ...settings, ...part }, course);
    let stop = (): void => rendering.abort();
    const submit = (rendered: Part): void => {
      if (!rendering.signal.aborted) stop = this.#submit({ ...settings, ...rendered }, course);
    };
    part.then(submit).catch((error: unknown) => course.fail(error));
    return () => stop();
  }

  /** Token ids of a text. No begin token is added: `generate` does that. */
  tokenize(text: string, options?: TextOptions): Uint32Array {
    const { special = false } = check.options<TextOptions>(options, 'tokenize', textChecks);
    return native.encode(this.#alive(), check.string(text, 'text'), special);
  }

  /** The text of token ids. */
  detokenize(ids: Uint32Array | readonly number[], options?: TextOptions): string {
    const { special = false } = check.options<TextOptions>(options, 'detokenize', textChecks);
    return native.decode(this.#alive(), check.ids(ids, 'ids'), special);
  }

  /** The model's logits behind each of the ids: row by row, `info.vocabulary` numbers a row. No token is added. */
  async logits(ids: Uint32Array | readonly number[], options?: { signal?: AbortSignal }): Promise<Float32Array> {
    const origin = new Origin(Model.prototype.logits);
    const { signal } = check.options<{ signal?: AbortSignal }>(options, 'logits', { signal: check.signal });
    const given = check.ids(ids, 'ids');
    if (given.length === 0) check.refuse('ids', 'at least one token id', ids);
    const request: NativeRequest = { ...requestOf({ seed: 0 }), ids: given, segments: [], begin: false, logitsOnly: true };
    const rows = new Rows(given.length, this.info.vocabulary);
    const run = new Run(origin, 0).start((course) => this.#submit(request, rows.before(course)), signal);
    await run;
    return rows.values;
  }

  /** Not there yet: rejects with `UNSUPPORTED`. */
  async embed(_texts: readonly string[], _options?: { signal?: AbortSignal }): Promise<Float32Array[]> {
    throw new LlamaError('UNSUPPORTED', 'embed: this version does not compute embeddings');
  }

  /** Frees the memory. What still runs rejects with `DISPOSED`. Resolves when all is freed. */
  dispose(): Promise<void> {
    this.#disposal ??= new Promise((resolve) => {
      const ticket = openTicket(() => {
        closeTicket(ticket);
        resolve();
      });
      native.dispose(this.#handle, ticket);
    });
    return this.#disposal;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #alive(): ModelHandle {
    if (this.#disposal) throw new LlamaError('DISPOSED', 'the model was disposed: load it again to go on');
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

  #render(
    messages: readonly Message[],
    signal: AbortSignal,
    template = this.info.chatTemplate,
    variables: Variables = {},
  ): ReturnType<ChatTemplate['renderInSlices']> {
    if (template === undefined) {
      throw new LlamaError('UNSUPPORTED', 'the model file has no chat template: give one as the option `template`, or generate from text');
    }
    this.#vocabulary ??= native.vocabulary(this.#alive());
    let compiled = this.#templates.get(template);
    if (!compiled) this.#templates.set(template, (compiled = new ChatTemplate(template, this.#vocabulary)));
    return compiled.renderInSlices(messages, variables, { signal });
  }
}

/** Gathers rows of logits as they come. */
class Rows {
  readonly values: Float32Array;
  #filled = 0;

  constructor(rows: number, columns: number) {
    try {
      this.values = new Float32Array(rows * columns);
    } catch (cause) {
      throw new LlamaError('MEMORY', `logits: ${rows} rows of ${columns} numbers do not fit into one array: ask for fewer tokens`, { cause });
    }
  }

  before(course: Course): Course {
    return {
      fail: (error) => course.fail(error),
      report: (report) => {
        if (report.logits) {
          this.values.set(report.logits, this.#filled);
          this.#filled += report.logits.length;
        }
        course.report(report);
      },
    };
  }
}
