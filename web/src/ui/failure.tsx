import { t } from '../language';
import { asksKey } from '../state/server';
import type { Failure } from '../data/types';

/** What did not work, where it did not work, and what can be done. */
export function FailureBox({ of, retry }: { readonly of: Failure; readonly retry?: () => void }) {
  const words = of.kind === 'busy' && of.retryAfter !== undefined ? t('busyFor', { n: of.retryAfter }) : t(of.kind);
  return (
    <div class="failure" role="alert">
      <p>
        {words}
        {of.status !== undefined && <span class="muted"> ({of.status})</span>}
      </p>
      {of.message !== '' && <p class="failure-said">{of.message}</p>}
      <div class="row">
        {of.kind === 'key' && (
          <button type="button" class="button" onClick={() => (asksKey.value = true)}>
            {t('enterKey')}
          </button>
        )}
        {retry && (
          <button type="button" class="button" onClick={retry}>
            {t('retry')}
          </button>
        )}
      </div>
    </div>
  );
}
