/**
 * The server's side of the wall's contract, in memory: a numbered history, the open set, cases in full. Browser tests drive
 * it to say exactly what they want heard: drops, repeats, disorder, silence, another epoch.
 */
import type { Outcome } from '#core/alert.ts';
import { type AuditNews, type AlertView, type CallView, openSetHash, type PresenceCount, type ServerFrame } from '#core/live.ts';
import { marksOf, wantedMarks } from '#core/search.ts';
import type { Filter } from '#wall/queue/filter.ts';
import { alertView } from '#wall/live/samples.ts';

type AlertFrame = Extract<ServerFrame, { type: 'alert' }>;
export type Person = { name: string; masked: string; phone: string; address: string };
/** What must not be in the page before somebody asked for it. */
export const elder: Person = { name: '陈金水', masked: '陈*水', phone: '15404250001', address: '屏山乡内洋村下厝角12号' };
export const neighbour: Person = { name: '林招治', masked: '林*治', phone: '15404250002', address: '' };
export const careWorker: Person = { name: '郑月娥', masked: '郑*娥', phone: '15404250003', address: '' };

const mask = (phone: string): string => `${phone.slice(0, 3)}****${phone.slice(-4)}`;
type Entry = { id: string; at: number; actorType: string; actorId: string; actorName: string | null; action: string; detail: Record<string, unknown>; note: string | null };

export class FakeHouse {
  epoch = 'epoch-1';
  seq = 0;
  #nextId = 1;
  readonly alerts = new Map<string, AlertView>();
  history: AlertFrame[] = [];
  readonly timelines = new Map<string, Entry[]>();
  readonly engagements = new Map<string, { party: string; state: string; arriveBy: number | null }[]>();
  readonly presence: PresenceCount[] = [];
  cannotHear = 0;
  gateway: 'standin' | 'aliyun' = 'standin';
  demo = true;
  danger = false;
  consoles = { open: 1, hearing: 0 };
  readonly figures = {
    day: { count: 12, judged60s: 12, within60s: 11, judged180s: 12, within180s: 12, unanswered: 0, selfCancelled: 1, learning: 2, learningIn60s: 2, excluded: 2, p50Ms: 18_000, p90Ms: 41_000, arrived: 3, judged45m: 3, arrived45m: 3, arrivalP50Ms: 1_080_000 },
    month: { count: 180, judged60s: 180, within60s: 178, judged180s: 180, within180s: 180, unanswered: 0, selfCancelled: 9, learning: 14, learningIn60s: 13, excluded: 20, p50Ms: 15_000, p90Ms: 38_000, arrived: 40, judged45m: 40, arrived45m: 38, arrivalP50Ms: 900_000 },
  };
  blindSheet(day: string): unknown {
    const from = Date.parse(`${day}T00:00:00+08:00`);
    const span = (a: number, z: number): { fromAt: number; toAt: number } => ({ fromAt: from + a * 60_000, toAt: from + z * 60_000 });
    const place = { town: '屏山乡', village: '内洋村' };
    return {
      day, ...span(0, 1440), complete: true, covered: 320, people: 41, personMinutes: 2410, away: 3, own: [span(190, 205)], truncated: false,
      villages: [{ code: '350425201001', ...place, covered: 40, people: 41, personMinutes: 2410 }],
      list: [{ personId: 'p1', homeId: 'h1', regionCode: '350425201001', ...place, name: elder.masked, highRisk: true, minutes: 210, windows: [{ ...span(60, 120), reason: 'outage' }, { ...span(1290, 1440), reason: 'single' }] }],
    };
  }
  canary = { state: 'good', okAt: Date.now() - 130_000 as number | null, reason: null as string | null };
  /** What the map stands on. */ ground: unknown = { base: null, coordinateSystem: 'wgs84', source: null, approvalNumber: null, outline: null };
  flood = { active: false, since: null as number | null, lastTen: 2, operators: 1 };
  /** Added to the real clock: what the server believes. */ skewMs = 0;
  readonly #listeners = new Set<(frame: AlertFrame) => void>();

