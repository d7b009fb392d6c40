import { onAbort } from './abort';
import { closeTicket, native, openTicket } from './binding';
import type { Origin } from './errors';
import type { JobHandle } from './native';
import { Progress } from './progress';

export interface JobOptions {
  /** Told how much is done: 0 first, then in rising steps, 1 last; about a hundred calls at most. */
  onProgress?: (fraction: number) => void;
  /** Stop the work: the call rejects with the signal's reason, once the work has ended. */
  signal?: AbortSignal;
}

/**
 * Runs a native job to its end. What `onProgress` throws stops it, and is thrown.
 * @internal
 */
export function runJob<T>(origin: Origin, start: (ticket: number) => JobHandle, { onProgress, signal }: JobOptions = {}): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let handle: JobHandle | undefined;
    let reason: { error: unknown } | undefined;
    let unlisten = (): void => {};
    const progress = new Progress(onProgress);
    const stop = (error: unknown): void => {
      reason ??= { error };
      if (handle) native.stopJob(handle);
    };
    const tell = (say: () => void): void => {
      if (reason) return;
      try {
        say();
      } catch (error) {
        stop(error);
      }
    };
    const ticket = openTicket((kind, value) => {
      if (kind === 'progress') return tell(() => progress.at(value as number));
      closeTicket(ticket);
      unlisten();
      if (kind === 'done') tell(() => progress.end());
      if (reason) reject(reason.error);
      else if (kind === 'done') resolve(value as T);
      else reject(origin.mark(value));
    });
    try {
      signal?.throwIfAborted();
      progress.begin();
      handle = start(ticket);
      unlisten = onAbort(signal, () => stop(signal?.reason));
    } catch (error) {
      closeTicket(ticket);
      reject(error);
    }
  });
}
