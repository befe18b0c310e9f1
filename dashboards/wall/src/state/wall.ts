/** The wall's live state as signals: what is open, how old our knowledge is, and what the server's clock says. */
import { batch, computed, signal } from '@preact/signals';
import type { AlertView, ServerFrame } from '#core/live.ts';
import { get, randomKey } from '#wall/api/client.ts';
import { deadMs, lateMs, type LinkHealth, linkHealth } from '#wall/live/link.ts';
import { emptyLive, type LiveState, type Ring } from '#wall/live/reducer.ts';
import { type Live, startLive, type Wire } from '#wall/live/socket.ts';
import { startTicker } from '#wall/live/ticker.ts';
import { type Entry, isUnclaimed, orderQueue, waits } from '#wall/queue/order.ts';

/** One per tab: names this console to the server. */
export const tabId = randomKey();

export const live = signal<LiveState>(emptyLive);
/** Age in ms of the last frame. */
export const dataAgeMs = signal(0);
/** The server's clock, moved on each second. */
export const serverNow = signal(Date.now());
/** No websocket comes through; what is shown was asked for by HTTP each 3 s. */
export const degraded = signal(false);
/** How far this PC's clock is from the server's, ms. */
export const driftMs = signal(0);
/** What the reconciliation found, newest last; shown in the strip's details. */
export const notes = signal<readonly { at: number; note: 'mismatch' | 'epoch' | 'gap' }[]>([]);
/** Rings since the sound looked last. */
export const rings: Ring[] = [];

export const health = computed<LinkHealth>(() => linkHealth(dataAgeMs.value));
export const openAlerts = computed(() => [...live.value.alerts.values()]);
export const wantedOrder = computed<Entry[]>(() => orderQueue(openAlerts.value));
export const unclaimedP1 = computed(() => openAlerts.value.filter((a) => a.priority === 1 && isUnclaimed(a)));
/** Open alerts by priority. */
export const openCounts = computed(() => {
  const counts: [number, number, number, number] = [0, 0, 0, 0];
  for (const alert of openAlerts.value) counts[alert.priority - 1] = (counts[alert.priority - 1] ?? 0) + 1;
  return counts;
});
/** The emergency that waits the longest for somebody, or null. */
export const oldestWaiting = computed<AlertView | null>(() => openAlerts.value
  .filter((a) => a.priority <= 2 && waits(a)).reduce<AlertView | null>((oldest, a) => (oldest === null || a.openedAt < oldest.openedAt ? a : oldest), null));

let offsetMs = 0;
let seenServerTime = 0;
/** Reads the server's clock off a frame: only forward in time, because frames of one batch share one arrival. */
function readClock(state: LiveState): void {
  const time = state.beat?.serverTime ?? 0;
  if (time === seenServerTime || time === 0) return;
  seenServerTime = time;
  offsetMs = time - Date.now();
  driftMs.value = Math.abs(offsetMs - (state.beat?.aheadMs ?? 0)); // a demonstration's journey is no fault of this PC
}

/** Everything open as one snapshot frame; the first pages hold every P1, because the list is ordered by priority. */
async function pollOpen(): Promise<ServerFrame | null> {
  const alerts: AlertView[] = [];
  let cursor = '';
  for (let page = 0; page < 4; page++) {
    const answer = await get<{ alerts: AlertView[]; next: string | null; seq: number; epoch: string }>(`/api/v1/alerts?state=open${cursor}`);
    if (!answer.ok) return null;
    alerts.push(...answer.value.alerts);
    if (answer.value.next === null || page === 3) return { type: 'snapshot', epoch: answer.value.epoch, seq: answer.value.seq, serverTime: 0, alerts, presence: [] };
    cursor = `&cursor=${encodeURIComponent(answer.value.next)}`;
  }
  return null;
}

export type WallWiring = { /** Names and places as visitors may see them, whoever asks. */ publicView?: boolean; /** What of an alert may be shown at all; else everything that was sent. */ seen?(alert: AlertView): AlertView; audio(): 'running' | 'suspended' | 'muted'; takeInput(): number | null; /** the case that is open here */ looking?(): string | null; onChange(): void; onRefused(): void };

/** Opens the live channel and keeps the signals in step until the returned function is called. */
export function startWall(wiring: WallWiring): { beat(): void; stop(): void } {
  let heard = performance.now();
  let shown = live.peek();
  const refresh = (): void => batch(() => {
    dataAgeMs.value = Math.max(0, performance.now() - heard);
    serverNow.value = Date.now() + offsetMs;
  });
  const channel: Live = startLive({
    tabId, now: () => performance.now(), random: Math.random,
    connect: () => new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live${wiring.publicView ? '?view=public' : ''}`) as unknown as Wire,
    after: (ms, run) => { const timer = setTimeout(run, ms); return () => clearTimeout(timer); },
    visible: () => document.visibilityState === 'visible', audio: wiring.audio, takeInput: wiring.takeInput, looking: wiring.looking ?? ((): null => null),
    poll: pollOpen,
    onState: (state, heardAt, isDegraded) => {
      heard = heardAt;
      degraded.value = isDegraded;
      readClock(state);
      if (state !== shown) { shown = state; live.value = wiring.seen ? { ...state, alerts: new Map([...state.alerts].map(([id, alert]) => [id, wiring.seen?.(alert) ?? alert])) } : state; }
      refresh();
      wiring.onChange();
    },
    onRing: (effect) => { rings.push(effect.ring); },
    onNote: (note) => { console.warn(`live channel: ${note === 'mismatch' ? '对账不符, fetched anew' : note}`); notes.value = [...notes.value.slice(-49), { at: Date.now() + offsetMs, note }]; },
    onRefused: wiring.onRefused,
  });
  // The ticker looks once a second; the moments at which amber and red are due are not waited for a second more.
  let dueTimer: ReturnType<typeof setTimeout> | null = null;
  const watchAge = (): void => {
    const age = performance.now() - heard;
    const due = [lateMs, deadMs].find((ms) => ms + 5 > age) ?? age + deadMs;
    dueTimer = setTimeout(() => { if (performance.now() - heard > due) { refresh(); wiring.onChange(); } watchAge(); }, Math.max(50, due + 10 - age));
  };
  watchAge();
  const stopTicker = startTicker(() => { channel.tick(); refresh(); wiring.onChange(); });
  const kick = (): void => { if (document.visibilityState === 'visible') channel.kick(); };
  addEventListener('online', kick);
  addEventListener('pageshow', kick);
  document.addEventListener('visibilitychange', kick);
  return { beat: channel.beat, stop() {
    channel.stop();
    stopTicker();
    if (dueTimer) clearTimeout(dueTimer);
    removeEventListener('online', kick);
    removeEventListener('pageshow', kick);
    document.removeEventListener('visibilitychange', kick);
    batch(() => { live.value = emptyLive; dataAgeMs.value = 0; rings.length = 0; });
  } };
}

/** For texts: how long the link has been dead beyond doubt. */
export const isDead = computed(() => dataAgeMs.value > deadMs);
