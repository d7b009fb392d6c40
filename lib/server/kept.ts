// What later requests go on from: in memory, so much of it, for so long.

const hour = 3_600_000;
const mostBytes = 256 * 2 ** 20;

/** The last few of what was made, each for whose key made it alone. */
export class Kept<T extends { readonly owner: string }> {
  readonly #kept = new Map<string, { readonly of: T; readonly until: number; readonly bytes: number }>();
  #bytes = 0;

  constructor(private readonly most: number) {}

  put(id: string, of: T): void {
    const bytes = 2 * JSON.stringify(of).length;
    this.#kept.set(id, { of, until: Date.now() + hour, bytes });
    this.#bytes += bytes;
    for (const [each, { until }] of this.#kept) {
      if (this.#kept.size <= this.most && this.#bytes <= mostBytes && until > Date.now()) break;
      this.delete(each);
    }
  }

  get(id: string, owner: string): T | undefined {
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

  /** Gives what it was. */
  delete(id: string): T | undefined {
    const found = this.#kept.get(id);
    this.#bytes -= found?.bytes ?? 0;
    this.#kept.delete(id);
    return found?.of;
  }
}
