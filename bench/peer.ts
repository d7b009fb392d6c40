// node-llama-cpp as its users get it: its prebuilt library, F16 KV, flash attention and batch size left at their defaults.
// Set by hand: no GPU, or Vulkan with all layers, the thread count, and a context that the jobs fit.
import type { ControlledEvaluateInputItem, LlamaContextSequence, LlamaEmbeddingContext, LlamaModel, Token } from 'node-llama-cpp' with {
  'resolution-mode': 'import',
};
import { serve, StreamClock, type Job, type Setup, type Side, type Timing } from './side';

const greedy = { temperature: 0, yieldEogToken: true };

// Reads the prompt and makes `count` tokens; `seen` is told of each.
async function stream(sequence: LlamaContextSequence, prompt: number[], count: number, seen: (index: number) => void): Promise<void> {
  let index = 0;
  for await (const _ of sequence.evaluate(prompt as Token[], greedy)) {
    seen(index++);
    if (index === count) break;
  }
  if (index < count) throw new Error(`the peer stopped after ${index} of ${count} tokens`);
}

class Peer implements Side {
  private single: LlamaContextSequence | undefined;
  private several: LlamaContextSequence[] = [];
  private embedding: LlamaEmbeddingContext | undefined;

  constructor(
    readonly version: string,
    private readonly model: LlamaModel,
    private readonly threads: number,
    private readonly contextSize: number,
  ) {}

  async run(job: Job): Promise<Timing> {
    if (job.kind === 'embed') return this.embed(job);
    if (job.kind === 'batch') return this.batch(job);
    const prompt = job.prompts[0];
    this.single ??= (await this.model.createContext({ threads: this.threads, contextSize: this.contextSize })).getSequence();
    if (job.kind === 'prefill') {
      await this.readBefore(this.single, (job.before ?? []) as Token[]);
      const start = performance.now();
      await stream(this.single, prompt, 1, () => {});
      return { tokens: prompt.length, seconds: (performance.now() - start) / 1000 };
    }
    // A prompt that was read before is kept: only its last token is evaluated again.
    await this.single.adaptStateToTokens(prompt.slice(0, -1) as Token[], false);
    const clock = new StreamClock();
    await stream(this.single, prompt.slice(this.single.nextTokenIndex), job.tokens + 1, (i) => clock.arrived(i === 0));
    return clock.timing();
  }

  // Leaves `before` alone in the sequence: read once, kept while it is what the next job asks for too.
  private async readBefore(sequence: LlamaContextSequence, before: Token[]): Promise<void> {
    if (before.length === 0) return sequence.clearHistory();
    await sequence.adaptStateToTokens(before, false);
    const missing = before.slice(sequence.nextTokenIndex);
    if (missing.length > 0) await sequence.evaluateWithoutGeneratingNewTokens(missing);
  }

  // All asked for at once; it takes them one by one.
  private async embed({ prompts }: Job): Promise<Timing> {
    this.embedding ??= await this.model.createEmbeddingContext({ threads: this.threads, contextSize: 512 });
    const of = this.embedding;
    const start = performance.now();
    await Promise.all(prompts.map((ids) => of.getEmbeddingFor(ids as Token[])));
    return { tokens: prompts.flat().length, seconds: (performance.now() - start) / 1000 };
  }

  // In lockstep, one call a sequence and step: all meet in one batch, which independent streams here do not.
  private async batch({ prompts, tokens }: Job): Promise<Timing> {
    if (this.several.length !== prompts.length) {
      await this.several[0]?.context.dispose();
      const context = await this.model.createContext({ threads: this.threads, contextSize: 256, sequences: prompts.length });
      this.several = prompts.map(() => context.getSequence());
    }
    await Promise.all(this.several.map((s) => s.clearHistory()));
    const start = performance.now();
    let last = await this.step(prompts);
    for (let i = 1; i < tokens; i++) last = await this.step(last);
    return { tokens: tokens * prompts.length, seconds: (performance.now() - start) / 1000 };
  }

  private async step(inputs: number[][]): Promise<number[][]> {
    const results = await Promise.all(inputs.map((ids, n) => this.several[n].controlledEvaluate(lastPredicted(ids))));
    return results.map((r) => [r.at(-1)!.next.token!]);
  }
}

function lastPredicted(ids: number[]): ControlledEvaluateInputItem[] {
  const options = { generateNext: { token: true, options: { temperature: 0 } } };
  return ids.map((id, i) => (i === ids.length - 1 ? [id as Token, options] : (id as Token)));
}

serve(async ({ model: modelPath, threads, backend, contextTokens = 2560 }: Setup) => {
  const { getLlama, LlamaLogLevel } = await import('node-llama-cpp');
  const llama = await getLlama({ gpu: backend === 'vulkan' ? 'vulkan' : false, build: 'never', maxThreads: threads, logLevel: LlamaLogLevel.error });
  const model = await llama.loadModel({ modelPath, gpuLayers: backend === 'cpu' ? 0 : 'max' });
  const version = `node-llama-cpp 3.22.1 (llama.cpp ${llama.llamaCppRelease.release}${backend === 'cpu' ? '' : `, ${backend}`})`;
  return new Peer(version, model, threads, contextTokens);
});
