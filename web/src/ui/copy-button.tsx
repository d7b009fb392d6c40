import { useState } from 'preact/hooks';

import { t } from '../language';
import { IconButton } from './icon-button';

/** Puts a text into the clipboard, also where the page came by plain HTTP from another machine. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'off-screen';
    const { activeElement } = document;
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    if (activeElement instanceof HTMLElement) activeElement.focus();
    return copied;
  }
}

const shownMs = 2000;

export function CopyButton({ text, label = 'copy' }: { readonly text: string; readonly label?: 'copy' | 'copyCode' }) {
  const [state, setState] = useState<'' | 'copied' | 'copyFailed'>('');
  const copy = async (): Promise<void> => {
    setState((await copyText(text)) ? 'copied' : 'copyFailed');
    setTimeout(() => setState(''), shownMs);
  };
  return (
    <>
      <IconButton icon={state === 'copied' ? 'check' : 'copy'} label={t(label)} onClick={() => void copy()} />
      <span class="off-screen" role="status">
        {state === '' ? '' : t(state)}
      </span>
    </>
  );
}
