/**
 * Sends what waits, in order, each visit by itself: a step that the house refuses stops its visit until a human has looked, a missing network
 * stops all, an ended session waits for the login. A repetition carries the key of the first try, so the house does it once.
 */
import { type Answer, ask, type Problem } from './api.ts';
import { readQueue, readVisits, settle } from './box.ts';
import type { Installation, StepName, Trouble, Visit, Waiting } from './shapes.ts';

const paths: Record<StepName, string> = {
  begin: '/installations', refuse: '/installations/refusals', consent: '/consent', place: '/place', position: '/position', photo: '/photo', signature: '/signature', finish: '/finish', fail: '/fail',
};
/** What became of one try. */
type Outcome = 'sent' | 'stopped' | 'later' | 'logged-out';

/** Whether the same try may do better by itself: no answer, too busy, or the same press under way in another tab. */
export const passing = ({ status, more }: Problem): boolean => status === 0 || status >= 500 || status === 429 || status === 408 || (status === 409 && more['reason'] === undefined && more['missing'] === undefined);

function troubleOf(step: StepName, { status, message, fields, more }: Problem): Trouble {
  const reason = typeof more['reason'] === 'string' ? more['reason'] : more['missing'] !== undefined ? 'missing' : status === 404 ? 'gone' : 'other';
  const text = fields.length > 0 ? fields.map((f) => `${f.field}: ${f.expected}`).join('; ') : message;
  return { step, status, reason, text, adopt: reason === 'running' && typeof more['installationId'] === 'string' ? more['installationId'] : null };
}

/** What is kept, but for one step. */
export function without(kept: Visit['kept'], step: StepName): Visit['kept'] {
  const rest = { ...kept };
  delete rest[step];
  return rest;
}
/** Whether a human has to look before anything of the visit is sent. */
export const blocked = (visit: Visit): boolean => visit.trouble !== null && visit.trouble.reason !== 'missing';

/** The device behind a serial number that was scanned without a network. */
async function resolved(item: Waiting, visit: Visit): Promise<Answer<{ deviceId: string; model: string }> | null> {
  return item.step !== 'begin' || visit.deviceId !== null ? null : ask('GET', `/installations/device?code=${encodeURIComponent(visit.code)}`);
}

async function sendOne(item: Waiting, visit: Visit): Promise<Outcome> {
  const stop = async (problem: Problem): Promise<Outcome> => {
    if (problem.status === 401) return 'logged-out';
    if (passing(problem)) return 'later';
    // Finished meanwhile, here or by the office: there is nothing left to hand in.
    if (problem.more['reason'] === 'over' && (problem.more['state'] === 'on-site' || problem.more['state'] === 'accepted')) { await settle(visit.id, (v) => v, item.seq ?? null); return 'sent'; }
    const trouble = troubleOf(item.step, problem);
    // What is missing may stand behind it in the queue: the press is over, its reason stays in sight.
    if (trouble.reason === 'missing') { await settle(visit.id, (v) => ({ ...v, kept: without(v.kept, item.step), trouble }), item.seq ?? null); return 'sent'; }
    await settle(visit.id, (v) => ({ ...v, trouble }));
    return 'stopped';
  };
  const device = await resolved(item, visit);
  if (device && !device.ok) return stop(device.problem);
  const found = device?.value;
  const first = item.step === 'begin' || item.step === 'refuse';
  const path = first ? paths[item.step] : `/installations/${visit.serverId}${paths[item.step]}`;
  const answer = await ask<Installation>('POST', path, found ? { ...item.body, deviceId: found.deviceId } : item.body, item.key);
  if (!answer.ok) return stop(answer.problem);
  await settle(visit.id, (v) => ({ ...v, ...(found ? { deviceId: found.deviceId, model: found.model } : {}), serverId: answer.value.id, server: answer.value, skewMs: answer.skewMs, trouble: null }), item.seq ?? null);
  return 'sent';
}

/** One pass over all that waits for this person; how it ended. Another tab that sends makes it do nothing. */
export async function sendAll(by: string): Promise<Outcome> {
  let ended: Outcome = 'sent';
  const pass = async (): Promise<void> => {
    const stuck = new Set<string>();
    for (;;) {
      const [queue, visits] = await Promise.all([readQueue(), readVisits()]);
      const item = queue.find((i) => i.by === by && !stuck.has(i.visit));
      if (item === undefined) return;
      const visit = visits.find((v) => v.id === item.visit);
      if (visit === undefined || blocked(visit)) { stuck.add(item.visit); continue; }
      const outcome = await sendOne(item, visit);
      if (outcome === 'stopped') stuck.add(item.visit);
      else if (outcome !== 'sent') { ended = outcome; return; }
    }
  };
  // Locks exist on https only; without them two tabs may both send, which the keys make harmless.
  if (navigator.locks === undefined) await pass();
  else await navigator.locks.request('anling-install-sender', { ifAvailable: true }, async (lock) => { if (lock) await pass(); });
  return ended;
}
