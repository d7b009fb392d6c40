import { createContext, Script } from 'node:vm';

import { native } from './binding';
import * as check from './check';
import { LlamaError, Origin } from './errors';
import { inspectModel } from './inspect';
import { runJob, type JobOptions } from './job';
import type { NativeQuantizeOptions, NativeQuantizeReport } from './native';
import { pathOf } from './path';

/** A metadata value to write: text, a flag, or a number (whole ones as integers; `{ float: 1 }` for one that is whole). */
export type MetadataOverride = string | boolean | number | { readonly float: number };

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
  /** Types of tensors whose name a regular expression finds: `[['ffn_down', 'Q6_K']]`. The first that fits counts, before all other options. */
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
  return check.refuse(name, 'a text, a boolean, a number or { float }', value);
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
    throw new LlamaError('ARGUMENT', `tensorTypes: ${slow ? 'a pattern that takes too long' : 'expected a regular expression'}, found ${JSON.stringify(pattern)}`, { cause });
  }
}

async function exactTypes(input: string, rules: readonly (readonly [string, string])[]): Promise<[string, string][]> {
  if (rules.length === 0) return [];
  const names = (await inspectModel(input)).tensors.map((t) => t.name);
  const found = rules.map(([pattern]) => finds(pattern, names));
  return names.flatMap((name, i) => {
    const rule = rules.find((_, r) => found[r]?.[i] === true);
    return rule === undefined ? [] : [[name, rule[1]] as [string, string]];
  });
}

function nativeOverride([key, value]: [string, MetadataOverride]): NativeQuantizeOptions['overrides'][number] {
  if (typeof value === 'string') return [key, 'str', value];
  if (typeof value === 'boolean') return [key, 'bool', String(value)];
  if (typeof value === 'object') return [key, 'f32', String(value.float)];
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
  return { type: found.type, inputBytes: found.inputBytes, bytes: found.bytes, bpw: all > 0 ? (8 * bytes) / all : 0, files: found.files, tensors };
}

/**
 * Writes a model with smaller weights. The input is a GGUF file (of a split one the first) in F32, F16 or BF16, or any other type with
 * `allowRequantize`. The output appears under its name when it is complete; a call that was killed is taken up where it stopped.
 * Rejects with a LlamaError: `DISK` where the output cannot be written, `FILE`, `FORMAT` for the input, `ARGUMENT` for the options.
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
    tensorTypes: await exactTypes(from, given.tensorTypes ?? []),
    pruneLayers: [...(given.pruneLayers ?? [])],
    overrides: Object.entries(given.overrides ?? {}).map(nativeOverride),
    targetSize: given.targetSize ?? 0,
    targetBpw: given.targetBpw ?? 0,
    threads: given.threads ?? 0,
  };
  const job = { ...(onProgress && { onProgress }), ...(signal && { signal }) };
  return reportOf(await runJob<NativeQuantizeReport>(origin, (ticket) => native.quantize(ticket, from, to, settings), job));
}
