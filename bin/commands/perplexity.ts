import type { CommandModule } from 'yargs';

import { perplexity, type Divergence, type PerplexityOptions, type PerplexityResult } from '../../lib';
import { word, type Flags } from '../flags';
import { readText } from '../input';
import { modelPath } from '../load';
import { measureFlags, measureOptions, watched } from '../measure';
import { print } from '../screen';

function divergence(d: Divergence): string[] {
  const percent = (part: number): string => `${(100 * part).toFixed(3)}%`;
  return [
    `base perplexity    ${d.basePerplexity.toFixed(4)}`,
    `perplexity ratio   ${d.perplexityRatio.toFixed(6)} +/- ${d.perplexityRatioError.toFixed(6)}`,
    `KL divergence      ${d.kl.toFixed(6)} +/- ${d.klError.toFixed(6)}`,
    `  median           ${d.klMedian.toFixed(6)}`,
    `  99%              ${d.kl99.toFixed(6)}`,
    `  maximum          ${d.klMax.toFixed(6)}`,
    `same top token     ${percent(d.sameTop)} +/- ${percent(d.sameTopError)}`,
    `RMS difference of the token's probability  ${percent(d.rmsProbability)}`,
  ];
}

function table(r: PerplexityResult): string {
  const lines = [
    `perplexity         ${r.perplexity.toFixed(4)} +/- ${r.error.toFixed(4)}`,
    ...(r.divergence ? divergence(r.divergence) : []),
    `${r.tokens} tokens scored in ${r.chunks} chunks of ${r.context}, ${r.tokensPerSecond.toFixed(0)} tokens/s on ${r.backend}`,
  ];
  return `${lines.join('\n')}\n`;
}

function baseOptions(flags: Flags): Pick<PerplexityOptions, 'base' | 'saveBase'> {
  const path = flags.klDivergenceBase as string | undefined;
  if (flags.klDivergence !== true) return path === undefined ? {} : { saveBase: path };
  if (path === undefined) throw new Error('--kl-divergence: expected the base to compare with: --kl-divergence-base FILE');
  return { base: path };
}

async function run(flags: Flags): Promise<void> {
  const base = baseOptions(flags);
  if (flags.file === undefined && base.base === undefined) throw new Error('expected a text: -f FILE');
  const text = flags.file === undefined ? undefined : await readText(flags.file as string);
  const model = await modelPath(flags);
  const result = await watched('Reading', (job) => perplexity(model, text, { ...measureOptions(flags), ...base, ...job }));
  if (result) await print(flags.json === true ? `${JSON.stringify(result)}\n` : table(result));
}

const command: CommandModule = {
  command: 'perplexity',
  describe: 'how well a model foretells a text, and how far it is from a base model',
  builder: (yargs) =>
    measureFlags(yargs)
      .options({
        'kl-divergence-base': word('file to save the log-probabilities in; with --kl-divergence, the file to compare with', ['save-all-logits']),
        'kl-divergence': { type: 'boolean', describe: 'compare with the base; the text may be left out' },
      })
      .demandOption('model', 'expected a model: -m FILE.gguf'),
  handler: (flags) => run(flags),
};

export default command;
