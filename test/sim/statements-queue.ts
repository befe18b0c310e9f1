/** As statements-alerts.ts: events and their queue, the outbox with its leases, receipts and replies. */
import { limits } from '#core/limits.ts';
import type { Row } from '#store/pool.ts';
import { type Rec, StoreError, type Tx } from './memory.ts';
import { alertStatements, lineOf, type Statement, withdrawn } from './statements-alerts.ts';
import type { EventRow, OutboxRow, ReplyRow, Tables } from './tables.ts';

const byId = (a: Rec, b: Rec): number => Number(a.id) - Number(b.id);
const text = (p: unknown): string[] => p as string[];
const list = <T>(p: unknown): (T | null)[] => p as (T | null)[];
const hourMs = 3_600_000;
const byUrgency = (a: EventRow, b: EventRow): number => a.urgency - b.urgency || byId(a, b);

/** What the house itself raises (store/supervision.ts): a duty number that opted out. */
async function insertHouseEvents(t: Tx, d: Tables, p: readonly unknown[]): Promise<Row[]> {
  for (const [i, ingest] of text(p[0]).entries()) {
    const at = <T>(n: number): T | null => list<T>(p[n])[i] ?? null;
    const id = d.event.next();
    await t.hold(`event_ingest ${ingest}`, true);
    if (t.rows(d.event, 'ingest', ingest).length > 0) continue;
    t.write(d.event, {
      id, ingest_id: ingest, shard: at<number>(1) ?? 0, urgency: at<number>(2) ?? 4, device_id: at<string>(3), home_id: at<string>(4), person_id: at<string>(5), room: at<string>(6), source: 'supervision', kind: at<string>(7) ?? '', edge: at<string>(8) ?? '',
      source_event_id: null, ref: null, device_time: null, received_at: t.now(), flags: [], confidence: null, data_enc: at<Buffer>(9), trace: at<string>(10) ?? '', evaluated_at: null, result: null, alert_id: null, attempts: 0, error: null,
    });
  }
  return [];
}

/** The device's own row decides whose event it is, at the moment of the insert. */
async function insertEvents(t: Tx, d: Tables, p: readonly unknown[]): Promise<Row[]> {
  const now = t.now();
  for (const [i, ingest] of text(p[0]).entries()) {
    const at = <T>(n: number): T | null => list<T>(p[n])[i] ?? null;
    const id = d.event.next();
    await t.hold(`event_ingest ${ingest}`, true);
    if (t.rows(d.event, 'ingest', ingest).length > 0) continue;
    const device = at<string>(3) === null ? undefined : t.get(d.device, at<string>(3) as string);
    const living = device && device.person_id === null && device.home_id !== null ? t.rows(d.person).filter((x) => x.home_id === device.home_id && x.status === 'present') : [];
    const deviceTime = at<number>(9);
    const age = at<number>(10) ?? 0;
    const flags = at<string>(11) ? (at<string>(11) as string).split(',') : [];
    t.write(d.event, {
      id, ingest_id: ingest, shard: at<number>(1) ?? 0, urgency: at<number>(2) ?? 4, device_id: at<string>(3), home_id: device?.home_id ?? null, person_id: device?.person_id ?? (living.length === 1 ? (living[0]?.id ?? null) : null),
      room: device?.room ?? null, source: at<string>(4) ?? '', kind: at<string>(5) ?? '', edge: at<string>(6) ?? '', source_event_id: at<string>(7), ref: at<string>(8), device_time: deviceTime, received_at: now - age,
      flags: deviceTime !== null && deviceTime < now - age - limits.lateMs ? [...flags, 'late'] : flags, confidence: at<number>(12), data_enc: at<Buffer>(13), trace: at<string>(14) ?? '',
      evaluated_at: null, result: null, alert_id: null, attempts: 0, error: null,
    });
  }
  return [];
}

