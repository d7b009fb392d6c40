// Short words at the edge of the page, one at a time.
import { signal } from '@preact/signals';

import type { Key } from '../language/en';

export interface Notice {
  readonly text: Key;
  readonly values?: Readonly<Record<string, string | number>>;
  readonly undo?: () => void;
}

export const shownNotice = signal<Notice | undefined>(undefined);

let timer: ReturnType<typeof setTimeout> | undefined;
const lastsMs = 8000;

export function notice(given: Notice | undefined): void {
  clearTimeout(timer);
  shownNotice.value = given;
  if (given) timer = setTimeout(() => (shownNotice.value = undefined), lastsMs);
}
