// Formulas are drawn by what is loaded when the first of them comes; until then they are shown as they are written.
import { signal } from '@preact/signals';
import type { ComponentChild } from 'preact';

type View = typeof import('../math/view');

const view = signal<View | undefined>(undefined);
let asked = false;

function Lazy({ text, display }: { readonly text: string; readonly display: boolean }) {
  if (!asked) {
    asked = true;
    import('../math/view').then(
      (loaded) => (view.value = loaded),
      () => (asked = false), // the server is gone: the next formula tries again
    );
  }
  const Drawn = view.value?.Formula;
  return Drawn ? <Drawn text={text} display={display} /> : <code>{text}</code>;
}

export const lazyFormula = (text: string, display: boolean): ComponentChild => <Lazy text={text} display={display} />;
