// The layout that Hugging Face's tools share: models--user--name with `blobs` (files by their hash), `refs` (a branch's commit) and
// `snapshots` (a commit's files, as links to blobs). Where links cannot be made the files themselves lie in the snapshot.
import { copyFile, lstat, mkdir, readdir, readFile, readlink, realpath, rename, rm, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { createHash, randomUUID } from 'node:crypto';
import { dirname, join, relative, resolve, sep } from 'node:path';

import { LlamaError } from '../errors';
import type { Reference } from './reference';
import type { HubSettings } from './settings';

/** A file of a snapshot. */
export interface CachedFile {
  /** In its repository, with slashes. */
  readonly path: string;
  /** On this machine. */
  readonly at: string;
  readonly size: number;
}

const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** What a disk refuses, in words. */
export function diskError(path: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (cause instanceof LlamaError || code === undefined) return cause;
  const why =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'the disk is full'
      : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'no permission to write there'
        : code;
  return new LlamaError('DISK', `${path}: ${why} (${code})`, { cause });
}

/** What a file or folder is, or undefined where there is none. */
export async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** All files below a folder, as paths from there with slashes; links are not followed. */
async function filesBelow(folder: string, above = ''): Promise<string[]> {
  const found: string[] = [];
  for (const name of await names(join(folder, above))) {
    const path = above === '' ? name : `${above}/${name}`;
    if ((await lstat(join(folder, path))).isDirectory()) found.push(...(await filesBelow(folder, path)));
    else found.push(path);
  }
  return found;
}

/** Written beside and renamed: nobody sees half of it. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${randomUUID()}.tmp`;
  await writeFile(beside, text);
  await rename(beside, path).catch(async (error: unknown) => {
    await rm(beside, { force: true });
    throw error;
  });
}

/** One repository's folder in the cache. */
export class RepositoryCache {
  readonly folder: string;

  constructor(
    /** The cache's folder. */
    readonly root: string,
    /** `models--user--name`. */
    readonly name: string,
    private readonly symlinks: boolean,
  ) {
    this.folder = join(root, name);
  }

  static of(settings: HubSettings, reference: Reference): RepositoryCache {
    if (reference.kind === 'hub') return new RepositoryCache(settings.cache, `models--${reference.repo.replace('/', '--')}`, settings.symlinks);
    const { host, href } = reference.url;
    const hash = createHash('sha256').update(href).digest('hex').slice(0, 16);
    return new RepositoryCache(settings.urls, `${host.replace(/[^\w.-]/g, '_')}--${hash}`, settings.symlinks);
  }

  blob(id: string): string {
    return join(this.folder, 'blobs', id);
  }

  /** A beginning of a blob, to go on from. */
  incomplete(id: string): string {
    return `${this.blob(id)}.incomplete`;
  }

  lock(id: string): string {
    return join(this.root, '.locks', this.name, `${id}.llama-ts`);
  }

  snapshot(commit: string, path: string): string {
    return join(this.folder, 'snapshots', commit, ...path.split('/'));
  }

  /** The commit that a branch, a tag or a commit's hash meant when it was last asked for. */
  async commitOf(revision: string): Promise<string | undefined> {
    try {
      const text = (await readFile(join(this.folder, 'refs', ...revision.split('/')), 'utf8')).trim();
      if (/^[0-9a-f]{40,64}$/.test(text)) return text;
    } catch (error) {
      if (!isAbsent(error) && (error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
    }
    return /^[0-9a-f]{40}$/.test(revision) ? revision : undefined;
  }

  async refer(revision: string, commit: string): Promise<void> {
    if (revision !== commit && (await this.commitOf(revision)) !== commit) await writeWhole(join(this.folder, 'refs', ...revision.split('/')), commit);
  }

  async commits(): Promise<string[]> {
    return names(join(this.folder, 'snapshots'));
  }

  async revisions(): Promise<string[]> {
    return (await filesBelow(join(this.folder, 'refs'))).filter((name) => !name.endsWith('.tmp'));
  }

  /** The files of a snapshot that are whole. */
  async files(commit: string): Promise<CachedFile[]> {
    const folder = join(this.folder, 'snapshots', commit);
    const found = await Promise.all(
      (await filesBelow(folder)).map(async (path) => {
        const at = join(folder, ...path.split('/'));
        const known = await statOf(at);
        return known?.isFile() === true ? [{ path, at, size: known.size }] : [];
      }),
    );
    return found.flat();
  }

  /** Puts a blob into a snapshot. */
  async link(id: string, commit: string, path: string): Promise<string> {
    const [blob, at] = [this.blob(id), this.snapshot(commit, path)];
    await mkdir(dirname(at), { recursive: true });
    if (this.symlinks && (await this.#linked(blob, at))) return at;
    if ((await statOf(at))?.size === (await statOf(blob))?.size) return at;
    await rm(at, { force: true });
    await this.#moved(blob, at);
    return at;
  }

  async #linked(blob: string, at: string): Promise<boolean> {
    const target = relative(dirname(at), blob);
    if ((await readlink(at).catch(() => undefined)) === target) return true;
    const beside = `${at}.${randomUUID()}.tmp`;
    try {
      await symlink(target, beside);
      await rename(beside, at);
      return true;
    } catch (error) {
      await rm(beside, { force: true });
      // Windows without the right to make links, file systems without links.
      if (['EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'EIO', 'UNKNOWN'].includes((error as NodeJS.ErrnoException).code ?? ''))
        return false;
      throw error;
    }
  }

  /** A blob that no other snapshot links to takes the link's place; else its copy does, written aside. */
  async #moved(blob: string, at: string): Promise<void> {
    if ((await this.#linksTo(await realpath(blob))) === 0) return rename(blob, at);
    const beside = `${at}.${randomUUID()}.tmp`;
    try {
      await copyFile(blob, beside);
      await rename(beside, at);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  }

  /** How many files of snapshots lead to this real path. */
  async #linksTo(target: string): Promise<number> {
    const all = await Promise.all((await this.commits()).map((commit) => this.files(commit)));
    const real = await Promise.all(all.flat().map((file) => realpath(file.at)));
    return real.filter((path) => path === target).length;
  }

  /** Takes files out of a snapshot, with the blobs that nothing links to any more. Gives the bytes that are free now. */
  async remove(files: readonly CachedFile[]): Promise<number> {
    let freed = 0;
    for (const { at, size } of files) {
      const target = await readlink(at).catch(() => undefined);
      const blob = target === undefined ? at : resolve(dirname(at), target);
      const real = await realpath(blob);
      await rm(at);
      // A blob may be a link itself, into a store that repositories share: that is not this one's to empty.
      const isOwn = real.startsWith((await realpath(this.folder)) + sep);
      if (isOwn) freed += size;
      if (target !== undefined && dirname(blob) === join(resolve(this.folder), 'blobs')) {
        if ((await this.#linksTo(real)) === 0) await rm(blob, { force: true });
        else if (isOwn) freed -= size;
      }
      await this.#removeEmpty(dirname(at));
    }
    return freed;
  }

  /** Folders of a snapshot that are empty now. */
  async #removeEmpty(folder: string): Promise<void> {
    if (folder === join(this.folder, 'snapshots') || (await names(folder)).length > 0) return;
    await rmdir(folder);
    await this.#removeEmpty(dirname(folder));
  }

  /** Takes away what refers to nothing: refs of snapshots that are gone, and with the last file all of the repository. */
  async tidy(): Promise<void> {
    const commits = await this.commits();
    for (const revision of await this.revisions()) {
      if (!commits.includes((await this.commitOf(revision)) ?? '')) await rm(join(this.folder, 'refs', ...revision.split('/')));
    }
    if (commits.length === 0 && (await names(join(this.folder, 'blobs'))).length === 0) await this.#removeAll();
  }

  /** Everything of the repository. */
  async #removeAll(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    await rm(join(this.root, '.locks', this.name), { recursive: true, force: true });
  }

  /** What downloads that were broken off have left. */
  async leftovers(): Promise<string[]> {
    const folder = join(this.folder, 'blobs');
    return (await names(folder)).filter((name) => name.endsWith('.incomplete')).map((name) => join(folder, name));
  }
}

/** Every repository with models in the cache. */
export async function repositories(settings: HubSettings): Promise<{ cache: RepositoryCache; repo: string }[]> {
  const found = (await names(settings.cache)).flatMap((name) => {
    const [, user, repo] = /^models--(.+?)--(.+)$/.exec(name) ?? [];
    return user === undefined ? [] : [{ cache: new RepositoryCache(settings.cache, name, settings.symlinks), repo: `${user}/${repo}` }];
  });
  const plain = (await names(settings.urls)).filter((name) => !name.startsWith('.'));
  return [...found, ...plain.map((name) => ({ cache: new RepositoryCache(settings.urls, name, settings.symlinks), repo: '' }))];
}
