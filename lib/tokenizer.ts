import './dispose';
import { native } from './binding';
import * as check from './check';
import { LlamaError, Origin } from './errors';
import type { TextOptions } from './model';
import type { VocabularyHandle } from './native';
import { runJob } from './job';
import { pathOf } from './path';

const textChecks: check.Checks<TextOptions> = { special: check.boolean };

/** The vocabulary of a model file, without its weights. */
export class Tokenizer implements Disposable {
  #handle: VocabularyHandle | undefined;
  /** How many tokens there are. */
  readonly size: number;

  /** @internal Use `loadTokenizer`. */
  constructor(handle: VocabularyHandle) {
    this.#handle = handle;
    this.size = native.vocabulary(handle).size;
  }

  /** Token ids of a text. No begin token is added. `special`: control tokens written in the text become their ids. */
  encode(text: string, options?: TextOptions): Uint32Array {
    const { special = false } = check.options<TextOptions>(options, 'encode', textChecks);
    return native.encode(this.#alive(), check.string(text, 'text'), special);
  }

  /** The text of token ids. `special`: control tokens are spelled out; else they give nothing. */
  decode(ids: Uint32Array | readonly number[], options?: TextOptions): string {
    const { special = false } = check.options<TextOptions>(options, 'decode', textChecks);
    return native.decode(this.#alive(), check.ids(ids, 'ids'), special);
  }

  /** Lets go of the vocabulary. */
  dispose(): void {
    this.#handle = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(): VocabularyHandle {
    if (!this.#handle) throw new LlamaError('DISPOSED', 'the tokenizer was disposed: load it again to go on');
    return this.#handle;
  }
}

/** Loads the vocabulary of a GGUF file; one that holds nothing else will do. */
export async function loadTokenizer(path: string | URL): Promise<Tokenizer> {
  const origin = new Origin(loadTokenizer);
  const file = pathOf(path);
  return new Tokenizer(await runJob<VocabularyHandle>(origin, (ticket) => native.loadTokenizer(ticket, file)));
}
