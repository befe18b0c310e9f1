/** What the page shows, as signals over what the telephone keeps; the network, the login, and when to send. */
import { computed, signal } from '@preact/signals';
import { ask, newKey } from './api.ts';
import { dropVillage, dropVisit, keep, onChange, press as put, putVillage, readKept, readQueue, readVillages, readVisits, settle } from './box.ts';
import { blocked, sendAll, without } from './sender.ts';
import type { HomeLine, Installation, Me, Profile, StepName, Village, Visit, Waiting } from './shapes.ts';

export const me = signal<Me | null>(null);
/** The house does not know us any more; what is kept waits. */
export const loggedOut = signal(false);
export const online = signal(navigator.onLine);
export const villages = signal<readonly Village[]>([]);
export const visits = signal<readonly Visit[]>([]);
const queue = signal<readonly Waiting[]>([]);
export const profiles = signal<readonly Profile[]>([]);
export const ready = signal(false);
/** The telephone would not keep something. */
export const full = signal(false);
export const note = signal<string | null>(null);

export const mine = computed(() => queue.value.filter((i) => i.by === me.value?.id));
export const others = computed(() => queue.value.filter((i) => i.by !== me.value?.id));
const troubled = computed(() => new Set(visits.value.filter(blocked).map((v) => v.id)));
export const stopped = computed(() => mine.value.filter((i) => troubled.value.has(i.visit)));
export const homeOf = (id: string): HomeLine | undefined => villages.value.flatMap((v) => v.homes).find((h) => h.homeId === id);
/** As the telephone knows it: what was done here and is not sent yet is done. */
export function stateOf(home: HomeLine): HomeLine['state'] {
  const here = visits.value.filter((v) => v.homeId === home.homeId).at(-1);
  if (here === undefined) return home.state;
  if (here.server !== null) return here.server.state;
  return here.refusal ? 'refused' : here.kept.fail ? 'failed' : here.kept.finish ? 'on-site' : 'begun';
}
export const roles: readonly string[] = ['installer', 'admin', 'shift-leader'];

async function readAll(): Promise<void> {
  const [a, b, c] = await Promise.all([readVillages(), readVisits(), readQueue()]);
  villages.value = a;
  visits.value = b;
  queue.value = c;
}

let sending = false;
let again = false;
/** Sends what waits; one try at a time in this tab, and once more when something came meanwhile. */
export async function send(): Promise<void> {
  if (sending) { again = true; return; }
  const who = me.value;
  if (who === null) return;
  sending = true;
  try {
    do {
      again = false;
      const ended = await sendAll(who.id);
      if (ended === 'logged-out') loggedOut.value = true;
      if (ended === 'sent' && queue.value.length > 0) await readAll();
    } while (again);
  } finally { sending = false; }
}

/** A press: kept at once, sent when it can be. Resolves when the telephone has it; false: it is full. */
export async function press(visit: Visit, step: StepName, body: Record<string, unknown>, text: string): Promise<boolean> {
  const who = me.value;
  if (who === null) return false;
  const at = Date.now();
  try {
    await put({ ...visit, kept: { ...visit.kept, [step]: { at, text } } }, { visit: visit.id, by: who.id, byName: who.name, step, body: { ...body, ...(step === 'place' ? {} : { at }) }, key: newKey() });
    full.value = false;
  } catch {
    full.value = true;
    return false;
  }
  void send();
  return true;
}

export const newVisit = (homeId: string, more: Partial<Visit> = {}): Visit => ({
  id: newKey(), homeId, refusal: false, code: '', deviceId: null, model: null, room: '', at: Date.now(), by: me.value?.id ?? '', kept: {}, serverId: null, server: null, skewMs: 0, trouble: null, ...more,
});

