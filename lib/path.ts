import { fileURLToPath } from 'node:url';

import * as check from './check';
import { LlamaError } from './errors';
import { isReference } from './hub/reference';

/** The name of a model in place of a path, where it is one: `hf:user/repo`, an https address. */
export function referenceOf(path: unknown): string | undefined {
  const text = path instanceof URL ? path.href : path;
  return typeof text === 'string' && isReference(text) ? text : undefined;
}

/** The path that a string or file: URL names. */
export function pathOf(path: unknown): string {
  if (typeof path === 'string') {
    if (isReference(path))
      throw new LlamaError('ARGUMENT', `path: expected a path on this machine, found ${check.describe(path)}: pull() brings a model and tells its path`);
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
