// What a request fails with, and how each API writes it.
import { LlamaError } from '../index';

/** The APIs whose errors have a form of their own. */
export type Form = 'openai' | 'anthropic' | 'ollama';

/** A failure with its place in HTTP. `type` and `code` are OpenAI's words. */
export class ApiError extends Error {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  /** The field that is wrong. */
  readonly param: string | null;
  /** Seconds. */
  readonly retryAfter: number | undefined;
  readonly more: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    message: string,
    {
      type = usualType(status),
      code = null,
      param = null,
      retryAfter,
      more = {},
      cause,
    }: {
      type?: string;
      code?: string | null;
      param?: string | null;
      retryAfter?: number;
      more?: Readonly<Record<string, unknown>>;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause });
    this.name = 'ApiError';
    this.status = status;
    this.type = type;
    this.code = code;
    this.param = param;
    this.retryAfter = retryAfter;
    this.more = more;
  }
}

function usualType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/** A field of the body that is not as it must be. */
export const wrong = (param: string, message: string, code: string | null = null): ApiError => new ApiError(400, `${param}: ${message}`, { param, code });

/** The client has gone: nobody is told. */
export class Gone extends Error {}

/** What any failure is to a client. Of what is the server's own fault it is told that it happened, and the log has the rest. */
export function failureOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof LlamaError)) return new ApiError(500, 'the server failed: its log says why', { cause: error });
  const { message, keyword, pointer } = error;
  const more = { ...(keyword !== undefined && { keyword }), ...(pointer !== undefined && { pointer }) };
  switch (error.code) {
    case 'ARGUMENT':
      return new ApiError(400, message, { param: paramOf(message), cause: error });
    case 'SCHEMA':
      return new ApiError(400, message, { code: 'invalid_schema', more, cause: error });
    case 'TEMPLATE':
    case 'UNSUPPORTED':
      return new ApiError(400, message, { code: error.code.toLowerCase(), param: paramOf(message), cause: error });
    case 'CONTEXT':
      return new ApiError(400, `the prompt exceeds the context: ${message}`, { code: 'context_length_exceeded', cause: error });
    case 'MEMORY':
    case 'DISPOSED':
      return new ApiError(503, 'the model is not in memory at the moment: try again', { retryAfter: 2, cause: error });
    default:
      return new ApiError(500, `the server failed (${error.code}): its log says why`, { cause: error });
  }
}

// The engine names its options in camel case, and a conversation `prompt`.
function paramOf(message: string): string | null {
  const name = /^([A-Za-z][\w.[\]]*):/.exec(message)?.[1];
  return name?.replace(/^prompt\[/, 'messages[').replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`) ?? null;
}

const anthropicTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};

/** The body of a failure. */
export function bodyOf(form: Form, error: ApiError, requestId: string): unknown {
  const { status, message, type, code, param, more } = error;
  if (form === 'ollama') return { error: message };
  if (form === 'openai') return { error: { message, type, param, code, ...more } };
  const kind = anthropicTypes[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  const { details } = more;
  return { type: 'error', error: { type: kind, message, ...(details !== undefined && { details }) }, request_id: requestId };
}
