import { onAbort } from './abort';
import { adapterFiles, controlVectorFiles, nativeAdapters, type AdapterFile, type ControlVectorFile } from './adapters';
import { closeTicket, native, openTicket } from './binding';
import * as check from './check';
import { LlamaError, Origin } from './errors';
import { infoOf, ownBytes } from './info';
import { Model } from './model';
import type { ModelHandle, NativeInfo, NativeLoadOptions } from './native';
import { pathOf, referenceOf } from './path';
import { cpuExperts, layersOf, type CpuExperts } from './placement';
import './platform';
import { pulled } from './hub/pull';
import { hubChecks, type HubOptions } from './hub/settings';
import type { PullProgress } from './hub/meter';
import { Progress } from './progress';

/**
 * What computes: `auto` takes the first device there is, else the CPU; `vulkan:1` is the second device of Vulkan. `ref` is the slow
 * reference implementation, `gpu-face` plays a GPU on the CPU for tests.
 */
export type BackendName = 'auto' | 'cpu' | 'ref' | 'gpu-face' | DeviceBackend | `${DeviceBackend}:${number}`;
type DeviceBackend = 'vulkan' | 'cuda' | 'rocm';

/** How many layers a device computes, counted from the last; more than there are, or `all`: the token table and the head too. */
export type GpuLayers = number | 'all' | 'auto';

/** How the context is stored. */
export type CacheType = 'f16' | 'f32' | 'q8_0';

export interface LoadOptions {
  /** What computes. Default `auto`. */
  backend?: BackendName;
  /** How many layers a device computes. `auto`, the default: as many as its free memory holds. A model that is larger runs with the rest on the CPU. */
  gpuLayers?: GpuLayers;
  /**
   * Of a mixture of experts, whose experts the CPU computes while a device computes the rest of their layers, so that a larger model fits: `true` for
   * all, a number for those of the first layers, a list of layers, or a RegExp of tensor names such as `blk.3.ffn_up_exps.weight`. Default `false`.
   */
  cpuExperts?: CpuExperts;
  /** The instruction set that the `cpu` backend uses, or the variant of a device's kernels, by name, such as `avx2`; a wrong one is refused with those that there are. Default: the best of this machine. */
  isa?: string;
  /**
   * Threads that compute, 1 to 256. Default: the physical cores that the process may use. `auto`: what a measurement of 30 to 100 milliseconds at load finds
   * fastest for this model, for prompts and for decoding each; `info` tells it. Where several models load at once, each measures what the others leave.
   */
  threads?: number | 'auto';
  /** Tokens that all generations together can hold, each of them at most the model's length. Default: the model's length, at most 8192. */
  contextTokens?: number;
  /** Tokens computed in one step at most. Default 512; of a model that reads texts whole, what its context holds. */
  batchTokens?: number;
  /** Generations that run together; more wait in line. Default 32. */
  maxSequences?: number;
  /** Milliseconds that a step takes about while some generation waits for its next token, so that long prompts of others do not hold it up. Default 50. */
  stepTime?: number;
  /** Models with recurrent layers: bytes for states behind beginnings of texts, from which later requests go on. Default 256 MiB. */
  stateMemory?: number;
  /** How the context is stored. Default `f16`. */
  cacheType?: CacheType;
  /** LoRA adapters beside the model, which calls name (`adapters`); those that name none have all of these, by their scales. */
  adapters?: readonly AdapterFile[];
  /** Control vectors, which are chosen as adapters are. */
  controlVectors?: readonly ControlVectorFile[];
  /** The pre-tokenizer, by its name in files such as `llama-bpe`, whatever the model's file says: for files that name none, or one that is not known. */
  preTokenizer?: string;
  /**
   * Default true: weights stay in the mapped file, without a copy; then nobody may shorten or overwrite the file while the model is loaded, which
   * on Linux and macOS ends the process (SIGBUS). False: all of the file is read into memory of this process, and it may change afterwards.
   */
  mmap?: boolean;
  /**
   * Default true: on Linux, weights that the CPU computes with are moved from the mapped file into huge pages of this process, while the model is used,
   * where twice their bytes are free; a decode on one thread is then 1.3 times as fast. False: they stay in the file's pages, which all processes share.
   */
  hugePages?: boolean;
  /**
   * Of a model that encodes a text and writes another (T5), the encoder alone: then `embed` and `hidden` give its vectors, and nothing is written. Other
   * models are what they are. Default false.
   */
  encoder?: boolean;
  /** Under `mpirun`: several ranks give the bits of one, at the cost of more to send between them. Default false. */
  exactRanks?: boolean;
  /**
   * Told how much is loaded: 0 first, then in rising steps, 1 last; about a hundred calls at most. While a model that was named is brought, with the
   * figures of that, up to ten times a second: that is the way to 0.9.
   */
  onProgress?: (fraction: number, download?: PullProgress) => void;
  /** Of a model that is named: where it is looked up, and where it is kept. */
  hub?: HubOptions;
  /** Stop loading: `loadModel` rejects with the signal's reason. */
  signal?: AbortSignal;
}

