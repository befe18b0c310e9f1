/**
 * 地图: the county on MapLibre, which comes in a chunk of its own. Updates are paced (four a second, one on a processor) and never in the
 * way of the list. Any hand on the view locks it, ★ gives it back; taking a case flies there, leaving it flies back.
 */
import { effect, signal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { AlertView } from '#core/live.ts';
import { may } from '#core/user.ts';
import { get } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { county, countyName, regions } from '#wall/state/county.ts';
import { chooseMap, flyAsked, followGround, gaps, ground, mapTrouble, refit, viewLocked } from '#wall/state/map.ts';
import { select, selected } from '#wall/state/selection.ts';
import { can, me } from '#wall/state/session.ts';
import { theme } from '#wall/state/settings.ts';
import { live, openAlerts } from '#wall/state/wall.ts';
import { Elsewhere, MapFoot, pointed } from './map.tsx';
import type { MapHandle } from './gl.ts';
import { canBePlaced } from './model.ts';
import { rendererHere } from './renderer.ts';
import { boxOf, markFeatures, outageFeatures, placeRegions, positionOf, responderFeatures, townFeatures, villageFeatures, villageLooks } from './scene.ts';
import { type Ground, type Palette, paletteNames } from './style.ts';

/** Alerts whose place is not known; they stand beside the map. */
const elsewhere = signal<readonly AlertView[]>([]);
const outages = signal<ReadonlyMap<string, readonly string[]>>(new Map());
const responders = signal<readonly { regionCode: string; absent: boolean }[]>([]);

export function GeoMap({ screen }: { screen: boolean }) {
  useEffect(followGround, []);
  useOutages();
  useResponders();
  const stands = ground.value;
  return (
    <section class="map" aria-label={t('map.title')} data-test="map" data-map="map">
      <div class="map-head">
        <h2>{countyName.value || t('map.title')}</h2>
        <span class="grow" />
        {elsewhere.value.length > 0 && <Elsewhere alerts={elsewhere.value} />}
        {!screen && <button type="button" class="tool" data-test="refit" aria-pressed={viewLocked.value} title={t('map.refitHelp')} onClick={refit}>★ {t(viewLocked.value ? 'map.locked' : 'act.refit')}</button>}
        {!screen && <button type="button" class="tool" data-test="to-tiles" onClick={() => chooseMap('tiles')}>{t('act.tiles')}</button>}
      </div>
      <div class="map-frame geo">
        {stands && <Canvas key={theme.value} stands={stands} screen={screen} />}
        {stands && <Source stands={stands} />}
      </div>
      <MapFoot county={county.value} />
    </section>
  );
}

/** Lower left, always: whose map this is and by which number it was approved; or that it is a sketch. */
function Source({ stands }: { stands: Ground }) {
  const { base, outline } = stands;
  const sketch = base === null && outline === null;
  return (
    <p class="map-source" data-test="map-source">
      {sketch && <span>{t('map.sketch')}</span>}
      {base !== null && <span>{stands.source} · {t('map.approval', { n: stands.approvalNumber ?? '' })}</span>}
      {outline !== null && <span>{t('map.outline')}{outline.source ?? ''} · {t('map.approval', { n: outline.approvalNumber ?? '' })}</span>}
      {regions.value?.some((r) => r.demo) && <span>{t('map.demoPlaces')}</span>}
      {!sketch && <span class="digits">{stands.coordinateSystem === 'gcj02' ? 'GCJ-02' : stands.coordinateSystem.toUpperCase()}</span>}
    </p>
  );
}

function Canvas({ stands, screen }: { stands: Ground; screen: boolean }) {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = frame.current;
    const all = regions.peek();
    if (!element || !all || !canBePlaced(all)) return;
    const at = placeRegions(all, stands.coordinateSystem);
    const box = boxOf(outlinePoints(stands) ?? at.values());
    let end: (() => void) | null = null;
    let gone = false;
    if (box) void import('./gl.ts').then(({ openMap }) => openMap({
      frame: element, palette: readPalette(), ground: stands, box, label: t('map.title'), still: screen, calm: matchMedia('(prefers-reduced-motion: reduce)').matches,
      onPick: select, onMoved: () => { viewLocked.value = true; }, onLost: () => { mapTrouble.value = 'lost'; },
      onPoint: (code) => { pointed.value = code === null ? null : (county.peek()?.towns.flatMap((town) => town.villages).find((v) => v.code === code) ?? null); },
    })).then((map) => { if (gone) map.close(); else { end = follow(map, stands, at); element.dataset['ready'] = ''; } }, (error: unknown) => { console.warn('no map', error); if (!gone) mapTrouble.value = 'failed'; });
    return () => { gone = true; end?.(); };
  }, []);
  return <div class="map-canvas" ref={frame} data-test="map-canvas" />;
}

