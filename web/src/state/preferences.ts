// What the user wants of the page, kept between visits.
import { effect, signal } from '@preact/signals';

import { useKey } from '../api/client';
import { language, wanted } from '../language';

export type Theme = 'system' | 'light' | 'dark';

export const theme = signal<Theme>('system');
/** Whether the list of conversations is shown where there is room. */
export const sidebar = signal(true);
/** The model that was chosen last. */
export const lastModel = signal('');
export const key = signal('');
/** Whether the key is kept when the browser is closed. */
export const keepsKey = signal(false);

const keyName = 'llama-ts.key';

function kept(name: string): string | null {
  try {
    return localStorage.getItem(`llama-ts.${name}`);
  } catch {
    return null; // the browser keeps nothing
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`llama-ts.${name}`, value);
  } catch {
    // nor here
  }
}

function keepKey(): void {
  try {
    for (const storage of [localStorage, sessionStorage]) storage.removeItem(keyName);
    if (key.value !== '') (keepsKey.value ? localStorage : sessionStorage).setItem(keyName, key.value);
  } catch {
    // it lasts as long as the page
  }
}

function readKey(): void {
  try {
    const lasting = localStorage.getItem(keyName);
    keepsKey.value = lasting !== null;
    key.value = lasting ?? sessionStorage.getItem(keyName) ?? '';
  } catch {
    // there is none
  }
}

/** Reads what is kept, and keeps what changes. */
export function begin(): void {
  const saved = kept('theme');
  if (saved === 'light' || saved === 'dark') theme.value = saved;
  wanted.value = kept('language') ?? '';
  sidebar.value = kept('sidebar') !== 'hidden';
  lastModel.value = kept('model') ?? '';
  readKey();
  effect(() => {
    keep('theme', theme.value);
    document.documentElement.dataset.theme = theme.value;
  });
  effect(() => {
    keep('language', wanted.value);
    document.documentElement.lang = language.value;
  });
  effect(() => keep('sidebar', sidebar.value ? 'shown' : 'hidden'));
  effect(() => keep('model', lastModel.value));
  effect(() => {
    keepKey();
    useKey(key.value);
  });
}
