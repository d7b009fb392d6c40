import { schemaOf } from '../data/json';
import { t } from '../language';
import type { Key } from '../language/en';
import { changeSettings, shown } from '../state/conversations';
import { JsonField } from './json-field';

const examples: readonly (readonly [Key, unknown])[] = [
  [
    'examplePerson',
    {
      type: 'object',
      properties: { name: { type: 'string', maxLength: 60 }, age: { type: 'integer', minimum: 0, maximum: 130 }, job: { type: 'string', maxLength: 60 } },
      required: ['name', 'age', 'job'],
      additionalProperties: false,
    },
  ],
  ['exampleList', { type: 'array', items: { type: 'string', maxLength: 40 }, minItems: 1, maxItems: 5 }],
  ['exampleChoice', { type: 'object', properties: { answer: { enum: ['yes', 'no', 'unsure'] } }, required: ['answer'], additionalProperties: false }],
];

/** The form that answers are bound to. */
export function SettingsSchema() {
  const { schema } = shown.value.settings;
  const change = (by: Partial<typeof schema>): void => changeSettings({ schema: { ...schema, ...by } });
  return (
    <>
      <label class="line">
        {t('bindAnswers')}
        <input type="checkbox" checked={schema.on} onChange={({ currentTarget }) => change({ on: currentTarget.checked })} />
      </label>
      <p class="small muted">{t('schemaHint')}</p>
      <fieldset class="row">
        <legend class="off-screen">{t('examples')}</legend>
        {examples.map(([name, value]) => (
          <button key={name} type="button" class="chip" onClick={() => change({ on: true, text: JSON.stringify(value, null, 2) })}>
            {t(name)}
          </button>
        ))}
      </fieldset>
      <JsonField
        label={t('schemaText')}
        text={schema.text}
        change={(text) => change({ text })}
        expected="notSchema"
        isGood={(text) => schemaOf(text) !== undefined}
      />
    </>
  );
}
