import { choose, siblings } from '../data/tree';
import { t } from '../language';
import { change, shown } from '../state/conversations';
import { IconButton } from './icon-button';

/** Shows the version before or behind this one. */
export function step(id: string, by: number): void {
  const { all, index } = siblings(shown.value, id);
  const next = all[index + by];
  if (next) change(shown.value.id, (of) => choose(of, next.id));
}

/** Which of several versions is shown, and a way to the others. */
export function Versions({ of, index, count }: { readonly of: string; readonly index: number; readonly count: number }) {
  if (count < 2) return null;
  return (
    <span class="versions">
      <IconButton icon="left" label={t('previous')} disabled={index === 0} onClick={() => step(of, -1)} />
      <span class="small">{t('version', { i: String(index + 1), n: String(count) })}</span>
      <IconButton icon="right" label={t('next')} disabled={index === count - 1} onClick={() => step(of, 1)} />
    </span>
  );
}
