/** What the prepared statements of src/store mean, on tables in memory: alerts, timeline, timers, engagements, slips, roster, feed, clock. By their names there. */
import type { Row } from '#store/pool.ts';
import { type Rec, StoreError, type Tx } from './memory.ts';
import type { AlertRow, EngagementRow, LogRow, OutboxRow, SlipRow, Tables, TimerRow } from './tables.ts';

export type Statement = (t: Tx, d: Tables, p: readonly unknown[]) => Row[] | Promise<Row[]>;
const byId = (a: Rec, b: Rec): number => Number(a.id) - Number(b.id);
const text = (p: unknown): string[] => p as string[];
const open = (a: AlertRow): boolean => a.state !== 'closed';
const hourMs = 3_600_000;

const alertsBy = (t: Tx, d: Tables, ids: readonly string[]): AlertRow[] => ids.flatMap((id) => t.get(d.alert, id) ?? []).sort(byId);
const requiredSlots: Record<string, string> = { confirming: 'confirm', open: 'plan', claimed: 'claim', committed: 'arrival', arrived: 'close' };

const changeable = [
  'priority', 'state', 'device_id', 'count', 'duplicate_count', 'version', 'state_version', 'last_raised_at', 'flags', 'claimed_at', 'claimed_by', 'claim_tab', 'last_step_at', 'first_human_at',
  'committed_at', 'committed_how', 'arrived_at', 'closed_at', 'closed_by', 'outcome', 'plan', 'plan_base_at', 'plan_round', 'plan_step', 'plan_state', 'summary',
] as const;
const fresh = (record: Rec & { close_note?: unknown }): AlertRow => { const { close_note: _, ...row } = record; return row as unknown as AlertRow; };

/** One open alert per subject and kind: whoever is second waits for the first, and fails if that commits. */
async function insertAlerts(t: Tx, d: Tables, p: readonly unknown[]): Promise<Row[]> {
  for (const record of JSON.parse(p[0] as string) as Rec[]) {
    const row = fresh(record);
    await t.hold(`alert_one_open ${row.subject_type} ${row.subject_id} ${row.kind}`, true);
    if (t.rows(d.alert, 'subject', `${row.subject_type} ${row.subject_id}`).some((a) => a.kind === row.kind)) throw new StoreError('23505', 'duplicate key value violates unique constraint "alert_one_open"');
    await t.hold(`alert ${row.id}`, true);
    t.write(d.alert, row);
  }
  return [];
}

async function updateAlerts(t: Tx, d: Tables, p: readonly unknown[]): Promise<Row[]> {
  for (const record of JSON.parse(p[0] as string) as Rec[]) {
    const row = t.get(d.alert, record.id);
    if (row) await t.update(d.alert, [row], () => Object.fromEntries(changeable.map((c) => [c, record[c]])) as Partial<AlertRow>);
  }
  return [];
}

