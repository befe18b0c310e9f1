/**
 * The three ledgers held against each other: what devices saw acknowledged, what the phones received, what the house says of itself
 * over its API. Pure: the journal and the facts go in, one complaint for each broken promise comes out. It knows nothing of how the
 * house works inside.
 */
import { limits } from '#core/limits.ts';
import type { AlertInFull, EventSeen } from '#simulators/api/house.ts';
import type { Facts, Notification } from './facts.ts';
import type { Journal, Of } from './journal.ts';

export type Rule = 'LOST' | 'DUPLICATED' | 'STALLED' | 'ORDER' | 'AFTER' | 'LIE' | 'WALL' | 'GREW';
export type Complaint = { rule: Rule; text: string; alert?: string; device?: string; /** real time */ at?: number };
export type Judged = { complaints: Complaint[]; totals: { acknowledged: number; stored: number; alerts: number; closed: number; messages: number; delivered: number; repeated: number } };

/** From its claim to the gateway a message takes at most a lease; what comes so much after a close is new. */
const afterCloseMs = limits.sendLeaseMs + 3_000;
/** Of the house's clock, after the last fault: a timer, a message. */
const overdueMs = 10_000;

export function judge(journal: Journal, facts: Facts, travelledAt: number | null): Judged {
  const acks = journal.of('ack');
  const phones = journal.of('phone');
  const deliveries = new Map<string, Of<'phone'>[]>();
  for (const p of phones) deliveries.set(p.outId, [...(deliveries.get(p.outId) ?? []), p]);
  const complaints = [
    ...lost(acks, facts), ...order(facts), ...twins(facts), ...facts.alerts.flatMap((a) => [...steps(a), ...afterTaken(a), ...stalled(a, facts.now, travelledAt)]),
    ...messages(facts, deliveries), ...repeats(journal, deliveries), ...afterClose(journal.of('act'), facts, deliveries),
    ...journal.of('wall').map((w): Complaint => ({ rule: 'WALL', text: w.wrong, at: w.at })), ...grew(journal.of('size')),
  ];
  const delivered = new Set(phones.map((p) => p.outId)).size;
  return {
    complaints,
    totals: {
      acknowledged: new Set(acks.map((a) => `${a.device}/${a.event}`)).size, stored: [...facts.events.values()].reduce((n, list) => n + list.length, 0), alerts: facts.alerts.length,
      closed: facts.alerts.filter((a) => a.state === 'closed').length, messages: facts.notifications.length, delivered, repeated: phones.length - delivered,
    },
  };
}

/** I1, I2: acknowledged is stored, evaluated, and counted by exactly one alert. */
function lost(acks: readonly Of<'ack'>[], facts: Facts): Complaint[] {
  const byEvent = new Map<string, EventSeen[]>();
  for (const [device, list] of facts.events) for (const e of list) { const key = `${device}/${e.sourceEventId}`; byEvent.set(key, [...(byEvent.get(key) ?? []), e]); }
  return acks.flatMap(({ device, event, at }): Complaint[] => {
    const found = byEvent.get(`${device}/${event}`) ?? [];
    const alerts = new Set(found.flatMap((e) => e.alertId ?? []));
    if (found.length === 0) return [{ rule: 'LOST', text: `event ${event} of ${device} was acknowledged and is not in the house`, device, at }];
    if (found.some((e) => e.evaluatedAt === null)) return [{ rule: 'STALLED', text: `event ${event} of ${device} was never evaluated`, device, at }];
    if (alerts.size === 0) return [{ rule: 'LOST', text: `event ${event} of ${device} is stored and no alert counts it (${found.map((e) => e.result).join()})`, device, at }];
    return alerts.size === 1 ? [] : [{ rule: 'DUPLICATED', text: `event ${event} of ${device} stands in the alerts ${[...alerts].join(', ')}`, device, at, alert: [...alerts].at(-1) as string }];
  });
}

/** I7: a device that waits for each PUBACK is stored in the order of its presses. */
function order(facts: Facts): Complaint[] {
  return [...facts.events].flatMap(([device, list]): Complaint[] => {
    const seen = new Set<string>();
    let last = 0;
    for (const { sourceEventId } of list.toReversed()) {
      const n = /^e(\d+)$/.exec(sourceEventId ?? '')?.[1];
      if (n === undefined || seen.has(n)) continue;
      seen.add(n);
      if (Number(n) < last) return [{ rule: 'ORDER', text: `${device} pressed e${n} before e${last}, and the house has them the other way round`, device }];
      last = Number(n);
    }
    return [];
  });
}

/** Law 5: one open alert of a subject and kind. */
function twins(facts: Facts): Complaint[] {
  const seen = new Map<string, string>();
  return facts.alerts.flatMap((a): Complaint[] => {
    if (a.state === 'closed') return [];
    const key = `${a.subject.type}/${a.subject.id}/${a.kind}`;
    const other = seen.get(key);
    seen.set(key, a.id);
    return other === undefined ? [] : [{ rule: 'DUPLICATED', text: `${key} has two open alerts, ${other} and ${a.id}`, alert: a.id }];
  });
}