/** After a human has looked: once more, without that step, or as the installation that runs already. */
export async function tryAgain(visit: Visit): Promise<void> { await settle(visit.id, (v) => ({ ...v, trouble: null })); await send(); }
export async function dropStep(visit: Visit): Promise<void> {
  const first = queue.value.find((i) => i.visit === visit.id);
  if (first === undefined || first.step === 'begin' || first.step === 'refuse') return dropVisit(visit.id);
  await settle(visit.id, (v) => ({ ...v, trouble: null, kept: without(v.kept, first.step) }), first.seq ?? null);
  await send();
}
export async function adopt(visit: Visit, id: string): Promise<void> {
  const first = queue.value.find((i) => i.visit === visit.id && i.step === 'begin');
  await settle(visit.id, (v) => ({ ...v, trouble: null, serverId: id }), first?.seq ?? null);
  await look(visit.id, id);
  await send();
}
/** How the installation stands at the house now. */
export async function look(visit: string, id: string): Promise<void> {
  const answer = await ask<Installation>('GET', `/installations/${id}`);
  if (answer.ok) await settle(visit, (v) => ({ ...v, server: answer.value, skewMs: answer.skewMs }));
  else if (answer.problem.status === 401) loggedOut.value = true;
}
/** What only the house can do: starting a test, hearing a voice, saying whose alarm it was. Why not, else null. */
export async function now(visit: Visit, what: 'start' | 'voice' | 'answer' | 'test', body: Record<string, unknown>): Promise<string | null> {
  const answer = await ask<Installation>('POST', `/installations/${visit.serverId}/${what}`, body, newKey());
  if (answer.ok) { await settle(visit.id, (v) => ({ ...v, server: answer.value, skewMs: answer.skewMs })); return null; }
  if (answer.problem.status === 401) loggedOut.value = true;
  return answer.problem.fields.map((f) => `${f.field}: ${f.expected}`).join('; ') || answer.problem.message || '–';
}

export async function loadVillage(code: string, name: string): Promise<boolean> {
  const answer = await ask<{ homes: HomeLine[] }>('GET', `/installations/homes?village=${code}`);
  if (answer.ok) { await putVillage({ code, name, at: Date.now(), homes: answer.value.homes }); void loadProfiles(); }
  else if (answer.problem.status === 401) loggedOut.value = true;
  return answer.ok;
}
async function loadProfiles(): Promise<void> {
  const answer = await ask<{ profiles: Profile[] }>('GET', '/installations/profiles');
  if (!answer.ok) return;
  profiles.value = answer.value.profiles;
  await keep('profiles', answer.value.profiles);
}

export async function enter(who: Me): Promise<void> {
  me.value = who;
  loggedOut.value = false;
  await keep('me', who);
  void loadProfiles();
  await send();
}
async function whoAmI(): Promise<void> {
  const answer = await ask<Me>('GET', '/me');
  if (answer.ok) await enter(answer.value);
  else if (answer.problem.status === 401) loggedOut.value = true;
}
export async function leave(): Promise<void> {
  await ask('POST', '/logout', {});
  await keep('me', null);
  for (const v of villages.value) await dropVillage(v.code);
  me.value = null;
  loggedOut.value = true;
}

/** Lists of homes live a week on a telephone, what is finished and sent two. */
const villageMs = 7 * 24 * 3_600_000;
async function tidy(): Promise<void> {
  for (const v of villages.value) if (Date.now() - v.at > villageMs) await dropVillage(v.code);
  for (const v of visits.value) if (Date.now() - v.at > 2 * villageMs && v.server !== null && !queue.value.some((i) => i.visit === v.id)) await dropVisit(v.id);
}

export async function start(): Promise<void> {
  onChange(() => { void readAll(); });
  try {
    me.value = await readKept('me');
    profiles.value = (await readKept('profiles')) ?? [];
    await readAll();
    await tidy();
  } catch { full.value = true; } // a browser that keeps nothing: the page says so, and every press will
  ready.value = true;
  addEventListener('online', () => { online.value = true; void whoAmI(); });
  addEventListener('offline', () => { online.value = false; });
  addEventListener('visibilitychange', () => { if (!document.hidden) void send(); });
  // A network that came back tells nobody; and whoever logged in in another tab did so for this one too.
  setInterval(() => { if (queue.value.length > stopped.value.length || loggedOut.value) void (loggedOut.value || me.value === null ? whoAmI() : send()); }, 10_000);
  await whoAmI();
}
