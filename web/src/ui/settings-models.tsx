import { useEffect, useState } from 'preact/hooks';

import type { ServedModel } from '../api/client';
import type { Failure } from '../data/types';
import { countText, sizeText, t } from '../language';
import { describe, manage, mayManage, models, refresh } from '../state/server';
import { FailureBox } from './failure';

function Managing({ of: { id, state } }: { readonly of: ServedModel }) {
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const what = state === 'loaded' ? 'unload' : 'load';
  const go = async (): Promise<void> => setFailure(await manage(what, id));
  return (
    <>
      <button
        type="button"
        class="button"
        disabled={state === 'loading'}
        aria-label={t(what === 'load' ? 'loadModel' : 'unloadModel', { model: id })}
        onClick={() => void go()}
      >
        {t(what)}
      </button>
      {failure && <FailureBox of={failure} retry={() => void go()} />}
    </>
  );
}

function ModelEntry({ of }: { readonly of: ServedModel }) {
  const { id, state, parameters, bytes, context } = of;
  return (
    <li class="model-entry">
      <p class="line">
        <strong>{id}</strong>
        {state !== '' && (
          <span class="small">
            <span class={`dot ${state}`} aria-hidden="true" /> {t(state)}
          </span>
        )}
      </p>
      <p class="small muted">
        {parameters !== undefined && bytes !== undefined && t('facts', { parameters: countText(parameters), size: sizeText(bytes) })}
        {context !== undefined && context > 0 && ` · ${t('context', { n: context })}`}
      </p>
      {state === 'unloaded' && <p class="small muted">{t('loadsAtFirst')}</p>}
      {mayManage.value && state !== '' && <Managing of={of} />}
    </li>
  );
}

/** The models that are served, and their state. */
export function SettingsModels() {
  useEffect(() => void refresh().then(describe), []);
  return (
    <>
      <ul class="model-entries">
        {models.value.map((of) => (
          <ModelEntry key={of.id} of={of} />
        ))}
      </ul>
      {!mayManage.value && <p class="small muted">{t('modelsHint')}</p>}
      <button type="button" class="button" onClick={() => void refresh().then(describe)}>
        {t('refresh')}
      </button>
    </>
  );
}
