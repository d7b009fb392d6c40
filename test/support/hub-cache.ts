// Lays files into a cache as Hugging Face's tools do.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { sha256 } from './hub';

/** Gives the path in the snapshot. `revision`: what then means the commit; empty for nothing. */
export function layModel(cache: string, repo: string, path: string, bytes: Buffer, commit = 'c0ffee00'.repeat(5), revision = 'main'): string {
  const folder = join(cache, `models--${repo.replace('/', '--')}`);
  const blob = join(folder, 'blobs', sha256(bytes));
  const at = join(folder, 'snapshots', commit, ...path.split('/'));
  for (const parent of [join(blob, '..'), join(at, '..'), join(folder, 'refs')]) mkdirSync(parent, { recursive: true });
  writeFileSync(blob, bytes);
  rmSync(at, { force: true });
  const target = join('..', ...path.split('/').map(() => '..'), 'blobs', sha256(bytes));
  try {
    symlinkSync(target, at);
  } catch {
    writeFileSync(at, bytes); // Windows, without the right to make links
  }
  if (revision !== '') writeFileSync(join(folder, 'refs', revision), commit);
  return at;
}
