import { fileURLToPath } from 'node:url';

import * as check from './check';
import { LlamaError } from './errors';

/** The path that a string or file: URL names. */
export function pathOf(path: unknown): string {
  if (typeof path === 'string') {
    if (path === '' || path.includes('\0')) return check.refuse('path', 'the path of a model', path);
    return path;
  }
  if (!(path instanceof URL)) return check.refuse('path', 'a string or a file: URL', path);
  try {
    return fileURLToPath(path);
  } catch (cause) {
    throw new LlamaError('ARGUMENT', `path: expected a file: URL, found ${path.protocol}`, { cause });
  }
}
