// A registry on this machine: tarballs, and for everything else what lies in node_modules. `npm install` from it needs no network.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
}

const tar = (cwd: string, ...args: string[]): Buffer => execFileSync('tar', args, { cwd, maxBuffer: 1 << 28 });

const manifestIn = (tarball: string): Manifest =>
  JSON.parse(tar(join(tarball, '..'), '-xzOf', basename(tarball), 'package/package.json').toString('utf8')) as Manifest;

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Every package below a node_modules folder, nested ones too. */
function* installed(modules: string): Generator<string> {
  for (const name of entries(modules)) {
    if (name.startsWith('.')) continue;
    for (const folder of name.startsWith('@') ? entries(join(modules, name)).map((n) => join(modules, name, n)) : [join(modules, name)]) {
      yield folder;
      yield* installed(join(folder, 'node_modules'));
    }
  }
}

export class Registry {
  readonly #versions = new Map<string, Map<string, { manifest: Manifest; pack: () => Buffer }>>();
  readonly #server: Server;

  private constructor(tarballs: readonly string[], modules: string) {
    for (const path of tarballs) this.#add(manifestIn(path), () => readFileSync(path));
    for (const folder of installed(modules)) {
      if (entries(folder).includes('package.json')) this.#add(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest, () => packed(folder));
    }
    this.#server = createServer((request, response) => {
      const answer = this.#answer(decodeURIComponent(request.url ?? ''));
      response.writeHead(answer === undefined ? 404 : 200).end(answer ?? '{}');
    });
    this.#server.keepAliveTimeout = 0; // packing holds the thread, and npm waits long before it tries a closed connection again
  }

  static open(tarballs: readonly string[], modules: string): Promise<Registry> {
    const registry = new Registry(tarballs, modules);
    return new Promise((resolve, reject) => registry.#server.once('error', reject).listen(0, '127.0.0.1', () => resolve(registry)));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #add(manifest: Manifest, make: () => Buffer): void {
    let bytes: Buffer | undefined;
    const versions = this.#versions.get(manifest.name) ?? new Map();
    versions.set(manifest.version, { manifest, pack: () => (bytes ??= make()) });
    this.#versions.set(manifest.name, versions);
  }

  // GET /NAME lists the versions, GET /NAME/-/VERSION.tgz is one of them.
  #answer(path: string): Buffer | string | undefined {
    const [, name = '', version] = /^\/((?:@[^/]+\/)?[^/]+)(?:\/-\/(.*)\.tgz)?$/.exec(path) ?? [];
    const versions = this.#versions.get(name);
    if (versions === undefined || version !== undefined) return versions?.get(version ?? '')?.pack();
    const list = [...versions].map(([number, { manifest, pack }]) => {
      const integrity = `sha512-${createHash('sha512').update(pack()).digest('base64')}`;
      return [number, { ...manifest, dist: { tarball: `${this.url}${name}/-/${number}.tgz`, integrity } }];
    });
    return JSON.stringify({ name, 'dist-tags': { latest: list.at(-1)?.[0] }, versions: Object.fromEntries(list) });
  }
}

/** The package in a folder of node_modules as a tarball, without those inside it. */
function packed(folder: string): Buffer {
  const temporary = mkdtempSync(join(tmpdir(), 'llama-ts-registry-'));
  try {
    cpSync(folder, join(temporary, 'package'), { recursive: true, filter: (path) => path === folder || basename(path) !== 'node_modules' });
    return tar(temporary, '-czf', '-', 'package');
  } finally {
    rmSync(temporary, { recursive: true });
  }
}