/** By urgency, then id, with everything of the same devices that came before. */
function eventQueue(t: Tx, d: Tables, p: readonly unknown[]): Row[] {
  const [shard, limit, half] = [String(p[0]), p[1] as number, p[2] as number];
  const all = t.rows(d.event, 'queue', shard);
  const picked = [...all].sort(byUrgency).slice(0, limit);
  const newest = new Map<string, number>();
  for (const e of picked) if (e.device_id !== null) newest.set(e.device_id, Math.max(Number(e.id), newest.get(e.device_id) ?? 0));
  const taken = new Map(picked.map((e) => [e.id, e]));
  const until = new Map<string, number>();
  for (const [device, id] of newest) {
    const before = all.filter((e) => e.device_id === device && Number(e.id) < id).sort(byId).slice(0, half);
    if (before.length >= half) until.set(device, Number(before.at(-1)?.id));
    for (const e of before) taken.set(e.id, e);
  }
  const region = (e: EventRow): string | null => {
    const person = e.person_id === null ? undefined : t.get(d.person, e.person_id);
    return (e.home_id === null ? undefined : t.get(d.home, e.home_id)?.region_code) ?? (person?.home_id ? t.get(d.home, person.home_id)?.region_code : undefined) ?? null;
  };
  return [...taken.values()].filter((e) => e.device_id === null || Number(e.id) <= (until.get(e.device_id) ?? Infinity)).sort(byId)
    .map((e) => ({ ...e, region_code: region(e), waited: e.result?.startsWith('waits') ?? false }));
}

function earlier(t: Tx, d: Tables, p: readonly unknown[]): Row[] {
  return text(p[0]).flatMap((id, i) => {
    const [kind, edge] = [text(p[3])[i], text(p[4])[i]];
    const like = (e: EventRow): number => Number(e.kind === kind && e.edge === edge);
    const [x] = t.rows(d.event, 'same', `${text(p[1])[i]} ${text(p[2])[i]}`).filter((e) => Number(e.id) < Number(id) && e.evaluated_at !== null).sort((a, b) => like(b) - like(a) || byId(b, a));
    return x ? [{ for_id: id, id: x.id, kind: x.kind, edge: x.edge, device_time: x.device_time, received_at: x.received_at, alert_id: x.alert_id }] : [];
  });
}

const events: Record<string, Statement> = {
  'events-insert': insertEvents, 'supervision-events': insertHouseEvents,
  'evaluation-shards': (t, d) => {
    const first = new Map<number, EventRow>();
    for (const e of t.rows(d.event, 'waiting')) { const had = first.get(e.shard); if (!had || byUrgency(e, had) < 0) first.set(e.shard, e); }
    return [...first].sort((a, b) => byUrgency(a[1], b[1])).map(([shard]) => ({ shard }));
  },
  'evaluation-hold': async (t, _, p) => { t.lockMs = Number(p[1]); return [{ held: await t.hold(`evaluate ${p[0]}`, false) }]; },
  'evaluation-queue': eventQueue,
  'evaluation-devices': (t, d, p) => text(p[0]).flatMap((id) => {
    const device = t.get(d.device, id);
    const model = device && t.get(d.device_model, device.model);
    const seen = t.get(d.presence, id);
    return device && model ? [{
      id, model: device.model, vendor: model.vendor, type: model.type, power: model.power, supervisionClass: model.supervision_class, confirmWindowMs: model.confirm_window_s * 1000, testUntil: device.test_until, room: device.room,
      cell: seen?.['cell'] ?? device.cell, homeId: device.home_id, personId: device.person_id, registeredAt: device.registered_at, demo: device.demo, inStock: false, installing: false, learningUntil: model.learning_days > 0 ? device.registered_at + model.learning_days * 86_400_000 : null,
      state: seen?.['state'] ?? null, lastSeenAt: seen?.['last_seen_at'] ?? null, lowBattery: seen?.['low_battery'] ?? null, battery: seen?.['battery'] ?? null, mainsLostAt: seen?.['mains_lost_at'] ?? null, outageId: null,
    }] : [];
  }),
  'evaluation-persons': (t, d, p) => text(p[0]).flatMap((id) => { const x = t.get(d.person, id); return x ? [{ id, homeId: x.home_id, highRisk: x.high_risk, riskTags: x.risk_tags, mode: x.mode, modeUntil: x.mode_until, demo: x.demo }] : []; }),
  'evaluation-homes': (t, d, p) => text(p[0]).flatMap((id) => { const h = t.get(d.home, id); return h ? [{ id, regionCode: h.region_code, cell: h.cell, powerArea: h.power_area, mode: h.mode, modeUntil: h.mode_until, demo: h.demo, highRisk: t.rows(d.person).some((x) => x.home_id === id && x.high_risk), residents: t.rows(d.person).filter((x) => x.home_id === id && x.status === 'present').map((x) => x.id) }] : []; }),
  'evaluation-earlier': earlier,
  'evaluation-cleared': (t, d, p) => text(p[0]).flatMap((id, i) => (t.rows(d.event, 'device', text(p[1])[i]).some((e) => e.kind === text(p[2])[i] && e.edge === 'clear' && e.evaluated_at !== null && (e.device_time ?? e.received_at) >= ((p[3] as number[])[i] as number)) ? [{ id }] : [])),
  'evaluation-mark': (t, d, p) => t.update(d.event, text(p[0]).flatMap((id) => t.get(d.event, id) ?? []), (e) => { const i = text(p[0]).indexOf(e.id); return { evaluated_at: t.now(), result: text(p[2])[i] ?? null, alert_id: list<string>(p[1])[i] ?? e.alert_id, error: null }; }),
  'evaluation-attempt': async (t, d, p) => (await t.update(d.event, [t.get(d.event, p[0] as string)].flatMap((e) => e ?? []), (e) => ({ attempts: e.attempts + 1, error: p[1] as string }))).map((e) => ({ attempts: e.attempts })),
  'evaluation-requeue': (t, d, p) => t.update(d.event, [t.get(d.event, p[0] as string)].flatMap((e) => e ?? []), () => ({ evaluated_at: null }), (e) => e.result?.startsWith('waits') ?? false),
  'evaluation-self-ended': (t, d, p) => text(p[0]).flatMap((key, i) => {
    const since = t.now() - (p[4] as number);
    const ids = t.rows(d.alert, 'about', `${text(p[1])[i]} ${text(p[2])[i]}`).filter((a) => a.kind === text(p[3])[i] && a.state === 'closed' && a.priority > 2 && (a.closed_at ?? 0) > since
      && (a.closed_by === 'house' || (a.closed_by ?? '').startsWith('device:')) && !a.flags.includes('in-outage')).map((a) => a.id);
    return ids.length > 0 ? [{ key, ids }] : [];
  }),
  'outage-around': () => [],
};

