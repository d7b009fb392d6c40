// Text to token ids and back, at once or on a thread of its own, with the vocabulary of a model or of a file.
import { onAbort } from './abort';
import { closeTicket, native, openTicket } from './binding';
import * as check from './check';
import type { Origin } from './errors';
import type { JobHandle, ModelHandle, VocabularyHandle } from './native';

export interface TextOptions {
  /** Control tokens: recognised where the text spells them, or spelled out. Default false: they are letters, or nothing. */
  special?: boolean;
}

export interface TextJobOptions extends TextOptions {
  /** Wait no longer: the call rejects with the signal's reason at once. */
  signal?: AbortSignal;
}

/** @internal */
export type Handle = ModelHandle | VocabularyHandle;

const textChecks: check.Checks<TextOptions> = { special: check.boolean };
const texts = check.listOf(check.string, 10_000_000);
const jobChecks: check.Checks<TextJobOptions> = { ...textChecks, signal: check.signal };

/** @internal */
export function encode(handle: Handle, text: unknown, options: unknown, where: string): Uint32Array {
  const { special = false } = check.options<TextOptions>(options, where, textChecks);
  return native.encode(handle, check.string(text, 'text'), special);
}

/** @internal */
export function decode(handle: Handle, ids: unknown, options: unknown, where: string): string {
  const { special = false } = check.options<TextOptions>(options, where, textChecks);
  return native.decode(handle, check.ids(ids, 'ids'), special);
}

/**
 * Those who wait for threads that use a vocabulary; they are told when it goes.
 * @internal
 */
export class TextJobs {
  readonly #waiting = new Set<(error: unknown) => void>();

  async encode(origin: Origin, handle: Handle, text: unknown, options: unknown, where: string): Promise<Uint32Array | Uint32Array[]> {
    const { special = false, signal } = check.options<TextJobOptions>(options, where, jobChecks);
    if (!Array.isArray(text)) {
      const given = check.string(text, 'text');
      return this.#run(origin, (ticket) => native.encodeJob(ticket, handle, given, special), signal);
    }
    const given = texts(text, 'texts');
    const [ids, ends] = await this.#run<[Uint32Array, Uint32Array]>(origin, (ticket) => native.encodeAllJob(ticket, handle, given, special), signal);
    return Array.from(ends, (end, i) => ids.subarray(i > 0 ? ends[i - 1] : 0, end));
  }

  decode(origin: Origin, handle: Handle, ids: unknown, options: unknown, where: string): Promise<string> {
    const { special = false, signal } = check.options<TextJobOptions>(options, where, jobChecks);
    const given = check.ids(ids, 'ids');
    return this.#run(origin, (ticket) => native.decodeJob(ticket, handle, given, special), signal);
  }

  /** The ids that a prompt's segments are submitted as. */
  prompt(origin: Origin, handle: ModelHandle, segments: Parameters<typeof native.promptJob>[2], begin: boolean): Promise<Uint32Array> {
    return this.#run(origin, (ticket) => native.promptJob(ticket, handle, segments, begin));
  }

  /** Nobody waits any more. */
  end(error: unknown): void {
    for (const reject of [...this.#waiting]) reject(error);
  }

  // A thread that encodes runs to its end; nobody has to wait for that.
  #run<T>(origin: Origin, start: (ticket: number) => JobHandle, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let unlisten = (): void => {};
      const leave = (): void => {
        closeTicket(ticket);
        unlisten();
        this.#waiting.delete(giveUp);
      };
      const giveUp = (error: unknown): void => {
        leave();
        reject(error);
      };
      const ticket = openTicket((kind, value) => {
        if (kind === 'progress') return;
        if (kind === 'failed') return giveUp(origin.mark(value));
        leave();
        resolve(value as T);
      });
      try {
        signal?.throwIfAborted();
        start(ticket);
        this.#waiting.add(giveUp);
        unlisten = onAbort(signal, () => giveUp(signal?.reason));
      } catch (error) {
        giveUp(error);
      }
    });
  }
}
