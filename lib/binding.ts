// The only file that loads the compiled addon. Everything asynchronous goes through tickets: a number that names a call
// across the border, with a listener for what the native threads say about it.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import nodeGypBuild from 'node-gyp-build';

import { LlamaError, type ErrorCode } from './errors';
import type { Native, NativeEvent } from './native';

export type { Native } from './native';

/** The package's folder: two up from dist/lib. */
export const packageRoot = join(__dirname, '..', '..');

function list(folder: string): string {
  try {
    return readdirSync(join(packageRoot, folder)).join(', ') || 'empty';
  } catch {
    return 'absent';
  }
}

const machine = `${process.platform}-${process.arch}`;

/** The folders of installed packages that carry a prebuilt addon: one with a GPU's part, which was installed by name, comes first. */
function* prebuiltPackages(): Generator<string> {
  for (const part of ['-cuda', '-rocm', '-vulkan', '']) {
    for (const libc of ['', '-musl']) {
      try {
        yield dirname(require.resolve(`@llama-ts/${machine}${libc}${part}/package.json`));
      } catch {
        // not installed
      }
    }
  }
}

/** The addon that was compiled here, or else a prebuilt one. */
function find(): string {
  let cause: unknown;
  for (const folder of [packageRoot, ...prebuiltPackages()]) {
    try {
      return nodeGypBuild.resolve(folder);
    } catch (error) {
      cause ??= error;
    }
  }
  throw missing(cause);
}

function missing(cause: unknown): LlamaError {
  return new LlamaError(
    'BINARY',
    `llama-ts has no compiled addon for ${machine} in ${packageRoot} (build/Release: ${list('build/Release')}; ` +
      `prebuilds: ${list('prebuilds')}), and no package @llama-ts/${machine} that fits: run "npx llama-ts build", which compiles it here`,
    { cause },
  );
}

function broken(path: string, cause: unknown): LlamaError {
  const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  return new LlamaError('BINARY', `the compiled addon ${path} does not load (${why}): run "npx llama-ts build", which compiles it anew here`, {
    cause,
  });
}

function load(): Native {
  const path = find();
  try {
    return require(path) as Native;
  } catch (cause) {
    throw broken(path, cause);
  }
}

export const native: Native = load();

type Listener = (kind: string, value: unknown) => void;
const listeners = new Map<number, Listener>();
let tickets = 0;

/** A ticket for one call. While any is open, the process stays alive. */
export function openTicket(listener: Listener): number {
  const ticket = ++tickets;
  listeners.set(ticket, listener);
  if (listeners.size === 1) native.hold(true);
  return ticket;
}

export function closeTicket(ticket: number): void {
  if (listeners.delete(ticket) && listeners.size === 0) native.hold(false);
}

/** Calls every listener, whatever another throws. One that throws is told of it as a failure, so that its call ends. */
function deliver(events: readonly NativeEvent[]): void {
  for (const [ticket, kind, value] of events) {
    const listener = listeners.get(ticket);
    try {
      listener?.(kind, value);
    } catch (error) {
      try {
        listener?.('failed', error);
      } catch {
        queueMicrotask(() => {
          throw error; // nobody's call: an uncaught exception
        });
      }
    }
  }
}

native.attach((code, message) => new LlamaError(code as ErrorCode, message), deliver);
process.once('exit', () => native.shutDown());
