// What the cache has, what is being brought into it, and how it is emptied.
import { rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import * as check from '../check';
import { LlamaError } from '../errors';
import { diskError, repositories, RepositoryCache, statOf, type CachedFile } from './cache';
import { candidates, choose, type Candidate } from './choice';
import { running } from './lock';
import { parseReference, spelled, type HubReference, type Reference } from './reference';
import { hubChecks, settingsOf, type HubOptions, type HubSettings } from './settings';

export type CacheOptions = Pick<HubOptions, 'cache' | 'endpoint'>;

/** A model of the cache. */
export interface CachedModel {
  /** What `loadModel` and `pull` take for it: `hf:user/repo:Q4_K_M`; of a plain address, its path. */
  readonly reference: string;
  /** Its file, of several the first. */
  readonly path: string;
  readonly files: readonly string[];
  readonly quant?: string;
  readonly commit: string;
  /** The branches and tags that mean this commit. */
  readonly revisions: readonly string[];
  readonly bytes: number;
  /** When its file was last written. */
  readonly modified: Date;
}

/** A download that is not finished. */
export interface Download {
  /** `user/repo/file.gguf`; of one that nobody is at the repository, for its file is not known by name. */
  readonly what: string;
  /** Whether a process is at it now; else the next `pull` goes on from here. */
  readonly running: boolean;
  readonly bytes: number;
  /** How long the file is. */
  readonly total?: number;
  readonly pid?: number;
  readonly host?: string;
  readonly since?: Date;
  /** The file that grows. */
  readonly path: string;
}

const cacheChecks: check.Checks<CacheOptions> = { cache: hubChecks.cache, endpoint: hubChecks.endpoint };

async function modelsOf(cache: RepositoryCache, repo: string): Promise<CachedModel[]> {
  const refs = new Map<string, string[]>();
  for (const revision of await cache.revisions()) {
    const commit = (await cache.commitOf(revision)) ?? '';
    refs.set(commit, [...(refs.get(commit) ?? []), revision]);
  }
  const found: CachedModel[] = [];
  for (const commit of await cache.commits()) {
    const all = candidates(await cache.files(commit));
    const revisions = refs.get(commit) ?? [];
    for (const model of all) found.push(await described(model, all, { repo, commit, revisions }));
  }
  return found;
}

interface Place {
  readonly repo: string;
  readonly commit: string;
  readonly revisions: readonly string[];
}

async function described(model: Candidate<CachedFile>, all: readonly Candidate<CachedFile>[], { repo, commit, revisions }: Place): Promise<CachedModel> {
  const [first] = model.parts;
  const path = first?.at ?? '';
  const isOnly = model.quant !== undefined && all.filter((other) => other.quant === model.quant).length === 1;
  const revision = revisions.includes('main') ? 'main' : (revisions[0] ?? commit);
  const named = { kind: 'hub', repo, revision, ...(isOnly ? { quant: model.quant } : { file: first?.path ?? '' }) } as HubReference;
  return {
    reference: repo === '' ? path : spelled(named),
    path,
    files: model.parts.map((part) => part.at),
    ...(model.quant !== undefined && { quant: model.quant }),
    commit,
    revisions,
    bytes: model.parts.reduce((sum, part) => sum + part.size, 0),
    modified: (await stat(path)).mtime,
  };
}

/** The models that the cache has whole, whoever brought them. */
export async function cachedModels(options?: CacheOptions): Promise<CachedModel[]> {
  const settings = settingsOf(check.options<CacheOptions>(options, 'cachedModels', cacheChecks));
  const found: CachedModel[] = [];
  for (const { cache, repo } of await repositories(settings)) found.push(...(await modelsOf(cache, repo)));
  return found;
}

/** The downloads that are not finished: those that run, in any process that uses the cache, and those that were broken off. */
export async function downloads(options?: CacheOptions): Promise<Download[]> {
  const settings = settingsOf(check.options<CacheOptions>(options, 'downloads', cacheChecks));
  return downloadsIn(settings);
}

async function downloadsIn(settings: HubSettings): Promise<Download[]> {
  const now = [...(await running(settings.cache)), ...(await running(settings.urls))];
  const found: Download[] = now.map(({ what, bytes, got, pid, host, since, incomplete }) => {
    return { what, running: true, bytes: got, total: bytes, pid, host, since: new Date(since), path: incomplete };
  });
  for (const { cache, repo } of await repositories(settings)) {
    for (const path of await cache.leftovers()) {
      if (now.some(({ incomplete }) => incomplete === path)) continue;
      found.push({ what: repo || basename(cache.folder), running: false, bytes: (await statOf(path))?.size ?? 0, path });
    }
  }
  return found;
}

/** What `removeModel` removed. */
export interface Removed {
  readonly files: readonly string[];
  /** Bytes that the disk has free again: what other revisions share stays. */
  readonly bytes: number;
}

/** The files of one commit that are meant, with what is of no use without them. */
async function meant(cache: RepositoryCache, reference: Reference, commit: string): Promise<CachedFile[]> {
  const files = await cache.files(commit);
  const isModel = (file: CachedFile): boolean => /\.gguf$/i.test(file.path);
  if (reference.kind === 'url' || (reference.quant === undefined && reference.file === undefined)) return files.filter(isModel);
  try {
    const { parts } = choose(reference, files);
    const others = candidates(files).some((c) => !c.parts.includes(parts[0] as CachedFile));
    return others ? [...parts] : files.filter(isModel);
  } catch (error) {
    if (error instanceof LlamaError && error.code === 'NOT_FOUND') return [];
    throw error;
  }
}

/** Whether a whole repository is meant, and not one of its files or revisions. */
const isWhole = (reference: Reference): boolean =>
  reference.kind === 'url' || (reference.quant === undefined && reference.file === undefined && reference.revision === 'main');

/**
 * Takes a model out of the cache: `hf:user/repo:Q4_K_M` this one, `hf:user/repo` all of the repository's GGUF files and what broken downloads have left.
 * Where another revision is named (`#v2`), of that one alone.
 */
export async function removeModel(reference: string | URL, options?: CacheOptions): Promise<Removed> {
  const settings = settingsOf(check.options<CacheOptions>(options, 'removeModel', cacheChecks));
  const name = reference instanceof URL ? reference.href : check.string(reference, 'reference');
  const wanted = parseReference(name, settings.endpoint);
  const cache = RepositoryCache.of(settings, wanted);
  const busy = (await downloadsIn(settings)).find((d) => d.running && dirname(dirname(d.path)) === cache.folder);
  if (busy) throw new LlamaError('DISK', `${spelled(wanted)}: process ${busy.pid} on ${busy.host} is bringing ${busy.what}: end it first`);
  const revision = wanted.kind === 'hub' ? wanted.revision : 'main';
  const named = revision === 'main' ? undefined : await cache.commitOf(revision);
  const commits = revision === 'main' ? await cache.commits() : named === undefined ? [] : [named];
  const removed: string[] = [];
  let bytes = 0;
  try {
    for (const commit of commits) {
      const files = await meant(cache, wanted, commit);
      bytes += await cache.remove(files);
      removed.push(...files.map((file) => file.at));
    }
    for (const path of isWhole(wanted) ? await cache.leftovers() : []) {
      bytes += (await statOf(path))?.size ?? 0;
      await rm(path);
      removed.push(path);
    }
    await cache.tidy();
  } catch (error) {
    throw diskError(cache.folder, error);
  }
  if (removed.length > 0) return { files: removed, bytes };
  const there = (await modelsOf(cache, wanted.kind === 'hub' ? wanted.repo : '')).map((m) => m.reference);
  throw new LlamaError(
    'NOT_FOUND',
    `${spelled(wanted)} is not in the cache ${settings.cache}: ${there.length > 0 ? `it has ${there.join(', ')}` : 'llama-ts ls lists what is'}`,
  );
}
