import { native } from './binding';
import * as check from './check';
import { Origin } from './errors';
import { runJob } from './job';
import { jobOptions, measureChecks, nativeMeasureOptions, optionalText, type MeasureOptions } from './measure';
import type { NativeImatrix } from './native';
import { pathOf } from './path';

export interface ImatrixOptions extends MeasureOptions {
  /** Importance matrices to add, in either form. */
  inFiles?: readonly (string | URL)[];
  /** What the text is called in the file: by this a run knows its own. Default `text`. */
  dataset?: string;
  /** The output matrix too. Default false: quantizers choose for it without. */
  processOutput?: boolean;
  /** Go on from the chunks that the output file has already. Where it is absent, begin. */
  resume?: boolean;
  /** Chunks after which the output file is written anew; 0: at the end alone. Default 10. */
  outputFrequency?: number;
}

export interface ImatrixResult {
  /** Chunks of this text that an earlier run had read. */
  readonly resumed: number;
  /** Chunks that were read now. */
  readonly chunks: number;
  /** Chunks in the file, with those of `inFiles`. */
  readonly allChunks: number;
  /** Matrices in the file. */
  readonly tensors: number;
  readonly backend: string;
  /** Of reading the text. */
  readonly seconds: number;
}

const path: check.Check<string> = (value) => pathOf(value);

const checks: check.Checks<ImatrixOptions> = {
  ...measureChecks,
  inFiles: check.listOf(path, 10_000),
  dataset: check.string,
  processOutput: check.boolean,
  resume: check.boolean,
  outputFrequency: check.integer(0, 0x7fffffff),
};

/**
 * Measures how large the inputs of a model's matrices are while it reads a calibration text, and writes an importance matrix, in the
 * GGUF form that other tools read. The file appears under its name when it is complete; stopped by the signal, a run leaves what it has
 * read, and `resume` goes on from there. Without model and text: `inFiles` merged. Rejects with a LlamaError: `DISK` where the output
 * cannot be written, else as `loadModel` does.
 */
export async function imatrix(
  model: string | URL | undefined,
  text: string | undefined,
  output: string | URL,
  options?: ImatrixOptions,
): Promise<ImatrixResult> {
  const origin = new Origin(imatrix);
  const given = check.options<ImatrixOptions>(options, 'imatrix', checks);
  const [from, words, to] = [model === undefined ? undefined : pathOf(model), optionalText(text), pathOf(output)];
  const { inFiles = [], dataset = 'text', processOutput = false, resume = false, outputFrequency = 10 } = given;
  const settings = { ...nativeMeasureOptions(given), inFiles: inFiles as string[], dataset, processOutput, resume, outputFrequency };
  return runJob<NativeImatrix>(origin, (ticket) => native.imatrix(ticket, from, words, to, settings), jobOptions(given));
}
