import { t } from '../language';
import { begin, chooseModel, shown } from '../state/conversations';
import { sidebar } from '../state/preferences';
import { model, models } from '../state/server';
import { box, drawer, narrow, settingsTab, shortcutsOpen } from '../state/view';
import { IconButton } from './icon-button';

/** Shows or hides the list of conversations. */
export function toggleSidebar(): void {
  if (narrow.value) drawer.value = !drawer.value;
  else sidebar.value = !sidebar.value;
}

export function startAnew(): void {
  begin();
  drawer.value = false;
  box()?.focus();
}

function ModelChoice() {
  const state = model.value?.state ?? '';
  return (
    <div class="model">
      <span class={`dot ${state}`} aria-hidden="true" />
      <select
        id="model"
        aria-label={state === '' ? t('model') : `${t('model')} (${t(state)})`}
        value={shown.value.model}
        disabled={models.value.length === 0}
        onChange={({ currentTarget }) => chooseModel(currentTarget.value)}
      >
        {models.value.length === 0 && <option value="">{t('noModel')}</option>}
        {models.value.map(({ id, state: of }) => (
          <option key={id} value={id}>
            {of === '' || of === 'loaded' ? id : `${id} (${t(of)})`}
          </option>
        ))}
      </select>
    </div>
  );
}

export function Header() {
  const open = narrow.value ? drawer.value : sidebar.value;
  return (
    <header class="top">
      <IconButton icon="menu" label={t(open ? 'hideConversations' : 'showConversations')} aria-expanded={open} onClick={toggleSidebar} />
      <h1 class="off-screen">{t('title')}</h1>
      <ModelChoice />
      <div class="spread" />
      <IconButton icon="keyboard" label={t('shortcuts')} class="icon-button wide-only" onClick={() => (shortcutsOpen.value = true)} />
      <IconButton icon="settings" label={t('settings')} onClick={() => (settingsTab.value = 'answers')} />
      <IconButton icon="plus" label={t('newConversation')} onClick={startAnew} />
    </header>
  );
}
