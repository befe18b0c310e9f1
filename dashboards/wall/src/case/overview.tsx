/** What stands beside the queue while no case is open: how fast we answer, whether messages leave, what happened last. */
import { BoardParts } from './board.tsx';
import { clockSeconds } from '#wall/format/time.ts';
import { kindName, t } from '#wall/i18n/text.ts';
import { ownerText, placeText, subjectText } from '#wall/queue/row.tsx';
import { percent } from '#wall/shell/figures.tsx';
import { Shape } from '#wall/shell/shape.tsx';
import { status } from '#wall/state/county.ts';
import { type Recent, recent } from '#wall/state/recent.ts';
import { select } from '#wall/state/selection.ts';
import { isUnclaimed } from '#wall/queue/order.ts';
import { mayAct } from '#wall/state/session.ts';
import { live } from '#wall/state/wall.ts';

export function Overview() {
  return (
    <section class="case none" aria-label={t('case.none')} data-test="no-case">
      <div class="case-column">
        <Answering />
        <Sending />
        {mayAct.value && <BoardParts />}
        <section class="part" aria-label={t('recent.title')}>
          <h3>{t('recent.title')}</h3>
          {recent.value.length === 0 && <p class="dim">{t('recent.none')}</p>}
          <div role="log" aria-label={t('recent.title')}><ul>{recent.value.map((news) => <News key={news.key} news={news} />)}</ul></div>
        </section>
      </div>
      <p class="none-help dim">{t('case.noneHelp')}</p>
    </section>
  );
}

function Answering() {
  const day = status.value?.answer.day;
  return (
    <section class="part" aria-label={t('kpi.title')} title={t('kpi.help')}>
      <h3>{t('kpi.today')} · {t('kpi.title')}</h3>
      {!day || day.judged60s === 0 ? <p class="dim">{day ? t('kpi.none') : t('common.loading')}</p> : (
        <p class="figures digits"><b>{t('kpi.value', { p: percent(day.within60s, day.judged60s) ?? '' })}</b><span>{t('kpi.count', { n: day.judged60s })}</span>
          {day.p50Ms !== null && <span>{t('kpi.median', { s: Math.round(day.p50Ms / 1000) })}</span>}</p>
      )}
    </section>
  );
}

function Sending() {
  const outbox = status.value?.outbox;
  if (!outbox) return null;
  const waits = outbox.due > 0 && outbox.oldestDueMs > 10_000;
  return (
    <section class="part" aria-label={t('sending.title')}>
      <h3>{t('sending.title')}</h3>
      <p class="figures digits">
        {!waits && outbox.failed === 0 && outbox.unknown === 0 && <span>{t('sending.none')}</span>}
        {waits && <b class="warn">{t('sending.due', { n: outbox.due })}</b>}
        {outbox.unknown > 0 && <span>{t('sending.unknown', { n: outbox.unknown })}</span>}
        {outbox.failed > 0 && <b class="warn">{t('sending.failed', { n: outbox.failed })}</b>}
      </p>
    </section>
  );
}

function News({ news }: { news: Recent }) {
  const { alert, what, at } = news;
  const word = what === 'closed' ? t('state.closed') : what === 'again' ? t('queue.repeat', { n: alert.count }) : ownerText(alert);
  const there = live.value.alerts.has(alert.id);
  return (
    <li class="news">
      <time class="digits dim">{clockSeconds(at)}</time>
      <button type="button" class={`news-main mark p${alert.priority}`} disabled={!there} onClick={() => select(alert.id)}>
        <Shape priority={alert.priority} hollow={what === 'closed' || !isUnclaimed(alert)} />
        <span class="news-text"><b>{kindName(alert.kind)}</b> {subjectText(alert)} <span class="dim">{placeText(alert)}</span></span>
      </button>
      <span class="news-word">{word}</span>
    </li>
  );
}
