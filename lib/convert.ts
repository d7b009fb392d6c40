import { native } from './binding';
import * as check from './check';
import { Origin } from './errors';
import { runJob, type JobOptions } from './job';
import type { NativeWritten } from './native';
import { pathOf } from './path';

/** Types of matrices; `auto`: as the folder stores them, FP8 as BF16. Vectors are F32 always. */
export type ConvertType = 'auto' | 'f32' | 'f16' | 'bf16';

export interface ConvertOptions extends JobOptions {
  /** Of matrices. Default `auto`, which loses nothing. */
  type?: ConvertType;
  /** The model's name in the file. Default: the folder's. */
  name?: string;
}

/** A file that was written. */
export interface Written {
  readonly path: string;
  readonly bytes: number;
  readonly tensors: number;
}

const checks: check.Checks<ConvertOptions> = {
  type: check.oneOf(['auto', 'f32', 'f16', 'bf16']),
  name: check.string,
  onProgress: check.callback<(fraction: number) => void>(),
  signal: check.signal,
};

/**
 * Makes a GGUF file of a Hugging Face folder: config.json, safetensors (sharded or not; F32, F16, BF16, FP8 with scales), tokenizer and
 * chat template. The file appears when it is complete; what an interrupted run left is taken up.
 */
export async function convertModel(folder: string | URL, to: string | URL, options?: ConvertOptions): Promise<Written> {
  const origin = new Origin(convertModel);
  const { type = 'auto', name = '', ...job } = check.options<ConvertOptions>(options, 'convertModel', checks);
  const [from, path] = [pathOf(folder), pathOf(to)];
  const nativeType = type === 'auto' ? type : type.toUpperCase();
  const { bytes, tensors } = await runJob<NativeWritten>(origin, (ticket) => native.convertFolder(ticket, from, path, { type: nativeType, name }), job);
  return { path, bytes, tensors };
}