function insertOutbox(t: Tx, d: Tables, p: readonly unknown[]): Row[] {
  const now = t.now();
  for (const [i, outId] of text(p[0]).entries()) {
    const at = <T>(n: number): T => list<T>(p[n])[i] as T;
    t.write(d.outbox, {
      id: d.outbox.next(), out_id: outId, alert_id: at(1), party: at(2), channel: at(3), template: at(4), params_enc: at(5), to_enc: at(6), to_bidx: at(7), priority: at(8), purpose: at(9), round: at(10), step: at(11), slip: at(12),
      state: 'due', due_at: now, created_at: now, lease_until: null, lease_token: '0', attempts: 0, provider: null, provider_id: null, error_code: null, error_class: null, accepted_at: null, done_at: null, handled_at: null, sent_at: null,
      check_at: null, checks: 0, withdrawn_at: null, trace: at(13), demo: at<boolean>(14) || (lineOf(t, d, at(2))?.demo ?? false), dry: false, last_way: at<boolean>(15), holder: null,
    } as OutboxRow);
  }
  return [];
}

/** What the lease ran out of first, then what is due; what another transaction holds is passed over. */
async function claim(t: Tx, d: Tables, p: readonly unknown[]): Promise<Row[]> {
  const [channel, from, to, rows, leaseMs, gateway, now] = [p[0], p[1] as number, p[2] as number, p[3] as number, p[4] as number, p[5] as string, t.now()];
  const mine = (o: OutboxRow): boolean => o.channel === channel && o.priority >= from && o.priority <= to;
  const due = (o: OutboxRow): boolean => o.state === 'due' && mine(o) && o.due_at <= now;
  const expired = (o: OutboxRow): boolean => o.state === 'sending' && mine(o) && (o.lease_until ?? Infinity) < now;
  const lost = await t.lockRows(d.outbox, t.rows(d.outbox, 'state', 'sending').filter(expired).sort((a, b) => (a.lease_until ?? 0) - (b.lease_until ?? 0) || byId(a, b)), false, expired, rows);
  const fresh = await t.lockRows(d.outbox, t.rows(d.outbox, 'state', 'due').filter(due).sort((a, b) => a.priority - b.priority || a.due_at - b.due_at || byId(a, b)), false, due, rows - lost.length); // one lock for each that is taken, as there
  const out = await t.update(d.outbox, [...lost, ...fresh].slice(0, rows), (o) => ({
    state: 'sending', lease_until: now + leaseMs, lease_token: String(Number(o.lease_token) + 1), attempts: o.attempts + 1, sent_at: now, provider: !o.dry && o.demo === (gateway === 'standin') ? gateway : null, holder: t.who,
  }));
  return out.map((o) => ({
    id: o.id, outId: o.out_id, alertId: o.alert_id, party: o.party, channel: o.channel, template: o.template, paramsEnc: o.params_enc, toEnc: o.to_enc, toBidx: o.to_bidx, priority: o.priority, round: o.round, lastWay: o.last_way, token: o.lease_token, attempts: o.attempts,
    trace: o.trace, demo: o.demo, dry: o.dry, provider: o.provider, withdrawn: o.withdrawn_at !== null ? 'over' : o.party.startsWith('contact:') && t.get(d.contact, o.party.slice(8))?.['withdrawn_at'] != null ? 'consent' : null, kind: o.channel === 'voice' && o.alert_id !== null ? (t.get(d.alert, o.alert_id)?.kind ?? null) : null, languages: [], sentAt: now, ageMs: now - o.created_at,
  }));
}

