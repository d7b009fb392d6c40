import { t } from '../language';
import { notice, shownNotice } from '../state/notices';
import { IconButton } from './icon-button';

export function Notices() {
  const given = shownNotice.value;
  return (
    <div class="notices" role="status">
      {given && (
        <div class="notice">
          <span>{t(given.text, given.values)}</span>
          {given.undo && (
            <button
              type="button"
              class="button"
              onClick={() => {
                given.undo?.();
                notice(undefined);
              }}
            >
              {t('undo')}
            </button>
          )}
          <IconButton icon="close" label={t('close')} onClick={() => notice(undefined)} />
        </div>
      )}
    </div>
  );
}
