/** The queue: what must be taken stands on top, and nothing moves under a hand. Newcomers show in the head's own zone at once. */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '#wall/i18n/text.ts';
import { bulk } from '#wall/state/dialogs.ts';
import { folded, unfolded } from '#wall/state/flood.ts';
import { mayAct } from '#wall/state/session.ts';
import { searching } from '#wall/state/search.ts';
import { held, movedAt, queue, selected, shownQueue } from '#wall/state/selection.ts';
import { live, openAlerts } from '#wall/state/wall.ts';
import { type Entry, type Section, sectionOf, sections } from './order.ts';
import { FilterLine } from './filter-line.tsx';
import { ArrivalRow, Row } from './row.tsx';
import { openSearch, SearchLine } from './search.tsx';

/** A pointer that rests this long lets the order go: a mouse left on the list must not freeze it for the night. */
const restMs = 5_000;
/** Rows drawn at once; what has been left out is counted and one press away, P1 stand first and are always drawn. */
const rowsMax = 200;
/** A chosen row that stands behind those is drawn with so many before and after it. */
const aroundMax = 5;

export function Queue() {
  const list = useRef<HTMLDivElement>(null);
  const limit = useSignal(rowsMax);
  useHold(list);
  useStillness();
  const { rows, arrivals } = queue.value;
  const { found, rest } = shownQueue.value;
  const counts: Record<Section, number> = { waiting: 0, handling: 0, technical: 0, shelved: 0 };
  for (const alert of openAlerts.value) counts[sectionOf(alert)]++;
  const drawn = rest.slice(0, limit.value);
  const chosen = selected.value === null ? -1 : rest.findIndex((entry) => entry.id === selected.value);
  const around = chosen < limit.value ? [] : rest.slice(Math.max(limit.value, chosen - aroundMax), chosen + aroundMax + 1);
  const left = rest.length - drawn.length - around.length;
  return (
    <section class="queue" aria-label={t('queue.title')} data-test="queue">
      <div class={`queue-head${arrivals.length > 0 ? ' arrived' : ''}`}>
        {arrivals.length > 0 ? <Arrivals ids={arrivals} /> : <>
          <span class="queue-count"><b class="digits">{counts.waiting}</b>{t('queue.waiting')}</span>
          <span class="queue-count"><b class="digits">{counts.handling}</b>{t('queue.handling')}</span>
          <span class="queue-count dim"><b class="digits">{counts.technical}</b>{t('queue.technical')}</span>
          {counts.shelved > 0 && <span class="queue-count dim" data-test="shelved-count"><b class="digits">{counts.shelved}</b>{t('queue.shelved')}</span>}
          <span class="grow" />
          {searching.value === null && <button type="button" class="tool" data-test="search-open" aria-label={t('help.search')} title={`${t('help.search')} /`} onClick={openSearch}><svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path class="line" d="M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Zm4.8 11.3L21 21" /></svg></button>}
        </>}
      </div>
      {searching.value !== null && <SearchLine />}
      <FilterLine />
      <div class="queue-list" ref={list} aria-busy={!live.value.synced}>
        {!live.value.synced && rows.length === 0 && <p class="empty dim">{t('queue.loading')}</p>}
        {live.value.synced && rows.length === 0 && arrivals.length === 0 && live.value.standby === null && <Calm />}
        {found.length > 0 && <section aria-label={t('search.found')} data-test="found"><h2 class="queue-section">{t('search.found')}</h2><Rows entries={found.slice(0, limit.value)} /></section>}
        {sections.map((section) => {
          const inside = drawn.filter((entry) => entry.section === section);
          return inside.length === 0 ? null : (
            <section key={section} aria-label={t(`queue.${section}`)}>
              <h2 class="queue-section">{t(`queue.${section}`)}{section === 'technical' && mayAct.value && counts.technical > 1 && <button type="button" class="tool" data-test="bulk-open" onClick={() => { bulk.value = rest.filter((entry) => entry.section === 'technical').map((entry) => entry.id); }}>{t('act.bulk')}</button>}</h2>
              <Rows entries={inside} />
            </section>
          );
        })}
        {folded.value && counts.technical > 0 && <button type="button" class="plain more" data-test="folded" onClick={() => { unfolded.value = true; }}>{t('flood.folded', { n: counts.technical })}</button>}
        {left > 0 && <button type="button" class="plain more" data-test="more" onClick={() => { limit.value += rowsMax; }}>{t('queue.more', { n: left })}</button>}
        {around.length > 0 && <section aria-label={t('queue.chosen')} data-test="around"><h2 class="queue-section">{t('queue.chosen')}</h2><Rows entries={around} /></section>}
      </div>
    </section>
  );
}

function Rows({ entries }: { entries: readonly Entry[] }) {
  const alerts = live.value.alerts;
  return <ul>{entries.map((entry) => <Row key={entry.id} id={entry.id} alert={alerts.get(entry.id) ?? null} />)}</ul>;
}

function Arrivals({ ids }: { ids: readonly string[] }) {
  const first = live.value.alerts.get(ids[0] ?? '');
  return (
    <>
      {first && <ArrivalRow alert={first} />}
      {ids.length > 1 && <button type="button" class="tool" onClick={() => { held.value = false; }}>{t('queue.arrivals', { n: ids.length })}</button>}
    </>
  );
}

function Calm() {
  return (
    <div class="empty" data-test="empty">
      <svg class="calm-mark" viewBox="0 0 48 48" aria-hidden="true"><circle cx="24" cy="24" r="20" /><path d="m15 25 6.5 6.5L34 18" /></svg>
      <b>{t('queue.empty')}</b><span class="dim">{t('queue.emptyMore')}</span>
    </div>
  );
}

/** Whether the pointer is over the list. */
const hand = { inside: false };

/** Holds the order while a pointer moves on the list or the keyboard is in it. */
function useHold(list: { current: HTMLDivElement | null }): void {
  useEffect(() => {
    const element = list.current;
    if (!element) return;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const release = (): void => { if (timer) clearTimeout(timer); timer = null; held.value = false; };
    const hold = (): void => {
      held.value = true;
      if (timer) clearTimeout(timer);
      timer = setTimeout(release, restMs);
    };
    const events = ['pointermove', 'pointerdown', 'keydown', 'wheel'] as const;
    for (const name of events) element.addEventListener(name, hold, { passive: true });
    const leave = (): void => { hand.inside = false; release(); };
    const enter = (): void => { hand.inside = true; };
    element.addEventListener('pointerenter', enter);
    element.addEventListener('pointerleave', leave);
    return () => { leave(); element.removeEventListener('pointerenter', enter); for (const name of events) element.removeEventListener(name, hold); element.removeEventListener('pointerleave', leave); };
  }, []);
}

/** Notes when rows moved under a resting hand, so that a click meant for what stood there before is not taken. */
function useStillness(): void {
  const before = useRef('');
  useLayoutEffect(() => {
    const now = queue.value.rows.map((row) => row.id).join(' ');
    if (hand.inside && before.current !== '' && now !== before.current) movedAt.value = performance.now();
    before.current = now;
  });
}
