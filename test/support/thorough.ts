// Tests of `npm run test:all` alone: long ones, which a change to one room seldom breaks.
export const everything = process.env.LLAMA_TS_TEST_ALL !== undefined;

/** `test`, or a test that is skipped and says why. */
export function thorough(name: string, run: () => Promise<void>, timeoutMs?: number): void {
  if (everything) test(name, run, timeoutMs);
  else test.skip(`${name} (skipped: npm run test:all runs it)`, run);
}

/** How many of something that is tried many times: all of them, or the tenth that `npm test` takes. */
export const manyOf = (count: number): number => (everything ? count : Math.ceil(count / 10));
