// What it means that a hub refuses: words that say what to do.
import { LlamaError } from '../errors';
import { shown, type Answer, type Client } from './client';

/** What was asked for. */
export interface Asked {
  /** `user/name`; absent of a plain address. */
  readonly repo?: string;
  readonly what: string;
}

function gated(client: Client, repo: string, what: string): LlamaError {
  const { endpoint, token } = client.settings;
  const conditions = `${endpoint}/${repo}`;
  return new LlamaError(
    'ACCESS',
    token === undefined
      ? `${what} is gated: accept its conditions at ${conditions}, make a token at ${endpoint}/settings/tokens, and give it as HF_TOKEN, with --hf-token, or by "hf auth login"`
      : `${what} is gated, and the token that was given has no access: ask for it at ${conditions}; a fine-grained token also needs the permission to read gated repositories`,
  );
}

function closed(client: Client, what: string): LlamaError {
  const { endpoint, token } = client.settings;
  const message =
    token === undefined
      ? `${what} does not exist at ${endpoint}, or is private: for a private one make a token at ${endpoint}/settings/tokens, and give it as HF_TOKEN or with --hf-token`
      : `${what} does not exist at ${endpoint}, or the token that was given is not valid or has no access to it: ${endpoint}/settings/tokens has yours`;
  return new LlamaError('ACCESS', message);
}

/** The error of an answer that is none. */
export function refused(client: Client, answer: Answer, { repo, what }: Asked): LlamaError {
  const { status, headers, url } = answer;
  const why = headers.get('x-error-code') ?? '';
  const said = headers.get('x-error-message')?.slice(0, 200) ?? '';
  if (status === 404 || status === 410)
    return new LlamaError('NOT_FOUND', `${what}: not found${why === 'RevisionNotFound' ? ', the repository has no such revision' : ''}`);
  if (status === 401 || status === 403) {
    if (repo === undefined)
      return new LlamaError('ACCESS', `${shown(url)}: the server wants a permission (status ${status}); a token is sent to the hub alone`);
    return why === 'GatedRepo' || (status === 403 && why === '') ? gated(client, repo, what) : closed(client, what);
  }
  return new LlamaError('NETWORK', `${shown(url)}: expected ${what}, found status ${status}${said === '' ? '' : ` (${said})`}`);
}
