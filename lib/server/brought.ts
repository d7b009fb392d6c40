// Models of the hub, where the server may bring them: whoever has a key for managing models does so by name, and removes them again. Those that the
// cache has are served from the start.
import { parseReference } from '../hub/reference';
import { officialEndpoint } from '../hub/settings';
import { cachedModels, LlamaError, pull, removeModel, type PullProgress } from '../index';
import type { State } from './call';
import { ApiError, wrong } from './failure';

/** What requests call a model of the hub: as Ollama's clients write it. */
const nameOf = (reference: string): string => reference.replace(/^hf:/, 'hf.co/');

function mustBeOn({ settings }: State): void {
  if (!settings.pull)
    throw new ApiError(501, 'this server does not change the models that it has: start it with pull (--pull), or put files where it finds them');
}

/** A failure of the hub, as it is told to those who may manage models. */
function told(error: unknown): unknown {
  if (!(error instanceof LlamaError)) return error;
  const status = { ARGUMENT: 400, NOT_FOUND: 404, ACCESS: 404, RATE_LIMIT: 503, DISK: 507 }[error.code as string] ?? 502;
  return new ApiError(status, error.message, { code: error.code.toLowerCase(), cause: error });
}

/** Serves the models of the cache beside those that the server was given. */
export async function serveCached({ models, settings }: State): Promise<void> {
  if (!settings.pull) return;
  const served = new Set(models.all.map(({ path }) => path));
  for (const { path, reference } of await cachedModels())
    if (reference.startsWith('hf:') && !served.has(path)) models.add({ path, name: nameOf(reference) }, reference);
}

/** A name that may be brought: of the hub alone, so that no request makes the server open another address. */
export function hubName(state: State, name: string | null | undefined): string {
  mustBeOn(state);
  if (!name) throw wrong('model', 'expected the name of a model, found none');
  try {
    if (parseReference(name, officialEndpoint).kind === 'hub') return name;
  } catch (error) {
    throw told(error);
  }
  throw wrong('model', 'expected a model of the hub such as hf.co/user/repo:Q4_K_M, found an address');
}

/** Brings a model, and serves it. */
export async function bring(state: State, name: string, signal: AbortSignal, onProgress?: (progress: PullProgress) => void): Promise<void> {
  try {
    const { path, reference } = await pull(name, { signal, mmproj: false, ...(onProgress && { onProgress: (_, progress) => onProgress(progress) }) });
    const { name: called } = state.models.add({ path, name: nameOf(reference) }, reference);
    state.log.tell('info', 'a model was brought', { model: called });
  } catch (error) {
    throw told(error);
  }
}

/** Removes a model that was brought: from what is served, and from the cache. */
export async function removeBrought(state: State, name: string | null | undefined): Promise<void> {
  mustBeOn(state);
  if (!name) throw wrong('model', 'expected the name of a model, found none');
  const served = state.models.find(name);
  const { reference } = served;
  if (reference === undefined) throw new ApiError(403, 'the model was not brought by its name: its file is not removed', { code: 'not_allowed' });
  if (served.users > 0) throw new ApiError(409, 'the model is in use', { code: 'in_use' });
  await state.models.remove(served);
  try {
    await removeModel(reference);
  } catch (error) {
    state.models.add({ path: served.path, name: served.name }, reference);
    throw told(error);
  }
  state.log.tell('info', 'a model was removed', { model: served.name });
}