const numberOf = (detail: Record<string, unknown>, name: string): number => Number(detail[name] ?? -1);

type Entry = AlertInFull['timeline'][number];
/** What the workers wrote, as they wrote it, and what standby did, as it did it: it is written down with the handover, and a clock that steps orders nothing. */
function threads(a: AlertInFull): { workers: Entry[]; standby: Entry[] } {
  const written = a.timeline.toSorted((x, y) => Number(x.id) - Number(y.id));
  return { workers: written.filter((e) => e.detail['standby'] !== true), standby: written.filter((e) => e.detail['standby'] === true || e.action === 'standby-handed-over') };
}

/** I3: in every round the steps 0..k, each once, and by each of both in its order; rounds follow each other. What becomes graver begins another plan, in the same round. */
function steps(a: AlertInFull): Complaint[] {
  const say = (rule: Rule, text: string): Complaint[] => [{ rule, text: `alert ${a.id}: ${text}`, alert: a.id }];
  const { workers, standby } = threads(a);
  const made = new Map<string, Set<number>>();
  const isStep = (e: Entry, r: number, s: number, plan: unknown): boolean => e.action === 'plan-step' && numberOf(e.detail, 'round') === r && numberOf(e.detail, 'step') === s && e.detail['plan'] === plan;
  for (const thread of [workers, standby]) {
    let [round, step, of] = [-1, -1, '' as unknown];
    for (const entry of thread) {
      if (entry.action !== 'plan-step') continue;
      const [r, s] = [numberOf(entry.detail, 'round'), numberOf(entry.detail, 'step')];
      const { plan } = entry.detail;
      const steps = made.get(`${plan} ${r}`) ?? new Set<number>();
      if (steps.has(s)) return say('DUPLICATED', `step ${s} of round ${r} was made twice: ${[...workers, ...standby].filter((e) => isStep(e, r, s, plan)).map((e) => `${e.detail['standby'] === true ? 'standby' : 'worker'} ${new Date(e.at).toISOString().slice(11, 23)} (line ${e.id})`).join(', ')}`);
      if (r < round || (r === round && s < step && plan === of)) return say('ORDER', `step ${s} of round ${r} came after step ${step} of round ${round}`);
      made.set(`${plan} ${r}`, steps.add(s));
      [round, step, of] = [r, s, plan];
    }
  }
  for (const [key, of] of made) for (let s = 0; s < of.size; s++) if (!of.has(s)) return say('ORDER', `step ${s} of ${key} was left out`);
  return [];
}

const taking: ReadonlySet<string> = new Set(['claimed', 'taken-over', 'accepted', 'contact', 'arrived', 'done', 'dispatched', 'step']);
const freeing: ReadonlySet<string> = new Set(['released', 'claim-lapsed', 'no-arrival', 'restarted', 'need-help', 'declined', 'confirmed', 'repaired', 'raised-again']);

/** I4: the plan takes no step while somebody has the alert, and none after its close; of standby: as far as standby could know. */
function afterTaken(a: AlertInFull): Complaint[] {
  const { workers, standby } = threads(a);
  for (const thread of [workers, standby]) {
    let taken: string | null = null;
    for (const { action, detail } of thread) {
      if (action === 'plan-step' && taken !== null) return [{ rule: 'AFTER', text: `alert ${a.id}: step ${numberOf(detail, 'step')} of the plan although it was ${taken}`, alert: a.id }];
      if (action === 'closed' || taking.has(action)) taken = action;
      // Whoever had it may have been set free by what the other has written.
      else if (freeing.has(action) || action === 'standby-handed-over') { if (taken !== 'closed') taken = null; }
    }
  }
  return [];
}

/** Law 6: an open emergency has its timer, nobody had to give it back, and in the minutes after the faults it was climbing or taken. */
function stalled(a: AlertInFull, now: number, travelledAt: number | null): Complaint[] {
  const say = (text: string): Complaint[] => [{ rule: 'STALLED', text: `alert ${a.id}: ${text}`, alert: a.id }];
  if (a.timeline.some((e) => e.action === 'repaired')) return say('it was open without a timer until the watch found it');
  if (a.state === 'closed') return [];
  if (a.due.length === 0) return say(`it is ${a.state} and nothing is due`);
  const first = Math.min(...a.due.map((d) => d.dueAt));
  if (first < now - overdueMs) return say(`it has been due for ${Math.round((now - first) / 1_000)} s`);
  if (travelledAt === null) return [];
  if (a.state === 'claimed' && (a.lastStepAt ?? 0) < travelledAt) return say('a claim without a step did not end');
  const climbed = a.timeline.some((e) => e.at >= travelledAt && (e.action === 'plan-step' || e.action === 'nobody-answered'));
  return a.state === 'open' && a.openedAt < travelledAt && !climbed ? say('it is open, nobody has it, and the plan did not go on for six minutes') : [];
}

