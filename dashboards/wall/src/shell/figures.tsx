/** The answer figures (D10) in the strip: two shares and the flood. Every figure with its definition stands behind them (figures-dialog.tsx). */
import { kpiTargets } from '#core/kpi.ts';
import { t } from '#wall/i18n/text.ts';
import { status } from '#wall/state/county.ts';
import { figuresOpen } from '#wall/state/dialogs.ts';
import { openCounts } from '#wall/state/wall.ts';

/** A share as people read it, rounded down: 99.96 % is not 100 %. Null: nothing to judge. */
export function percent(n: number, of: number): string | null {
  return of === 0 ? null : String(Math.floor((n / of) * 1000) / 10);
}

export function Figures() {
  const now = status.value;
  if (!now) return null;
  const { day } = now.answer;
  return (
    <div class="fact" data-test="figures">
      <span class="fact-name">{t('figures.strip')}</span>
      <button type="button" class="link-button digits" title={t('figures.open')} aria-haspopup="dialog" onClick={() => { figuresOpen.value = true; }}>
        {day.judged60s === 0 ? <span class="dim">{t((openCounts.value[0] ?? 0) > 0 ? 'figures.counting' : 'figures.none')}</span> : <><Short text={t('figures.in60')} n={day.within60s} of={day.judged60s} target={kpiTargets.within60s} /> <Short text={t('figures.in180')} n={day.within180s} of={day.judged180s} target={kpiTargets.within180s} /></>}
      </button>
      {now.flood.active && <b class="flag grave" data-test="flood">{t('figures.flood', { n: now.flood.lastTen })}</b>}
    </div>
  );
}

function Short({ text, n, of, target }: { text: string; n: number; of: number; target: number }) {
  const share = percent(n, of);
  if (share === null) return null;
  const below = n / of < target;
  return <span class={below ? 'warn' : undefined}>{text} <b>{below && '▼'}{share}%</b></span>;
}
