// The only file that loads the compiled addon. Everything asynchronous goes through tickets: a number that names a call
// across the border, with a listener for what the native threads say about it. Every evaluation of this file (a test runner or hot
// reload loads modules anew) has exports, tickets and events of its own; the addon keeps them while somebody here holds `native`.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import nodeGypBuild from 'node-gyp-build';

import { LlamaError, type ErrorCode } from './errors';
import type { Addon, Native, NativeEvent } from './native';

export type { Native } from './native';

// A bundler that makes an ES module leaves no __dirname.
const here = typeof __dirname === 'string' ? __dirname : process.cwd();

/** The package's folder: two up from dist/lib. */
export const packageRoot = join(here, '..', '..');

/** Whether a bundler has put this code into a file of its own: the compiled addon does not come along. */
function isBundled(): boolean {
  try {
    const { name } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { name?: unknown };
    return name !== 'llama-ts';
  } catch {
    return true;
  }
}

function bundled(cause: unknown): LlamaError {
  return new LlamaError(
    'BINARY',
    `llama-ts was put into a bundle, where its compiled addon for ${machine} cannot be found: mark 'llama-ts' as external, so that it is loaded ` +
      `from node_modules (esbuild: --external:llama-ts; webpack: externals; Vite: ssr.external; Next.js: serverExternalPackages). docs/bundlers.md has the settings`,
    { cause },
  );
}

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
  if (isBundled()) return bundled(cause);
  return new LlamaError(
    'BINARY',
    `llama-ts has no compiled addon for ${machine} in ${packageRoot} (build/Release: ${list('build/Release')}; ` +
      `prebuilds: ${list('prebuilds')}), and no package @llama-ts/${machine} that fits: run "npx llama-ts build", which compiles it here`,
    { cause },
  );
}

function broken(path: string, cause: unknown): LlamaError {
  if (isBundled()) return bundled(cause);
  const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  return new LlamaError('BINARY', `the compiled addon ${path} does not load (${why}): run "npx llama-ts build", which compiles it anew here`, {
    cause,
  });
}

function load(): Native {
  const path = find();
  let addon: Addon;
  try {
    addon = require(path) as Addon;
  } catch (cause) {
    throw broken(path, cause);
  }
  const attached: unknown = typeof addon.attach === 'function' ? addon.attach({ makeError, deliver }) : undefined;
  if (typeof attached !== 'object' || attached === null) throw broken(path, new Error('it is of another version of the package'));
  return attached as Native;
}

type Listener = (kind: string, value: unknown) => void;
const listeners = new Map<number, Listener>();
let tickets = 0;

const makeError = (code: string, message: string): Error => new LlamaError(code as ErrorCode, message);

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

export const native: Native = load();

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
