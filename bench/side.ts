// What both sides do, each in a process of its own that waits for a message, so that nothing else runs while one is timed.

export type BenchBackend = 'cpu' | 'vulkan';

export interface Setup {
  root: string; // the project that ours is of: its dist and build folders
  model: string;
  threads: number;
  backend: BenchBackend;
  contextTokens: number | undefined; // undefined: the usual
}

// prefill: `prompts[0]` read behind `before`, which is read first, one token out. decode: the prompt is read first, then `tokens` more are timed.
// batch: all prompts together, timed whole. embed: a vector of each prompt.
export interface Job {
  kind: 'prefill' | 'decode' | 'batch' | 'embed';
  prompts: number[][];
  before?: number[];
  tokens: number;
}

export interface Timing {
  tokens: number;
  seconds: number;
}

/** What prompts have to fit. */
export interface Space {
  readonly vocabulary: number;
  readonly context: number; // tokens
  readonly encodes?: boolean; // texts, and continues none
}

export interface Side {
  readonly version: string;
  readonly space?: Space; // where it is not that of the models of models.ts
  run(job: Job): Promise<Timing>;
}

// Tokens that came after a stream's first one, and how long they took.
export class StreamClock {
  private start = 0;
  private tokens = 0;

  arrived(first: boolean, count = 1): void {
    if (first) this.start = performance.now();
    else this.tokens += count;
  }

  timing(): Timing {
    return { tokens: this.tokens, seconds: (performance.now() - this.start) / 1000 };
  }
}

export function serve(open: (setup: Setup) => Promise<Side>): void {
  let side: Side | undefined;
  process.on('disconnect', () => process.exit()); // the one who asks is gone
  process.on('message', async (message: { setup?: Setup; job?: Job }) => {
    try {
      if (message.setup) {
        side = await open(message.setup);
        process.send!({ version: side.version, space: side.space });
      } else process.send!({ timing: await side!.run(message.job!) });
    } catch (error) {
      process.send!({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
}
