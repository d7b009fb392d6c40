import { Fragment } from 'preact';

import { branch } from '../data/tree';
import { t } from '../language';
import type { Key } from '../language/en';
import { regenerate, stop } from '../state/ask';
import { shown } from '../state/conversations';
import { box, drawer, editing, settingsTab, shortcutsOpen } from '../state/view';
import { copyText } from './copy-button';
import { Dialog } from './dialog';
import { startAnew, toggleSidebar } from './header';
import { step } from './versions';

const last = (role: 'user' | 'assistant') => branch(shown.value).findLast((node) => node.role === role);

interface Shortcut {
  readonly code: string;
  readonly shown: string;
  readonly name: Key;
  readonly run: () => void;
}

const withLast = (role: 'user' | 'assistant', work: (id: string, text: string) => void) => (): void => {
  const node = last(role);
  if (node) work(node.id, node.text);
};

/** Those with the Alt key. */
const shortcuts: readonly Shortcut[] = [
  { code: 'KeyN', shown: 'N', name: 'keyNew', run: startAnew },
  { code: 'KeyH', shown: 'H', name: 'keyHistory', run: toggleSidebar },
  { code: 'KeyS', shown: 'S', name: 'keySettings', run: () => (settingsTab.value = 'answers') },
  { code: 'KeyM', shown: 'M', name: 'keyModel', run: () => document.querySelector<HTMLElement>('#model')?.focus() },
  { code: 'KeyB', shown: 'B', name: 'keyBox', run: () => box()?.focus() },
  { code: 'KeyR', shown: 'R', name: 'keyRegenerate', run: withLast('assistant', regenerate) },
  { code: 'KeyE', shown: 'E', name: 'keyEdit', run: withLast('user', (id) => (editing.value = id)) },
  { code: 'KeyC', shown: 'C', name: 'keyCopy', run: withLast('assistant', (_, text) => void copyText(text)) },
  { code: 'PageUp', shown: 'Page ↑', name: 'previous', run: withLast('assistant', (id) => step(id, -1)) },
  { code: 'PageDown', shown: 'Page ↓', name: 'next', run: withLast('assistant', (id) => step(id, 1)) },
  { code: 'KeyK', shown: 'K', name: 'keyList', run: () => (shortcutsOpen.value = true) },
];

/** Does what a key stands for. */
export function onKey(event: KeyboardEvent): void {
  if (document.querySelector('dialog[open]')) return; // which has keys of its own
  if (event.key === 'Escape') {
    if (drawer.value) drawer.value = false;
    else stop();
    return;
  }
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.getModifierState('AltGraph')) return;
  const found = shortcuts.find(({ code }) => code === event.code);
  if (!found) return;
  event.preventDefault();
  found.run();
}

function Keys({ keys }: { readonly keys: readonly string[] }) {
  return (
    <dt>
      {keys.map((name, i) => (
        <span key={name}>
          {i > 0 && ' + '}
          <kbd>{name}</kbd>
        </span>
      ))}
    </dt>
  );
}

/** The list of them. */
export function Shortcuts() {
  if (!shortcutsOpen.value) return null;
  return (
    <Dialog title={t('shortcuts')} kind="box" close={() => (shortcutsOpen.value = false)}>
      <dl class="keys">
        <Keys keys={['Enter']} />
        <dd>{t('keySend')}</dd>
        <Keys keys={['Shift', 'Enter']} />
        <dd>{t('keyLine')}</dd>
        <Keys keys={['Esc']} />
        <dd>{t('keyStop')}</dd>
        {shortcuts.map(({ code, shown: name, name: key }) => (
          <Fragment key={code}>
            <Keys keys={['Alt', name]} />
            <dd>{t(key)}</dd>
          </Fragment>
        ))}
      </dl>
    </Dialog>
  );
}