const alerts: Record<string, Statement> = {
  'alerts-lock': (t, d, p) => t.lockRows(d.alert, alertsBy(t, d, text(p[0])), true),
  'alerts-lock-free': (t, d, p) => t.lockRows(d.alert, alertsBy(t, d, text(p[0])), false),
  'alerts-lock-open': async (t, d, p) => {
    const [types, ids, devices, homes] = [text(p[0]), text(p[1]), text(p[2]), text(p[3])];
    const found = new Map<string, AlertRow>();
    for (const [i, type] of types.entries()) for (const a of t.rows(d.alert, 'subject', `${type} ${ids[i]}`)) found.set(a.id, a);
    for (const device of devices) for (const a of t.rows(d.alert, 'device', device)) found.set(a.id, a);
    for (const home of homes) for (const a of t.rows(d.alert, 'home', home)) if (a.priority <= 2) found.set(a.id, a);
    return await t.lockRows(d.alert, [...found.values()].sort(byId), true, open);
  },
  'alerts-ids': (_, d, p) => Array.from({ length: p[0] as number }, () => ({ id: d.alert.next() })),
  'alerts-insert': insertAlerts,
  'alerts-update': updateAlerts,
  'alerts-unclaimed': (t, d) => [{ n: t.rows(d.alert, 'open').filter((a) => a.state === 'open' && a.priority === 1).length }],
  'alerts-beats': (t, d, p) => alertsBy(t, d, text(p[0])).flatMap((a) => {
    const beats = t.rows(d.console).filter((c) => c.id === a.claim_tab || c.user_id === a.claimed_by).map((c) => c.beat_at);
    return beats.length === 0 ? [] : [{ id: a.id, beat: Math.max(...beats) }];
  }),
  'alerts-user-name': (t, d, p) => { const user = t.get(d.app_user, p[0] as string); return user ? [{ name: user.display_name }] : []; },
  'alerts-unguarded': (t, d, p) => t.rows(d.alert, 'open').filter((a) => a.priority === 1 && !t.rows(d.timer, 'alert', a.id).some((s) => s.slot === requiredSlots[a.state]))
    .sort(byId).slice(0, p[0] as number).map((a) => ({ id: a.id })),
  'alerts-newest': (t, d) => t.rows(d.alert, 'open').filter((a) => a.priority <= 2 && a.plan !== null).sort((a, b) => a.priority - b.priority || b.opened_at - a.opened_at || Number(b.id) - Number(a.id)).slice(0, 1).map((a) => ({ id: a.id })),
  'standby-handovers': () => [], // nobody hands over here: the simulated county has no standby
  'log-insert': (t, d, p) => {
    const [ids, types, actors, actions, details, notes, ats] = [text(p[0]), text(p[1]), text(p[2]), text(p[3]), text(p[4]), p[5] as (Buffer | null)[], p[6] as (number | null)[]];
    for (const [i, alertId] of ids.entries()) {
      t.write(d.alert_log, {
        id: d.alert_log.next(), alert_id: alertId, at: ats[i] ?? t.now(), actor_type: types[i] as string, actor_id: actors[i] as string, action: actions[i] as string, detail: JSON.parse(details[i] as string) as Row, note_enc: notes[i] ?? null,
      } as LogRow);
    }
    return [];
  },
  'engagements-of': (t, d, p) => text(p[0]).flatMap((id) => t.rows(d.engagement, 'alert', id)).sort((a, b) => a.updated_at - b.updated_at || (a.party < b.party ? -1 : 1)),
  'engagements-save': async (t, d, p) => {
    const [ids, parties, states, by, gone] = [text(p[0]), text(p[1]), text(p[2]), p[3] as (number | null)[], p[4] as (number | null)[]];
    for (const [i, alertId] of ids.entries()) {
      const [party, state, now] = [parties[i] as string, states[i] as string, t.now()];
      const id = `${alertId} ${party}`;
      await t.hold(`engagement ${id}`, true);
      const e = t.get(d.engagement, id);
      t.write(d.engagement, {
        id, alert_id: alertId, party, state, notified_at: e?.notified_at ?? (state === 'notified' ? now : null), accepted_at: e?.accepted_at ?? (state === 'accepted' ? now : null),
        arrived_at: e?.arrived_at ?? (state === 'arrived' || state === 'done' ? now : null), arrive_by: by[i] ?? null, updated_at: now,
        departed_at: state === 'notified' || state === 'declined' ? null : e?.departed_at ?? gone[i] ?? null,
      } as EngagementRow);
    }
    return [];
  },
};

const bySlot = (t: Tx, d: Tables, alertId: string, slot: string): TimerRow[] => t.rows(d.timer, 'alert', alertId).filter((s) => s.slot === slot);
const live = (s: TimerRow): boolean => s.fired_at === null && s.cancelled_at === null;
const system = (t: Tx, d: Tables): TimerRow[] => t.rows(d.timer, 'live').filter((s) => s.alert_id === null);
const newTimer = (t: Tx, d: Tables, alertId: string | null, slot: string, dueAt: number, payload: string): TimerRow =>
  ({ id: d.timer.next(), alert_id: alertId, slot, due_at: dueAt, payload: JSON.parse(payload) as Row, created_at: t.now(), fired_at: null, cancelled_at: null, attempts: 0, error: null });

