// What can go wrong between the page and the server.
import type { Failure, FailureKind } from '../data/types';

/** A request that did not work. */
export class Failed extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
    this.name = 'Failed';
  }
}

function kindOf(status: number): FailureKind {
  if (status === 401) return 'key';
  if (status === 403) return 'forbidden';
  if (status === 429 || status === 503) return 'busy';
  return status >= 500 ? 'failed' : 'refused';
}

/** The message in any of the forms that servers have. */
function messageOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error;
    const { message } = (error ?? {}) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // no JSON: perhaps of something between here and the server
  }
  return '';
}

/** Of an answer that is an error. */
export async function failureOf(response: Response): Promise<Failed> {
  const text = await response.text().catch(() => '');
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new Failed({
    kind: kindOf(response.status),
    status: response.status,
    message: messageOf(text),
    ...(Number.isFinite(wait) && wait > 0 && { retryAfter: Math.ceil(wait) }),
  });
}

/** Of whatever was thrown. `begun`: an answer had begun. */
export function failureFrom(error: unknown, begun: boolean): Failure {
  if (error instanceof Failed) return error.failure;
  return { kind: begun ? 'broken' : 'gone', message: '' };
}