/** I5 and I6: what is called sent reached a phone, what reached a phone is known, nothing waits, and no step called anybody twice. */
function messages(facts: Facts, deliveries: ReadonlyMap<string, readonly Of<'phone'>[]>): Complaint[] {
  const known = new Set(facts.notifications.map((n) => n.outId));
  const calls = new Map<string, Notification>();
  const graver = new Map(facts.alerts.map((a) => [a.id, a.timeline.filter((e) => e.action === 'raised-again' && e.detail['priority'] !== undefined).map((e) => e.at)]));
  const out: Complaint[] = [];
  const say = (rule: Rule, n: Notification, text: string): void => { out.push({ rule, text: `message ${n.outId} (${n.channel} ${n.template} to ${n.party}): ${text}`, ...(n.alertId === null ? {} : { alert: n.alertId }) }); };
  for (const n of facts.notifications) {
    if ((n.state === 'due' || n.state === 'sending') && n.createdAt < facts.now - 60_000) say('STALLED', n, `it is still ${n.state}`);
    if (n.providerId !== null && !deliveries.has(n.outId)) say('LIE', n, `it is called ${n.state}, and no phone has it`);
    if (n.purpose !== 'search' || n.step === null || !deliveries.has(n.outId)) continue; // what reached no phone has called nobody
    const key = [n.alertId, graver.get(n.alertId ?? '')?.filter((at) => at < n.createdAt).length, n.round, n.step, n.party, n.channel].join('/');
    const other = calls.get(key);
    if (other) say('DUPLICATED', n, `step ${n.step} of round ${n.round} had called this person by ${n.channel} before, as ${other.outId}`);
    calls.set(key, n);
  }
  for (const [outId, [first]] of deliveries) if (!known.has(outId) && !facts.besides.has(outId) && (first?.at ?? 0) < facts.readAt) out.push({ rule: 'LIE', text: `a phone received ${outId} (${first?.template}), of which the house knows nothing`, at: first?.at ?? 0 });
  return out;
}

/** I6: the same message comes again at most once for each fault that it met, and never more often than it may be tried. */
function repeats(journal: Journal, deliveries: ReadonlyMap<string, readonly Of<'phone'>[]>): Complaint[] {
  // A clock that is moved on ends leases like one that steps; a starved machine holds everybody like a SIGSTOP.
  const faults = [...journal.of('fault'), ...journal.of('starved'), ...journal.of('clock').flatMap((c) => (c.jumpedFrom === undefined ? [] : [{ from: c.jumpedFrom, to: c.at }]))];
  return [...deliveries].flatMap(([outId, list]): Complaint[] => {
    if (list.length < 2) return [];
    const [from, to] = [(list[0]?.at ?? 0) - limits.sendLeaseMs, list.at(-1)?.at ?? 0];
    const met = faults.filter((f) => f.from <= to && f.to >= from).length;
    const allowed = Math.min(limits.sendAttempts, 1 + met);
    return list.length <= allowed ? [] : [{ rule: 'DUPLICATED', text: `message ${outId} reached the phone ${list.length} times, with ${met} faults meanwhile`, at: to }];
  });
}

/** I4 on the phones: nothing of the search after the operator had seen the close confirmed. */
function afterClose(acts: readonly Of<'act'>[], facts: Facts, deliveries: ReadonlyMap<string, readonly Of<'phone'>[]>): Complaint[] {
  const closed = new Map(acts.filter((a) => a.action === 'close').map((a) => [a.alert, a.at]));
  return facts.notifications.flatMap((n): Complaint[] => {
    const at = n.purpose === 'search' && n.alertId !== null ? closed.get(n.alertId) : undefined;
    const late = at === undefined ? undefined : deliveries.get(n.outId)?.find((d) => d.at > at + afterCloseMs);
    return late && at !== undefined ? [{ rule: 'AFTER', text: `message ${n.outId} of the search reached ${n.party} ${Math.round((late.at - at) / 1_000)} s after the close`, alert: n.alertId ?? '', at: late.at }] : [];
  });
}

/** I9: processes are back near what they were before the faults; a restarted one is smaller. */
export function grew(sizes: readonly Of<'size'>[]): Complaint[] {
  const before = new Map<string, Of<'size'>>();
  for (const s of sizes) if (s.when === 'before') before.set(s.role, s);
  const after = new Map(sizes.filter((s) => s.when === 'after').map((s) => [s.role, s]));
  return [...after.values()].flatMap((s): Complaint[] => {
    const b = before.get(s.role);
    const mb = b && s.rssMb > b.rssMb * 1.5 + 100;
    const fds = b && s.fds > b.fds * 1.1 + 40;
    return mb || fds ? [{ rule: 'GREW', text: `${s.role}: ${b.rssMb} MB and ${b.fds} descriptors before the faults, ${s.rssMb} MB and ${s.fds} after them` }] : [];
  });
}