  /** What the auditor finds. */ audit: AuditNews | null = null;
  /** Saved filters of the queue. */ filters: Filter[] = [];
  /** 值守确认 that waits for a key. */ vigilance: { askedAt: number; missed: number } | null = null;
  now(): number { return Date.now() + this.skewMs; }
  listen(run: (frame: AlertFrame) => void): () => void { this.#listeners.add(run); return () => this.#listeners.delete(run); }

  /** A new alert; rings as its priority does. */
  raise(given: Partial<AlertView> = {}): AlertView {
    const now = this.now();
    const id = String(this.#nextId++);
    const alert = alertView({ id, subject: { type: 'person', id: `p${id}`, name: elder.masked }, openedAt: now, lastRaisedAt: now, nextDueAt: now + 30_000, nextDueSlot: 'plan', ...given });
    this.alerts.set(alert.id, alert);
    this.log(alert.id, { action: 'opened', detail: { kind: alert.kind } });
    this.log(alert.id, { action: 'plan-step', detail: { step: 0, round: 0, sends: [{ party: 'responder:care', channel: 'sms' }, { party: 'contact:son', channel: 'sms' }], skipped: [{ target: 'neighbour', party: 'contact:nb', reason: 'absent' }, { target: 'grid-worker', reason: 'nobody-in-role' }] } });
    this.#append('opened', alert, alert.priority === 1 ? 'p1' : alert.priority === 2 ? 'p2' : undefined);
    return alert;
  }

  /** A change of an alert: the next version and the next number. */
  change(id: string, patch: Partial<AlertView>, what: string, ring?: AlertFrame['ring']): AlertView {
    const before = this.alerts.get(id);
    if (!before) throw new Error(`no alert ${id}`);
    const alert = { ...before, ...patch, version: before.version + 1 };
    if (alert.state === 'closed') this.alerts.delete(id); else this.alerts.set(id, alert);
    this.closed.set(id, alert);
    this.#append(what, alert, ring);
    return alert;
  }
  readonly closed = new Map<string, AlertView>();
  /** Telephone calls that ring or were missed. */ calls: CallView[] = [];
  /** Emergencies entered by hand: what was asked. */ readonly entered: Record<string, unknown>[] = [];
  ring(given: Partial<CallView> = {}): CallView {
    const call: CallView = {
      id: String(this.calls.length + 1), state: 'ringing', at: this.now(), lastAt: this.now(), count: 1, from: mask(elder.phone), matched: 'person', name: elder.masked, town: '屏山乡', village: '内洋村',
      personId: 'p1', homeId: 'h1', deviceId: null, alertId: null, openedAt: null, openedByName: null, ...given,
    };
    this.calls = [...this.calls, call];
    return call;
  }
  /** Who is on file: two of one name, and whom a test adds. */
  readonly people = [1943, 1950].map((birthYear, i) => ({ id: `p${i + 1}`, number: `DEMO-00000${i + 1}` as string | null, plain: elder.name, phone: elder.phone, name: elder.masked, town: i === 0 ? '屏山乡' : '均溪镇', village: i === 0 ? '内洋村' : '仙亭村', birthYear }));
  /** By the house's own marks: names and numbers are sealed, and found by what was typed as a whole. */
  peopleNamed(q: string): unknown[] {
    const { marks } = wantedMarks(q);
    return this.people.filter((p) => { const own = marksOf(p.plain, p.phone); return marks.every((mark) => own.includes(mark)); }).map(({ plain: _plain, phone: _phone, ...row }) => row);
  }
  /** What the elder was told of an alert. */ readonly commands = new Map<string, unknown[]>();

  log(id: string, given: Partial<Entry> & { action: string }): void {
    const list = this.timelines.get(id) ?? [];
    list.push({ id: String(list.length + 1), at: this.now(), actorType: 'system', actorId: 'house', actorName: null, detail: {}, note: null, ...given });
    this.timelines.set(id, list);
  }

  #append(what: string, alert: AlertView, ring?: AlertFrame['ring']): void {
    const frame: AlertFrame = { type: 'alert', seq: ++this.seq, what, alert, ...(ring ? { ring } : {}) };
    this.history.push(frame);
    for (const run of this.#listeners) run(frame);
  }

  snapshot(): ServerFrame { return { type: 'snapshot', epoch: this.epoch, seq: this.seq, serverTime: this.now(), alerts: [...this.alerts.values()], presence: this.presence }; }
  beat(): ServerFrame {
    const open = { 1: 0, 2: 0, 3: 0, 4: 0 };
    for (const alert of this.alerts.values()) open[alert.priority]++;
    return {
      type: 'beat', epoch: this.epoch, headSeq: this.seq, open, openSetHash: openSetHash(this.alerts.values()), serverTime: this.now(), cannotHear: this.cannotHear,
      consoles: this.consoles, gateway: this.gateway, demo: this.demo, danger: this.danger, ...(this.vigilance ? { vigilance: this.vigilance } : {}), ...(this.audit ? { audit: this.audit } : {}),
    };
  }
  /** What a hello is answered: what follows its number, or everything. */
  answer(epoch: string | null, lastSeq: number): ServerFrame[] {
    if (epoch !== this.epoch || lastSeq > this.seq) return [this.snapshot(), this.beat()];
    return [...this.history.filter((f) => f.seq > lastSeq).map((f) => ({ ...f, alert: this.alerts.get(f.alert.id) ?? this.closed.get(f.alert.id) ?? f.alert })), this.beat()];
  }
  /** A restored database: the same county, another history. */
  restart(epoch: string): void { this.epoch = epoch; this.seq = 0; this.history = []; }

  full(id: string): unknown {
    const alert = this.alerts.get(id) ?? this.closed.get(id);
    if (!alert) return null;
    return {
      ...alert, timeline: this.timelines.get(id) ?? [], candidates: this.candidates(false),
      engagements: (this.engagements.get(id) ?? []).map((e) => ({ ...e, role: 'care-worker', name: careWorker.masked, phone: mask(careWorker.phone), notifiedAt: alert.openedAt, acceptedAt: null, arrivedAt: null, updatedAt: this.now() })),
      messages: [
        { id: '1', outId: 'o1', party: 'responder:care', channel: 'sms', template: 'sos', state: 'delivered', to: mask(careWorker.phone), round: 0, step: 0, dueAt: alert.openedAt, acceptedAt: alert.openedAt + 300, doneAt: alert.openedAt + 2100, attempts: 1, errorCode: null },
        { id: '2', outId: 'o2', party: 'contact:son', channel: 'sms', template: 'family', state: 'failed', to: mask('15404250004'), round: 0, step: 0, dueAt: alert.openedAt, acceptedAt: null, doneAt: alert.openedAt + 900, attempts: 3, errorCode: 'isv.BUSINESS_LIMIT_CONTROL' },
        { id: '3', outId: 'o3', party: 'responder:care', channel: 'voice', template: 'voice-p1', state: 'sending', to: mask(careWorker.phone), round: 0, step: 1, dueAt: alert.openedAt + 30_000, acceptedAt: null, doneAt: null, attempts: 1, errorCode: null },
      ],
      commands: this.commands.get(id) ?? [],
      due: alert.nextDueAt === null ? [] : [{ slot: alert.nextDueSlot ?? 'plan', dueAt: alert.nextDueAt }],
    };
  }

  candidates(plain: boolean): unknown[] {
    const base = { keyHolder: false, walkMinutes: null as number | null, languages: ['后路话'], landline: false, absentUntil: null as number | null, optedOut: false, withdrawn: false, link: null as string | null };
    const named = (who: Pick<Person, 'name' | 'masked' | 'phone'>): { name: string; phone: string } => (plain ? { name: who.name, phone: who.phone } : { name: who.masked, phone: mask(who.phone) });
    return [
      { party: 'contact:nb', role: 'neighbour', near: 'home', ...named(neighbour), ...base, keyHolder: true, walkMinutes: 3, absentUntil: this.now() + 3_600_000 },
      { party: 'contact:son', role: 'family', near: 'home', ...named({ name: '陈开盛', masked: '陈*盛', phone: '15404250004' }), ...base },
      { party: 'responder:care', role: 'care-worker', near: 'village', ...named(careWorker), ...base, walkMinutes: 6 },
      { party: 'responder:doctor', role: 'doctor', near: 'village', ...named({ name: '吴清源', masked: '吴*源', phone: '15404250005' }), ...base },
      { party: 'responder:cadre', role: 'village-cadre', near: 'village', ...named({ name: '苏德发', masked: '苏*发', phone: '15404250006' }), ...base },
      { party: 'responder:town', role: 'town-duty', near: 'town', ...named({ name: '屏山乡值班室', masked: '屏****室', phone: '05987220001' }), ...base, landline: true },
      { party: 'responder:leader', role: 'duty-leader', near: 'county', ...named({ name: '罗文旺', masked: '罗*旺', phone: '15404250007' }), ...base },
    ];
  }

  /** What differs from the elder in the file that is opened. */ person: Record<string, unknown> = {};
  revealed(id: string): unknown {
    return {
      id, candidates: this.candidates(true),
      person: { id: 'p1', name: elder.name, phone: elder.phone, sex: 'male', birthYear: 1943, living: 'alone', ability: 'moderate', category: ['destitute', 'five-elders'], riskTags: ['fall-history', 'heart'], highRisk: true, language: '后路话', hearing: 'weak', healthNote: '冠心病,右髋置换,每晚服降压药', note: null, ...this.person },
      home: { id: 'h1', address: elder.address, place: '内洋下厝角', landmark: '村部旁水泥路尽头上三十级台阶,门前柿子树', roadEnd: '村部', walkMinutes: 6, keyWith: '隔壁林招治', dog: true, lat: null, lon: null, crs: 'wgs84' },
    };
  }

  /** An action of `user`; the status and the answer. */
  act(id: string, path: string, body: Record<string, unknown>, user: { id: string; name: string }): { status: number; body: unknown } {
    const alert = this.alerts.get(id);
    const conflict = (by: string | null, at: number | null): { status: number; body: unknown } => ({ status: 409, body: { error: { code: 'E_CONFLICT', message: `${by} was first.`, by, at, state: alert?.state ?? 'closed', version: alert?.version ?? 0 } } });
    if (!alert) return conflict(this.closed.get(id)?.claimedByName ?? null, null);
    const now = this.now();
    const actor = { actorType: 'user', actorId: user.id, actorName: user.name };
    const entry = (action: string, more: Partial<Entry> = {}): void => this.log(id, { action, ...actor, note: typeof body['note'] === 'string' && body['note'] !== '' ? body['note'] : null, ...more });
    const mine: Partial<AlertView> = { claimedBy: user.id, claimedByName: user.name, claimedAt: now, lastStepAt: now };
    const ok = (patch: Partial<AlertView>, what: string): { status: number; body: unknown } => {
      const next = this.change(id, patch, what);
      return { status: 200, body: { ok: true, id, state: next.state, version: next.version } };
    };
    switch (path) {
      case 'claim': case 'take-over':
        if (path === 'claim' && alert.claimedBy !== null && alert.claimedBy !== user.id) return conflict(alert.claimedByName, alert.claimedAt);
        entry(path === 'claim' ? 'claimed' : 'taken-over');
        return ok({ ...mine, state: 'claimed', nextDueAt: now + 120_000, nextDueSlot: 'claim', planState: 'suspended' }, 'claimed');
      case 'escalate':
        if (alert.planStep >= 6) return { status: 422, body: { error: { code: 'E_INVALID', message: 'Missing or wrong: plan.', fields: [{ field: 'plan', expected: 'a rung that was not called' }] } } };
        entry('escalated', { detail: { step: alert.planStep, round: 0, steps: [alert.planStep] } });
        return ok({ planStep: alert.planStep + 1, lastStepAt: now }, 'escalated');
      case 'release': entry('released'); return ok({ state: 'open', claimedBy: null, claimedByName: null, claimedAt: null, nextDueAt: now + 5_000, nextDueSlot: 'plan' }, 'released');
      case 'notes': entry('note'); return ok({ flags: [...new Set([...alert.flags, 'noted'])] }, 'note');
      case 'dispatch': entry('dispatched', { detail: { party: body['party'] } }); this.engagements.set(id, [{ party: String(body['party']), state: 'notified', arriveBy: null }]); return ok({ lastStepAt: now }, 'dispatched');
      case 'accept': entry('accepted', { detail: { party: body['party'] } }); this.engagements.set(id, [{ party: String(body['party']), state: 'accepted', arriveBy: now + 1_200_000 }]); return ok({ state: 'committed', committedAt: now, nextDueAt: now + 1_200_000, nextDueSlot: 'arrival' }, 'accepted');
      case 'arrive': entry('arrived'); return ok({ state: 'arrived', arrivedAt: now, nextDueAt: now + 1_800_000, nextDueSlot: 'close' }, 'arrived');
      case 'steps': {
        const contact = body['contact'] === 'elder';
        const words: Record<string, string> = { reached: '接通', 'no-answer': '无人接', busy: '占线', off: '关机', 'wrong-number': '空号' };
        entry(contact ? 'contact' : 'step', { note: [words[String(body['result'])], body['note']].filter(Boolean).join(' ') || null, detail: { contact: body['contact'], result: body['result'], party: body['party'] } });
        return ok(contact ? { state: 'committed', committedAt: now, flags: [...alert.flags, 'contacted'], nextDueAt: now + 1_200_000, nextDueSlot: 'arrival' } : { lastStepAt: now }, 'step');
      }
      case 'close': {
        if (typeof body['outcome'] !== 'string') return { status: 422, body: { error: { code: 'E_INVALID', message: 'Missing or wrong: outcome.', fields: [{ field: 'outcome', expected: 'one of R1…' }] } } };
        if (alert.priority === 1 && alert.arrivedAt === null && !alert.flags.includes('contacted') && !alert.flags.includes('noted') && body['note'] === '') return { status: 422, body: { error: { code: 'E_INVALID', message: 'Missing or wrong: note.', fields: [{ field: 'note', expected: 'what was found' }] } } };
        entry('closed', { detail: { outcome: body['outcome'] } });
        return ok({ state: 'closed', closedAt: now, outcome: body['outcome'] as Outcome, nextDueAt: null, nextDueSlot: null }, 'closed');
      }
      default: return { status: 404, body: { error: { code: 'E_NOT_FOUND', message: 'No such thing.' } } };
    }
  }
}
