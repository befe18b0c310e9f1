/** The county as tiles and dots: grey while all is well, a mark for each open alert above it. SVG, so that every mark takes the keyboard. */
import { signal, useSignal } from '@preact/signals';
import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useRef } from 'preact/hooks';
import type { AlertView } from '#core/live.ts';
import { kindName, t } from '#wall/i18n/text.ts';
import { waits } from '#wall/queue/order.ts';
import { subjectText } from '#wall/queue/row.tsx';
import { shapePath } from '#wall/shell/shape.tsx';
import { county, regions } from '#wall/state/county.ts';
import { select, selected } from '#wall/state/selection.ts';
import { type Box, type County, dotOf, dotPlaces, pitchFor, type Place, tileBoxes, total, type Town, townBoxes } from './model.ts';

/** Code of the town that is looked into, or null for the whole county. */
const zoomed = signal<string | null>(null);
/** What the pointer or the focus is on, for the line below. */
export const pointed = signal<Place | null>(null);
/** A screen that nobody touches: nothing to press, no words for a pointer. */
const Still = createContext(false);
/** Marks drawn in one village; more are counted. */
const marksMax = 3;

export function Mosaic({ still, children }: { still: boolean; children?: ComponentChildren }) {
  const frame = useRef<HTMLDivElement>(null);
  const size = useSignal({ w: 0, h: 0 });
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const watch = new ResizeObserver(() => { size.value = { w: element.clientWidth, h: element.clientHeight }; });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const all = county.value;
  const town = all?.towns.find((one) => one.code === zoomed.value) ?? null;
  const { w, h } = size.value;
  return (
    <section class="map" aria-label={t('map.title')} data-test="map" data-map="tiles">
      <div class="map-head">
        {town ? <button type="button" class="tool" onClick={() => { zoomed.value = null; }}>← {t('act.county')}</button> : null}
        <h2>{town ? town.name : t('map.title')}</h2>
        <span class="map-note">{t('map.schematic')}</span>
        <span class="grow" />
        {all && all.elsewhere.length > 0 && <Elsewhere alerts={all.elsewhere} />}
        {children}
      </div>
      <div class="map-frame" ref={frame}>
        {all === null && <p class="empty dim">{regions.value === null ? t('map.loading') : t('map.none')}</p>}
        {all && w > 0 && h > 0 && (
          <svg class="map-svg" width={w} height={h} viewBox={`0 0 ${w} ${h}`}>
            <title>{t('map.title')}</title>
            <Still.Provider value={still}>{town ? <TownPicture town={town} w={w} h={h} /> : <CountyPicture county={all} w={w} h={h} />}</Still.Provider>
          </svg>
        )}
      </div>
      <MapFoot county={all} />
    </section>
  );
}

function CountyPicture({ county: all, w, h }: { county: County; w: number; h: number }) {
  const boxes = townBoxes(all.towns.map((town) => town.villages.length), w, h, 5);
  const pitch = Math.min(...boxes.map((box, i) => pitchFor(all.towns[i]?.villages.length ?? 0, inside(box), 40)));
  return <>{all.towns.map((town, i) => { const box = boxes[i]; return box ? <TownTile key={town.code} town={town} box={box} pitch={pitch} /> : null; })}</>;
}

/** Width (px) of one Chinese character of a tile's name. */
const nameEm = 13;
const fitName = (name: string, width: number): string => (name.length * nameEm <= width ? name : `${name.slice(0, Math.max(2, Math.floor(width / nameEm) - 1))}…`);

/** Where the dots of a tile stand: below its name. */
const inside = (box: Box): Box => ({ x: box.x + 5, y: box.y + 25, w: box.w - 10, h: box.h - 30 });

function TownTile({ town, box, pitch }: { town: Town; box: Box; pitch: number }) {
  const still = useContext(Still);
  const spots = dotPlaces(town.villages.length, inside(box), pitch);
  const open = (): void => { zoomed.value = town.code; };
  const point = (): void => { pointed.value = town; };
  const hands = { role: 'button' as const, tabindex: 0, onClick: open, onKeyDown: onEnter(open), onPointerEnter: point, onFocus: point };
  const count = total(town.counts) > 0 ? `${town.counts.online}/${total(town.counts)}` : '';
  return (
    <g class="tile">
      <g class="tile-open" data-town={town.code} {...(still ? {} : hands)}>
        <rect class="tile-box" x={box.x} y={box.y} width={box.w} height={box.h} rx="5" />
        <text class="tile-name" x={box.x + 8} y={box.y + 17}>{fitName(town.name, box.w - 12)}</text>
        {count !== '' && town.name.length * nameEm + count.length * 7 + 22 < box.w && <text class="tile-count" x={box.x + box.w - 8} y={box.y + 17} text-anchor="end">{count}</text>}
      </g>
      {town.villages.map((village, i) => { const at = spots[i]; return at ? <Dot key={village.code} place={village} x={at.x} y={at.y} r={Math.min(7, pitch * 0.22)} /> : null; })}
      {town.alerts.length > 0 && <Marks alerts={town.alerts} x={box.x + box.w - 16 - (Math.min(town.alerts.length, marksMax) - 1) * 6.2 - (town.alerts.length > marksMax ? 24 : 0)} y={box.y + box.h - 16} size={20} />}
      {town.villages.map((village, i) => { const at = spots[i]; return at && village.alerts.length > 0 ? <Marks key={village.code} alerts={village.alerts} x={at.x} y={at.y} size={Math.max(16, Math.min(25, pitch * 0.95))} /> : null; })}
    </g>
  );
}

