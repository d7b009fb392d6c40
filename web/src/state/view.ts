// What of the page is open.
import { signal } from '@preact/signals';

export type Tab = 'answers' | 'schema' | 'tools' | 'models' | 'page';

/** Which settings are open; undefined: none. */
export const settingsTab = signal<Tab | undefined>(undefined);
export const shortcutsOpen = signal(false);
/** The list of conversations, where it lies over the rest. */
export const drawer = signal(false);
/** Which question's answers stand side by side. */
export const comparing = signal<string | undefined>(undefined);
/** Which question is being edited. */
export const editing = signal<string | undefined>(undefined);

const narrowQuery = matchMedia('(max-width: 899px)');
/** Whether there is no room for the list beside the conversation. */
export const narrow = signal(narrowQuery.matches);
narrowQuery.addEventListener('change', ({ matches }) => {
  narrow.value = matches;
  drawer.value = false;
});

/** Whether something is typed by touch. */
export const touch = matchMedia('(pointer: coarse)').matches;

/** The message box. */
export const box = (): HTMLTextAreaElement | null => document.querySelector<HTMLTextAreaElement>('#message');
