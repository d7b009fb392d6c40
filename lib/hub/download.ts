// One file into the cache: the beginning that is there is read, the rest is brought, and the whole gets its name when its hash is right.
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rename, rm, statfs, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { LlamaError } from '../errors';
import { diskError, statOf, type RepositoryCache } from './cache';
import type { Client } from './client';
import { Lock } from './lock';
import type { PullState } from './meter';
import { RangeReader } from './ranges';
import type { RemoteFile } from './repository';

export interface BringOptions {
  readonly repo: string | undefined;
  readonly connections: number;
  readonly signal: AbortSignal;
  /** How many bytes of the file there are now. */
  readonly tell: (state: PullState, bytes: number) => void;
}

const writeBytes = 4 * 2 ** 20;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e9 ? 3 : 1)} GB`;

/** Refuses what the disk has no room for. */
export async function checkRoom(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free < needed)
    throw new LlamaError(
      'DISK',
      `${folder}: no room: expected ${gigabytes(needed)} free (${needed} bytes), found ${gigabytes(free)}; HF_HUB_CACHE names another folder, llama-ts rm removes models`,
    );
}

/** A beginning of the file that grows. Another program that writes it as well is noticed before its bytes count. */
class Growing {
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    private readonly hash: Hash,
    private at: number,
  ) {}

  /** Opens the beginning that there is, of which nothing is kept where it cannot be checked. */
  static async open(path: string, file: RemoteFile, tell: BringOptions['tell'], signal: AbortSignal): Promise<Growing> {
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o666);
    try {
      const { size } = await handle.stat();
      const isUsable = size <= file.size && (file.checksum !== undefined || file.validator !== undefined);
      if (size > 0 && !isUsable) await handle.truncate(0);
      const hash = createHash(file.checksum?.algorithm === 'git' ? 'sha1' : 'sha256');
      if (file.checksum?.algorithm === 'git') hash.update(`blob ${file.size}\0`);
      const growing = new Growing(path, handle, hash, 0);
      if (isUsable) await growing.#readTo(size, tell, signal);
      return growing;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Where the next byte goes. */
  get size(): number {
    return this.at + this.#pendingBytes;
  }

  async #readTo(size: number, tell: BringOptions['tell'], signal: AbortSignal): Promise<void> {
    const piece = Buffer.allocUnsafe(writeBytes);
    while (this.at < size) {
      signal.throwIfAborted();
      const { bytesRead } = await this.handle.read(piece, 0, Math.min(piece.length, size - this.at), this.at);
      if (bytesRead === 0) break;
      this.hash.update(piece.subarray(0, bytesRead));
      this.at += bytesRead;
      tell('checking', this.at);
    }
  }

  async add(piece: Uint8Array): Promise<void> {
    this.hash.update(piece);
    this.#pending.push(piece);
    this.#pendingBytes += piece.length;
    if (this.#pendingBytes >= writeBytes) await this.flush();
  }

  async flush(): Promise<void> {
    await this.#checkAlone();
    let rest = Buffer.concat(this.#pending);
    [this.#pending, this.#pendingBytes] = [[], 0];
    while (rest.length > 0) {
      const { bytesWritten } = await this.handle.write(rest, 0, rest.length, this.at);
      this.at += bytesWritten;
      rest = rest.subarray(bytesWritten);
    }
  }

  async #checkAlone(): Promise<void> {
    const { size } = await this.handle.stat();
    if (size !== this.at) throw new LlamaError('DISK', `${this.path}: another program writes this file: wait until it has ended, then try again`);
  }

  /** Its hash, once everything is on the disk. */
  async finish(): Promise<string> {
    await this.flush();
    await this.#checkAlone();
    await this.handle.sync();
    return this.hash.digest('hex');
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** The bytes from where the beginning ends; gives the hash of all. What came before a failure is kept. */
async function grow(client: Client, growing: Growing, file: RemoteFile, { repo, connections, signal, tell }: BringOptions): Promise<string> {
  const reader = new RangeReader(client, file, { from: growing.size, repo, connections, signal });
  try {
    for await (const piece of reader.read()) {
      await growing.add(piece);
      tell('downloading', growing.size);
    }
  } catch (error) {
    await growing.flush().catch(() => {});
    throw error;
  }
  return growing.finish();
}

/** Whether the bytes are those that were promised. Bytes that are not are removed. */
async function attempt(client: Client, cache: RepositoryCache, file: RemoteFile, options: BringOptions): Promise<'done' | 'again'> {
  const path = cache.incomplete(file.id);
  const growing = await Growing.open(path, file, options.tell, options.signal);
  const kept = growing.size;
  let digest: string;
  try {
    options.tell('downloading', kept);
    digest = await grow(client, growing, file, options);
  } finally {
    await growing.close();
  }
  if (file.checksum === undefined || digest === file.checksum.digest) {
    await rename(path, cache.blob(file.id));
    return 'done';
  }
  await rm(path, { force: true });
  if (kept > 0) return 'again'; // the beginning may have been spoilt: by a crash, by another program
  throw new LlamaError(
    'CORRUPT',
    `${file.path}: expected the hash ${file.checksum.digest}, found ${digest}: something on the way to ${file.url.host} changes it, or what is published there is damaged; nothing of it was kept`,
  );
}

/** Sees to it that the cache has the file. */
export async function bring(client: Client, cache: RepositoryCache, file: RemoteFile, options: BringOptions): Promise<void> {
  const blob = cache.blob(file.id);
  const isThere = async (): Promise<boolean> => (await statOf(blob))?.size === file.size;
  try {
    if (await isThere()) return;
    await mkdir(dirname(blob), { recursive: true });
    const about = { what: `${options.repo ?? file.url.host}/${file.path}`, bytes: file.size, incomplete: cache.incomplete(file.id) };
    await using _ = await Lock.take(cache.lock(file.id), about, options.signal, ({ got }) => options.tell('waiting', got));
    if (await isThere()) return;
    if ((await attempt(client, cache, file, options)) === 'again') await attempt(client, cache, file, options);
  } catch (error) {
    throw diskError(blob, error);
  }
}
