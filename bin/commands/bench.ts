import type { CommandModule } from 'yargs';

import type { Model } from '../../lib';
import { loadFlags, numeric, type Flags } from '../flags';
import { adapterFlags } from '../adapters';
import { modelNameFlags } from '../model-name';
import { Interrupt, interrupted } from '../interrupt';
import { load } from '../load';
import { note, print } from '../screen';

interface Rates {
  prefill: number[]; // tokens a second, one a repetition
  decode: number[];
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

// Random tokens, other ones each time: a prompt seen before would come from the cache.
function randomIds(count: number, vocabulary: number): Uint32Array {
  return Uint32Array.from({ length: count }, () => Math.floor(Math.random() * vocabulary));
}

async function measure(model: Model, prompt: number, generated: number, repetitions: number, signal: AbortSignal): Promise<Rates> {
  const rates: Rates = { prefill: [], decode: [] };
  for (let i = 0; i < repetitions; i++) {
    const ids = randomIds(prompt, model.info.vocabulary);
    const { timing, usage } = await model.generate(ids, { maxTokens: generated, ignoreEnd: true, temperature: 0, signal });
    rates.prefill.push((1000 * (usage.prompt - usage.cached)) / timing.prefillMs);
    if (generated > 1) rates.decode.push(timing.tokensPerSecond);
  }
  return rates;
}

async function bench(flags: Flags): Promise<void> {
  const interrupt = new Interrupt();
  const [prompt, generated, repetitions] = [flags.nPrompt as number, flags.nGen as number, flags.repetitions as number];
  for (const [name, value] of Object.entries({ 'n-prompt': prompt, 'n-gen': generated, repetitions })) {
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name}: expected an integer of at least 1, found ${value}`);
  }
  try {
    await using model = await load(flags, 'bench', interrupt.arm());
    await measure(model, Math.min(prompt, 64), 2, 1, interrupt.arm()); // warms the page cache and the threads
    const { prefill, decode } = await measure(model, prompt, generated, repetitions, interrupt.arm());
    const { info } = model;
    const row = { model: info.name || info.architecture, type: info.fileType, backend: info.backend, threads: info.threads };
    const figures = { nPrompt: prompt, nGen: generated, repetitions, prefill: median(prefill), decode: median(decode) };
    if (flags.json === true) await print(`${JSON.stringify({ ...row, ...figures })}\n`);
    else
      await print(
        `${row.model} ${row.type} on ${row.backend}: prefill of ${prompt} ${figures.prefill.toFixed(1)} tokens/s, decode ${figures.decode.toFixed(1)} tokens/s\n`,
      );
  } catch (error) {
    if (!interrupt.pressed) throw error;
    note('');
    process.exitCode = interrupted;
  }
}

const command: CommandModule = {
  command: 'bench',
  describe: 'measure tokens per second: reading a prompt, and writing',
  builder: (yargs) =>
    modelNameFlags(adapterFlags(loadFlags(yargs))).options({
      'n-prompt': { ...numeric('n-prompt', 'tokens of the prompt', ['p']), default: '512' },
      'n-gen': { ...numeric('n-gen', 'tokens to generate', ['n']), default: '128' },
      repetitions: { ...numeric('repetitions', 'times to measure; the median counts', ['r']), default: '3' },
      json: { type: 'boolean', describe: 'print the figures as JSON' },
    }),
  handler: (flags) => bench(flags),
};

export default command;