function numbers(t: Tx, d: Tables, p: readonly unknown[]): Row[] {
  const now = t.now();
  return text(p[0]).flatMap((id) => {
    const o = t.get(d.outbox, id);
    if (!o) return [];
    const key = o.to_bidx.toString('hex');
    const late = p[4] as number;
    const seen = t.rows(d.outbox, 'number', key).filter((x) => x.channel === o.channel && x.created_at > now - 25 * hourMs && (x.sent_at ?? 0) > now - 24 * hourMs - late && x.id !== o.id
      && (x.provider_id !== null || x.state === 'unknown' || (x.state === 'sending' && Number(x.id) < Number(o.id))));
    const calls = seen.filter((x) => x.channel === 'voice');
    const texts = seen.filter((x) => x.channel === 'sms');
    const same = texts.filter((x) => x.template === o.template);
    const technical = (x: OutboxRow): boolean => x.channel === 'sms' && x.priority > 2 && text(p[1]).includes(x.template);
    const within = (list: OutboxRow[], ms: number): OutboxRow[] => list.filter((x) => (x.sent_at ?? 0) > now - ms);
    return [{
      id, optedOut: [...t.rows(d.responder, 'phone', key), ...t.rows(d.contact, 'phone', key)].some((x) => x.opted_out_at !== null), listed: false, sms24h: same.length, sms1m: within(same, 60_000 + late).length, sms1h: within(same, hourMs + late).length, smsAll: texts.length, spare24h: texts.filter((x) => x.template === (JSON.parse(p[3] as string) as Record<string, string>)[o.template]).length,
      voice1m: calls.filter((x) => (x.sent_at ?? 0) > now - 60_000 - late).length, voice1h: calls.filter((x) => (x.sent_at ?? 0) > now - hourMs - late).length, voice24h: calls.length,
      notices: within(texts.filter(technical), p[2] as number).map((x) => now - (x.sent_at ?? now)), waiting: technical(o) ? t.rows(d.outbox, 'number', key).filter((x) => technical(x) && x.state === 'due').length : 0,
    }];
  });
}

async function save(t: Tx, d: Tables, p: readonly unknown[]): Promise<Row[]> {
  const out: Row[] = [];
  const now = t.now();
  for (const [i, id] of text(p[0]).entries()) {
    const [token, state, checkMs] = [String(text(p[1])[i]), text(p[2])[i] as string, (p[7] as number[])[i] as number];
    const row = t.get(d.outbox, id);
    const sending = (o: OutboxRow): boolean => o.state === 'sending';
    const [o] = row ? await t.update(d.outbox, [row], (b) => ({
      state: !sending(b) ? b.state : b.withdrawn_at !== null && state !== 'accepted' ? 'withdrawn' : state, provider_id: list<string>(p[3])[i] ?? b.provider_id, error_code: list<string>(p[4])[i] ?? null, error_class: list<string>(p[5])[i] ?? null,
      lease_until: null, withdrawn_at: state === 'withdrawn' ? b.withdrawn_at ?? now : b.withdrawn_at, accepted_at: state === 'accepted' ? now : b.accepted_at, due_at: state === 'due' ? now + ((p[6] as number[])[i] as number) : b.due_at,
      ...((p[8] as boolean[])[i] ? { attempts: b.attempts - 1, sent_at: null } : {}),
      check_at: sending(b) && (state === 'accepted' || state === 'unknown') ? now + checkMs : null, done_at: sending(b) && ['failed', 'withdrawn', 'dry'].includes(state) ? now : b.done_at,
    }), (b) => b.lease_token === token && b.state !== 'due') : [];
    if (o) out.push({ id, token, state: o.state });
  }
  return out;
}

