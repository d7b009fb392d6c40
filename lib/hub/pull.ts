// Models by name: found in the cache, else brought into it.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import * as check from '../check';
import { LlamaError } from '../errors';
import { diskError, RepositoryCache, statOf } from './cache';
import { candidates, choose, projectorOf, quantsOf, type Candidate } from './choice';
import { Client } from './client';
import { bring, checkRoom } from './download';
import { isCertain, locate, notCached, type Located } from './locate';
import { Meter, type PullProgress, type PullState } from './meter';
import { parseReference, spelled, type HubReference, type Reference, type UrlReference } from './reference';
import { fileAt, fileOf, readRepository, type ListedFile, type RemoteFile } from './repository';
import { hubChecks, settingsOf, type HubOptions, type HubSettings } from './settings';

export interface PullOptions extends HubOptions {
  /** Bring what reads images beside the model (`mmproj`), where there is one. Default true. */
  mmproj?: boolean;
  /** Of a plain address: the hash that the file has to have. */
  sha256?: string;
  /** Requests at once for a file, 1 to 16. Default 4. Each may hold 16 MiB in memory. */
  connections?: number;
  /** Ask the hub whether there is something newer. Default true; `false` takes what the cache has. */
  update?: boolean;
  /** Told how much is there, from 0 to 1, with the figures: at most ten times a second. */
  onProgress?: (fraction: number, progress: PullProgress) => void;
  /** Stop: `pull` rejects with the signal's reason. What came is kept, and the next `pull` goes on from there. */
  signal?: AbortSignal;
}

/** A model that is in the cache. */
export interface PulledModel {
  /** Its file, of several the first: what `loadModel` takes. */
  readonly path: string;
  /** All of its files. */
  readonly files: readonly string[];
  /** What reads images beside it. */
  readonly mmproj?: string;
  /** As it was named, with what was found: `hf:user/repo:Q4_K_M`. */
  readonly reference: string;
  /** As the files' names tell it. */
  readonly quant?: string;
  /** What else there was to choose from. */
  readonly quants: readonly string[];
  /** The commit that the files are of. */
  readonly commit: string;
  readonly license?: string;
  /** Of all files. */
  readonly bytes: number;
  /** Of them, those that were brought now. */
  readonly broughtBytes: number;
}

/** @internal */
export const pullChecks: check.Checks<PullOptions> = {
  ...hubChecks,
  mmproj: check.boolean,
  sha256: (value, name) => {
    const text = check.string(value, name).toLowerCase();
    return /^[0-9a-f]{64}$/.test(text) ? text : check.refuse(name, '64 hexadecimal letters', value);
  },
  connections: check.integer(1, 16),
  update: check.boolean,
  onProgress: check.callback<(fraction: number, progress: PullProgress) => void>(),
  signal: check.signal,
};

const named = (reference: Reference, quant: string | undefined): string =>
  spelled(reference.kind === 'hub' && reference.file === undefined && quant !== undefined ? { ...reference, quant } : reference);

function fromCache(reference: Reference, { commit, model, projector, quants }: Located, mmproj: boolean): PulledModel {
  const files = [...model.parts, ...(mmproj && projector ? [projector] : [])];
  return {
    path: model.parts[0]?.at ?? '',
    files: model.parts.map((file) => file.at),
    ...(mmproj && projector && { mmproj: projector.at }),
    reference: named(reference, model.quant),
    ...(model.quant !== undefined && { quant: model.quant }),
    quants,
    commit,
    bytes: files.reduce((sum, file) => sum + file.size, 0),
    broughtBytes: 0,
  };
}

/** What is to be brought, with what is known of it. */
interface Plan {
  readonly revision: string;
  readonly commit: string;
  readonly license?: string | undefined;
  readonly repo: string | undefined;
  readonly quant: string | undefined;
  readonly quants: readonly string[];
  readonly files: readonly RemoteFile[];
  /** The last of the files is no part of the model. */
  readonly hasProjector: boolean;
}

async function planOfHub(client: Client, reference: HubReference, mmproj: boolean, signal: AbortSignal): Promise<Plan> {
  const repository = await readRepository(client, reference, signal);
  const model: Candidate<ListedFile> = choose(reference, repository.files);
  const projector = mmproj ? projectorOf(model, repository.files) : undefined;
  const files: RemoteFile[] = [];
  for (const file of [...model.parts, ...(projector ? [projector] : [])]) files.push(await fileOf(client, repository, file, signal));
  const quants = quantsOf(candidates(repository.files));
  const { commit, license, repo } = repository;
  return { revision: reference.revision, commit, license, repo, quant: model.quant, quants, files, hasProjector: projector !== undefined };
}

async function planOfUrl(client: Client, reference: UrlReference, sha256: string | undefined, signal: AbortSignal): Promise<Plan> {
  const name = decodeURIComponent(reference.url.pathname.split('/').at(-1) ?? '');
  const file = await fileAt(client, reference, name, sha256, signal);
  return { revision: 'main', commit: file.id, repo: undefined, quant: undefined, quants: [], files: [file], hasProjector: false };
}

