// Who may ask: the Host and Origin of a request, and its key.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';

import { ApiError } from './failure';

const loopback = ['localhost', '127.0.0.1', '[::1]'];

/** The name in a Host header, without its port. */
function hostName(host: string): string {
  const lower = host.toLowerCase();
  const end = lower.startsWith('[') ? lower.indexOf(']') + 1 : lower.indexOf(':');
  return (end > 0 ? lower.slice(0, end) : lower).replace(/\.$/, '');
}

const count = (req: IncomingMessage, name: string): number => req.rawHeaders.filter((each, i) => i % 2 === 0 && each.toLowerCase() === name).length;

/** The address that a connection came to, as a Host header writes it. */
function reachedAt(req: IncomingMessage): string {
  const address = req.socket.localAddress?.replace(/^::ffff:/, '').replace(/%.*$/, '') ?? '';
  return isIP(address) === 6 ? `[${address}]` : address;
}

/** What a request is for. */
export interface Target {
  readonly path: string;
  readonly query: string;
  readonly host: string | undefined;
}

/** Proxies and some clients write the whole address: then its host counts, and the header's does not (RFC 9112, 3.2.2). */
export function targetOf({ url = '/', headers }: IncomingMessage): Target {
  const [, host = headers.host, local = url] = /^https?:\/\/([^/?#@]+)(.*)$/i.exec(url) ?? [];
  const at = local.indexOf('?');
  return { path: (at < 0 ? local : local.slice(0, at)) || '/', query: at < 0 ? '' : local.slice(at + 1), host };
}

/**
 * Refuses hosts that this server is not called by: a foreign page can let its own name point here (DNS rebinding), but never the address itself.
 */
export function checkHost(req: IncomingMessage, host: string | undefined, names: readonly string[]): void {
  if (count(req, 'host') > 1) throw new ApiError(400, 'Host: expected one header, found several');
  if (host === undefined) {
    if (req.httpVersion === '1.0') return; // which has none; browsers always send it
    throw new ApiError(400, 'Host: expected the header, found none');
  }
  const name = hostName(host);
  if (loopback.includes(name) || names.includes(name) || name === reachedAt(req)) return;
  throw new ApiError(403, 'Host: this server is not called so: name it with allowedHosts (--allowed-host)', { code: 'host_not_allowed' });
}

const methods = 'GET, HEAD, POST, DELETE, OPTIONS';
const requestHeaders = 'authorization, content-type, x-api-key, anthropic-version, anthropic-beta, x-request-id';
const headerNames = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/;
const exposed = 'x-request-id, request-id, retry-after';

/** Which headers a page may send: those it asks for, as clients in browsers send many of their own (x-stainless-os, traceparent), and none of them does harm. */
function headersFor(req: IncomingMessage): string {
  const asked = String(req.headers['access-control-request-headers'] ?? '').trim();
  return headerNames.test(asked) ? `${requestHeaders}, ${asked}` : requestHeaders;
}

/** Writes the headers of CORS, and refuses what changes something on behalf of a foreign page. Gives true where it was a preflight, which is answered. */
export function checkOrigin(req: IncomingMessage, res: ServerResponse, host: string | undefined, allowed: readonly string[]): boolean {
  const { origin } = req.headers;
  const listed = origin !== undefined && allowed.includes(origin);
  if (allowed.length > 0) res.setHeader('vary', 'Origin');
  if (listed) {
    res.setHeader('access-control-allow-origin', origin);
    res.setHeader('access-control-expose-headers', exposed);
  }
  if (req.method === 'OPTIONS') {
    if (origin === undefined) return false;
    if (!listed) throw new ApiError(403, 'Origin: it may not use this server: name it with corsOrigins (--cors-origin)', { code: 'origin_not_allowed' });
    res.setHeader('access-control-allow-methods', methods);
    res.setHeader('access-control-allow-headers', headersFor(req));
    res.setHeader('access-control-max-age', '600');
    res.writeHead(204).end();
    return true;
  }
  const reads = req.method === 'GET' || req.method === 'HEAD';
  if (reads || listed) return false;
  const own = origin !== undefined && originHost(origin) === host?.toLowerCase();
  if ((origin !== undefined && !own) || (origin === undefined && req.headers['sec-fetch-site'] === 'cross-site'))
    throw new ApiError(403, 'Origin: it may not use this server: name it with corsOrigins (--cors-origin)', { code: 'origin_not_allowed' });
  return false;
}

const originHost = (origin: string): string => origin.toLowerCase().replace(/^https?:\/\//, '');

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Keys, kept as digests and compared in constant time. */
export class Keys {
  readonly #digests: readonly Buffer[];

  constructor(keys: readonly string[]) {
    this.#digests = keys.map(digest);
  }

  get size(): number {
    return this.#digests.length;
  }

  /** Which key it is; undefined: none of them. */
  find(given: string): number | undefined {
    const of = digest(given);
    let found: number | undefined;
    this.#digests.forEach((own, i) => {
      if (timingSafeEqual(own, of)) found = i;
    });
    return found;
  }
}

/** The keys that a request shows. */
export function keysOf({ headers }: IncomingMessage): string[] {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const own = headers['x-api-key'];
  return [bearer, typeof own === 'string' ? own : undefined].filter((key) => key !== undefined && key !== '') as string[];
}

/** Whose request it is. Throws where a key is needed and none of the right ones is shown. */
export function checkKey(req: IncomingMessage, keys: Keys, manage: Keys, access: 'open' | 'manage' | undefined): string {
  const shown = keysOf(req);
  const managing = shown.map((key) => manage.find(key)).find((i) => i !== undefined);
  if (managing !== undefined) return `manage-${managing}`;
  const found = shown.map((key) => keys.find(key)).find((i) => i !== undefined);
  if (access === 'manage') {
    if (found === undefined && keys.size > 0) throw refused();
    throw new ApiError(403, 'managing models is off for this request: it needs a key of adminKeys (--admin-key)', { code: 'not_allowed' });
  }
  if (keys.size === 0 || access === 'open') return found === undefined ? 'anyone' : `key-${found}`;
  if (found === undefined) throw refused();
  return `key-${found}`;
}

const refused = (): ApiError => new ApiError(401, 'expected an API key: Authorization: Bearer KEY, or x-api-key: KEY', { code: 'invalid_api_key' });