async function applyFate(t: Tx, d: Tables, p: readonly unknown[]): Promise<Row[]> {
  const [id, state, code, error, from] = [p[0] as string, p[1] as string, p[2] as string | null, p[3] as string | null, text(p[4])];
  const row = t.get(d.outbox, id);
  return row ? await t.update(d.outbox, [row], (o) => ({
    state: state === 'due' && (o.attempts > 1 || o.withdrawn_at !== null) ? 'failed' : state, error_code: code, error_class: error, due_at: state === 'due' ? t.now() : o.due_at, done_at: state === 'due' ? null : t.now(), check_at: null,
    handled_at: o.state === 'unknown' ? o.handled_at : null,
  }), (o) => from.includes(o.state)) : [];
}

function contacted(t: Tx, d: Tables, p: readonly unknown[]): Row[] {
  return text(p[0]).flatMap((alertId) => [...Map.groupBy(t.rows(d.outbox, 'alert', alertId).filter((o) => o.purpose === 'search' && o.state !== 'withdrawn'), (o) => o.party)].map(([party, sends]) => ({
    alert_id: alertId, party, sms: sends.filter((o) => o.channel === 'sms' && o.state !== 'failed').length, voice: sends.filter((o) => o.channel === 'voice').length,
    rounds: [...new Set(sends.flatMap((o) => o.round ?? []))].sort((a, b) => a - b), reached: sends.some((o) => ['sending', 'accepted', 'delivered', 'answered', 'unknown'].includes(o.state)),
  })).sort((a, b) => (a.party < b.party ? -1 : 1)));
}