/** Keeps the map in step with the signals until the returned function is called. */
function follow(map: MapHandle, stands: Ground, at: ReturnType<typeof placeRegions>): () => void {
  const system = stands.coordinateSystem;
  const every = rendererHere() === 'hardware' ? 250 : 1_000;
  const stops = [
    paced(every, () => {
      const { marks, elsewhere: rest } = markFeatures(openAlerts.value, at, system, selected.value);
      return () => { map.show('alerts', marks); elsewhere.value = rest; };
    }),
    paced(every, () => { const all = county.value; return () => { if (all) { map.looks(villageLooks(all)); map.show('towns', townFeatures(all, at)); } }; }),
    paced(every, () => { const [all, missing] = [regions.value, gaps.value]; return () => { const drawn = county.peek(); if (all && drawn) map.show('villages', villageFeatures(drawn, at, missing, gapText)); }; }),
    paced(every, () => { const areas = [...outages.value.values()]; return () => map.show('outages', outageFeatures(areas, at)); }),
    paced(every, () => { const people = responders.value; return () => map.show('responders', responderFeatures(people, at)); }),
    followCase(map, at, system),
  ];
  return () => { for (const stop of stops) stop(); map.close(); };
}
const gapText = ({ cannotHear, neverReported }: { cannotHear: number; neverReported: number }): string =>
  [cannotHear > 0 ? t('map.gapPeople', { n: cannotHear }) : '', neverReported > 0 ? t('map.gapDevices', { n: neverReported }) : ''].filter(Boolean).join(' ');

/** Runs what `read` returns after the signals that it read have changed, at most once in `ms`, never in the turn in which a frame came. */
function paced(ms: number, read: () => () => void): () => void {
  let due: (() => void) | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let ranAt = Number.NEGATIVE_INFINITY;
  const stop = effect(() => {
    due = read();
    timer ??= setTimeout(() => { timer = null; ranAt = performance.now(); due?.(); }, Math.max(0, ranAt + ms - performance.now()));
  });
  return () => { stop(); if (timer) clearTimeout(timer); };
}

/** The camera: to a case that is chosen, again when one's own claim came, back when it is left. A locked view moves for a claim and for who asks. */
function followCase(map: MapHandle, at: ReturnType<typeof placeRegions>, system: Ground['coordinateSystem']): () => void {
  let [was, asked] = ['', flyAsked.peek()];
  return effect(() => {
    const alert = live.value.alerts.get(selected.value ?? '');
    const mine = alert !== undefined && alert.state !== 'open' && alert.claimedBy === me.value?.id;
    const now = alert === undefined ? '' : `${alert.id} ${mine}`;
    const wanted = flyAsked.value !== asked;
    asked = flyAsked.value;
    if (now === was && !wanted) return;
    was = now;
    if (viewLocked.peek() && !mine && !wanted) return;
    map.fly(alert === undefined ? null : positionOf(alert, at, system));
  });
}

/** The villages that every open outage has silenced; asked again when its alert changes. */
function useOutages(): void {
  const seen = useRef(new Map<string, number>());
  useSignalEffect(() => {
    const open = openAlerts.value.filter((a) => a.kind === 'outage');
    const ids = new Set(open.map((a) => a.id));
    if ([...outages.peek().keys()].some((id) => !ids.has(id))) outages.value = new Map([...outages.peek()].filter(([id]) => ids.has(id)));
    for (const { id, version } of open) {
      if (seen.current.get(id) === version) continue;
      seen.current.set(id, version);
      void get<{ members: { regionCode: string | null; backAt: number | null }[] }>(`/api/v1/alerts/${id}/outage`).then((answer) => {
        if (answer.ok) outages.value = new Map([...outages.peek(), [id, answer.value.members.flatMap((m) => (m.backAt === null && m.regionCode !== null ? [m.regionCode] : []))]]);
      });
    }
  });
}

/** Who could go: the responders of the town of the open case, for those who may see them. */
function useResponders(): void {
  const asked = useRef<string | null>(null);
  useSignalEffect(() => {
    const code = live.value.alerts.get(selected.value ?? '')?.regionCode ?? null;
    const town = code === null || !can(may.readFiles) ? null : `${code.slice(0, 9)}000`;
    if (town === asked.current) return;
    asked.current = town;
    responders.value = [];
    if (town !== null) void get<{ responders: { regionCode: string; absentUntil: number | null }[] }>(`/api/v1/responders?region=${town}&limit=100`).then((answer) => {
      if (answer.ok && asked.current === town) responders.value = answer.value.responders.map(({ regionCode, absentUntil }) => ({ regionCode, absent: absentUntil !== null }));
    });
  });
}

function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(paletteNames.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette;
}

/** Every corner of the county's own borders. */
function outlinePoints(stands: Ground): [number, number][] | null {
  if (!stands.outline) return null;
  const points: [number, number][] = [];
  const walk = (value: unknown): void => { if (Array.isArray(value)) { if (typeof value[0] === 'number') points.push(value as [number, number]); else value.forEach(walk); } };
  for (const feature of stands.outline.features) walk((feature as { geometry?: { coordinates?: unknown } }).geometry?.coordinates);
  return points.length > 0 ? points : null;
}
