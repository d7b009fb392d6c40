// What measuring calls share: where the model computes, and how the text is cut.
import * as check from './check';
import type { JobOptions } from './job';
import { loadChecks, nativeOptions, type BackendName, type CacheType, type GpuLayers } from './load';
import type { CpuExperts } from './placement';
import type { NativeLoadOptions } from './native';

export interface MeasureOptions extends JobOptions {
  /** Tokens of a chunk; each chunk is read from an empty context. Default 512. */
  context?: number;
  /** Chunks to read at most. Default: the whole text. */
  chunks?: number;
  /** What computes. Default `auto`. */
  backend?: BackendName;
  /** How many layers a device computes. Default `auto`. */
  gpuLayers?: GpuLayers;
  /** Whose experts the CPU computes, whatever computes the rest of their layers. Default: nobody's. */
  cpuExperts?: CpuExperts;
  /** The instruction set, or the variant of a device's kernels, by name. */
  isa?: string;
  /** Threads that compute. Default: the physical cores that the process may use. */
  threads?: number;
  /** Tokens computed in one step at most; several chunks share a step. Default 512. */
  batchTokens?: number;
  /** How the context is stored. Default `f16`. */
  cacheType?: CacheType;
}

/** @internal */
export const measureChecks: check.Checks<MeasureOptions> = {
  context: check.integer(1, 1 << 24),
  chunks: check.integer(1, 0x7fffffff),
  backend: loadChecks.backend,
  gpuLayers: loadChecks.gpuLayers,
  cpuExperts: loadChecks.cpuExperts,
  isa: loadChecks.isa,
  threads: check.threads,
  batchTokens: loadChecks.batchTokens,
  cacheType: loadChecks.cacheType,
  onProgress: loadChecks.onProgress,
  signal: loadChecks.signal,
};

/** @internal */
export type NativeMeasureOptions = NativeLoadOptions & { context: number; chunks: number };

/** @internal */
export function nativeMeasureOptions({
  context = 512,
  chunks = -1,
  backend,
  gpuLayers,
  cpuExperts,
  isa,
  threads,
  batchTokens = 512,
  cacheType,
}: MeasureOptions): NativeMeasureOptions {
  const placed = {
    ...(backend !== undefined && { backend }),
    ...(gpuLayers !== undefined && { gpuLayers }),
    ...(cpuExperts !== undefined && { cpuExperts }),
    ...(isa !== undefined && { isa }),
    ...(threads !== undefined && { threads }),
    batchTokens,
    ...(cacheType !== undefined && { cacheType }),
  };
  return { ...nativeOptions(placed), context, chunks };
}

/**
 * Of a call's options those that its job takes.
 * @internal
 */
export const jobOptions = ({ onProgress, signal }: JobOptions): JobOptions => ({ ...(onProgress && { onProgress }), ...(signal && { signal }) });

/**
 * A text, or none.
 * @internal
 */
export const optionalText = (value: unknown): string | undefined => (value === undefined ? undefined : check.string(value, 'text'));