const outbox: Record<string, Statement> = {
  'outbox-lines': (t, d, p) => [
    ...text(p[0]).flatMap((id) => { const r = t.get(d.responder, id); return r ? [{ party: `responder:${id}`, role: r.role, phoneEnc: r.phone_enc, phoneBidx: r.phone_bidx, nameEnc: r.name_enc, landline: r.landline, optedOut: r.opted_out_at !== null, withdrawn: false, demo: r.demo, column: 'responder', regionCode: r.region_code }] : []; }),
    ...text(p[1]).flatMap((id) => { const c = t.get(d.contact, id); return c ? [{ party: `contact:${id}`, role: c.relation, phoneEnc: c.phone_enc, phoneBidx: c.phone_bidx, nameEnc: c.name_enc, landline: false, optedOut: c.opted_out_at !== null, withdrawn: c['withdrawn_at'] != null, demo: c.demo, column: 'contact', regionCode: null }] : []; }),
  ],
  'outbox-places': (t, d, p) => text(p[0]).flatMap((id) => {
    const a = t.get(d.alert, id);
    const person = a?.person_id == null ? undefined : t.get(d.person, a.person_id);
    const home = a?.home_id ?? person?.home_id;
    const first = a && a.person_id === null ? t.rows(d.person).filter((x) => x.home_id === a.home_id).sort((x, y) => Number(y.high_risk) - Number(x.high_risk) || (x.id < y.id ? -1 : 1))[0] : undefined;
    return a ? [{ alertId: id, placeEnc: (home == null ? undefined : t.get(d.home, home))?.place_enc ?? null, nameEnc: (person ?? first)?.name_enc ?? null }] : [];
  }),
  'outbox-insert': insertOutbox,
  'outbox-withdraw': (t, d, p) => t.update(d.outbox, text(p[0]).flatMap((id, i) => t.rows(d.outbox, 'alert', id).filter((o) => withdrawn(o, text(p[1])[i] as string))),
    (o) => ({ withdrawn_at: t.now(), state: o.state === 'due' ? 'withdrawn' : o.state, done_at: o.state === 'due' ? t.now() : o.done_at }), (o) => o.withdrawn_at === null && ['due', 'sending', 'accepted', 'unknown'].includes(o.state)),
  'outbox-contacted': contacted,
  'outbox-calls': (t, d, p) => {
    const since = t.now() - hourMs;
    const hour = Math.floor(since / hourMs);
    return (p[0] as Buffer[]).flatMap((b) => {
      const phone = b.toString('hex');
      return [hour, hour + 1, hour + 2].flatMap((h) => t.rows(d.outbox, 'call', `${phone} ${h}`)).filter((o) => o.created_at > since && o.state !== 'withdrawn' && (o.state !== 'failed' || o.provider_id !== null)).map((o) => ({ phone, at: o.created_at }));
    });
  },
  'outbox-unhandled': (t, d, p) => t.rows(d.outbox, 'unhandled').sort(byId).slice(0, p[0] as number).map((o) => ({
    id: o.id, alertId: o.alert_id, party: o.party, channel: o.channel, template: o.template, purpose: o.purpose, state: o.state, round: o.round, step: o.step, errorCode: o.error_code, errorClass: o.error_class, createdAt: o.created_at, trace: o.trace,
  })),
  'outbox-handled': async (t, d, p) => (await t.update(d.outbox, text(p[0]).flatMap((id) => t.get(d.outbox, id) ?? []), () => ({ handled_at: t.now() }), (o) => o.handled_at === null && (o.state === 'failed' || o.state === 'unknown' || (o.state === 'withdrawn' && o.error_code === 'local.CONSENT')))).map((o) => ({ id: o.id })),
  'outbox-respell': (t, d, p) => t.update(d.outbox, [t.get(d.outbox, p[0] as string)].flatMap((o) => o ?? []), () => ({ template: p[1] as string })),
  'outbox-claim': claim, 'outbox-numbers': numbers, 'outbox-save': save,
  'outbox-waiting': async (t, d, p) => {
    const now = t.now();
    const waits = (o: OutboxRow): boolean => (o.state === 'accepted' || o.state === 'unknown') && o.check_at !== null && o.check_at <= now;
    const picked = await t.lockRows(d.outbox, t.rows(d.outbox, 'check').filter(waits).sort((a, b) => (a.check_at ?? 0) - (b.check_at ?? 0) || byId(a, b)), false, waits, p[0] as number);
    return (await t.update(d.outbox, picked, (o) => ({ checks: o.checks + 1, check_at: o.checks + 1 < (p[2] as number) ? now + (p[1] as number) * 3 ** o.checks : null })))
      .map((o) => ({ id: o.id, outId: o.out_id, alertId: o.alert_id, channel: o.channel, template: o.template, toEnc: o.to_enc, providerId: o.provider_id, sentAt: o.sent_at, state: o.state, ageMs: now - (o.sent_at ?? now), trace: o.trace }));
  },
  'outbox-no-receipt': (t, d, p) => t.update(d.outbox, [t.get(d.outbox, p[0] as string)].flatMap((o) => o ?? []), () => ({ state: 'unknown', error_code: 'local.NO_RECEIPT', error_class: 'F' }), (o) => o.state === 'accepted'),
  'receipt-apply': applyFate,
  'receipt-find': (t, d, p) => text(p[0]).flatMap((channel, i) => {
    const [to, outId, provider] = [(p[1] as (Buffer | null)[])[i] ?? null, (p[2] as (string | null)[])[i] ?? null, text(p[3])[i] as string];
    const ours = (o: OutboxRow): boolean => o.channel === channel && (to === null || o.to_bidx.equals(to)) && (outId === null ? o.provider_id === provider : o.provider_id === null || o.provider_id === provider || o.attempts > 1);
    const [found] = (outId === null ? t.rows(d.outbox, 'provider', provider) : t.rows(d.outbox, 'out', outId)).filter(ours).sort((x, y) => byId(y, x));
    return found ? [{ ord: String(i + 1), id: found.id }] : [];
  }),
  'receipt-lock': async (t, d, p) => (await t.lockRows(d.outbox, text(p[0]).flatMap((id) => t.get(d.outbox, id) ?? []).sort(byId), false)).map((o) => ({ id: o.id, outId: o.out_id, alertId: o.alert_id, trace: o.trace, toEnc: o.to_enc })),
};

