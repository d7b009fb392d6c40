// What a reference means in the cache, without asking anybody.
import { LlamaError } from '../errors';
import { RepositoryCache, type CachedFile } from './cache';
import { candidates, choose, projectorOf, quantsOf, some, type Candidate } from './choice';
import { parseReference, spelled, type Reference } from './reference';
import { settingsOf, type HubOptions, type HubSettings } from './settings';

/** A model in the cache. */
export interface Located {
  readonly cache: RepositoryCache;
  readonly commit: string;
  readonly model: Candidate<CachedFile>;
  readonly projector: CachedFile | undefined;
  /** The quantizations that the cache has of its repository. */
  readonly quants: readonly string[];
}

/** Where plain addresses are kept there is one file, whatever it is called. */
const asHub = (reference: Reference) => (reference.kind === 'hub' ? reference : ({ kind: 'hub', repo: reference.url.host, revision: 'main' } as const));

/** The model that is meant, of those that the cache has whole; undefined where it has none. */
export async function locate(settings: HubSettings, reference: Reference): Promise<Located | undefined> {
  const cache = RepositoryCache.of(settings, reference);
  const hub = asHub(reference);
  const commit = await cache.commitOf(hub.revision);
  if (commit === undefined) return undefined;
  const files = await cache.files(commit);
  const all = candidates(files);
  if (all.length === 0) return undefined;
  try {
    const model = choose(hub, files);
    return { cache, commit, model, projector: projectorOf(model, files), quants: quantsOf(all) };
  } catch (error) {
    if (error instanceof LlamaError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** Whether what the cache has is what the hub would be asked for too. */
export const isCertain = (reference: Reference, { model }: Located): boolean =>
  reference.kind === 'url' || reference.file !== undefined || reference.quant !== undefined || model.quant === 'Q4_K_M';

/** Why a reference cannot be had without a network. */
export async function notCached(settings: HubSettings, reference: Reference): Promise<LlamaError> {
  const cache = RepositoryCache.of(settings, reference);
  const commit = await cache.commitOf(asHub(reference).revision);
  const there = commit === undefined ? [] : (await cache.files(commit)).map((file) => file.path);
  const has = there.length === 0 ? '' : `, which has ${some(there)} of it`;
  return new LlamaError(
    'NOT_FOUND',
    `${spelled(reference)} is not in the cache ${settings.cache}${has}, and nothing is brought: this is offline (HF_HUB_OFFLINE or the option offline)`,
  );
}

/** The path of a model that the cache has for certain; offline also of one that is likely meant, or there is none. */
export async function locateNamed(name: string, options: HubOptions): Promise<string | undefined> {
  const settings = settingsOf(options);
  const reference = parseReference(name, settings.endpoint);
  const located = await locate(settings, reference);
  if (located && (settings.offline || isCertain(reference, located))) return located.model.parts[0]?.at;
  if (settings.offline) throw await notCached(settings, reference);
  return undefined;
}
