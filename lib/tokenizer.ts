import './dispose';
import { native } from './binding';
import * as check from './check';
import { LlamaError, Origin } from './errors';
import type { VocabularyHandle } from './native';
import { runJob } from './job';
import { pathOf } from './path';
import * as text from './text';
import type { TextJobOptions, TextOptions } from './text';

/** The vocabulary of a model file, without its weights. */
export class Tokenizer implements Disposable {
  #handle: VocabularyHandle | undefined;
  readonly #jobs = new text.TextJobs();
  /** How many tokens there are. */
  readonly size: number;

  private constructor(handle: VocabularyHandle) {
    this.#handle = handle;
    this.size = native.vocabulary(handle).size;
  }

  /** @internal */
  static of(handle: VocabularyHandle): Tokenizer {
    return new Tokenizer(handle);
  }

  /** Token ids of a text, at once. No begin token is added. `special`: control tokens written in the text become their ids. */
  encode(content: string, options?: TextOptions): Uint32Array {
    return text.encode(this.#alive(), content, options, 'encode');
  }

  /** The text of token ids, at once. `special`: control tokens are spelled out; else they give nothing. */
  decode(ids: Uint32Array | readonly number[], options?: TextOptions): string {
    return text.decode(this.#alive(), ids, options, 'decode');
  }

  /** What `encode` gives, on a thread of its own: for long texts. Of a list, what it gives for each, on all threads. */
  encodeAsync(content: string, options?: TextJobOptions): Promise<Uint32Array>;
  encodeAsync(contents: readonly string[], options?: TextJobOptions): Promise<Uint32Array[]>;
  async encodeAsync(content: string | readonly string[], options?: TextJobOptions): Promise<Uint32Array | Uint32Array[]> {
    return this.#jobs.encode(new Origin(Tokenizer.prototype.encodeAsync), this.#alive(), content, options, 'encodeAsync');
  }

  /** What `decode` gives, on a thread of its own: for many ids. */
  async decodeAsync(ids: Uint32Array | readonly number[], options?: TextJobOptions): Promise<string> {
    return this.#jobs.decode(new Origin(Tokenizer.prototype.decodeAsync), this.#alive(), ids, options, 'decodeAsync');
  }

  /** Lets go of the vocabulary. What still runs rejects with `DISPOSED`. */
  dispose(): void {
    this.#handle = undefined;
    this.#jobs.end(disposed());
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal */
  handle(): VocabularyHandle {
    return this.#alive();
  }

  #alive(): VocabularyHandle {
    if (!this.#handle) throw disposed();
    return this.#handle;
  }
}

const disposed = (): LlamaError => new LlamaError('DISPOSED', 'the tokenizer was disposed: load it again to go on');

export interface TokenizerOptions {
  /** The pre-tokenizer, by its name in files such as `llama-bpe`, whatever the file says: for files that name none, or one that is not known. */
  preTokenizer?: string;
}

const tokenizerChecks: check.Checks<TokenizerOptions> = { preTokenizer: check.string };

/** Loads the vocabulary of a GGUF file, which may hold nothing else, or of a Hugging Face folder. */
export async function loadTokenizer(path: string | URL, options?: TokenizerOptions): Promise<Tokenizer> {
  const origin = new Origin(loadTokenizer);
  const { preTokenizer = '' } = check.options<TokenizerOptions>(options, 'loadTokenizer', tokenizerChecks);
  const file = pathOf(path);
  return Tokenizer.of(await runJob<VocabularyHandle>(origin, (ticket) => native.loadTokenizer(ticket, file, preTokenizer)));
}
