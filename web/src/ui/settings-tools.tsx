import { toolsOf } from '../data/json';
import { t } from '../language';
import { changeSettings, shown } from '../state/conversations';
import { serverTools } from '../state/server';
import { JsonField } from './json-field';

const example = [
  {
    name: 'get_weather',
    description: 'The weather of a place now',
    parameters: { type: 'object', properties: { place: { type: 'string' } }, required: ['place'] },
  },
];

/** The tools that the server runs, where it has some. */
function OfServer() {
  const { tools } = shown.value.settings;
  const change = (by: Partial<typeof tools>): void => changeSettings({ tools: { ...tools, ...by } });
  if (serverTools.value.length === 0) return null;
  return (
    <>
      <label class="line">
        {t('offerServerTools')}
        <input type="checkbox" checked={tools.server} onChange={({ currentTarget }) => change({ server: currentTarget.checked })} />
      </label>
      <ul class="small muted">
        {serverTools.value.map(({ name, description }) => (
          <li key={name}>
            <code>{name}</code> {description}
          </li>
        ))}
      </ul>
      <label class="line">
        {t('runUnasked')}
        <input type="checkbox" checked={tools.unasked} onChange={({ currentTarget }) => change({ unasked: currentTarget.checked })} />
      </label>
    </>
  );
}

/** The functions that the model may call. */
export function SettingsTools() {
  const { tools } = shown.value.settings;
  const change = (by: Partial<typeof tools>): void => changeSettings({ tools: { ...tools, ...by } });
  return (
    <>
      <OfServer />
      <label class="line">
        {t('offerTools')}
        <input type="checkbox" checked={tools.on} onChange={({ currentTarget }) => change({ on: currentTarget.checked })} />
      </label>
      <p class="small muted">{t('toolsHint')}</p>
      <div class="row">
        <button type="button" class="chip" onClick={() => change({ on: true, text: JSON.stringify(example, null, 2) })}>
          {t('toolExample')}
        </button>
      </div>
      <JsonField
        label={t('toolsText')}
        text={tools.text}
        change={(text) => change({ text })}
        expected="notTools"
        isGood={(text) => toolsOf(text) !== undefined}
      />
    </>
  );
}
