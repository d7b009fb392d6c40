// What a repository of the hub has, by one request; and what is known of a file at a plain address.
import { createHash } from 'node:crypto';

import { nearest } from '../nearest';
import { LlamaError } from '../errors';
import { shown, type Answer, type Client } from './client';
import { isSafePath, type HubReference, type UrlReference } from './reference';
import { refused } from './refused';
import { persist } from './retry';

/** How bytes are known to be the right ones. */
export interface Checksum {
  readonly algorithm: 'sha256' | 'git';
  /** In hexadecimal letters. */
  readonly digest: string;
}

/** A file that can be brought. */
export interface RemoteFile {
  /** In its repository. */
  readonly path: string;
  readonly size: number;
  /** Its name among the cache's blobs. */
  readonly id: string;
  readonly checksum: Checksum | undefined;
  readonly url: URL;
  /** What a later part has to be part of: for plain addresses alone. */
  readonly validator?: string;
}

/** A file of a listing, of which all may not be known yet. */
export interface ListedFile {
  readonly path: string;
  readonly size?: number;
  readonly checksum?: Checksum;
}

export interface Repository {
  readonly repo: string;
  readonly commit: string;
  readonly files: readonly ListedFile[];
  readonly license?: string;
}

const mostListing = 64 * 2 ** 20;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

