// Optional packages: what this package works with, and does not bring along.
import { LlamaError } from './errors';

const absent = new Set(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND', 'ERR_PACKAGE_PATH_NOT_EXPORTED']);

/** What failed as a package was loaded: where it is not installed, or too old, an error that says how to get it. */
export function peerError(name: string, what: string, cause: unknown): unknown {
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string' || !absent.has(code)) return cause;
  const found = code === 'ERR_PACKAGE_PATH_NOT_EXPORTED' ? 'found a version without what is needed' : 'it is not installed';
  return new LlamaError('PACKAGE', `${what} needs the package ${name}: ${found}: npm install ${name}`, { cause });
}
