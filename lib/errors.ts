/**
 * What kind of failure it was: stable, so match on it.
 *
 * | code | meaning |
 * | --- | --- |
 * | `FILE` | a file cannot be opened or read |
 * | `DISK` | the output cannot be written: the disk is full, the folder is read-only, another program writes the file |
 * | `FORMAT` | a model file breaks the format's rules |
 * | `UNSUPPORTED` | well-formed, but this version does not do it |
 * | `MEMORY` | it does not fit, with the figures |
 * | `CONTEXT` | the prompt or generation does not fit the context |
 * | `ARGUMENT` | a call's arguments break their documented ranges |
 * | `TEMPLATE` | the chat template refuses or fails on the messages |
 * | `DEVICE` | a backend is absent, lost or failed |
 * | `DISPOSED` | the model was disposed before or while the call ran |
 * | `SCHEMA` | a JSON Schema cannot be enforced as it is: `keyword` and `pointer` say what of it; or a value that its own library refuses |
 * | `PACKAGE` | an optional package is not installed, or too old: the message names it |
 * | `NETWORK` | a server cannot be reached, does not answer, or answers what cannot be used |
 * | `ACCESS` | a model is private or gated, and the token that there is does not open it |
 * | `NOT_FOUND` | a server has no such model, file or quantization; offline: the cache has not |
 * | `RATE_LIMIT` | a server wants fewer requests: `retryAfter` says in how many seconds more are welcome, where it told |
 * | `CORRUPT` | what came is not what was promised: another length, another hash |
 * | `BINARY` | the compiled part of the package is missing or does not load |
 * | `INTERNAL` | a bug of ours: please report it |
 */
export type ErrorCode =
  | 'FILE'
  | 'DISK'
  | 'FORMAT'
  | 'UNSUPPORTED'
  | 'MEMORY'
  | 'CONTEXT'
  | 'ARGUMENT'
  | 'TEMPLATE'
  | 'DEVICE'
  | 'DISPOSED'
  | 'SCHEMA'
  | 'PACKAGE'
  | 'NETWORK'
  | 'ACCESS'
  | 'NOT_FOUND'
  | 'RATE_LIMIT'
  | 'CORRUPT'
  | 'BINARY'
  | 'INTERNAL';

/** Every failure of this package. The message says what was expected, what was found and what to do. */
export class LlamaError extends Error {
  readonly code: ErrorCode;
  /** `SCHEMA`: the keyword that cannot be enforced. */
  declare readonly keyword?: string;
  /** `SCHEMA`: where it stands, a JSON pointer such as `/properties/age`. */
  declare readonly pointer?: string;
  /** `RATE_LIMIT`: seconds until more requests are welcome. */
  declare readonly retryAfter?: number;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; keyword?: string; pointer?: string; retryAfter?: number | undefined }) {
    super(message, options);
    this.code = code;
    if (options?.keyword !== undefined) this.keyword = options.keyword;
    if (options?.pointer !== undefined) this.pointer = options.pointer;
    if (options?.retryAfter !== undefined) this.retryAfter = options.retryAfter;
  }
}
Object.defineProperty(LlamaError.prototype, 'name', { value: 'LlamaError', configurable: true, writable: true });

/** Where a call came from, kept so that a failure reported later by another thread shows the caller's stack. */
export class Origin {
  readonly stack?: string;

  constructor(call: (...args: never[]) => unknown) {
    Error.captureStackTrace(this, call);
  }

  /** Gives an error that came from a native thread this stack. */
  mark(error: unknown): unknown {
    if (error instanceof LlamaError && this.stack !== undefined) {
      error.stack = `${error.name}: ${error.message}${this.stack.slice(this.stack.indexOf('\n'))}`;
    }
    return error;
  }
}
