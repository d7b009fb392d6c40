import { native } from './binding';
import * as check from './check';
import { Origin } from './errors';
import { runJob } from './job';
import { jobOptions, measureChecks, nativeMeasureOptions, optionalText, type MeasureOptions } from './measure';
import type { NativePerplexity } from './native';
import { pathOf } from './path';

export interface PerplexityOptions extends MeasureOptions {
  /** File to save this model's log-probabilities in, for others to be compared with: two bytes for each scored token and token of the vocabulary. */
  saveBase?: string | URL;
  /** File that another model's call saved, to compare this model with. Its chunks are read; `context` has no effect. */
  base?: string | URL;
}

/** How far the model's distributions are from the base's, over the scored tokens. Errors are standard errors of the mean. */
export interface Divergence {
  /** Mean Kullback-Leibler divergence of the base's distribution from the model's, in nats. */
  readonly kl: number;
  readonly klError: number;
  readonly klMedian: number;
  /** What 99% of the tokens stay below. */
  readonly kl99: number;
  readonly klMax: number;
  /** How often both find the same token likeliest, from 0 to 1. */
  readonly sameTop: number;
  readonly sameTopError: number;
  readonly basePerplexity: number;
  /** The model's perplexity by the base's. */
  readonly perplexityRatio: number;
  readonly perplexityRatioError: number;
  /** Root of the mean squared difference of the probabilities of the token that came. */
  readonly rmsProbability: number;
}

export interface PerplexityResult {
  /** exp(mean negative log-likelihood of a scored token). */
  readonly perplexity: number;
  /** Its standard error. */
  readonly error: number;
  /** Tokens that were scored: of each chunk those behind the middle. */
  readonly tokens: number;
  readonly chunks: number;
  readonly context: number;
  readonly backend: string;
  /** Of reading the text. */
  readonly seconds: number;
  /** Tokens read in a second. */
  readonly tokensPerSecond: number;
  /** Where there is a base. */
  readonly divergence?: Divergence;
}

const checks: check.Checks<PerplexityOptions> = {
  ...measureChecks,
  context: check.integer(4, 1 << 24),
  saveBase: (value) => pathOf(value),
  base: (value) => pathOf(value),
};

function divergenceOf({ logRatio, logRatioError, ...rest }: NonNullable<NativePerplexity['divergence']>): Divergence {
  const perplexityRatio = Math.exp(logRatio);
  return { ...rest, perplexityRatio, perplexityRatioError: perplexityRatio * logRatioError };
}

function resultOf({ nll, nllError, divergence, ...rest }: NativePerplexity): PerplexityResult {
  const perplexity = Math.exp(nll);
  return {
    perplexity,
    error: perplexity * nllError,
    ...rest,
    tokensPerSecond: (rest.chunks * rest.context) / rest.seconds,
    ...(divergence && { divergence: divergenceOf(divergence) }),
  };
}

/**
 * How well a model foretells a text: its perplexity, and with `base` how far it is from a base model. The text is cut into chunks of
 * `context` tokens; the tokens behind the middle of each are scored, and a rest that fills no chunk is dropped. With `base` the text
 * may be left out: the file has its tokens. Rejects with a LlamaError as `loadModel` does; `ARGUMENT` where the text is too short or is not the base's.
 */
export async function perplexity(model: string | URL, text: string | undefined, options?: PerplexityOptions): Promise<PerplexityResult> {
  const origin = new Origin(perplexity);
  const given = check.options<PerplexityOptions>(options, 'perplexity', checks);
  const [path, words] = [pathOf(model), optionalText(text)];
  const { saveBase = '', base = '' } = given as { saveBase?: string; base?: string };
  const settings = { ...nativeMeasureOptions(given), saveBase, base };
  return resultOf(await runJob<NativePerplexity>(origin, (ticket) => native.perplexity(ticket, path, words, settings), jobOptions(given)));
}
