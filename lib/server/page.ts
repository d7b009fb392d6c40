// The web page: the files that the build made of web/, as they are, and nothing else of the disk.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { bare, sent, type Call } from './call';
import { ApiError } from './failure';

const folder = join(__dirname, '..', '..', 'web');
const index = 'index.html';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/** The page runs what is in its own files, speaks to its own server and is shown in no other page. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

interface PageFile {
  readonly bytes: Buffer;
  readonly type: string;
  readonly tag: string;
  readonly packed: Promise<Buffer>;
}

const pack = promisify(gzip);
let files: ReadonlyMap<string, PageFile> | undefined;

function read(name: string): PageFile | undefined {
  const type = types[extname(name)];
  if (type === undefined) return undefined;
  const bytes = readFileSync(join(folder, name));
  const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  return { bytes, type, tag, packed: pack(bytes, { level: 9 }) as Promise<Buffer> };
}

function filesOf(): ReadonlyMap<string, PageFile> {
  files ??= new Map(
    (existsSync(folder) ? readdirSync(folder) : []).flatMap((name) => {
      const file = read(name);
      return file ? [[name, file] as const] : [];
    }),
  );
  return files;
}

const takesPacked = (header: string | string[] | undefined): boolean => /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(String(header ?? ''));

async function write(res: ServerResponse, { headers }: Call, file: PageFile, caching: string, vary: string): Promise<typeof sent> {
  res.setHeader('content-security-policy', policy);
  res.setHeader('referrer-policy', 'no-referrer');
  res.setHeader('cross-origin-opener-policy', 'same-origin');
  res.setHeader('cross-origin-resource-policy', 'same-origin');
  res.setHeader('permissions-policy', 'camera=(), geolocation=(), microphone=()');
  res.setHeader('cache-control', caching);
  res.setHeader('etag', file.tag);
  res.setHeader('vary', [res.getHeader('vary'), vary].filter((each) => each !== undefined).join(', '));
  if (headers['if-none-match']?.includes(file.tag)) {
    res.writeHead(304).end();
    return sent;
  }
  const isPacked = takesPacked(headers['accept-encoding']);
  const bytes = isPacked ? await file.packed : file.bytes;
  if (isPacked) res.setHeader('content-encoding', 'gzip');
  res.setHeader('content-type', file.type);
  res.setHeader('content-length', bytes.length);
  res.end(bytes);
  return sent;
}

/** Answers browsers with the page. Undefined: it is none, or the page is off or was not built. */
export async function page(call: Call): Promise<typeof sent | undefined> {
  if (!call.state.settings.page || !/\btext\/html\b/i.test(call.headers.accept ?? '')) return undefined;
  const file = filesOf().get(index);
  return file && write(call.res, call, file, 'no-cache', 'Accept, Accept-Encoding');
}

/** The routes. */
export const pageRoutes = [
  bare({
    method: 'GET',
    path: '/page/*',
    form: 'openai',
    summary: 'Files of the web page.',
    access: 'open',
    run: async (call) => {
      const file = call.state.settings.page && call.rest !== index ? filesOf().get(call.rest) : undefined;
      if (!file) throw new ApiError(404, 'the page has no such file', { code: 'not_found' });
      // A file whose name says what is in it never changes.
      const isNamed = /-[\dA-Z]{8}\.\w+$/.test(call.rest);
      return write(call.res, call, file, isNamed ? 'public, max-age=31536000, immutable' : 'no-cache', 'Accept-Encoding');
    },
  }),
];
