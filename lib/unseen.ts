// Failures that nobody looked at. A generation may fail before anybody awaits or iterates it, which must not end the process as an
// unhandled rejection would; yet one that nobody ever looks at is told as a warning: when the generation is collected, or the process
// has nothing left to do.

const failures = new Map<object, unknown>();
const collected = new FinalizationRegistry<object>((token) => warn(token));

function warn(token: object): void {
  const error = failures.get(token);
  if (!forget(token)) return;
  const { code, message, stack } = error as { code?: unknown; message?: unknown; stack?: unknown };
  const what = `${typeof code === 'string' ? `${code}: ` : ''}${String(message ?? error)}`;
  process.emitWarning(`a generation failed, and nothing awaited or iterated it: ${what}`, {
    type: 'LlamaWarning',
    ...(typeof stack === 'string' && { detail: stack }),
  });
}

function warnOfAll(): void {
  for (const token of [...failures.keys()]) warn(token);
}

function forget(token: object): boolean {
  const known = failures.delete(token);
  if (known && failures.size === 0) process.off('beforeExit', warnOfAll);
  return known;
}

/** Remembers that `of` failed. Gives what to call when somebody looks at it. */
export function unseen(of: object, error: unknown): () => void {
  const token = {};
  if (failures.size === 0) process.on('beforeExit', warnOfAll);
  failures.set(token, error);
  collected.register(of, token, token);
  return () => {
    if (forget(token)) collected.unregister(token);
  };
}
