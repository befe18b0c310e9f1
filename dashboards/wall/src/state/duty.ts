/**
 * What the browser owes a manned desk: the whole screen, a screen that stays lit, a word when the tab is hidden, a question
 * before the tab is closed. All of it is asked for beside the sound, never before it, and nothing waits for an answer;
 * what was refused stands on the strip.
 */
import { computed, signal } from '@preact/signals';
import type { EventKind } from '#core/event.ts';
import { kindName, t } from '#wall/i18n/text.ts';
import { outputLost } from '#wall/sound/engine.ts';
import { hasNoVoice } from '#wall/sound/voice.ts';
import { mayAct } from './session.ts';

/** Each of the three: `off` nobody has asked for it, `asked` no answer yet, `on`, `no` refused, lost, or unknown to this browser. */
type Having = 'off' | 'asked' | 'on' | 'no';
const fullScreen = signal<Having>('off');
const awake = signal<Having>('off');
const notices = signal<Having>('off');
/** `ask`: the test tone was played, nobody has said yet that it was heard. */
export const shift = signal<'off' | 'ask' | 'heard'>('off');
/** What this desk lacks while a shift is on, in the order of the strip. */
type Lacking = 'full' | 'awake' | 'notices' | 'voice' | 'output';
export const lacking = computed<Lacking[]>(() => ([['full', fullScreen], ['awake', awake], ['notices', notices]] as [Lacking, { value: Having }][]).filter(([, has]) => has.value === 'no').map(([name]) => name)
  .concat(shift.value !== 'off' && hasNoVoice.value ? ['voice'] : [], outputLost.value ? ['output'] : []));

type Lock = { released: boolean; release(): Promise<void>; addEventListener(type: 'release', run: () => void): void };
type Beyond = { wakeLock?: { request(type: 'screen'): Promise<Lock> }; keyboard?: { lock?(keys: string[]): Promise<void> }; setAppBadge?(n: number): Promise<void>; clearAppBadge?(): Promise<void> };
const browser = (): Beyond => navigator as Beyond;

/** From a click: asks for all three at once. A prompt that nobody answers leaves `asked`, and nothing behind it waits. */
export function takePost(): void {
  takeScreen();
  keepAwake();
  if (typeof Notification === 'undefined') notices.value = 'no';
  else {
    const read = (): void => { notices.value = Notification.permission === 'granted' ? 'on' : Notification.permission === 'denied' ? 'no' : 'asked'; };
    read();
    if (Notification.permission === 'default') void Notification.requestPermission().then(() => { read(); if (notices.value === 'asked') notices.value = 'no'; }, () => { notices.value = 'no'; });
  }
}

function takeScreen(): void {
  if (document.fullscreenElement) { fullScreen.value = 'on'; return; }
  if (!document.documentElement.requestFullscreen) { fullScreen.value = 'no'; return; }
  fullScreen.value = 'asked';
  document.documentElement.requestFullscreen({ navigationUI: 'hide' }).then(() => {
    void browser().keyboard?.lock?.(['Escape']).catch(() => { /* then Esc leaves the full screen first, and says so on the strip */ });
  }, () => { fullScreen.value = 'no'; });
}

let lock: Lock | null = null;
function keepAwake(): void {
  const wakeLock = browser().wakeLock;
  if (!wakeLock) { awake.value = 'no'; return; } // plain http: the screen saver is the room's business
  if (lock && !lock.released) { awake.value = 'on'; return; }
  awake.value = 'asked';
  wakeLock.request('screen').then((got) => {
    lock = got;
    awake.value = 'on';
    got.addEventListener('release', () => { if (lock === got) awake.value = document.visibilityState === 'visible' ? 'no' : 'asked'; });
  }, () => { awake.value = 'no'; });
}

/** What a notification is made of: no name, no number, no house. */
export type Waiting = { id: string; count: number; kind: EventKind; town: string | null };
let told: ReadonlyMap<string, number> = new Map();
const shown = new Set<Notification>();
/** One look, like the sound's: emergencies that nobody has. What is new is said outside the tab when the tab is not seen. */
export function tellOutside(waiting: readonly Waiting[]): void {
  const fresh = waiting.filter((a) => (told.get(a.id) ?? 0) < a.count);
  if (waiting.length !== told.size || fresh.length > 0) told = new Map(waiting.map((a) => [a.id, a.count]));
  if (fresh.length === 0 || document.visibilityState === 'visible' || notices.value !== 'on') return;
  const [first] = fresh;
  try {
    const note = new Notification(t('duty.note', { n: waiting.length }), { body: first ? `${first.town ?? ''} ${kindName(first.kind)}`.trim() : '', tag: 'anling-p1', renotify: true, requireInteraction: true, icon: '/bell.svg' } as NotificationOptions);
    shown.add(note);
    note.addEventListener('click', () => { window.focus(); note.close(); });
    note.addEventListener('close', () => shown.delete(note));
  } catch { notices.value = 'no'; } // a telephone's browser wants a service worker for it
}

/** The number on the application's icon, where the browser has one; the title has it everywhere. */
export function badge(n: number): void {
  void (n > 0 ? browser().setAppBadge?.(n) : browser().clearAppBadge?.())?.catch(() => { /* not installed as an application */ });
}

/** Keeps the three in step with what happens to the page, until the returned function is called. */
export function startDuty(): () => void {
  const seen = (): void => {
    if (document.visibilityState !== 'visible') return;
    for (const note of shown) note.close();
    if (shift.value === 'off') return;
    keepAwake();
    if (document.fullscreenElement || fullScreen.value !== 'on') return;
    fullScreen.value = 'no'; // lost while nobody looked: a browser gives it back only to a hand
    addEventListener('pointerdown', takeScreen, { once: true, capture: true });
  };
  const changed = (): void => { if (fullScreen.value !== 'off' && document.visibilityState === 'visible') fullScreen.value = document.fullscreenElement ? 'on' : 'no'; };
  const ask = (event: BeforeUnloadEvent): void => { if (shift.value !== 'off' && mayAct.value) event.preventDefault(); };
  document.addEventListener('visibilitychange', seen);
  document.addEventListener('fullscreenchange', changed);
  addEventListener('beforeunload', ask);
  return () => {
    document.removeEventListener('visibilitychange', seen);
    document.removeEventListener('fullscreenchange', changed);
    removeEventListener('beforeunload', ask);
    for (const note of shown) note.close();
    told = new Map();
    badge(0);
    for (const has of [fullScreen, awake, notices]) has.value = 'off';
    shift.value = 'off';
    void lock?.release();
    lock = null;
    if (document.fullscreenElement) void document.exitFullscreen();
  };
}
