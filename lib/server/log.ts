// A line of JSON for each thing that happened, with the names that pino's tools read. Never a prompt, an answer or a key.

/** How much is told. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A line. */
export interface LogEntry {
  readonly level: Exclude<LogLevel, 'silent'>;
  readonly msg: string;
  readonly [field: string]: unknown;
}

const ranks = { debug: 20, info: 30, warn: 40, error: 50, silent: 100 } as const;

/** Where lines go. */
export class Log {
  constructor(
    private readonly level: LogLevel,
    private readonly hear: (entry: LogEntry) => void,
  ) {}

  tell(level: LogEntry['level'], msg: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (ranks[level] < ranks[this.level]) return;
    try {
      this.hear({ level, msg, ...fields });
    } catch {
      // a log that fails holds nobody up
    }
  }
}

/** Writes lines of JSON to a stream. */
export const linesTo =
  (stream: { write(text: string): unknown }) =>
  ({ level, msg, ...fields }: LogEntry): void => {
    stream.write(`${JSON.stringify({ level: ranks[level], time: Date.now(), ...fields, msg })}\n`);
  };

/** What of an error is told. */
export function errorFields(error: unknown): Readonly<Record<string, unknown>> {
  const { name, message, code, stack } = (error instanceof Error ? error : new Error(String(error))) as Error & { code?: unknown };
  return { err: { type: name, message, ...(code !== undefined && { code }), stack } };
}