function TownPicture({ town, w, h }: { town: Town; w: number; h: number }) {
  const boxes = tileBoxes(town.villages.length, w, h, 6);
  return (
    <>
      {town.villages.map((village, i) => {
        const box = boxes[i];
        if (!box) return null;
        const all = total(village.counts);
        return (
          <g key={village.code} class="tile village" onPointerEnter={() => { pointed.value = village; }}>
            <rect class="tile-box" x={box.x} y={box.y} width={box.w} height={box.h} rx="5" />
            <Dot place={village} x={box.x + 14} y={box.y + 16} r={5} />
            <text class="tile-name" x={box.x + 26} y={box.y + 21}>{fitName(village.name, box.w - 32)}</text>
            <text class="tile-count" x={box.x + box.w - 8} y={box.y + box.h - 9} text-anchor="end">{all > 0 ? `${village.counts.online}/${all}` : ''}</text>
            {village.alerts.length > 0 && <Marks alerts={village.alerts} x={box.x + 20} y={box.y + box.h - 20} size={24} wide />}
          </g>
        );
      })}
    </>
  );
}

/** The grey state of a village: full, a ring for part, hollow, dashed for presumed. */
function Dot({ place, x, y, r }: { place: Place; x: number; y: number; r: number }) {
  const look = dotOf(place.counts);
  const still = useContext(Still);
  return <circle class={`dot ${look}`} cx={x} cy={y} r={look === 'empty' ? Math.max(1.4, r * 0.42) : r} onPointerEnter={() => { pointed.value = place; }}>{!still && <title>{placeLine(place)}</title>}</circle>;
}

/** The open alerts of one place: each its own mark in the shape and colour of its priority; the pressed one opens its case. */
function Marks({ alerts, x, y, size, wide = false }: { alerts: readonly AlertView[]; x: number; y: number; size: number; wide?: boolean }) {
  const shown = alerts.slice(0, wide ? 8 : marksMax);
  const step = wide ? size + 4 : size * 0.62;
  const left = wide ? x : x - (step * (shown.length - 1)) / 2;
  return (
    <g class="marks">
      {[...shown].reverse().map((alert) => <Mark key={alert.id} alert={alert} x={left + shown.indexOf(alert) * step} y={y} size={size} />)}
      {alerts.length > shown.length && <text class="mark-more" x={left + shown.length * step} y={y + 4}>+{alerts.length - shown.length}</text>}
    </g>
  );
}

function Mark({ alert, x, y, size }: { alert: AlertView; x: number; y: number; size: number }) {
  const unclaimed = waits(alert);
  const label = `P${alert.priority} ${kindName(alert.kind)} ${subjectText(alert)} ${alert.village ?? alert.town ?? ''} ${t(`state.${alert.state}`)}`;
  const grow = alert.priority === 1 ? size * 1.15 : alert.priority === 2 ? size : size * 0.8;
  const open = (): void => select(alert.id);
  return (
    <g class={`mark-spot p${alert.priority}${unclaimed ? ' unclaimed' : ''}${unclaimed && alert.priority === 1 ? ' ringing' : ''}${selected.value === alert.id ? ' chosen' : ''}`} data-mark={alert.id} transform={`translate(${x} ${y})`}
      {...(useContext(Still) ? {} : { role: 'button' as const, tabindex: 0, 'aria-label': label, onClick: (event: Event) => { event.stopPropagation(); open(); }, onKeyDown: onEnter(open) })}>
      <title>{label}</title>
      <circle class="mark-halo" r={grow * 0.74} />
      <path transform={`scale(${grow / 24}) translate(-12 -12)`} d={shapePath(alert.priority)} />
    </g>
  );
}

const onEnter = (run: () => void) => (event: KeyboardEvent): void => {
  if (event.key !== 'Enter' && event.key !== ' ') return;
  event.preventDefault();
  event.stopPropagation();
  run();
};

export function Elsewhere({ alerts }: { alerts: readonly AlertView[] }) {
  return (
    <span class="elsewhere">{t('map.elsewhere')}
      <svg width={Math.min(alerts.length, 6) * 24 + (alerts.length > 6 ? 28 : 4)} height="24" aria-label={t('map.elsewhere')}>
        <title>{t('map.elsewhere')}</title>
        {alerts.slice(0, 6).map((alert, i) => <Mark key={alert.id} alert={alert} x={14 + i * 24} y={12} size={18} />)}
        {alerts.length > 6 && <text class="mark-more" x={6 * 24 + 4} y="16">+{alerts.length - 6}</text>}
      </svg>
    </span>
  );
}

/** 内洋村 · 在线 12 · 离线 1 */
function placeLine(place: Place): string {
  const { online, offline, never, presumed } = place.counts;
  if (total(place.counts) === 0) return `${place.name} · ${t('map.noDevices')}`;
  const parts: string[] = [place.name, `${t('map.online')} ${online}`];
  if (offline > 0) parts.push(`${t('map.offline')} ${offline}`);
  if (never > 0) parts.push(`${t('map.never')} ${never}`);
  if (presumed > 0) parts.push(`${t('map.presumed')} ${presumed}`);
  return parts.join(' · ');
}

export function MapFoot({ county: all }: { county: County | null }) {
  const counts = all?.counts;
  return (
    <footer class="map-foot">
      <span class="legend" aria-hidden="true">
        {(['full', 'part', 'hollow', 'presumed', 'never'] as const).map((look) => <span key={look}><svg width="13" height="13" aria-hidden="true"><circle class={`dot ${look}`} cx="6.5" cy="6.5" r="4.6" /></svg>{t(`map.${look}`)}</span>)}
      </span>
      <span class="pointed digits" data-test="pointed">{pointed.value ? placeLine(pointed.value) : counts ? placeLine({ code: '', name: t('act.county'), counts, alerts: [] }) : ''}</span>
    </footer>
  );
}
