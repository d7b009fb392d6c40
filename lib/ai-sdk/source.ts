// Where a provider's models come from: loaded already, or on first use.
import type { Model } from '../model';

/** A loaded model, or what loads it when it is first used: `() => loadModel('model.gguf')`. */
export type ModelSource = Model | Promise<Model> | (() => Model | Promise<Model>);

/** @internal */
export type Opened = () => Promise<Model>;

/**
 * Loads once; what failed is tried again.
 * @internal
 */
export function opened(source: ModelSource): Opened {
  let loading: Promise<Model> | undefined;
  return () => {
    if (loading) return loading;
    const begun = (async () => (typeof source === 'function' ? source() : source))();
    loading = begun;
    begun.catch(() => {
      loading = undefined;
    });
    return begun;
  };
}
