import { statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Until a file has so many bytes. Its folder has to be there. */
export async function grown(path: string, bytes: number): Promise<void> {
  let wake = (): void => {};
  const watcher = watch(dirname(path), () => wake());
  const size = (): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  try {
    while (size() < bytes) {
      await new Promise<void>((changed) => {
        wake = changed;
        if (size() >= bytes) changed();
      });
    }
  } finally {
    watcher.close();
  }
}
