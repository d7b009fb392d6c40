import { createContext, Script } from 'node:vm';

import { native } from './binding';
import * as check from './check';
import { LlamaError, Origin } from './errors';
import { metadataTypes, type MetadataType } from './gguf';
import { inspectModel } from './inspect';
import { runJob, type JobOptions } from './job';
import type { NativeQuantizeOptions, NativeQuantizeReport } from './native';
import { pathOf } from './path';

/**
 * A metadata value to write: text, a flag, or a number (whole ones as 32-bit integers; `{ float: 1 }` for one that is whole).
 * `{ type, value }`: of a type of GGUF's, as in `editModel`, the value as text or a number; of a list its JSON.
 */
export type MetadataOverride =
  | string
  | boolean
  | number
  | { readonly float: number }
  | { readonly type: MetadataType; readonly value: string | number | bigint | boolean };

export interface QuantizeOptions extends JobOptions {
  /** The mix of types, by the names of llama.cpp, whatever their case: `Q4_K_M`; `COPY` leaves every tensor as it is. Default `Q4_K_M`. */
  type?: string;
  /** An importance matrix: a file that `imatrix` wrote. */
  imatrix?: string | URL;
  /** Quantize tensors that are quantized already, and accept the loss. */
  allowRequantize?: boolean;
  /** `output.weight` stays as it is. */
  leaveOutputTensor?: boolean;
  /** All matrices in the main type of the mix. */
  pure?: boolean;
  /** The type of `output.weight`, such as `Q6_K`. */
  outputTensorType?: string;
  /** The type of `token_embd.weight`. */
  tokenEmbeddingType?: string;
  /**
   * Types of tensors in whose name a regular expression finds something, whatever the case: `[['ffn_down', 'Q6_K']]`. Of several that fit
   * the first counts, as in llama.cpp, before all other options but `leaveOutputTensor`. Names are the input's. Vectors, norms, routers
   * and what else is never quantized stay as they are; a pattern that fits nothing else is refused.
   */
  tensorTypes?: readonly (readonly [pattern: string, type: string])[];
  /** Layers to leave out. */
  pruneLayers?: readonly number[];
  /** As many files as the input has: `OUT-00001-of-00003.gguf` and so on. */
  keepSplit?: boolean;
  /** Metadata to add or change. */
  overrides?: Readonly<Record<string, MetadataOverride>>;
  /** Bytes that the file may have: each tensor's type is chosen by measuring what it loses. In place of `type`. */
  targetSize?: number;
  /** The same, as bits a weight. */
  targetBpw?: number;
  /** Report what would be written, and write nothing. */
  dryRun?: boolean;
  /** Threads that compute. Default: the physical cores that the process may use. */
  threads?: number;
  /** Where the signal stops it: leave OUT.partial, from which the same call goes on later. */
  keepPartial?: boolean;
}

export interface QuantizedTensor {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** The contiguous dimension first. */
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Root of the mean squared error, of about every eighth row; absent where the tensor was copied. */
  readonly rmse?: number;
  /** Squared error by squared size, each weighted by the importance matrix; absent where the tensor was copied. */
  readonly relativeError?: number;
}

export interface QuantizeReport {
  /** The mix that was written. */
  readonly type: string;
  readonly inputBytes: number;
  readonly bytes: number;
  /** Bits a weight, over all tensors. */
  readonly bpw: number;
  readonly files: readonly string[];
  readonly tensors: readonly QuantizedTensor[];
  /** What was done otherwise than was asked for, or without data that are wanted for it; a sentence each. */
  readonly warnings: readonly string[];
}

/** The names that `type` may have, and those of single tensors' types. */
export function quantizeTypes(): { readonly types: readonly string[]; readonly tensorTypes: readonly string[] } {
  const { recipes, types } = native.quantizeTypes();
  return { types: [...recipes, 'COPY'], tensorTypes: types };
}

const override: check.Check<MetadataOverride> = (value, name) => {
  if (typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return value;
  const float = typeof value === 'object' && value !== null ? (value as { float?: unknown }).float : undefined;
  if (typeof float === 'number') return { float };
  const typed = typeof value === 'object' && value !== null ? (value as { type?: unknown; value?: unknown }) : {};
  if (typed.type !== undefined && ['string', 'number', 'bigint', 'boolean'].includes(typeof typed.value))
    return { type: check.oneOf(metadataTypes)(typed.type, `${name}.type`), value: typed.value as string };
  return check.refuse(name, 'a text, a boolean, a number, { float } or { type, value }', value);
};

const overrides: check.Check<Readonly<Record<string, MetadataOverride>>> = (value, name) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return check.refuse(name, 'an object of metadata', value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, override(each, `${name}.${key}`)]));
};

const pair: check.Check<readonly [string, string]> = (value, name) => {
  if (!Array.isArray(value) || value.length !== 2) return check.refuse(name, 'a pair [pattern, type]', value);
  return [check.string(value[0], `${name}[0]`), check.string(value[1], `${name}[1]`)];
};