const backendName: check.Check<BackendName> = (value, name) => {
  if (typeof value === 'string' && /^[a-z-]{1,16}(:\d{1,3})?$/.test(value)) return value as BackendName;
  return check.refuse(name, "a backend such as 'auto', 'cpu' or 'vulkan:0'", value);
};

const gpuLayers: check.Check<GpuLayers> = (value, name) => {
  if (value === 'all' || value === 'auto') return value;
  if (typeof value === 'string') return check.refuse(name, "a number, 'all' or 'auto'", value);
  return check.integer(0, 100_000)(value, name);
};

/** @internal */
export const loadChecks: check.Checks<LoadOptions> = {
  backend: backendName,
  gpuLayers,
  cpuExperts,
  isa: check.string,
  threads: (value, name) => {
    if (value === 'auto') return value;
    return typeof value === 'string' ? check.refuse(name, "an integer from 1 to 256 or 'auto'", value) : check.threads(value, name);
  },
  contextTokens: check.integer(1, 1 << 30),
  batchTokens: check.integer(1, 65536),
  maxSequences: check.integer(1, 4096),
  stepTime: check.number(1, 60_000),
  stateMemory: check.integer(0, Number.MAX_SAFE_INTEGER),
  cacheType: check.oneOf(['f16', 'f32', 'q8_0']),
  adapters: adapterFiles,
  controlVectors: controlVectorFiles,
  preTokenizer: check.string,
  mmap: check.boolean,
  hugePages: check.boolean,
  encoder: check.boolean,
  exactRanks: check.boolean,
  onProgress: check.callback<(fraction: number, download?: PullProgress) => void>(),
  hub: (value, name) => check.record<HubOptions>(value, name, hubChecks),
  signal: check.signal,
};

/** @internal */
export function nativeOptions(options: LoadOptions): NativeLoadOptions {
  const {
    backend = 'auto',
    isa = '',
    gpuLayers = 'auto',
    cpuExperts: experts = false,
    threads = 0,
    contextTokens = 0,
    batchTokens = 0,
    maxSequences = 32,
    stepTime = 50,
    stateMemory = 256 * 2 ** 20,
    cacheType = 'f16',
    preTokenizer = '',
    mmap = true,
    hugePages = true,
    encoder = false,
    exactRanks = false,
    adapters = [],
    controlVectors = [],
  } = options;
  if (isa !== '' && backend === 'ref') throw new LlamaError('ARGUMENT', `isa: has no effect on the backend 'ref': leave it out or use 'cpu'`);
  if (!mmap && native.ranks > 1) throw new LlamaError('UNSUPPORTED', 'mmap: false cannot be used under mpirun: several processes share the mapped file');
  return {
    backend,
    isa,
    gpuLayers: gpuLayers === 'auto' ? -1 : gpuLayers === 'all' ? -2 : gpuLayers,
    cpuExperts: layersOf(experts),
    threads: threads === 'auto' ? -1 : threads,
    contextTokens,
    batchTokens,
    maxSequences,
    stepTime,
    stateMemory,
    cacheType,
    preTokenizer,
    mmap,
    hugePages,
    encoder,
    exactRanks,
    adapters: nativeAdapters(adapters, controlVectors),
  };
}

/**
 * Loads a GGUF file (the first part of a split one), a Hugging Face folder with safetensors, or a model by its name, `hf:user/repo:Q4_K_M`, which is
 * brought into the cache where it is not there yet, as `pull` does. Rejects with a LlamaError where it cannot run here. Under `mpirun` it returns on
 * rank 0 only: the other processes compute with it until it ends, and end then.
 */
