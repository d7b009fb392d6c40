// The headers of remote GGUF files, by ranges alone: as much as metadata and the list of tensors take, and nothing of the weights. They
// are put at the beginning of files that are as long as the remote ones and otherwise empty (their holes take no room), which
// are read as any other.
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { LlamaError } from '../errors';
import { choose } from './choice';
import { Client } from './client';
import { headerEnd } from './header-end';
import { RangeReader } from './ranges';
import { parseReference, type Reference } from './reference';
import { fileAt, fileOf, readRepository, type RemoteFile } from './repository';
import { settingsOf, type HubOptions } from './settings';

const mostHeader = 512 * 2 ** 20;

/** The header of a file: pieces are read until they have it. */
async function readHeader(client: Client, file: RemoteFile, repo: string | undefined, signal: AbortSignal): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  let wanted = 2 ** 20;
  while (bytes.length < file.size) {
    const end = Math.min(wanted, file.size);
    // Read as a file that ends where the piece does would be, but for its length, which is the whole one's.
    const reader = new RangeReader(client, file, { from: bytes.length, to: end, repo, connections: 1, signal });
    const pieces = [bytes];
    for await (const piece of reader.read()) pieces.push(Buffer.from(piece));
    bytes = Buffer.concat(pieces);
    const header = headerEnd(bytes);
    if (header !== undefined) return bytes.subarray(0, Math.min(bytes.length, header));
    if (wanted >= mostHeader) throw new LlamaError('FORMAT', `${file.path}: expected a header of at most ${mostHeader} bytes`);
    wanted *= 4;
  }
  return bytes;
}

async function filesOf(client: Client, reference: Reference, signal: AbortSignal): Promise<RemoteFile[]> {
  if (reference.kind === 'url') return [await fileAt(client, reference, decodeURIComponent(reference.url.pathname.split('/').at(-1) ?? ''), undefined, signal)];
  const repository = await readRepository(client, reference, signal);
  const { parts } = choose(reference, repository.files);
  return Promise.all(parts.map((file) => fileOf(client, repository, file, signal)));
}

/** Does something with a file that has the header, and the length, of the remote one. */
export async function withHeader<T>(name: string, options: HubOptions, signal: AbortSignal, run: (path: string) => Promise<T>): Promise<T> {
  const client = new Client(settingsOf(options));
  const reference = parseReference(name, client.settings.endpoint);
  const files = await filesOf(client, reference, signal);
  const folder = await mkdtemp(join(tmpdir(), 'llama-ts-header-'));
  try {
    const paths: string[] = [];
    for (const file of files) {
      const path = join(folder, file.path.split('/').at(-1) ?? '');
      const header = await readHeader(client, file, reference.kind === 'hub' ? reference.repo : undefined, signal);
      const handle = await open(path, 'wx');
      try {
        await handle.write(header, 0, header.length, 0);
        await handle.truncate(file.size);
      } finally {
        await handle.close();
      }
      paths.push(path);
    }
    return await run(paths[0] ?? '');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