const checks: check.Checks<QuantizeOptions> = {
  type: check.string,
  imatrix: (value) => pathOf(value),
  allowRequantize: check.boolean,
  leaveOutputTensor: check.boolean,
  pure: check.boolean,
  outputTensorType: check.string,
  tokenEmbeddingType: check.string,
  tensorTypes: check.listOf(pair, 10_000),
  pruneLayers: check.listOf(check.integer(0, 100_000), 100_000),
  keepSplit: check.boolean,
  overrides,
  targetSize: check.number(1, Number.MAX_SAFE_INTEGER),
  targetBpw: check.number(0.01, 64),
  dryRun: check.boolean,
  threads: check.threads,
  keepPartial: check.boolean,
  onProgress: check.callback<(fraction: number) => void>(),
  signal: check.signal,
};

/** Whether a pattern finds a name, within a second: some patterns take for ever on some names. */
function finds(pattern: string, names: readonly string[]): boolean[] {
  const context = createContext({ pattern, names: [...names] });
  try {
    return new Script('names.map((name) => new RegExp(pattern, "i").test(name))').runInContext(context, { timeout: 1000 }) as boolean[];
  } catch (cause) {
    const slow = (cause as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
    throw new LlamaError(
      'ARGUMENT',
      `tensorTypes: ${slow ? 'a pattern that takes too long' : 'expected a regular expression'}, found ${JSON.stringify(pattern)}`,
      { cause },
    );
  }
}

async function rulesOf(input: string, types: readonly (readonly [string, string])[]): Promise<NativeQuantizeOptions['tensorTypes']> {
  if (types.length === 0) return [];
  const names = (await inspectModel(input)).tensors.map((t) => t.name);
  return types.map(([pattern, type]) => {
    const found = finds(pattern, names);
    return [pattern, type, names.filter((_, i) => found[i] === true)];
  });
}

function nativeOverride([key, value]: [string, MetadataOverride]): NativeQuantizeOptions['overrides'][number] {
  if (typeof value === 'string') return [key, 'str', value];
  if (typeof value === 'boolean') return [key, 'bool', String(value)];
  if (typeof value === 'object') return 'float' in value ? [key, 'f32', String(value.float)] : [key, value.type, String(value.value)];
  return [key, !Number.isInteger(value) ? 'f32' : value < 0 ? 'i32' : 'u32', String(value)];
}

function reportOf(found: NativeQuantizeReport): QuantizeReport {
  const weights = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
  const tensors = found.tensors.map(({ squaredError, measured, relativeError, ...rest }) => ({
    ...rest,
    ...(measured > 0 && { rmse: Math.sqrt(squaredError / measured), relativeError }),
  }));
  const all = tensors.reduce((sum, t) => sum + weights(t.shape), 0);
  const bytes = tensors.reduce((sum, t) => sum + t.bytes, 0);
  return {
    type: found.type,
    inputBytes: found.inputBytes,
    bytes: found.bytes,
    bpw: all > 0 ? (8 * bytes) / all : 0,
    files: found.files,
    tensors,
    warnings: found.warnings,
  };
}

/**
 * Writes a model with smaller weights. The input is a GGUF file (of a split one the first) in F32, F16 or BF16, or any other type with
 * `allowRequantize`. The output appears under its name when it is complete; a call that was killed is taken up where it stopped.
 * Rejects with a LlamaError: `DISK` where the output cannot be written, `FILE`, `FORMAT` for the input, `ARGUMENT` for the options, an
 * importance matrix of another model among them, or one that says nothing of a tensor whose type is hardly usable without.
 */
export async function quantize(input: string | URL, output: string | URL, options?: QuantizeOptions): Promise<QuantizeReport> {
  const origin = new Origin(quantize);
  const { onProgress, signal, ...given } = check.options<QuantizeOptions>(options, 'quantize', checks);
  const [from, to] = [pathOf(input), pathOf(output)];
  if (given.targetSize !== undefined && given.targetBpw !== undefined) throw new LlamaError('ARGUMENT', 'targetSize and targetBpw: expected one of them');
  signal?.throwIfAborted();
  const settings: NativeQuantizeOptions = {
    type: given.type ?? 'Q4_K_M',
    imatrix: (given.imatrix as string | undefined) ?? '',
    allowRequantize: given.allowRequantize ?? false,
    leaveOutputTensor: given.leaveOutputTensor ?? false,
    pure: given.pure ?? false,
    keepSplit: given.keepSplit ?? false,
    keepPartial: given.keepPartial ?? false,
    dryRun: given.dryRun ?? false,
    outputTensorType: given.outputTensorType ?? '',
    tokenEmbeddingType: given.tokenEmbeddingType ?? '',
    tensorTypes: await rulesOf(from, given.tensorTypes ?? []),
    pruneLayers: [...(given.pruneLayers ?? [])],
    overrides: Object.entries(given.overrides ?? {}).map(nativeOverride),
    targetSize: given.targetSize ?? 0,
    targetBpw: given.targetBpw ?? 0,
    threads: given.threads ?? 0,
  };
  const job = { ...(onProgress && { onProgress }), ...(signal && { signal }) };
  return reportOf(await runJob<NativeQuantizeReport>(origin, (ticket) => native.quantize(ticket, from, to, settings), job));
}
