import { useState } from 'preact/hooks';

import { lineOf } from '../data/rates';
import type { Answer } from '../data/types';
import { numberText, t, timeText } from '../language';
import { Icon } from './icon';

const [width, height] = [240, 48];

function Plot({ rates }: { readonly rates: readonly number[] }) {
  const label = t('speed', { least: numberText(Math.min(...rates)), most: numberText(Math.max(...rates)) });
  const line = lineOf(rates, width, height - 4);
  return (
    <figure class="plot">
      <svg viewBox={`0 -2 ${width} ${height}`} role="img" aria-label={label} preserveAspectRatio="none">
        <polygon points={`0,${height - 4} ${line} ${width},${height - 4}`} />
        <polyline points={line} />
      </svg>
      <figcaption class="small muted">{label}</figcaption>
    </figure>
  );
}

/** How long an answer took. */
export function Timing({ of: { timings, rates } }: { readonly of: Answer }) {
  const [open, setOpen] = useState(false);
  if (!timings) return null;
  const { tokens, ms, promptTokens, cachedTokens, promptMs } = timings;
  const speed = ms > 0 ? ` · ${t('perSecond', { n: numberText((tokens * 1000) / ms) })}` : '';
  return (
    <div class="timing">
      <button type="button" class="quiet small" aria-expanded={open} title={t('details')} onClick={() => setOpen(!open)}>
        <Icon name="info" />
        {t('tokens', { n: tokens })}
        {speed}
      </button>
      {open && (
        <div class="timing-more">
          <dl>
            <dt>{t('promptRead')}</dt>
            <dd>{t('promptTokens', { n: promptTokens, cached: numberText(cachedTokens), time: timeText(promptMs) })}</dd>
            <dt>{t('answerMade')}</dt>
            <dd>{t('answerTokens', { n: tokens, time: timeText(ms) })}</dd>
          </dl>
          {rates && <Plot rates={rates} />}
        </div>
      )}
    </div>
  );
}
