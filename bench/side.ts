// What both sides do, each in a process of its own that waits for a message, so that nothing else runs while one is timed.

export type BenchBackend = 'cpu' | 'vulkan';

export interface Setup {
  root: string; // the project that ours is of: its dist and build folders
  model: string;
  threads: number;
  backend: BenchBackend;
}

// prefill: `prompts[0]` read, one token out. decode: the prompt is read first, then `tokens` more are timed.
// batch: all prompts together; timed once each has its first token.
export interface Job {
  kind: 'prefill' | 'decode' | 'batch';
  prompts: number[][];
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
}

export interface Side {
  readonly version: string;
  readonly space?: Space; // where it is not that of the models of models.ts
  run(job: Job): Promise<Timing>;
}

// Tokens that came while all streams ran, from when the last had its first one until one ended, and how long that took.
export class StreamClock {
  private waiting: number;
  private start = 0;
  private end: number | undefined;
  private tokens = 0;

  constructor(streams: number) {
    this.waiting = streams;
  }

  arrived(first: boolean, count = 1): void {
    if (this.waiting === 0 && this.end === undefined) this.tokens += count;
    if (first && --this.waiting === 0) this.start = performance.now();
  }

  ended(): void {
    if (this.waiting > 0) throw new Error('a stream ended before the last began; give them more tokens');
    this.end ??= performance.now();
  }

  timing(): Timing {
    return { tokens: this.tokens, seconds: ((this.end ?? performance.now()) - this.start) / 1000 };
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
