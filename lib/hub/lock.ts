// One download where several ask: a file that its holder touches every second. Who died is seen by that, and his file is taken away,
// so that a killed process holds up nobody for longer than some seconds. That bytes are right does not depend on it: a file
// is renamed to its name only when its hash is the promised one.
import { randomUUID } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { link, mkdir, readFile, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

import '../dispose';
import { statOf } from './cache';

/** Who holds a lock, and for what. */
export interface Holder {
  readonly nonce: string;
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** What is being brought, as people name it. */
  readonly what: string;
  readonly bytes: number;
  /** The file that grows. */
  readonly incomplete: string;
}

/** One that holds it now, with how long the file is. */
export type Running = Holder & { readonly got: number };

const withSize = async (holder: Holder): Promise<Running> => ({ ...holder, got: (await statOf(holder.incomplete).catch(() => undefined))?.size ?? 0 });

const beat = 1000;
/** Nobody is this long between two beats: neither a process that is dead, nor one somewhere else that does not run. */
const [deadAfter, silentAfter] = [3 * beat, 30 * beat];

const held = new Set<string>();
const leave = (): void => {
  for (const path of held) {
    try {
      unlinkSync(path);
    } catch {
      // it is gone, and nobody is left to be told
    }
  }
};

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const found: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof found === 'object' && found !== null && typeof (found as Holder).nonce === 'string' ? (found as Holder) : undefined;
  } catch {
    return undefined;
  }
}

async function isStale(path: string, holder: Holder | undefined): Promise<boolean> {
  const known = await statOf(path);
  if (!known) return false;
  const silent = Date.now() - known.mtimeMs;
  const isHere = holder?.host === hostname() && !isAlive(holder.pid);
  return silent > (isHere ? deadAfter : silentAfter);
}

/** Takes a dead holder's file away: his, and not that of one who came in between. */
async function takeAway(path: string, dead: Holder | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return; // another was quicker
  }
  if ((await holderOf(aside))?.nonce !== dead?.nonce) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

/** Makes the file with all that is in it, or says that there is one. */
async function make(path: string, holder: Holder): Promise<boolean> {
  const text = JSON.stringify(holder);
  const aside = `${path}.${holder.nonce}`;
  try {
    await writeFile(aside, text);
    await link(aside, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'UNKNOWN', 'EINVAL'].includes(code ?? '')) throw error;
    // A file system without links.
    return writeFile(path, text, { flag: 'wx' }).then(
      () => true,
      (refused: unknown) => {
        if ((refused as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw refused;
      },
    );
  } finally {
    await rm(aside, { force: true });
  }
}

/** A lock that is held. */
export class Lock implements AsyncDisposable {
  #timer: NodeJS.Timeout;

  private constructor(
    private readonly path: string,
    private readonly nonce: string,
  ) {
    if (held.size === 0) process.once('exit', leave);
    held.add(path);
    this.#timer = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), beat).unref();
  }

  /** Waits for the lock; `waiting` is told, again and again, who has it. */
  static async take(
    path: string,
    about: Pick<Holder, 'what' | 'bytes' | 'incomplete'>,
    signal: AbortSignal,
    waiting: (holder: Running) => void,
  ): Promise<Lock> {
    await mkdir(dirname(path), { recursive: true });
    const nonce = randomUUID();
    for (;;) {
      signal.throwIfAborted();
      if (await make(path, { nonce, pid: process.pid, host: hostname(), since: Date.now(), ...about })) return new Lock(path, nonce);
      const holder = await holderOf(path);
      if (await isStale(path, holder)) {
        await takeAway(path, holder);
        continue;
      }
      if (holder) waiting(await withSize(holder));
      await after(100, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    held.delete(this.path);
    if (held.size === 0) process.off('exit', leave);
    if ((await holderOf(this.path))?.nonce === this.nonce) await rm(this.path, { force: true });
  }
}

/** The downloads that run, of all processes that use this cache. */
export async function running(root: string): Promise<Running[]> {
  const folder = join(root, '.locks');
  const repos = await readdir(folder).catch(() => []);
  const paths = await Promise.all(
    repos.map(async (repo) =>
      (await readdir(join(folder, repo)).catch(() => [])).filter((name) => name.endsWith('.llama-ts')).map((name) => join(folder, repo, name)),
    ),
  );
  const found = await Promise.all(
    paths.flat().map(async (path) => {
      const holder = await holderOf(path);
      if (!holder || (await isStale(path, holder))) return [];
      return [await withSize(holder)];
    }),
  );
  return found.flat();
}
