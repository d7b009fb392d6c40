// Plays a hub on loopback: an endpoint that knows repositories, and beside it, at another port, where it sends requests for bytes.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const hashes = new WeakMap<Buffer, string>();

export function sha256(bytes: Buffer): string {
  const hash = hashes.get(bytes) ?? createHash('sha256').update(bytes).digest('hex');
  hashes.set(bytes, hash);
  return hash;
}
export const gitHash = (bytes: Buffer): string => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

export interface Repo {
  commit: string;
  files: Record<string, Buffer>;
  license?: string;
  gated?: boolean;
  /** Nobody without a token knows that it is there. */
  private?: boolean;
}

/** A request as it came. */
export interface Seen {
  readonly side: 'hub' | 'cdn';
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  /** How many requests for bytes came before it. */
  readonly before: number;
}

/** Says whether it has answered itself. */
type Instead = (seen: Seen, response: ServerResponse, request: IncomingMessage) => boolean | Promise<boolean>;

function listen(server: Server, port = 0): Promise<number> {
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

export class Hub {
  readonly repos = new Map<string, Repo>();
  readonly seen: Seen[] = [];
  /** Small files lie at the endpoint itself. */
  isLarge = (path: string): boolean => /\.gguf$/.test(path);
  instead: Instead = () => false;
  /** What the listing leaves out, as that of a lesser hub. */
  listsHashes = true;
  hasRanges = true;
  token = 'hf_good';
  #cdn: Server;
  #hub: Server;
  #ports = { hub: 0, cdn: 0 };

  private constructor() {
    this.#hub = createServer((request, response) => void this.#serve('hub', request, response));
    this.#cdn = createServer((request, response) => void this.#serve('cdn', request, response));
  }

  static async open(): Promise<Hub> {
    const hub = new Hub();
    hub.#ports = { hub: await listen(hub.#hub), cdn: await listen(hub.#cdn) };
    return hub;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#ports.hub}`;
  }

  get cdn(): string {
    return `http://127.0.0.1:${this.#ports.cdn}`;
  }

  reset(): void {
    this.repos.clear();
    this.seen.length = 0;
    this.instead = () => false;
    [this.listsHashes, this.hasRanges] = [true, true];
    this.isLarge = (path) => /\.gguf$/.test(path);
  }

  /** Requests for bytes alone. */
  get bytesAsked(): Seen[] {
    return this.seen.filter(({ side }) => side === 'cdn');
  }

  async close(): Promise<void> {
    for (const server of [this.#hub, this.#cdn]) {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  }

  /** The server of bytes goes away with all its connections, and comes back at the same port. */
  async restartCdn(): Promise<void> {
    const closed = new Promise((done) => this.#cdn.close(done));
    this.#cdn.closeAllConnections();
    await closed;
    this.#cdn = createServer((request, response) => void this.#serve('cdn', request, response));
    await listen(this.#cdn, this.#ports.cdn);
  }

  async #serve(side: Seen['side'], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const { range, authorization } = request.headers;
    const seen: Seen = { side, path, range, authorization, before: this.bytesAsked.length };
    this.seen.push(seen);
    response.on('error', () => {});
    if ((await this.instead(seen, response, request)) === true) return;
    if (side === 'cdn') return this.#bytes(path, request, response);
    const [, api] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^?]+)/.exec(path) ?? [];
    if (api !== undefined) return this.#list(api, decodeURIComponent(/revision\/([^?]+)/.exec(path)?.[1] ?? ''), request, response);
    if (path.startsWith('/api/models?')) return this.#search(path, response);
    const [, repo = '', , file = ''] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/([^?]+)/.exec(path) ?? [];
    return this.#resolve(repo, decodeURIComponent(file), request, response);
  }

  #search(path: string, response: ServerResponse): void {
    const author = new URL(path, this.endpoint).searchParams.get('author');
    const found = [...this.repos.keys()].filter((id) => id.startsWith(`${author}/`)).map((id) => ({ id }));
    response.end(JSON.stringify(found));
  }

  #list(name: string, revision: string, request: IncomingMessage, response: ServerResponse): void {
    const repo = this.repos.get(name);
    const isOpen = repo?.private !== true || request.headers.authorization === `Bearer ${this.token}`;
    if (!repo || !isOpen) {
      const status = request.headers.authorization === undefined ? 401 : 404;
      response.writeHead(status, { 'x-error-code': 'RepoNotFound', 'x-error-message': 'Repository not found' }).end('{}');
      return;
    }
    if (revision !== 'main' && revision !== repo.commit) {
      response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end('{}');
      return;
    }
    const siblings = Object.entries(repo.files).map(([rfilename, bytes]) => {
      if (!this.listsHashes) return { rfilename };
      const size = bytes.length;
      return this.isLarge(rfilename)
        ? { rfilename, size, blobId: gitHash(bytes), lfs: { sha256: sha256(bytes), size, pointerSize: 134 } }
        : { rfilename, size, blobId: gitHash(bytes) };
    });
    const cardData = repo.license === undefined ? {} : { license: repo.license };
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ id: name, sha: repo.commit, siblings, cardData, gated: repo.gated === true }));
  }

  #resolve(name: string, path: string, request: IncomingMessage, response: ServerResponse): void {
    const repo = this.repos.get(name);
    const bytes = repo?.files[path];
    if (repo?.gated === true && request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(request.headers.authorization === undefined ? 401 : 403, { 'x-error-code': 'GatedRepo' }).end();
      return;
    }
    if (!repo || !bytes) {
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      return;
    }
    response.setHeader('x-repo-commit', repo.commit);
    if (!this.isLarge(path)) return sendBytes(bytes, `"${gitHash(bytes)}"`, request, response, this.hasRanges);
    const hash = sha256(bytes);
    response
      .writeHead(302, {
        'x-linked-etag': `"${hash}"`,
        'x-linked-size': bytes.length,
        location: `${this.cdn}/blobs/${hash}?signature=secret`,
        'content-length': 0,
      })
      .end();
  }

  #bytes(path: string, request: IncomingMessage, response: ServerResponse): void {
    const hash = /^\/blobs\/([0-9a-f]+)/.exec(path)?.[1];
    const all = [...this.repos.values()].flatMap((repo) => Object.entries(repo.files));
    const found = all.find(([name, bytes]) => sha256(bytes) === hash || path.startsWith(`/plain/${name}`))?.[1];
    if (!found) response.writeHead(404).end();
    else sendBytes(found, `"${sha256(found).slice(0, 20)}"`, request, response, this.hasRanges);
  }
}

/** The part that was asked for, or all. */
export function sendBytes(bytes: Buffer, etag: string, { headers, method }: IncomingMessage, response: ServerResponse, hasRanges = true): void {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? [];
  const isSame = headers['if-range'] === undefined || headers['if-range'] === etag;
  if (!hasRanges || from === undefined || !isSame) {
    response.writeHead(200, { 'content-length': bytes.length, etag, ...(hasRanges && { 'accept-ranges': 'bytes' }) });
    response.end(method === 'HEAD' ? undefined : bytes);
    return;
  }
  const end = Math.min(to === '' ? Infinity : Number(to), bytes.length - 1);
  if (Number(from) > end) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const part = bytes.subarray(Number(from), end + 1);
  response.writeHead(206, { 'content-range': `bytes ${from}-${end}/${bytes.length}`, 'content-length': part.length, etag });
  response.end(method === 'HEAD' ? undefined : part);
}
