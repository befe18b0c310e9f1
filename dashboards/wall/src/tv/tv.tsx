/**
 * 大屏 /tv: read from across the room by people who may not know whom it concerns. Nothing to press, nobody's name; its own word when
 * the link is old. It asks for the public view of the channel, so that what it must not show is not even sent to it.
 */
import { useEffect } from 'preact/hooks';
import type { AlertView } from '#core/live.ts';
import { clockSeconds, countdown, duration } from '#wall/format/time.ts';
import { kindName, lang, t } from '#wall/i18n/text.ts';
import { CountyMap } from '#wall/map/county-map.tsx';
import { slaStep, waits } from '#wall/queue/order.ts';
import { placeText } from '#wall/queue/row.tsx';
import { percent } from '#wall/shell/figures.tsx';
import { PriorityMark } from '#wall/shell/shape.tsx';
import { countyName, startCounty, status } from '#wall/state/county.ts';
import { askWhoIAm, hearsAlarms, me } from '#wall/state/session.ts';
import { dataAgeMs, health, live, oldestWaiting, openCounts, serverNow, startWall } from '#wall/state/wall.ts';
import { burnInShift, forVisitors, tvQueue } from './model.ts';

export function Screen() {
  if (me.value === undefined) return <p class="empty dim waiting">{t('common.loading')}</p>;
  if (me.value === null || !hearsAlarms.value) return <main class="tv-closed" data-test="tv-closed"><h1>{t('app.name')}</h1><p>{t('tv.closed')}</p></main>;
  return <Tv key={me.value.id} />;
}

function Tv() {
  useEffect(() => {
    const stopCounty = startCounty(true);
    const wall = startWall({ publicView: true, seen: forVisitors, audio: () => 'suspended', takeInput: () => null, onChange: () => {}, onRefused: () => void askWhoIAm() });
    return () => { wall.stop(); stopCounty(); };
  }, []);
  const { x, y } = burnInShift(serverNow.value);
  return (
    <main class={`tv link-${health.value}`} data-test="tv" style={{ transform: `translate(${x}px, ${y}px)` }}>
      <Head />
      <StaleBar />
      <List />
      <CountyMap screen />
      <Foot />
    </main>
  );
}

function Head() {
  const oldest = oldestWaiting.value;
  const age = oldest ? serverNow.value - oldest.openedAt : 0;
  return (
    <header class="tv-head">
      <h1>{countyName.value}<b>{t('app.name')}</b></h1>
      <p class={`tv-timer${oldest ? ` waits sla${slaStep(age)}` : ''}`} data-test="tv-timer">
        <span>{oldest ? t('strip.oldest') : t('strip.noneWaiting')}</span>
        {oldest && <b class="digits">{age < 3_600_000 ? timer(age) : duration(age, lang.value)}</b>}
      </p>
      <p class="tv-counts">{([1, 2, 3] as const).map((p) => <span key={p} class={(openCounts.value[p - 1] ?? 0) === 0 ? 'dim' : ''}><PriorityMark priority={p} hollow={(openCounts.value[p - 1] ?? 0) === 0} /><b class="digits">{openCounts.value[p - 1]}</b></span>)}</p>
      <time class="digits">{clockSeconds(serverNow.value)}</time>
    </header>
  );
}
/** 3:20: how long it has waited, counted up. */
const timer = (ms: number): string => countdown(Math.floor(ms / 1000) * 1000);

/** Nobody acts at this screen, so it only says that what it shows is old. */
function StaleBar() {
  if (health.value === 'live') return null;
  return <p class={`tv-stale ${health.value}`} role="alert" data-test="tv-stale">{health.value === 'dead' ? t('bar.dead', { s: duration(dataAgeMs.value, lang.value) }) : t('bar.late', { s: Math.floor(dataAgeMs.value / 1000) })}</p>;
}

function List() {
  const { shown, more } = tvQueue(live.value.alerts);
  return (
    <section class="tv-list" aria-label={t('queue.title')}>
      {live.value.synced && shown.length === 0 && <p class="tv-calm">{t('queue.empty')}</p>}
      <ul>{shown.map((alert) => <Row key={alert.id} alert={alert} />)}</ul>
      {more > 0 && <p class="tv-more" data-test="tv-more">{t('tv.more', { n: more })}</p>}
    </section>
  );
}

function Row({ alert }: { alert: AlertView }) {
  const unclaimed = waits(alert);
  const age = serverNow.value - alert.openedAt;
  return (
    <li class={`tv-row p${alert.priority}${unclaimed ? ' unclaimed' : ''}`} data-test="tv-row">
      <PriorityMark priority={alert.priority} hollow={!unclaimed} />
      <b>{kindName(alert.kind)}{alert.count > 1 && <span class="times digits">×{alert.count}</span>}</b>
      <span class="tv-where">{[alert.subject.name, placeText(alert)].filter(Boolean).join(' · ')}</span>
      <span class="tv-state">{t(`state.${alert.state}`)}</span>
      <span class={`digits${unclaimed && alert.priority <= 2 ? ` sla${slaStep(age)}` : ''}`}>{duration(age, lang.value)}</span>
    </li>
  );
}

function Foot() {
  const now = status.value;
  const day = now?.answer.day;
  const onDuty = now?.load.filter((one) => one.onDuty).map((one) => one.name) ?? [];
  const beat = live.value.beat;
  return (
    <footer class="tv-foot" data-test="tv-foot">
      <p><span>{t('kpi.today')}</span>{day && day.judged60s > 0
        ? <b class="digits">{t('kpi.count', { n: day.judged60s })} · {t('kpi.value', { p: percent(day.within60s, day.judged60s) ?? '' })} · {t('tv.in180', { p: percent(day.within180s, day.judged180s) ?? '100' })}</b>
        : <b>{t('kpi.none')}</b>}</p>
      <p><span>{t('strip.hear')}</span><b class={`digits${(beat?.cannotHear ?? 0) > 0 ? ' warn' : ''}`}>{(beat?.cannotHear ?? 0) > 0 ? t('strip.cannotHear', { n: beat?.cannotHear ?? 0 }) : t('strip.hearAll')}</b></p>
      <p class="tv-duty"><span>{t('tv.onDuty')}</span><b class={onDuty.length === 0 ? 'warn' : ''}>{onDuty.length > 0 ? onDuty.join(' · ') : t('tv.nobody')}</b></p>
      {(beat?.demo || beat?.gateway === 'standin') && <p class="tv-demo">{beat.demo ? t('bar.demo') : t('bar.standin')}</p>}
    </footer>
  );
}
