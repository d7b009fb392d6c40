import { closeTicket, native, openTicket } from './binding';
import type { Origin } from './errors';
import type { JobHandle } from './native';

export interface JobOptions {
  /** Told how much is done, from 0 to 1. */
  onProgress?: (fraction: number) => void;
  /** Stop the work: the call rejects with the signal's reason, once the work has ended. */
  signal?: AbortSignal;
}

/** Runs a native job to its end. What `onProgress` throws stops it, and is thrown. */
export function runJob<T>(origin: Origin, start: (ticket: number) => JobHandle, { onProgress, signal }: JobOptions = {}): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let handle: JobHandle | undefined;
    let reason: { error: unknown } | undefined;
    const stop = (error: unknown): void => {
      reason ??= { error };
      if (handle) native.stopJob(handle);
    };
    const abort = (): void => stop(signal?.reason);
    const progress = (fraction: number): void => {
      try {
        onProgress?.(fraction);
      } catch (error) {
        stop(error);
      }
    };
    const ticket = openTicket((kind, value) => {
      if (kind === 'progress') return progress(value as number);
      closeTicket(ticket);
      signal?.removeEventListener('abort', abort);
      if (reason) reject(reason.error);
      else if (kind === 'done') resolve(value as T);
      else reject(origin.mark(value));
    });
    try {
      signal?.throwIfAborted();
      handle = start(ticket);
      signal?.addEventListener('abort', abort, { once: true });
    } catch (error) {
      closeTicket(ticket);
      reject(error);
    }
  });
}
