// What a model's file says of it, for lists of models and for log-probabilities; the model itself need not be in memory.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';

import { inspectModel, type MetadataValue } from '../index';

/** What lists of models tell. */
export interface Facts {
  readonly bytes: number;
  readonly modified: Date;
  /** 64 hexadecimal digits that are others when the file is: of its path, size and time, as its content would take minutes to read. */
  readonly digest: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly fileType: string;
  readonly trainedContext: number;
  readonly width: number;
  readonly vocabulary: number;
  /** Without long lists. */
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly template: string;
}

const numberOf = (value: MetadataValue | undefined): number => (typeof value === 'number' ? value : 0);
const textOf = (value: MetadataValue | undefined): string => (typeof value === 'string' ? value : '');
const longest = 64;

/** Reads them. */
export async function factsOf(path: string): Promise<Facts> {
  const file = await inspectModel(path);
  const { mtime } = await stat(path);
  const { metadata, tensors } = file;
  const architecture = textOf(metadata.get('general.architecture'));
  const tokens = metadata.get('tokenizer.ggml.tokens');
  const kinds = new Map<string, number>();
  for (const { type, bytes } of tensors) kinds.set(type, (kinds.get(type) ?? 0) + bytes);
  return {
    bytes: file.bytes,
    modified: mtime,
    digest: createHash('sha256').update(`${path}\n${file.bytes}\n${mtime.getTime()}`).digest('hex'),
    architecture,
    parameters: file.parameters,
    fileType: [...kinds].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '',
    trainedContext: numberOf(metadata.get(`${architecture}.context_length`)),
    width: numberOf(metadata.get(`${architecture}.embedding_length`)),
    vocabulary: Array.isArray(tokens) ? tokens.length : 0,
    metadata: new Map([...metadata].filter(([, value]) => !Array.isArray(value) || value.length <= longest)),
    template: textOf(metadata.get('tokenizer.chat_template')),
  };
}

/** How GPT-2 writes bytes as letters: those that print stand for themselves, the others for the letters from U+0100 on. */
const byteOfLetter: ReadonlyMap<string, number> = (() => {
  const prints = (b: number): boolean => (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
  let other = 0x100;
  return new Map(Array.from({ length: 256 }, (_, b) => [String.fromCodePoint(prints(b) ? b : other++), b] as const));
})();

/** The bytes of tokens, also of those that are half of a character. */
export class TokenBytes {
  private constructor(
    private readonly pieces: readonly string[],
    private readonly letters: boolean,
  ) {}

  static async of(path: string): Promise<TokenBytes> {
    const { metadata } = await inspectModel(path);
    const tokens = metadata.get('tokenizer.ggml.tokens');
    return new TokenBytes(Array.isArray(tokens) ? (tokens as string[]) : [], metadata.get('tokenizer.ggml.model') === 'gpt2');
  }

  /** Of a token that reads as `text`. */
  of(id: number, text: string): number[] {
    const piece = text.includes('\uFFFD') ? this.pieces[id] : undefined;
    const raw = piece === undefined ? undefined : this.#raw(piece);
    return raw ?? [...Buffer.from(text)];
  }

  #raw(piece: string): number[] | undefined {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(piece)?.[1];
    if (byte !== undefined) return [Number.parseInt(byte, 16)];
    if (!this.letters) return undefined;
    const bytes = Array.from(piece, (letter) => byteOfLetter.get(letter));
    return bytes.every((b) => b !== undefined) ? (bytes as number[]) : undefined;
  }
}
