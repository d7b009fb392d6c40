// Responses that later ones go on from: in memory, so many of them, for so long.
import type { MessageInput } from '../../index';

/** What is kept of one. */
export interface Stored {
  /** As it was given. */
  readonly response: { readonly id: string };
  /** The conversation behind it. */
  readonly messages: readonly MessageInput[];
  readonly input: readonly unknown[];
  readonly owner: string;
}

const hour = 3_600_000;
const mostBytes = 256 * 2 ** 20;

/** The last few responses. */
export class ResponseStore {
  readonly #kept = new Map<string, { readonly of: Stored; readonly until: number; readonly bytes: number }>();
  #bytes = 0;

  constructor(private readonly most: number) {}

  put(of: Stored): void {
    const bytes = 2 * JSON.stringify(of).length;
    this.#kept.set(of.response.id, { of, until: Date.now() + hour, bytes });
    this.#bytes += bytes;
    for (const [id, { until }] of this.#kept) {
      if (this.#kept.size <= this.most && this.#bytes <= mostBytes && until > Date.now()) break;
      this.delete(id);
    }
  }

  /** By id; a response is found by whose key made it alone. */
  get(id: string, owner: string): Stored | undefined {
    const found = this.#kept.get(id);
    if (!found || found.of.owner !== owner) return undefined;
    if (found.until <= Date.now()) {
      this.delete(id);
      return undefined;
    }
    this.#kept.delete(id); // and put last
    this.#kept.set(id, found);
    return found.of;
  }

  delete(id: string): void {
    this.#bytes -= this.#kept.get(id)?.bytes ?? 0;
    this.#kept.delete(id);
  }
}