const timers: Record<string, Statement> = {
  'timers-alerts-due': (t, d, p) => {
    const [now, not, first] = [t.now(), new Set(text(p[1])), new Map<string, number>()];
    for (const s of t.rows(d.timer, 'live')) if (s.alert_id !== null && s.due_at <= now && !not.has(s.alert_id)) first.set(s.alert_id, Math.min(s.due_at, first.get(s.alert_id) ?? Infinity));
    return [...first].sort((a, b) => a[1] - b[1]).slice(0, p[0] as number).map(([id]) => ({ id }));
  },
  'timers-due': (t, d, p) => {
    const now = t.now();
    const due = (s: TimerRow): boolean => live(s) && s.due_at <= now;
    return t.lockRows(d.timer, text(p[0]).flatMap((id) => t.rows(d.timer, 'alert', id)).filter(due).sort((a, b) => a.due_at - b.due_at || byId(a, b)), true, due);
  },
  'timers-live': (t, d, p) => text(p[0]).flatMap((id) => t.rows(d.timer, 'alert', id)),
  'timers-fired': (t, d, p) => t.update(d.timer, text(p[0]).flatMap((id) => t.get(d.timer, id) ?? []), () => ({ fired_at: t.now() })),
  'timers-cancel': (t, d, p) => t.update(d.timer, text(p[0]).flatMap((id, i) => bySlot(t, d, id, text(p[1])[i] as string)), () => ({ cancelled_at: t.now() }), live),
  'timers-set': async (t, d, p) => {
    for (const [i, id] of text(p[0]).entries()) {
      const [slot, due, payload] = [text(p[1])[i] as string, (p[2] as number[])[i] as number, text(p[3])[i] as string];
      const [was] = bySlot(t, d, id, slot);
      const made = newTimer(t, d, id, slot, due, payload);
      if (was) await t.update(d.timer, [was], () => ({ due_at: due, payload: made.payload, attempts: 0, error: null }));
      else { await t.hold(`timer ${made.id}`, true); t.write(d.timer, made); }
    }
    return [];
  },
  'timers-failed': (t, d, p) => t.update(d.timer, t.rows(d.timer, 'alert', p[0] as string).filter((s) => s.due_at <= t.now()), (s) => ({ attempts: s.attempts + 1, error: p[1] as string })),
  'timers-system': (t, d) => { const now = t.now(); return t.lockRows(d.timer, system(t, d).filter((s) => s.due_at <= now).sort((a, b) => a.due_at - b.due_at), false, live, 1); },
  'timers-set-back': (t, d, p) => t.update(d.timer, [t.get(d.timer, p[0] as string)].flatMap((s) => s ?? []), (s) => ({ attempts: s.attempts + 1, error: p[1] as string, due_at: t.now() + Math.min(2 ** Math.min(s.attempts, 10), 300) * 1000 }), live),
  'timers-set-system': async (t, d, p) => {
    for (const [i, slot] of text(p[0]).entries()) {
      const due = (p[1] as number[])[i] as number;
      await t.hold(`timer_system ${slot}`, true);
      const was = system(t, d).find((s) => s.slot === slot);
      const made = newTimer(t, d, null, slot, due, text(p[2])[i] as string);
      if (was) await t.update(d.timer, [was], (s) => ({ due_at: Math.min(s.due_at, due) })); else t.write(d.timer, made);
    }
    return [];
  },
  'timers-overdue': (t, d, p) => [{ n: t.rows(d.timer, 'live').filter((s) => s.due_at < t.now() - (p[0] as number)).length }],
  'clock-now': (t) => [{ now: t.now() }],
  'clock-read': (t, d) => { const c = t.get(d.clock, '1'); return [{ now: t.now(), offsetMs: c?.offset_ms ?? 0, owedMs: c?.owed_ms ?? 0, beatAt: null }]; },
  'clock-move': async (t, d, p) => (await t.update(d.clock, t.rows(d.clock), (c) => ({ offset_ms: c.offset_ms + (p[1] as number) }), (c) => c.offset_ms === p[0])).map((c) => ({ offset_ms: c.offset_ms })),
  'clock-owe': (t, d, p) => t.update(d.clock, t.rows(d.clock), () => ({ owed_ms: p[0] as number })),
};

