// How much of a GGUF file its metadata and list of tensors take.

/** How long each type of a value is; 0: it says itself. By their numbers in files. */
const valueBytes: readonly number[] = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const [textType, listType] = [8, 9];

/** Walks over a header without reading what it says. */
class Walk {
  #at = 4;

  constructor(private readonly bytes: Buffer) {}

  /** Where the header ends; undefined where that lies behind these bytes. What breaks the format ends it too: whoever reads it will say so. */
  end(): number | undefined {
    if (this.bytes.length < 24) return undefined;
    const version = this.bytes.readUInt32LE(4);
    if (this.bytes.toString('latin1', 0, 4) !== 'GGUF' || version < 2 || version > 3) return 24;
    this.#at = 8;
    try {
      const [tensors, entries] = [this.#long(), this.#long()];
      for (let i = 0; i < entries; i++) {
        this.#text();
        this.#value(this.#int());
      }
      for (let i = 0; i < tensors; i++) {
        this.#text();
        this.#skip(8 * this.#int() + 12);
      }
      return this.#at;
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      if (error instanceof SyntaxError) return this.#at;
      throw error;
    }
  }

  #skip(bytes: number): void {
    this.#at += bytes;
    if (!(this.#at <= this.bytes.length)) throw new RangeError('behind the bytes');
  }

  #int(): number {
    this.#skip(4);
    return this.bytes.readUInt32LE(this.#at - 4);
  }

  #long(): number {
    this.#skip(8);
    return Number(this.bytes.readBigUInt64LE(this.#at - 8));
  }

  #text(): void {
    this.#skip(this.#long());
  }

  #value(type: number): void {
    if (type === textType) return this.#text();
    if (type !== listType) return this.#skip(fixedBytes(type));
    const [of, count] = [this.#int(), this.#long()];
    if (of === textType) for (let i = 0; i < count; i++) this.#text();
    else this.#skip(count * fixedBytes(of));
  }
}

function fixedBytes(type: number): number {
  const bytes = valueBytes[type];
  if (bytes === undefined || bytes === 0) throw new SyntaxError('no such type');
  return bytes;
}

/** The length of a header that begins so; undefined: it goes on. */
export const headerEnd = (bytes: Buffer): number | undefined => new Walk(bytes).end();
