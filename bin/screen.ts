// What the terminal shows beside the output: errors in one line, a progress bar, and the manners of a pipe.
import { SingleBar } from 'cli-progress';

/** An error in one readable line. */
export function explain(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (
    text
      .replaceAll('\0', '')
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
      .join(' ') || 'failed without a word'
  );
}

/** Ends the program when the reader of its output has gone: `llama-ts run | head`. */
export function leaveQuietlyWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED') process.exit(0);
    process.stderr.write(`llama-ts: ${explain(error)}\n`);
    process.exit(1);
  });
}

/** Writes and waits until the reader keeps up. */
export async function print(text: string): Promise<void> {
  if (text === '' || process.stdout.write(text)) return;
  await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
}

/** A line for people, beside the output. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

export interface Progress {
  show(fraction: number): void;
  end(): void;
}

/** A bar on a terminal, nothing elsewhere. */
export function progress(what: string, { timeLeft = false } = {}): Progress {
  if (!process.stderr.isTTY) return { show: () => {}, end: () => {} };
  const bar = new SingleBar({
    format: `${what} {bar} {percentage}%${timeLeft ? ', {eta_formatted} left' : ''}`,
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
    etaBuffer: 50,
  });
  let started = false;
  return {
    show(fraction) {
      if (!started) bar.start(1000, 0);
      started = true;
      bar.update(Math.round(1000 * fraction));
    },
    end() {
      if (started) bar.stop();
    },
  };
}