const replies: Record<string, Statement> = {
  'reply-insert': async (t, d, p) => {
    const id = d.reply.next();
    await t.hold(`reply_dedupe ${p[0]}`, true);
    if (t.rows(d.reply, 'dedupe', p[0] as string).length > 0) return [];
    const [bidx, outId] = [p[3] as Buffer, p[5] as string | null];
    const newest = t.rows(d.outbox, 'number', bidx.toString('hex')).filter((o) => o.created_at > t.now() - 48 * hourMs).sort((a, b) => b.created_at - a.created_at)[0];
    const trace = (outId === null ? undefined : t.rows(d.outbox, 'out', outId)[0]?.trace) ?? newest?.trace ?? (p[7] as string);
    t.write(d.reply, { id, dedupe: p[0] as string, channel: p[1] as string, from_enc: p[2] as Buffer, from_bidx: bidx, content_enc: p[4] as Buffer, out_id: outId, received_at: p[6] as number, trace, evaluated_at: null, result: null, alert_id: null } as ReplyRow);
    return [{ id, trace }];
  },
  'replies-queue': (t, d, p) => t.rows(d.reply, 'queue').sort(byId).slice(0, p[0] as number).map((r) => ({ id: r.id, channel: r.channel, fromEnc: r.from_enc, fromBidx: r.from_bidx, contentEnc: r.content_enc, outId: r.out_id, receivedAt: r.received_at, trace: r.trace })),
  'replies-hold': async (t, d, p) => { t.lockMs = Number(p[1]); const row = t.get(d.reply, p[0] as string); return row ? await t.lockRows(d.reply, [row], false, (r) => r.evaluated_at === null) : []; },
  'replies-mark': (t, d, p) => t.update(d.reply, [t.get(d.reply, p[0] as string)].flatMap((r) => r ?? []), () => ({ evaluated_at: t.now(), result: p[1] as string, alert_id: (p[2] as string | null) ?? null })),
  'replies-pending': (t, d, p) => text(p[0]).flatMap((party) => t.rows(d.engagement, 'party', party)).flatMap((g) => {
    const a = t.get(d.alert, g.alert_id);
    if (!a || (a.state === 'closed' && g.updated_at <= t.now() - 48 * hourMs)) return [];
    return [{ alertId: g.alert_id, party: g.party, slip: t.get(d.slip, `${g.party} ${g.alert_id}`)?.no ?? null, open: a.state !== 'closed', state: g.state, at: g.notified_at ?? g.updated_at }];
  }).sort((a, b) => b.at - a.at || Number(b.alertId) - Number(a.alertId) || (a.party < b.party ? -1 : 1)).slice(0, 200),
  'replies-tested': (t, d, p) => t.rows(d.outbox, 'number', (p[0] as Buffer).toString('hex')).filter((o) => o.created_at > t.now() - 48 * hourMs && ['ring', 'voice-ring', 'confirm', 'drill', 'voice-drill'].includes(o.template)).slice(0, 1).map((o) => ({ id: o.id })),
  'replies-call': (t, d, p) => t.rows(d.outbox, 'out', p[0] as string).map((o) => ({ alertId: o.alert_id, party: o.party, purpose: o.purpose })),
};

export const statements: Readonly<Record<string, Statement>> = { ...alertStatements, ...events, ...outbox, ...replies };
/** Those that the house has not named, by what they do. */
const unnamed: readonly [RegExp, string][] = [
  [/^update (?:responder|contact) set absent_until/, 'update party absent_until'],
  [/^update (?:responder|contact) set opted_out_at/, 'update party opted_out_at'], [/^update (?:responder|contact) set verified_at/, 'update party verified_at'],
];

/** Runs one statement. A text that this store does not know is an error of the simulation, never silence; `twist` plants a fault. */
export async function execute(t: Tx, d: Tables, sql: string, values: readonly unknown[], name: string | undefined, twist?: Readonly<Record<string, Statement>>): Promise<Row[]> {
  if (name === 'hint' || sql.includes('pg_notify(')) return []; // who hears it stands in database.ts
  const known = name ?? unnamed.find(([shape]) => shape.test(sql))?.[1] ?? '';
  const statement = twist?.[known] ?? statements[known];
  if (!statement) throw new StoreError('XX000', `the simulation does not know the statement ${name ?? sql.slice(0, 80)}`);
  return await statement(t, d, values);
}
