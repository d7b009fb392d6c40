import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { t } from '../language';
import { isRunning, say, stop } from '../state/ask';
import { shown } from '../state/conversations';
import { settingsTab, touch, type Tab } from '../state/view';
import { Icon } from './icon';

const draftName = 'llama-ts.draft';

function kept(): string {
  try {
    return sessionStorage.getItem(draftName) ?? '';
  } catch {
    return '';
  }
}

/** What is in the message box. */
const draft = signal(kept());

export function setDraft(text: string): void {
  draft.value = text;
  try {
    sessionStorage.setItem(draftName, text);
  } catch {
    // it lasts as long as the page
  }
}

function submit(): void {
  const text = draft.value.trim();
  if (text === '') return;
  setDraft('');
  say(text);
}

function Chips() {
  const { system, parameters, stop: stops, schema, tools, chances, answers } = shown.value.settings;
  const changed = Object.keys(parameters).length + (stops.length > 0 ? 1 : 0);
  const chips: [Tab, string][] = [
    ...(system.trim() === '' ? [] : [['answers', t('system')] as [Tab, string]]),
    ...(changed === 0 ? [] : [['answers', `${t('sampling')} (${changed})`] as [Tab, string]]),
    ...(answers > 1 ? [['answers', `${t('answer')} × ${answers}`] as [Tab, string]] : []),
    ...(chances ? [['answers', t('probabilities')] as [Tab, string]] : []),
    ...(schema.on ? [['schema', t('schema')] as [Tab, string]] : []),
    ...(tools.on || tools.server ? [['tools', t('tools')] as [Tab, string]] : []),
  ];
  if (chips.length === 0) return null;
  return (
    <div class="chips">
      {chips.map(([tab, label]) => (
        <button key={label} type="button" class="chip" onClick={() => (settingsTab.value = tab)}>
          {label}
        </button>
      ))}
    </div>
  );
}

export function Composer() {
  const area = useRef<HTMLTextAreaElement>(null);
  const text = draft.value;
  const running = isRunning(shown.value.id);
  useEffect(() => {
    if (!touch) area.current?.focus();
  }, [shown.value.id]);
  useEffect(() => {
    const { current } = area;
    if (!current) return;
    current.style.height = 'auto';
    current.style.height = `${current.scrollHeight}px`;
  }, [text]);
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Chips />
      <div class="composer-box">
        <textarea
          id="message"
          ref={area}
          rows={1}
          aria-label={t('message')}
          placeholder={t('messageHint')}
          enterkeyhint="send"
          value={text}
          onInput={({ currentTarget }) => setDraft(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            submit();
          }}
        />
        {running && (
          <button type="button" class="round stop" aria-label={t('stop')} title={t('stop')} onClick={() => stop()}>
            <Icon name="stop" />
          </button>
        )}
        <button type="submit" class="round send" aria-label={t('send')} title={t('send')} disabled={text.trim() === ''}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}