async function json(answer: Answer): Promise<unknown> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of answer.body()) {
    bytes += part.length;
    if (bytes > mostListing) throw new LlamaError('NETWORK', `${answer.url.origin}: a listing of more than ${mostListing} bytes is not read`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch (cause) {
    throw new LlamaError('NETWORK', `${answer.url.origin}${answer.url.pathname}: expected JSON: is ${answer.url.origin} a hub?`, { cause });
  }
}

const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

function listed(entry: unknown): ListedFile[] {
  if (!isObject(entry) || typeof entry.rfilename !== 'string' || !isSafePath(entry.rfilename)) return [];
  const { lfs, blobId } = entry;
  const size = isObject(lfs) && Number.isSafeInteger(lfs.size) ? lfs.size : entry.size;
  const sha256 = isObject(lfs) ? lfs.sha256 : undefined;
  const checksum = isDigest(sha256, 64)
    ? ({ algorithm: 'sha256', digest: sha256 } as const)
    : lfs === undefined && isDigest(blobId, 40)
      ? ({ algorithm: 'git', digest: blobId } as const)
      : undefined;
  return [{ path: entry.rfilename, ...(Number.isSafeInteger(size) && (size as number) >= 0 && { size: size as number }), ...(checksum && { checksum }) }];
}

const isDigest = (text: unknown, letters: number): text is string => typeof text === 'string' && text.length === letters && /^[0-9a-f]+$/.test(text);

function licenseOf(found: Record<string, unknown>): string | undefined {
  const card = isObject(found.cardData) ? found.cardData : {};
  const tags = Array.isArray(found.tags) ? found.tags.filter((t): t is string => typeof t === 'string') : [];
  const said = [card.license_name, card.license].flat().find((l) => typeof l === 'string' && l !== 'other');
  return ((said as string | undefined) ?? tags.find((t) => t.startsWith('license:'))?.slice(8))?.slice(0, 64);
}

/** Names of the same author that are near, in a few words; nothing where that cannot be found out. */
async function namesNear(client: Client, repo: string, signal: AbortSignal): Promise<string> {
  const [author = '', name = ''] = repo.split('/');
  try {
    const query = new URLSearchParams({ author, filter: 'gguf', limit: '200' });
    const answer = await client.ask(client.at(`/api/models?${query}`), { signal });
    const found = answer.status === 200 ? await json(answer) : answer.leave();
    const ids = (Array.isArray(found) ? found : []).flatMap((m) => (isObject(m) && typeof m.id === 'string' ? [m.id.split('/')[1] ?? ''] : []));
    const near = nearest(name, ids);
    return near === undefined ? '' : `; did you mean ${author}/${near}?`;
  } catch {
    signal.throwIfAborted();
    return '';
  }
}

/** Lists a repository at a revision. */
export async function readRepository(client: Client, { repo, revision }: HubReference, signal: AbortSignal): Promise<Repository> {
  const at = revision === 'main' ? '' : ` at ${revision}`;
  const { retries } = client.settings;
  const found = await persist(Math.min(retries, 2), signal, async () => {
    const answer = await client.ask(client.at(`/api/models/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`), { signal });
    if (answer.status === 200) return json(answer);
    answer.leave();
    const error = refused(client, answer, { repo, what: `${repo}${at}` });
    const why = answer.headers.get('x-error-code');
    const isUnknown = why === 'RepoNotFound' || (answer.status === 404 && why === null);
    throw isUnknown ? new LlamaError(error.code, `${error.message}${await namesNear(client, repo, signal)}`) : error;
  });
  if (!isObject(found) || !Array.isArray(found.siblings) || !isDigest(found.sha, 40))
    throw new LlamaError('NETWORK', `${client.settings.endpoint}: expected a listing of ${repo}: is it a hub?`);
  const license = licenseOf(found);
  return { repo, commit: found.sha, files: found.siblings.flatMap(listed), ...(license !== undefined && { license }) };
}

/** Asks for one byte, to learn what the file is. */
function probe(client: Client, url: URL, what: string, repo: string | undefined, signal: AbortSignal): Promise<Answer> {
  return persist(Math.min(client.settings.retries, 2), signal, async () => {
    const answer = await client.ask(url, { headers: { range: 'bytes=0-0' }, signal });
    answer.leave();
    if (answer.status !== 200 && answer.status !== 206) throw refused(client, answer, { ...(repo !== undefined && { repo }), what });
    return answer;
  });
}

/** How long the file is of which an answer has a part. */
function wholeSize({ status, headers }: Answer): number | undefined {
  const said = status === 206 ? /\/(\d{1,16})$/.exec(headers.get('content-range') ?? '')?.[1] : headers.get('content-length');
  return said === null || said === undefined || !/^\d{1,16}$/.test(said) ? undefined : Number(said);
}

const withoutQuotes = (etag: string | null): string => (etag ?? '').replace(/^W\//, '').replaceAll('"', '');

/** A file of a repository with all that is needed to bring it. */
export async function fileOf(client: Client, { repo, commit }: Repository, file: ListedFile, signal: AbortSignal): Promise<RemoteFile> {
  const url = client.at(`/${repo}/resolve/${commit}/${encoded(file.path)}`);
  if (file.size !== undefined && file.checksum) return { path: file.path, size: file.size, id: file.checksum.digest, checksum: file.checksum, url };
  // A hub that tells less in its listing tells it of the file.
  const answer = await probe(client, url, `${repo}/${file.path}`, repo, signal);
  const etag = withoutQuotes(answer.linked.get('x-linked-etag') ?? answer.headers.get('etag'));
  const linked = answer.linked.get('x-linked-size');
  const size = file.size ?? (linked !== null && /^\d{1,16}$/.test(linked) ? Number(linked) : wholeSize(answer));
  if (size === undefined || !/^[\w-]{8,128}$/.test(etag))
    throw new LlamaError(
      'NETWORK',
      `${client.settings.endpoint}: tells neither in its listing nor with the file how long ${repo}/${file.path} is and what its hash is`,
    );
  const checksum = isDigest(etag, 64)
    ? ({ algorithm: 'sha256', digest: etag } as const)
    : isDigest(etag, 40)
      ? ({ algorithm: 'git', digest: etag } as const)
      : undefined;
  return { path: file.path, size, id: etag, checksum, url };
}

/** The file of a plain address. `sha256`: what it has to be, where the caller knows. */
export async function fileAt(client: Client, { url }: UrlReference, name: string, sha256: string | undefined, signal: AbortSignal): Promise<RemoteFile> {
  const answer = await probe(client, url, shown(url), undefined, signal);
  const size = wholeSize(answer);
  if (size === undefined) throw new LlamaError('NETWORK', `${shown(url)}: the server does not say how long the file is`);
  const etag = answer.headers.get('etag');
  const validator = etag !== null && !etag.startsWith('W/') ? etag : (answer.headers.get('last-modified') ?? undefined);
  const id =
    sha256 ??
    createHash('sha256')
      .update(`${url.href}\n${size}\n${etag ?? ''}\n${validator ?? ''}`)
      .digest('hex');
  return {
    path: name,
    size,
    id,
    checksum: sha256 === undefined ? undefined : { algorithm: 'sha256', digest: sha256 },
    url,
    ...(validator !== undefined && { validator }),
  };
}
