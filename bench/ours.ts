// llama-ts through its public API, as built into dist/. Defaults, but for the thread count and a context that the jobs fit.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Model } from '../lib/index';
import { serve, StreamClock, type Job, type Setup, type Side, type Space, type Timing } from './side';

const greedy = { temperature: 0, ignoreEnd: true };

class Ours implements Side {
  constructor(
    readonly version: string,
    readonly space: Space,
    private readonly model: Model,
  ) {}

  async run({ kind, prompts, before = [], tokens }: Job): Promise<Timing> {
    if (kind === 'prefill') {
      const once = { ...greedy, maxTokens: 1 };
      if (before.length > 0) await this.model.generate(before, once);
      const start = performance.now();
      const { usage } = await this.model.generate([...before, ...prompts[0]], once);
      if (usage.cached !== before.length) throw new Error(`${usage.cached} tokens were cached of ${before.length} before the prompt`);
      return { tokens: prompts[0].length, seconds: (performance.now() - start) / 1000 };
    }
    if (kind === 'embed') {
      const start = performance.now();
      await this.model.embed(prompts.map((ids) => Uint32Array.from(ids)));
      return { tokens: prompts.flat().length, seconds: (performance.now() - start) / 1000 };
    }
    const clock = new StreamClock();
    if (kind === 'decode') {
      await this.stream(prompts[0], tokens + 1, clock);
      return clock.timing();
    }
    // Whole: who is begun when differs.
    const start = performance.now();
    await Promise.all(prompts.map((prompt) => this.stream(prompt, tokens, clock)));
    return { tokens: tokens * prompts.length, seconds: (performance.now() - start) / 1000 };
  }

  private async stream(prompt: number[], maxTokens: number, clock: StreamClock): Promise<void> {
    const generation = this.model.generate(prompt, { ...greedy, maxTokens });
    let begun = false;
    for await (const { ids } of generation) {
      if (ids.length === 0) continue;
      clock.arrived(!begun, ids.length);
      begun = true;
    }
    // The last tokens come with the result alone where they begin a character.
    const { length } = (await generation).ids;
    if (length !== maxTokens) throw new Error(`${length} of ${maxTokens} tokens came`);
  }
}

serve(async ({ root, model: path, threads, backend, contextTokens: asked = backend === 'cpu' ? 8192 : 2560 }: Setup) => {
  const { loadModel } = require(join(root, 'dist', 'lib', 'index.js')) as typeof import('../lib/index');
  const model = await loadModel(path, { threads, contextTokens: asked, backend });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const { vocabulary, trainedContext, contextTokens } = model.info;
  return new Ours(
    `llama-ts ${version} (${model.info.backend}) of ${root}`,
    { vocabulary, context: Math.min(trainedContext, contextTokens), encodes: !model.info.head },
    model,
  );
});
