import { language, languages, t, wanted } from '../language';
import { exportedText, shown } from '../state/conversations';
import { key, theme, type Theme } from '../state/preferences';
import { KeyForm } from './key-form';
import { download } from './sidebar';

const themes = { system: 'themeSystem', light: 'themeLight', dark: 'themeDark' } as const;

/** What the page is like. */
export function SettingsPage() {
  return (
    <>
      <label class="line">
        {t('language')}
        <select class="field" value={language.value} onChange={({ currentTarget }) => (wanted.value = currentTarget.value)}>
          {Object.entries(languages).map(([tag, { languageName }]) => (
            <option key={tag} value={tag} lang={tag}>
              {languageName as string}
            </option>
          ))}
        </select>
      </label>
      <label class="line">
        {t('theme')}
        <select class="field" value={theme.value} onChange={({ currentTarget }) => (theme.value = currentTarget.value as Theme)}>
          {Object.entries(themes).map(([name, label]) => (
            <option key={name} value={name}>
              {t(label)}
            </option>
          ))}
        </select>
      </label>
      <h3>{t('apiKey')}</h3>
      <KeyForm />
      {key.value !== '' && (
        <button type="button" class="button" onClick={() => (key.value = '')}>
          {t('forgetKey')}
        </button>
      )}
      <h3>{t('conversation')}</h3>
      <button type="button" class="button" disabled={shown.value.nodes.length === 0} onClick={() => download(exportedText(shown.value.id))}>
        {t('exportThis')}
      </button>
      <p class="small">
        <a href="page/LICENSES.txt" target="_blank" rel="noopener noreferrer">
          {t('licences')}
        </a>
      </p>
    </>
  );
}
