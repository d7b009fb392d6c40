// The shared test data: models, golden logits and vectors, in the folder beside the repository or in $LLAMA_TS_SHARED.
// Where they are absent, the tests that need them are skipped, and their names say so.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { everything, thorough } from './thorough';

export const root = join(__dirname, '..', '..');
export const sharedFolder = process.env.LLAMA_TS_SHARED ?? join(root, '..', 'shared');
export const storyModel = join(root, 'models', 'story-Q8_0.gguf');

/** Whether the addon is built with a sanitizer. */
export const sanitized = process.env.LLAMA_TS_SANITIZED !== undefined;

export const sharedPath = (path: string) => join(sharedFolder, path);
export const hasShared = (path: string) => existsSync(sharedPath(path));

export function sharedJson<T>(path: string): T {
  return JSON.parse(readFileSync(sharedPath(path), 'utf8')) as T;
}

export function sharedFloats(path: string): Float32Array {
  const bytes = readFileSync(sharedPath(path));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

// A test that needs files of the shared data.
export function sharedTest(name: string, paths: string | readonly string[], run: () => Promise<void>, timeoutMs = 300_000): void {
  const absent = [paths].flat().filter((p) => !hasShared(p));
  if (absent.length === 0) test(name, run, timeoutMs);
  else test.skip(`${name} (skipped: ../shared/${absent[0]} is absent)`, run);
}

// The same, for what `npm run test:all` alone has the time for.
export function longSharedTest(name: string, paths: string | readonly string[], run: () => Promise<void>, timeoutMs = 300_000): void {
  if (everything) sharedTest(name, paths, run, timeoutMs);
  else thorough(name, run);
}

// The same, for what takes too long under a sanitizer.
export function slowSharedTest(name: string, paths: string | readonly string[], run: () => Promise<void>, timeoutMs: number): void {
  if (!sanitized) sharedTest(name, paths, run, timeoutMs);
  else test.skip(`${name} (skipped: too slow under a sanitizer)`, run);
}