const roleOrder = (r: { role: string; ord: number; id: string }): string => `${r.role} ${String(r.ord).padStart(5, '0')} ${r.id}`;
const deskRoles = new Set(['seat', 'shift-leader', 'duty-leader']);
const splitParty = (party: string): [string, string] => [party.slice(0, party.indexOf(':')), party.slice(party.indexOf(':') + 1)];

/** Who has this party's line, or undefined. */
export function lineOf(t: Tx, d: Tables, party: string): { phone_bidx: Buffer; demo: boolean; region: string | null } | undefined {
  const [kind, id] = splitParty(party);
  if (kind === 'responder') { const r = t.get(d.responder, id); return r && { ...r, region: r.region_code }; }
  const c = t.get(d.contact, id);
  return c && { ...c, region: null };
}

async function markParties(t: Tx, d: Tables, ids: readonly string[], change: Row): Promise<Row[]> {
  for (const id of ids) {
    const [r, c] = [t.get(d.responder, id), t.get(d.contact, id)];
    if (r) await t.update(d.responder, [r], () => change);
    if (c) await t.update(d.contact, [c], () => change);
  }
  return [];
}

const roster: Record<string, Statement> = {
  'roster-outages': () => [], 'roster-speech': () => [],
  'roster-responders': (t, d, p) => t.rows(d.responder).filter((r) => text(p[0]).includes(r.region_code.slice(0, 9)) || deskRoles.has(r.role) || (p[1] === true && r.role === 'care-worker'))
    .sort((a, b) => (roleOrder(a) < roleOrder(b) ? -1 : 1)).map((r) => ({
      party: `responder:${r.id}`, role: r.role, ord: r.ord, region_code: r.region_code, phone_key: r.phone_bidx.toString('hex'), landline: r.landline, key_holder: r.key_holder, walk_minutes: r.walk_minutes, quiet_from: r.quiet_from, quiet_to: r.quiet_to,
      opted_out: r.opted_out_at !== null, absent_until: r.absent_until, lat: t.get(d.region, r.region_code)?.lat ?? null, lon: t.get(d.region, r.region_code)?.lon ?? null, called: 0,
    })),
  'roster-places': (t, d, p) => text(p[0]).flatMap((code) => { const r = t.get(d.region, code); return r ? [{ code, lat: r.lat, lon: r.lon }] : []; }),
  'roster-contacts': (t, d, p) => t.rows(d.contact).flatMap((c) => { const owner = t.get(d.person, c.person_id); return owner ? [{ c, owner }] : []; })
    .filter(({ c, owner }) => text(p[0]).includes(c.person_id) || (owner.home_id !== null && text(p[1]).includes(owner.home_id)))
    .sort((a, b) => Number(b.owner.high_risk) - Number(a.owner.high_risk) || (a.owner.id < b.owner.id ? -1 : a.owner.id > b.owner.id ? 1 : 0) || a.c.ord - b.c.ord || (a.c.id < b.c.id ? -1 : 1))
    .map(({ c, owner }) => ({
      party: `contact:${c.id}`, person_id: c.person_id, home_id: owner.home_id, relation: c.relation, ord: c.ord, key_holder: c.key_holder, walk_minutes: c.walk_minutes, phone_key: c.phone_bidx.toString('hex'), opted_out: c.opted_out_at !== null, absent_until: c.absent_until,
    })),
  'roster-by-phone': (t, d, p) => {
    const key = (p[0] as Buffer).toString('hex');
    return [...t.rows(d.responder, 'phone', key).map((r) => ({ party: `responder:${r.id}`, nameEnc: r.name_enc })), ...t.rows(d.contact, 'phone', key).map((c) => ({ party: `contact:${c.id}`, nameEnc: c.name_enc }))];
  },
  'roster-absent': (t, d, p) => {
    const mine = [...text(p[0]).flatMap((id) => t.get(d.responder, id) ?? []), ...text(p[1]).flatMap((id) => t.get(d.contact, id) ?? [])].flatMap((x) => (x.absent_until !== null && x.absent_until > t.now() ? [x.absent_until] : []));
    return [{ until: mine.length > 0 ? Math.max(...mine) : null }];
  },
  'update party absent_until': (t, d, p) => markParties(t, d, text(p[0]), { absent_until: p[1] }),
  'update party opted_out_at': (t, d, p) => markParties(t, d, text(p[0]), { opted_out_at: t.now() }),
  'update party verified_at': (t, d, p) => markParties(t, d, text(p[0]), { verified_at: t.now() }),
  'slips-lock': async (t, _, p) => { for (const party of text(p[0])) await t.hold(`slip ${party}`, true); return []; },
  'slips-of': (t, d, p) => {
    const since = t.now() - 48 * hourMs;
    return text(p[0]).flatMap((party) => t.rows(d.slip, 'party', party)).filter((s) => s.created_at > since || text(p[1]).includes(s.alert_id))
      .map((s) => ({ party: s.party, no: s.no, alert_id: s.alert_id, code: s.code, at: s.created_at, recent: s.created_at > since }));
  },
  'slips-insert': (t, d, p) => {
    for (const [i, party] of text(p[0]).entries())
      t.write(d.slip, { id: `${party} ${text(p[2])[i]}`, party, no: (p[1] as number[])[i] as number, alert_id: text(p[2])[i] as string, code: text(p[3])[i] as string, created_at: t.now() } as SlipRow);
    return [];
  },
  'feed-append': async (t, d, p) => {
    const [head] = await t.update(d.feed_counter, t.rows(d.feed_counter), (c) => ({ seq: c.seq + (p[4] as number) }));
    const base = (head?.seq ?? 0) - (p[4] as number);
    for (const [i, type] of text(p[0]).entries())
      t.write(d.feed, { id: String(base + i + 1), at: t.now(), type, alert_id: (p[1] as (string | null)[])[i] ?? null, region_code: (p[2] as (string | null)[])[i] ?? null, payload: JSON.parse(text(p[3])[i] as string) as { what: string } });
    return [];
  },
  'feed-head': (t, d) => [{ seq: String(t.get(d.feed_counter, '1')?.seq ?? 0), epoch: 'one', oldest: null }],
  // The numbers are what is simulated; a row without its alert makes no frame.
  feed: (t, d, p) => {
    const out: Row[] = [];
    for (let seq = Number(p[0]) + 1; out.length < Number(p[1]); seq++) {
      const row = t.get(d.feed, String(seq));
      if (!row) break;
      out.push({ seq: row.id, type: row.type, feedRegion: row.region_code, payload: row.payload, hasAlert: false });
    }
    return out;
  },
  'plans-read': () => [], 'rules-read': () => [], 'evaluation-doors': () => [], 'roster-schedules': () => [], // Nobody is asked whether he is awake; all users of the county sit at its desk.
  'desk-state': (t, d, p) => [{ missed: 0, dark: !t.rows(d.console).some((c) => c.beat_at > t.now() - (p[0] as number)) }],
  // Words to the elder are commands to devices; nothing here depends on them.
  'commands-withdraw': () => [], 'commands-listeners': () => [], 'commands-lit': () => [],
  'console-beat': (t, d, p) => { t.write(d.console, { id: p[0] as string, user_id: p[1] as string, beat_at: t.now() }); return []; },
};

/** Which alert's outbox rows a withdrawal means. */
export const withdrawn = (o: OutboxRow, what: string): boolean =>
  ['due', 'sending', 'accepted', 'unknown'].includes(o.state) && o.withdrawn_at === null && ((o.purpose === 'desk' && what !== 'people') || (o.purpose === 'search' && what !== 'desk'));

export const alertStatements: Record<string, Statement> = { ...alerts, ...timers, ...roster };