/** Whether a file lies in its snapshot, or in a blob that only wants a link. */
async function isThere(cache: RepositoryCache, commit: string, file: RemoteFile): Promise<boolean> {
  const [inSnapshot, blob] = await Promise.all([statOf(cache.snapshot(commit, file.path)), statOf(cache.blob(file.id))]);
  return inSnapshot?.size === file.size || blob?.size === file.size;
}

/** Brings what is missing of a plan. Gives where each file lies, and how many bytes came. */
async function carryOut(
  client: Client,
  cache: RepositoryCache,
  plan: Plan,
  options: PullOptions,
  signal: AbortSignal,
): Promise<{ paths: string[]; brought: number }> {
  const { commit, files, repo } = plan;
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const meter = new Meter(total, files.length, (progress) => options.onProgress?.(total === 0 ? 1 : progress.bytes / total, progress));
  const missing: RemoteFile[] = [];
  for (const file of files) if (!(await isThere(cache, commit, file))) missing.push(file);
  await checkDisk(cache, missing);
  const paths: string[] = [];
  let [before, brought] = [0, 0];
  for (const file of files) {
    signal.throwIfAborted();
    meter.begin(file.path, before);
    if (missing.includes(file)) {
      let last = Infinity;
      const tell = (state: PullState, bytes: number): void => {
        if (state === 'downloading') {
          brought += Math.max(0, bytes - last);
          last = bytes;
        }
        meter.at(state, bytes);
      };
      await bring(client, cache, file, { repo, connections: options.connections ?? 4, signal, tell });
    }
    paths.push(await placed(cache, commit, file));
    before += file.size;
    meter.at('downloading', file.size);
  }
  await cache.refer(plan.revision, commit);
  return { paths, brought };
}

/** The file in its snapshot. */
async function placed(cache: RepositoryCache, commit: string, file: RemoteFile): Promise<string> {
  const hasBlob = (await statOf(cache.blob(file.id)))?.size === file.size;
  return hasBlob ? cache.link(file.id, commit, file.path) : cache.snapshot(commit, file.path);
}

async function checkDisk(cache: RepositoryCache, missing: readonly RemoteFile[]): Promise<void> {
  if (missing.length === 0) return;
  await mkdir(join(cache.folder, 'blobs'), { recursive: true });
  const sizes = await Promise.all(missing.map(async (file) => file.size - ((await statOf(cache.incomplete(file.id)))?.size ?? 0)));
  await checkRoom(
    cache.folder,
    sizes.reduce((sum, size) => sum + Math.max(0, size), 0),
  );
}

async function bringModel(settings: HubSettings, reference: Reference, options: PullOptions, signal: AbortSignal): Promise<PulledModel> {
  const client = new Client(settings);
  const plan = await (reference.kind === 'hub'
    ? planOfHub(client, reference, options.mmproj ?? true, signal)
    : planOfUrl(client, reference, options.sha256, signal));
  const cache = RepositoryCache.of(settings, reference);
  const { paths, brought } = await carryOut(client, cache, plan, options, signal).catch((error: unknown) => {
    throw diskError(cache.folder, error);
  });
  const mmproj = plan.hasProjector ? paths.at(-1) : undefined;
  const { quant, quants, commit, license } = plan;
  return {
    path: paths[0] ?? '',
    files: plan.hasProjector ? paths.slice(0, -1) : paths,
    ...(mmproj !== undefined && { mmproj }),
    reference: named(reference, quant),
    ...(quant !== undefined && { quant }),
    quants,
    commit,
    ...(license !== undefined && { license }),
    bytes: plan.files.reduce((sum, file) => sum + file.size, 0),
    broughtBytes: brought,
  };
}

/**
 * What `pull` does, of options that were checked.
 * @internal
 */
export async function pulled(reference: string, options: PullOptions): Promise<PulledModel> {
  const signal = options.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const settings = settingsOf(options);
  const meant = parseReference(reference, settings.endpoint);
  if (options.sha256 !== undefined && meant.kind === 'hub')
    throw new LlamaError('ARGUMENT', 'sha256: is for plain addresses: the hub tells the hashes of its files');
  if (settings.offline || options.update === false) {
    const located = await locate(settings, meant);
    if (located && (settings.offline || isCertain(meant, located))) return fromCache(meant, located, options.mmproj ?? true);
    if (settings.offline) throw await notCached(settings, meant);
  }
  return bringModel(settings, meant, options, signal);
}

/**
 * Sees to it that a model is in the cache, as Hugging Face's tools keep it there, and tells where: `hf:user/repo` (with `:Q4_K_M`, or a file's path
 * behind it), a page or a file of the hub, any https address of a GGUF file, or a name of `suggestedModels`. Where no quantization is named it takes
 * Q4_K_M, else the one that is nearest.
 */
export async function pull(reference: string | URL, options?: PullOptions): Promise<PulledModel> {
  const name = reference instanceof URL ? reference.href : check.string(reference, 'reference');
  return pulled(name, check.options<PullOptions>(options, 'pull', pullChecks));
}
