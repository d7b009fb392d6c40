import type { Generation, Result } from '../lib';
import { note, print } from './screen';

/** Prints a generation as it comes, behind `before` once it has begun. */
export async function stream(generation: Generation<unknown>, before = ''): Promise<Result<unknown>> {
  let first = before;
  for await (const { text } of generation) {
    await print(first + text);
    first = '';
  }
  return generation;
}

/** What a generation took. */
export function timings({ usage, timing, finish, seed }: Result<unknown>): void {
  const rate = timing.prefillMs > 0 ? (1000 * (usage.prompt - usage.cached)) / timing.prefillMs : 0;
  note(
    `prompt ${usage.prompt} tokens (${usage.cached} cached) at ${rate.toFixed(1)} tokens/s, first token after ${timing.firstTokenMs.toFixed(0)} ms; ` +
      `${usage.completion} tokens at ${timing.tokensPerSecond.toFixed(1)} tokens/s; finish ${finish}, seed ${seed}`,
  );
}
