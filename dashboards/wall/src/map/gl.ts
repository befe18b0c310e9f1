/**
 * MapLibre, in a chunk of its own that comes after the list: sets data into a style that stands, moves the view, paints the marks. Knows
 * nothing of alerts and towns. Its worker is a file of our own origin; there is no other request than tiles from our own server.
 */
import { Map as GlMap, type GeoJSONSource, type MapMouseEvent, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { Position } from '#core/coordinates.ts';
import type { Priority } from '#core/event.ts';
import { shapePath } from '#wall/shell/shape.tsx';
import type { Box, Features, Look } from './scene.ts';
import { type Ground, type Palette, type SourceName, styleOf } from './style.ts';

export type MapOptions = {
  frame: HTMLElement; palette: Palette; ground: Ground; box: Box; /** what the screen reader hears */ label: string;
  /** A screen nobody touches. */ still: boolean; /** jumps instead of flying */ calm: boolean;
  onPick(id: string): void; onPoint(code: string | null): void; /** A hand has moved the view. */ onMoved(): void; onLost(): void;
};
export type MapHandle = {
  show(source: SourceName, data: Features<never> | Features): void; looks(looks: ReadonlyMap<string, Look>): void;
  /** To a place, or back to the whole. */ fly(to: Position | null): void; close(): void;
};

/** Rejects where there is no WebGL2. Resolves when the style stands. */
export async function openMap(options: MapOptions): Promise<MapHandle> {
  setWorkerUrl(workerUrl);
  const { frame, box, calm, still } = options;
  const [west, south, east, north] = box;
  const map = new GlMap({
    container: frame, style: styleOf(options.ground, options.palette, location.origin), bounds: [west, south, east, north], fitBoundsOptions: { padding: 28 },
    maxBounds: [west - 1, south - 1, east + 1, north + 1], minZoom: 7, maxZoom: 18, maxPitch: 0, dragRotate: false, pitchWithRotate: false, touchPitch: false, renderWorldCopies: false,
    attributionControl: false, interactive: !still, fadeDuration: 0, localIdeographFontFamily: '"Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "HarmonyOS Sans SC", sans-serif',
    locale: { 'Map.Title': options.label },
  });
  map.touchZoomRotate?.disableRotation();
  // Before anything is drawn: a context lost while it opens must be told too.
  map.on('webglcontextlost', options.onLost);
  map.on('movestart', (event) => { if ('originalEvent' in event && event.originalEvent) options.onMoved(); });
  await new Promise<void>((resolve, reject) => { map.once('load', () => resolve()); map.once('error', (event) => reject(event.error)); });
  map.on('error', (event) => console.warn('map', event.error?.message ?? '')); // a tile that did not come
  for (const [name, image] of paintMarks(options.palette)) map.addImage(name, image, { pixelRatio: 2 });
  if (!still) wirePointer(map, options);
  const seen = new Map<string, string>();
  return {
    show: (source, data) => { void (map.getSource(source) as GeoJSONSource | undefined)?.setData(data as never); },
    looks(looks) {
      for (const [id, state] of looks) {
        const now = `${state.look} ${state.n}`;
        if (seen.get(id) === now) continue;
        seen.set(id, now);
        map.setFeatureState({ source: 'villages', id }, state);
      }
    },
    fly(to) {
      if (to === null) map.fitBounds([west, south, east, north], { padding: 28, animate: !calm, duration: 700 });
      else if (calm) map.jumpTo({ center: to, zoom: Math.max(map.getZoom(), 12) });
      else map.flyTo({ center: to, zoom: Math.max(map.getZoom(), 12), duration: 900 });
    },
    close: () => map.remove(),
  };
}

function wirePointer(map: GlMap, options: MapOptions): void {
  const under = (event: MapMouseEvent, layer: string, reach: number): Record<string, unknown> | null => {
    const { x, y } = event.point;
    return map.queryRenderedFeatures([[x - reach, y - reach], [x + reach, y + reach]], { layers: [layer] })[0]?.properties ?? null;
  };
  map.on('click', (event) => { const mark = under(event, 'alerts', 6); if (mark) options.onPick(String(mark['id'])); });
  map.on('mousemove', (event) => {
    map.getCanvas().style.cursor = under(event, 'alerts', 6) ? 'pointer' : '';
    const village = under(event, 'villages', 3);
    options.onPoint(village ? String(village['code']) : null);
  });
}

/** Side of a mark in css px; painted at twice that. */
const side = 30;

/** Every mark in shape and colour: filled while nobody has it, hollow when somebody does (▲ ● ◆ ▪), the halos, and somebody who can go. */
function paintMarks(palette: Palette): [string, ImageData][] {
  const paint = (draw: (pen: CanvasRenderingContext2D) => void): ImageData => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = side * 2;
    const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
    pen.scale(2, 2);
    pen.translate(side / 2, side / 2);
    pen.lineJoin = 'round';
    draw(pen);
    return pen.getImageData(0, 0, side * 2, side * 2);
  };
  const shape = (priority: Priority, held: boolean) => (pen: CanvasRenderingContext2D): void => {
    const path = new Path2D(shapePath(priority));
    const scale = [0, 0.92, 0.8, 0.68, 0.62][priority] ?? 0.7;
    pen.scale(scale, scale);
    pen.translate(-12, -12);
    pen.strokeStyle = held ? palette[`p${priority}`] : palette.ground;
    pen.fillStyle = held ? palette.ground : palette[`p${priority}`];
    pen.lineWidth = held ? 3.4 : 3;
    if (held) { pen.fill(path); pen.stroke(path); } else { pen.stroke(path); pen.fill(path); }
  };
  const ring = (colour: string, width: number) => (pen: CanvasRenderingContext2D): void => { pen.strokeStyle = colour; pen.lineWidth = width; pen.beginPath(); pen.arc(0, 0, 13.4, 0, 7); pen.stroke(); };
  const person = (pen: CanvasRenderingContext2D): void => {
    pen.fillStyle = palette.text;
    pen.strokeStyle = palette.ground;
    pen.lineWidth = 2;
    const path = new Path2D('M0-6.5a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 1 1 0-5.2ZM-5 6.5C-5 1.5-2.4 0 0 0s5 1.5 5 6.5Z');
    pen.stroke(path);
    pen.fill(path);
  };
  return [
    ...([1, 2, 3, 4] as const).flatMap((p): [string, ImageData][] => [[`p${p}`, paint(shape(p, false))], [`p${p}-held`, paint(shape(p, true))]]),
    ['halo-ringing', paint(ring(palette.p1, 2))], ['halo-chosen', paint(ring(palette.text, 2.4))], ['responder', paint(person)],
  ];
}
