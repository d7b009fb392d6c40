import { useId, useState } from 'preact/hooks';

import { t } from '../language';
import { keepsKey, key } from '../state/preferences';
import { asksKey, refresh } from '../state/server';
import { box } from '../state/view';
import { Dialog } from './dialog';

/** A place for the key that the server asks for. */
export function KeyForm() {
  const [text, setText] = useState(key.value);
  const id = useId();
  const use = async (): Promise<void> => {
    key.value = text.trim();
    await refresh();
    if (!asksKey.value) box()?.focus();
  };
  return (
    <form
      class="key-form"
      onSubmit={(event) => {
        event.preventDefault();
        void use();
      }}
    >
      <label for={id} class="small">
        {t('apiKey')}
      </label>
      <input
        id={id}
        type="password"
        class="field mono"
        autocomplete="off"
        spellcheck={false}
        aria-describedby={`${id}-about`}
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <p class="small muted" id={`${id}-about`}>
        {t('keyHint')}
      </p>
      <label class="line">
        {t('keepKey')}
        <input type="checkbox" checked={keepsKey.value} onChange={({ currentTarget }) => (keepsKey.value = currentTarget.checked)} />
      </label>
      <button type="submit" class="button primary">
        {t('useKey')}
      </button>
    </form>
  );
}

/** Asks for the key, when the server does. */
export function KeyDialog() {
  if (!asksKey.value) return null;
  return (
    <Dialog title={t('key')} kind="box" close={() => (asksKey.value = false)}>
      <KeyForm />
    </Dialog>
  );
}