export async function loadModel(path: string | URL, options?: LoadOptions): Promise<Model> {
  const origin = new Origin(loadModel);
  const { onProgress, signal, hub, ...rest } = check.options<LoadOptions>(options, 'loadModel', loadChecks);
  signal?.throwIfAborted();
  const settings = nativeOptions(rest);
  const name = referenceOf(path);
  if (name === undefined && hub !== undefined)
    throw new LlamaError('ARGUMENT', "hub: has an effect on models that are named, such as 'hf:user/repo' alone: leave it out");
  const watched = { ...(onProgress && { onProgress }), ...(signal && { signal }), ...(hub && { hub }) };
  const { file, tell } = name === undefined ? { file: pathOf(path), tell: onProgress } : await brought(name, watched);
  signal?.throwIfAborted();
  const { handle, info } = await load(origin, file, settings, tell, signal);
  const told = infoOf(info, settings.mmap);
  native.weigh(handle, ownBytes(told));
  return Model.of(handle, told);
}

/** Sees to it that a model that is named is here. Where it had to be brought, loading is the rest of the way. */
async function brought(name: string, { onProgress, ...options }: Pick<LoadOptions, 'signal' | 'hub' | 'onProgress'>): Promise<Local> {
  const { hub, signal } = options;
  let reached: number | undefined;
  const watch = (fraction: number, download: PullProgress): void => {
    if (reached === undefined) onProgress?.(0, download);
    reached = Math.max(reached ?? 0, downloadShare * fraction);
    onProgress?.(reached, download);
  };
  const { path } = await pulled(name, { ...hub, update: false, mmproj: false, ...(onProgress && { onProgress: watch }), ...(signal && { signal }) });
  const tell = (fraction: number): void => onProgress?.((reached ?? 0) + (1 - (reached ?? 0)) * fraction);
  return { file: path, ...(onProgress && { tell }) };
}

/** A process that followed another has nothing left to do. Where it failed, rank 0 may say so first: launchers then end the job. */
function endAsRank(error: unknown): void {
  if (error === undefined) process.exit(0);
  process.stderr.write(`llama-ts (rank ${native.rank}): ${error instanceof LlamaError ? `${error.code}: ${error.message}` : String(error)}\n`);
  setTimeout(() => process.exit(1), 1000);
}

/** Of the progress of a model that has to be brought, what bringing it is. */
const downloadShare = 0.9;

/** A file to load, and who is told how far that is. */
interface Local {
  readonly file: string;
  readonly tell?: (fraction: number) => void;
}

interface Loaded {
  handle: ModelHandle;
  info: NativeInfo;
}

function load(origin: Origin, path: string, options: NativeLoadOptions, onProgress?: (fraction: number) => void, signal?: AbortSignal): Promise<Loaded> {
  return new Promise<Loaded>((resolve, reject) => {
    let handle: ModelHandle | undefined;
    let unlisten = (): void => {};
    const progress = new Progress(onProgress);
    const settle = (): void => {
      closeTicket(ticket);
      unlisten();
    };
    const giveUp = (error: unknown): void => {
      settle();
      if (handle) native.dispose(handle, 0);
      reject(error);
    };
    const loaded = (value: NativeInfo): void => {
      progress.end();
      settle();
      if (handle) resolve({ handle, info: value });
    };
    const hear = (kind: string, value: unknown): void => {
      if (kind === 'progress') return progress.at(value as number);
      if (native.rank === 0 && kind === 'loaded') return loaded(value as NativeInfo);
      settle();
      if (native.rank > 0) return endAsRank(kind === 'followed' ? undefined : value);
      reject(origin.mark(value));
    };
    const ticket = openTicket((kind, value) => {
      try {
        hear(kind, value);
      } catch (error) {
        giveUp(error); // of onProgress
      }
    });
    try {
      progress.begin();
      signal?.throwIfAborted(); // by onProgress
      handle = native.loadModel(ticket, path, options);
      unlisten = onAbort(signal, () => giveUp(signal?.reason));
    } catch (error) {
      giveUp(error);
    }
  });
}
