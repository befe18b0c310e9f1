/** 120, 119, 110 (FIELD F14): asked once, the number large, what to read beneath it, and the call as a step of the case. Nothing here dials. */
import { useSignal } from '@preact/signals';
import type { AlertView } from '#core/live.ts';
import type { RevealedCase } from '#wall/api/case.ts';
import { t } from '#wall/i18n/text.ts';
import { calledService } from '#wall/state/actions.ts';
import { countyName } from '#wall/state/county.ts';
import { readOut } from './read-out.ts';

const services = ['120', '119', '110'] as const;

export function Emergency({ alert, plain, year }: { alert: AlertView; plain: RevealedCase; year: number }) {
  const asked = useSignal<(typeof services)[number] | null>(null);
  return (
    <div class="readout" data-test="emergency">
      <div class="call-keys">
        <span class="dial-label">{t('emergency.title')}</span>
        {services.map((n) => <button key={n} type="button" class="call-key" aria-pressed={asked.value === n} data-service={n} onClick={() => { asked.value = asked.value === n ? null : n; }}>{t(`emergency.${n}`)}</button>)}
      </div>
      {asked.value !== null && (
        <div class="dial" data-test="service">
          <span class="dial-label">{t('emergency.ask', { n: asked.value })}</span><span class="dial-number digits">{asked.value}</span>
          <span class="call-keys">
            <button type="button" class="call-key reached" data-test="dialled" onClick={() => { const n = asked.value; asked.value = null; if (n !== null) void calledService(alert, n); }}>{t('emergency.dialled')}</button>
            <button type="button" class="call-key" onClick={() => { asked.value = null; }}>{t('emergency.not')}</button>
          </span>
        </div>
      )}
      <details open={asked.value !== null}><summary>{t('case.scriptTitle')}</summary><p lang="zh-CN" data-test="readout">{readOut(countyName.value, alert, plain, year)}</p><p class="dim small">{t('case.emergency')}</p></details>
    </div>
  );
}
