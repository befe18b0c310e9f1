/** Every answer figure with its definition (D10), and who has how much in hand; opened from the strip. */
import { kpiTargets } from '#core/kpi.ts';
import { dayMinute, duration } from '#wall/format/time.ts';
import { lang, type TextKey, t } from '#wall/i18n/text.ts';
import { type AnswerFigures, type Status, status } from '#wall/state/county.ts';
import { figuresOpen } from '#wall/state/dialogs.ts';
import { oldestWaiting, serverNow } from '#wall/state/wall.ts';
import { Dialog } from './dialog.tsx';
import { percent } from './figures.tsx';

export function FiguresDialog() {
  const now = status.value;
  if (!now) return null;
  const { day, month } = now.answer;
  const oldest = oldestWaiting.value;
  const row = (name: TextKey, show: (of: AnswerFigures) => string | null, target?: number) => (
    <tr><th scope="row">{t(name)}</th><td class="digits">{show(day) ?? t('figures.none')}</td><td class="digits">{show(month) ?? t('figures.none')}</td><td class="digits dim">{target === undefined ? '' : `≥ ${target * 100}%`}</td></tr>
  );
  const share = (n: number, of: number, target: number): string | null => {
    const p = percent(n, of);
    return p === null ? null : `${t('figures.share', { p, n, of })}${n / of < target ? ` ▼${t('figures.below')}` : ''}`;
  };
  const time = (ms: number | null): string | null => (ms === null ? null : duration(ms, lang.value));
  return (
    <Dialog title={t('figures.title')} wide onClose={() => { figuresOpen.value = false; }}>
      <table class="table" data-test="figures-table">
        <thead><tr><th /><th>{t('figures.day')}</th><th>{t('figures.month')}</th><th>{t('figures.target')}</th></tr></thead>
        <tbody>
          {row('figures.within60', (k) => share(k.within60s, k.judged60s, kpiTargets.within60s), kpiTargets.within60s)}
          {row('figures.within180', (k) => share(k.within180s, k.judged180s, kpiTargets.within180s), kpiTargets.within180s)}
          {row('figures.answer', (k) => (k.p50Ms === null ? null : `${time(k.p50Ms)} / ${time(k.p90Ms)}`))}
          {row('figures.unanswered', (k) => String(k.unanswered))}
          {row('figures.arrived45', (k) => share(k.arrived45m, k.judged45m, kpiTargets.arrived45m), kpiTargets.arrived45m)}
          {row('figures.arrival', (k) => time(k.arrivalP50Ms))}
          {row('figures.cancelled', (k) => String(k.selfCancelled))}
          {row('figures.learning', (k) => `${k.learning}${k.learning === 0 ? '' : ` · ${t('figures.within60')} ${k.learningIn60s}`}`)}
          {row('figures.excluded', (k) => String(k.excluded))}
        </tbody>
      </table>
      <p>{t('figures.oldest')} <b class="digits">{oldest ? duration(serverNow.value - oldest.openedAt, lang.value) : t('strip.noneWaiting')}</b></p>
      <p class={now.flood.active ? 'trouble' : ''} data-test="flood-line">{now.flood.active && now.flood.since !== null ? t('figures.floodNow', { time: dayMinute(now.flood.since), n: now.flood.lastTen, m: now.flood.operators }) : t('figures.floodNot', { n: now.flood.lastTen, m: now.flood.operators })}</p>
      <Load load={now.load} />
      <div class="dim small definitions">{(['figures.defAnswer', 'figures.defArrival', 'figures.defOut', 'figures.defFlood'] as const).map((key) => <p key={key}>{t(key)}</p>)}</div>
    </Dialog>
  );
}

function Load({ load }: { load: Status['load'] }) {
  if (load.length === 0) return <p class="dim">{t('figures.nobody')}</p>;
  return (
    <table class="table" aria-label={t('figures.load')} data-test="load">
      <thead><tr><th>{t('figures.who')}</th><th>{t('figures.holding')}</th><th>{t('figures.taken')}</th><th /></tr></thead>
      <tbody>{load.map((who) => <tr key={who.userId}><td>{who.name}</td><td class="digits">{who.holding}</td><td class="digits">{who.taken}</td><td>{who.onDuty && <i class="flag">{t('figures.onDuty')}</i>}</td></tr>)}</tbody>
    </table>
  );
}
