/** Which picture of the county is shown, what the map stands on, and what a hand has done to the view. */
import { computed, signal } from '@preact/signals';
import { get } from '#wall/api/client.ts';
import { rendererHere } from '#wall/map/renderer.ts';
import { canBePlaced } from '#wall/map/model.ts';
import type { Gaps } from '#wall/map/scene.ts';
import type { Ground } from '#wall/map/style.ts';
import { regions } from './county.ts';
import { recall, remember } from './settings.ts';

/** `auto`: the map where a graphics card draws it, else the tiles. */
type Choice = 'auto' | 'map' | 'tiles';
const choice = signal<Choice>(['map', 'tiles'].includes(recall('anling.map') ?? '') ? (recall('anling.map') as Choice) : 'auto');
/** Why the tiles stand where the map should: it was lost, or could not be opened. */
export const mapTrouble = signal<'lost' | 'failed' | null>(null);
/** A map could be shown here at all. */
export const mapPossible = computed(() => regions.value !== null && canBePlaced(regions.value) && rendererHere() !== 'none');
export const mapShown = computed(() => mapPossible.value && mapTrouble.value === null && (choice.value === 'map' || (choice.value === 'auto' && rendererHere() === 'hardware')));

export function chooseMap(value: 'map' | 'tiles'): void { mapTrouble.value = null; choice.value = value; remember('anling.map', value); }

/** A hand has moved the view: it stays where it is until ★. */
export const viewLocked = signal(false);
/** Counts up each time somebody asks for the place of the open case (G), or for the whole (★). */
export const flyAsked = signal(0);
export const goToCase = (): boolean => { if (!mapShown.peek()) return false; flyAsked.value++; return true; };
export function refit(): void { viewLocked.value = false; flyAsked.value++; }

const plain: Ground = { base: null, coordinateSystem: 'wgs84', source: null, approvalNumber: null, outline: null };
/** Null while it is asked. */
export const ground = signal<Ground | null>(null);
export const gaps = signal<Gaps>(new Map());

const gapsEveryMs = 60_000;
/** While a map stands: what it stands on, and who cannot be heard where. Returns the way to end it. */
export function followGround(): () => void {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const askGaps = async (): Promise<void> => {
    const answer = await get<{ regions: { code: string; cannotHear: number; neverReported: number }[] }>('/api/v1/presence?level=village');
    if (stopped) return;
    if (answer.ok) gaps.value = new Map(answer.value.regions.map((r) => [r.code, r]));
    timer = setTimeout(() => void askGaps(), gapsEveryMs);
  };
  if (ground.peek() === null) void get<Ground>('/api/v1/map').then((answer) => { ground.value = answer.ok ? answer.value : plain; });
  void askGaps();
  return () => { stopped = true; if (timer) clearTimeout(timer); };
}
