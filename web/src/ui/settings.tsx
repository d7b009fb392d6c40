import { useRef } from 'preact/hooks';

import { t } from '../language';
import { settingsTab, type Tab } from '../state/view';
import { Dialog } from './dialog';
import { SettingsAnswers } from './settings-answers';
import { SettingsModels } from './settings-models';
import { SettingsPage } from './settings-page';
import { SettingsSchema } from './settings-schema';
import { SettingsTools } from './settings-tools';

const tabs = {
  answers: ['answer', SettingsAnswers],
  schema: ['schema', SettingsSchema],
  tools: ['tools', SettingsTools],
  models: ['models', SettingsModels],
  page: ['page', SettingsPage],
} as const;

const names = Object.keys(tabs) as Tab[];

function Tabs({ current }: { readonly current: Tab }) {
  const list = useRef<HTMLDivElement>(null);
  const go = (to: number): void => {
    settingsTab.value = names.at(to % names.length);
    list.current?.querySelectorAll('button')[(to + names.length) % names.length]?.focus();
  };
  return (
    <div
      class="tabs"
      role="tablist"
      aria-label={t('settings')}
      ref={list}
      onKeyDown={({ key }) => {
        const at = names.indexOf(current);
        if (key === 'ArrowRight') go(at + 1);
        if (key === 'ArrowLeft') go(at - 1);
      }}
    >
      {names.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`tab-${name}`}
          aria-selected={name === current}
          aria-controls="tab-panel"
          tabIndex={name === current ? 0 : -1}
          onClick={() => (settingsTab.value = name)}
        >
          {t(tabs[name][0])}
        </button>
      ))}
    </div>
  );
}

/** All settings. */
export function Settings() {
  const current = settingsTab.value;
  if (!current) return null;
  const Panel = tabs[current][1];
  return (
    <Dialog title={t('settings')} kind="sheet" close={() => (settingsTab.value = undefined)}>
      <Tabs current={current} />
      <div class="panel" role="tabpanel" id="tab-panel" aria-labelledby={`tab-${current}`} key={current}>
        <Panel />
      </div>
    </Dialog>
  );
}
