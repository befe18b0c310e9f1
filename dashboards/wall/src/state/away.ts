/**
 * The last picture, kept for the time without a server or its database (D6): who sat here, the open alerts, the cases that were looked at
 * and every emergency, all masked, in this tab only and gone with it. A page that is loaded meanwhile shows it, labelled, to look at only.
 */
import { computed, effect, signal } from '@preact/signals';
import type { AlertView } from '#core/live.ts';
import { get } from '#wall/api/client.ts';
import type { CaseInFull } from '#wall/api/case.ts';
import { emptyLive } from '#wall/live/reducer.ts';
import { type Me, mayAct, me, onLogout, readKept } from './session.ts';
import { live, openAlerts, serverNow, wantedOrder } from './wall.ts';

type Kept = { me: Me; at: number; alerts: readonly AlertView[]; cases: readonly { at: number; full: CaseInFull }[] };
const key = 'anling.last';
/** Cases kept; the oldest go. Emergencies fetched ahead in one look. */
const casesMax = 40;
/** Alerts kept, in the order of the queue: a flood must not make the page write megabytes. */
const alertsMax = 300;
const everyMs = 5_000;

const cases = new Map<string, { at: number; full: CaseInFull }>();
/** When the picture on screen was kept; null: it is live. */
export const shownFrom = signal<number | null>(null);
/** Nothing can be done now: the database is away, or what is shown was kept. */
export const readOnly = computed(() => shownFrom.value !== null || live.value.standby !== null);

export const keepCase = (full: CaseInFull): void => {
  cases.delete(full.id);
  cases.set(full.id, { at: serverNow.peek(), full });
  for (const id of cases.keys()) { if (cases.size <= casesMax) break; cases.delete(id); }
};
export const keptCase = (id: string): { at: number; full: CaseInFull } | null => cases.get(id) ?? null;

function write(): void {
  const who = me.peek();
  if (!who || !live.peek().synced || shownFrom.peek() !== null || live.peek().standby !== null) return;
  const kept: Kept = { me: who, at: serverNow.peek(), alerts: wantedOrder.peek().slice(0, alertsMax).flatMap(({ id }) => live.peek().alerts.get(id) ?? []), cases: [...cases.values()] };
  try { sessionStorage.setItem(key, JSON.stringify(kept)); } catch { /* full or forbidden: then the picture lives in this page only */ }
}

/** Emergencies that nobody has opened here yet are fetched, one in a look, so that each can be worked on by telephone later. */
async function fetchAhead(): Promise<void> {
  const next = openAlerts.peek().find((a) => a.priority === 1 && (cases.get(a.id)?.full.version ?? -1) < a.version);
  if (!next || !mayAct.peek() || readOnly.peek()) return;
  const answer = await get<CaseInFull>(`/api/v1/alerts/${next.id}`);
  if (answer.ok) keepCase(answer.value);
}

/** Keeps the picture while somebody is logged in. */
export function startKeeping(): () => void {
  let written = false;
  const timer = setInterval(() => { write(); void fetchAhead(); }, everyMs);
  const stop = effect(() => {
    if (!live.value.synced) return;
    if (shownFrom.peek() !== null) shownFrom.value = null;
    else if (!written) { written = true; write(); void fetchAhead(); }
  });
  return () => { clearInterval(timer); stop(); };
}

/** What was kept comes up when nobody answers who sits here; false: nothing was. */
function show(): boolean {
  let kept: Kept | null = null;
  try { kept = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Kept | null; } catch { /* not ours */ }
  if (!kept?.me) return false;
  for (const entry of kept.cases) cases.set(entry.full.id, entry);
  live.value = { ...emptyLive, alerts: new Map(kept.alerts.map((a) => [a.id, a])) };
  shownFrom.value = kept.at;
  me.value = kept.me;
  return true;
}

/** Wires it to the login: nothing of it survives a logout. */
export function startAway(): void {
  readKept(show);
  onLogout(() => { cases.clear(); shownFrom.value = null; try { sessionStorage.removeItem(key); } catch { /* was never there */ } });
}
