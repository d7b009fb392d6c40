import { useEffect, useState } from 'preact/hooks';

import { common, fits, type Parameter } from '../data/parameters';
import { plainSettings } from '../data/types';
import { numberText, t } from '../language';
import { changeSettings, shown } from '../state/conversations';
import { describe, parameters } from '../state/server';
import { IconButton } from './icon-button';

function setParameter(name: string, value: number | boolean | undefined): void {
  const { [name]: _, ...rest } = shown.value.settings.parameters;
  changeSettings({ parameters: value === undefined ? rest : { ...rest, [name]: value } });
}

/** How far a slider goes; undefined: the range is too wide for one. */
function slider({ type, minimum, maximum, name }: Parameter): { readonly min: number; readonly max: number; readonly step: number } | undefined {
  if (name === 'temperature') return { min: 0, max: 2, step: 0.05 };
  if (type !== 'number' || minimum === undefined || maximum === undefined || maximum - minimum > 2) return undefined;
  return { min: minimum, max: maximum, step: 0.01 };
}

const unlimited = 2 ** 31 - 1;

function rangeOf({ minimum, maximum }: Parameter): { least: string; most: string } {
  const text = (value: number | undefined, open: string): string => (value === undefined || value >= unlimited ? open : numberText(value, 2));
  return { least: minimum === undefined || minimum < -unlimited ? '−∞' : text(minimum, '−∞'), most: text(maximum, '∞') };
}

function Switch({ of, value }: { readonly of: Parameter; readonly value: number | boolean | undefined }) {
  return (
    <select
      id={`parameter-${of.name}`}
      class="field short"
      value={value === undefined ? '' : String(value)}
      onChange={({ currentTarget }) => setParameter(of.name, currentTarget.value === '' ? undefined : currentTarget.value === 'true')}
    >
      <option value="">{t('usualWord')}</option>
      <option value="true">{t('on')}</option>
      <option value="false">{t('off')}</option>
    </select>
  );
}

function NumberField({ of, value }: { readonly of: Parameter; readonly value: number | undefined }) {
  const [wrong, setWrong] = useState(false);
  const track = slider(of);
  const id = `parameter-${of.name}`;
  const take = (text: string): void => {
    const given = Number(text);
    const good = text.trim() === '' || fits(of, given);
    setWrong(!good);
    if (good) setParameter(of.name, text.trim() === '' ? undefined : given);
  };
  const shownValue = value ?? (typeof of.fallback === 'number' ? of.fallback : 0);
  return (
    <>
      <div class="row">
        {track && (
          <input type="range" class="grow" aria-label={of.name} {...track} value={shownValue} onInput={({ currentTarget }) => take(currentTarget.value)} />
        )}
        <input
          id={id}
          class={track ? 'field short' : 'field'}
          inputMode={of.type === 'integer' ? 'numeric' : 'decimal'}
          placeholder={of.fallback === undefined ? '' : String(of.fallback)}
          value={value ?? ''}
          aria-invalid={wrong}
          aria-describedby={`${id}-about`}
          onInput={({ currentTarget }) => take(currentTarget.value)}
        />
        {value !== undefined && <IconButton icon="close" label={t('reset', { name: of.name })} onClick={() => setParameter(of.name, undefined)} />}
      </div>
      {wrong && (
        <p class="wrong small" role="alert">
          {t('outOfRange', rangeOf(of))}
        </p>
      )}
    </>
  );
}

function ParameterField({ of }: { readonly of: Parameter }) {
  const value = shown.value.settings.parameters[of.name];
  return (
    <div class={value === undefined ? 'parameter' : 'parameter changed'}>
      <label for={`parameter-${of.name}`}>
        <code>{of.name}</code>
      </label>
      {of.type === 'boolean' ? <Switch of={of} value={value} /> : <NumberField of={of} value={typeof value === 'number' ? value : undefined} />}
      <p class="small muted" id={`parameter-${of.name}-about`}>
        {of.sentence !== '' && <span lang="en">{of.sentence} </span>}
        {of.fallback !== undefined && typeof of.fallback === 'number' && t('usual', { value: String(of.fallback) })}
      </p>
    </div>
  );
}

function Samplers() {
  const { value: all } = parameters;
  useEffect(() => void describe(), []);
  if (all.length === 0) return <p class="muted">{t('notDescribed')}</p>;
  const first = common.flatMap((name) => all.filter((each) => each.name === name));
  const others = all.filter(({ name }) => !common.includes(name));
  const isChanged = others.some(({ name }) => name in shown.value.settings.parameters);
  return (
    <>
      {first.map((of) => (
        <ParameterField key={of.name} of={of} />
      ))}
      <details open={isChanged}>
        <summary>{t('moreSamplers')}</summary>
        {others.map((of) => (
          <ParameterField key={of.name} of={of} />
        ))}
      </details>
    </>
  );
}

/** What answers are asked for with. */
export function SettingsAnswers() {
  const { system, stop, answers, chances, schema, tools } = shown.value.settings;
  return (
    <>
      <label class="block">
        {t('system')}
        <textarea
          class="field"
          rows={4}
          placeholder={t('systemHint')}
          value={system}
          onInput={({ currentTarget }) => changeSettings({ system: currentTarget.value })}
        />
      </label>
      <label class="line">
        {t('answersAtATime')}
        <select class="field short" value={String(answers)} onChange={({ currentTarget }) => changeSettings({ answers: Number(currentTarget.value) })}>
          {[1, 2, 3, 4].map((n) => (
            <option key={n} value={String(n)}>
              {n}
            </option>
          ))}
        </select>
      </label>
      <label class="line">
        {t('askChances')}
        <input type="checkbox" checked={chances} onChange={({ currentTarget }) => changeSettings({ chances: currentTarget.checked })} />
      </label>
      <div class="line">
        <h3>{t('sampling')}</h3>
        <button type="button" class="button" onClick={() => changeSettings({ ...plainSettings, schema, tools })}>
          {t('resetAll')}
        </button>
      </div>
      <p class="small muted">{t('samplingHint')}</p>
      <Samplers />
      <label class="block">
        {t('stopTexts')}
        <textarea
          class="field mono"
          rows={2}
          value={stop.join('\n')}
          onInput={({ currentTarget }) => changeSettings({ stop: currentTarget.value.split('\n').filter((text) => text !== '') })}
        />
      </label>
    </>
  );
}
