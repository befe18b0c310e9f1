/**
 * The seeded county around the house: elders who press, detectors that repeat and come late, people who answer late, wrongly, courteously
 * or never, a gateway in every documented mood, operators who claim and fall asleep. None of them knows anything of the engine's insides.
 */
import type { Outcome as CloseCode } from '#core/alert.ts';
import type { EventKind } from '#core/event.ts';
import type { AlertId, DeviceId, HomeId, Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { eventOf } from '#intake/urgent.ts';
import type { Channel, ChannelKind, Fate, Gateway, Message, Outcome } from '#notify/channels/channel.ts';
import { moveSend } from '#notify/receipts.ts';
import { beatConsole } from '#store/county-status.ts';
import { findSends, lockSends } from '#store/receipts.ts';
import { insertReply } from '#store/replies.ts';
import type { Database } from './database.ts';
import { by, type House, plainSeal } from './house.ts';
import type { Judge } from './judge.ts';
import type { Chance, Process } from './runtime.ts';
import type { AlertRow, ContactRow, DeviceRow, HomeRow, ModelRow, PersonRow, ResponderRow } from './tables.ts';

const [county, town] = ['350425000000', '350425201000'];
const villages = ['350425201001', '350425201002', '350425201003'];
const homesPerVillage = 4;
const minuteMs = 60_000;
/** Elders and devices press so often in the whole county, on average. */
const pressEveryMs = 45 * minuteMs;

/** Fills the files: villages with their ring, homes with button, watch, radar and smoke detector, contacts, the desk. */
export function settle(database: Database): void {
  const d = database.tables;
  const bytes = (text: string): Buffer => Buffer.from(text);
  let phones = 15404250000;
  const model = (id: string, type: string, confirm = 0): void => d.device_model.put(id, { id, vendor: 'anling', type, power: 'battery', supervision_class: '24h', confirm_window_s: confirm, learning_days: 0 } as ModelRow);
  model('sos-button', 'sos-button'); model('watch', 'watch', 30); model('fall-radar', 'fall-radar'); model('smoke', 'smoke');
  const responder = (id: string, role: string, region: string, more: Partial<ResponderRow> = {}): void => {
    const phone = String(++phones);
    d.responder.put(id, { id, role, region_code: region, ord: 1, name_enc: bytes(id), phone_enc: bytes(phone), phone_bidx: bytes(phone), landline: false, key_holder: false, quiet_from: null, quiet_to: null, walk_minutes: null, opted_out_at: null, absent_until: null, verified_at: null, demo: true, ...more } as ResponderRow);
  };
  for (const [i, code] of [county, town, ...villages].entries()) d.region.put(code as string, { id: code as string, code: code as string, lat: 25.7 + i / 100, lon: 117.9 });
  for (const [v, village] of villages.entries()) {
    responder(`cw${v}`, 'care-worker', village); responder(`cw${v}b`, 'care-worker', village, { ord: 2 }); responder(`doctor${v}`, 'doctor', village); responder(`grid${v}`, 'grid-worker', village); responder(`cadre${v}`, 'village-cadre', village);
    for (let n = 0; n < homesPerVillage; n++) {
      const [home, person] = [`h${v}${n}`, `p${v}${n}`];
      d.home.put(home, { id: home, region_code: village, place_enc: bytes(`屏山乡内洋村${n}号`), cell: null, power_area: null, mode: null, mode_until: null, demo: true } as HomeRow);
      d.person.put(person, { id: person, home_id: home, name_enc: bytes('陈金水'), high_risk: n === 0, risk_tags: [], mode: null, mode_until: null, status: 'present', demo: true } as PersonRow);
      for (const [kind, of] of [['sos-button', person], ['watch', person], ['fall-radar', null], ['smoke', null]] as const)
        d.device.put(`${kind}-${v}${n}`, { id: `${kind}-${v}${n}`, model: kind, home_id: home, person_id: of, room: of === null ? 'living' : null, cell: null, test_until: null, registered_at: 0, demo: true } as DeviceRow);
      for (const [ord, relation, key] of [[1, 'neighbour', true], [2, 'family', false], [3, 'family', false]] as const) {
        const phone = String(++phones);
        d.contact.put(`${person}c${ord}`, { id: `${person}c${ord}`, person_id: person, ord, relation, name_enc: bytes('林'), phone_enc: bytes(phone), phone_bidx: bytes(phone), key_holder: key, walk_minutes: ord, opted_out_at: null, absent_until: null, verified_at: null, demo: true } as ContactRow);
      }
    }
  }
  responder('duty', 'town-duty', town, { landline: true }); responder('leader', 'duty-leader', county); responder('shift', 'shift-leader', county); responder('seat1', 'seat', county); responder('seat2', 'seat', county, { ord: 2 });
  for (const op of ['op1', 'op2']) d.app_user.put(op, { id: op, display_name: op });
}

export type Mood = 'well' | 'moody' | 'down';
type Sent = { fate: Fate; providerId: string };

export class World {
  /** False in the end: people go on, new trouble does not. */ troubled = true;
  presses = true;
  /** Frames whose sender still waits for the door. */ unanswered = 0;
  mood: Mood = 'well';
  readonly #database: Database;
  readonly #house: () => House;
  readonly #judge: Judge;
  readonly #chance: Chance;
  readonly #ledger = new Map<string, Sent>();
  #count = 0;

  constructor(database: Database, house: () => House, judge: Judge, chance: Chance) { this.#database = database; this.#house = house; this.#judge = judge; this.#chance = chance; }

  begin(): void {
    this.#pressLater();
    for (const op of ['op1', 'op2']) this.#lookLater(op);
  }

  get #clock() { return this.#database.clock; }
  #soon(from: number, to: number, then: () => void): void { this.#clock.in(this.#chance.int(from, to), then); }

  /** Something done through the web process until it has worked: providers and browsers try again. */
  #throughWeb(what: () => Promise<unknown>, tries = 8): void {
    const web = this.#house().web;
    let over = false;
    const again = (): void => { if (!over) { over = true; if (tries > 1) this.#soon(5_000, 30_000, () => this.#throughWeb(what, tries - 1)); } };
    this.#clock.in(20_000, again); // no answer
    if (web.alive) by(this.#database, web, what).then(() => { over = true; }, again);
  }

  // -- devices

  #pressLater(): void {
    this.#clock.in(Math.round(-Math.log(1 - this.#chance.next()) * pressEveryMs), () => {
      if (this.presses) this.#press();
      this.#pressLater();
    });
  }

  /** Somebody presses within these milliseconds, whatever else is planned. */
  pressSoon(ms: number): void { this.#soon(0, ms, () => { if (this.presses) this.#press(); }); }

  #press(): void {
    const [c, n] = [this.#chance, ++this.#count];
    const where = `${c.int(0, villages.length - 1)}${c.int(0, homesPerVillage - 1)}`;
    const [model, kind] = c.pick([['sos-button', 'sos'], ['sos-button', 'sos'], ['watch', 'sos'], ['watch', 'fall'], ['fall-radar', 'fall'], ['smoke', 'smoke'], ['smoke', 'low-battery']] as const);
    const device = `${model}-${where}`;
    const late = c.yes(0.06) ? c.int(11 * minuteMs, 5 * 3_600_000) : 0;
    const at = this.#database.now() - late;
    const id = c.yes(0.03) ? 'e1' : `e${n}`;
    this.#judge.tell(null, `${device} sends ${kind} ${id}${late ? `, ${Math.round(late / minuteMs)} min late` : ''}`);
    this.#send(device, kind, id, at);
    if (c.yes(0.15)) for (let i = c.int(1, 3); i > 0; i--) this.#soon(100, 90_000, () => this.#send(device, kind, id, at)); // the same once more
    if (kind === 'sos' && c.yes(0.25)) for (let i = c.int(1, 4); i > 0; i--) { const again = `e${++this.#count}`; this.#soon(1_000, 6 * minuteMs, () => this.#send(device, 'sos', again, this.#database.now())); }
    if (kind === 'fall' && c.yes(0.4)) this.#soon(2_000, 50_000, () => this.#send(device, 'cancel', `c${n}`, this.#database.now(), id));
    if (kind === 'smoke' && c.yes(0.5)) this.#soon(30_000, 9 * minuteMs, () => this.#send(device, 'smoke', id, this.#database.now(), undefined, 'clear'));
  }

  /** Until the door says that it is safe: a frame without PUBACK is sent again under the same id. */
  #send(device: string, kind: EventKind, id: string, deviceTime: number, ref?: string, edge: 'raise' | 'clear' = 'raise'): void {
    const home = this.#database.tables.device.rows.get(device)?.home_id ?? null;
    const { edge: door, urgent } = this.#house();
    const trace = `t${++this.#count}`;
    let over = false;
    this.unanswered++;
    const done = (): boolean => { if (over) return false; over = true; this.unanswered--; return true; };
    const again = (): void => { if (done()) this.#soon(1_000, 15_000, () => this.#send(device, kind, id, deviceTime, ref, edge)); };
    this.#clock.in(15_000, again);
    if (!door.alive) return;
    const event = eventOf(plainSeal, { device: { id: device as DeviceId, homeId: home as HomeId | null }, source: 'mqtt', kind, edge, trace, arrivedMs: this.#clock.now, sourceEventId: id, deviceTime, ...(ref === undefined ? {} : { ref }) });
    this.#judge.handed(trace);
    by(this.#database, door, () => urgent.add({ ...event, ingestId: `00000000-0000-4000-8000-${trace.slice(1).padStart(12, '0')}` })).then(() => { if (done()) this.#judge.acknowledged(device, id, trace); }, again);
  }

  // -- the gateway

  gatewayOf = (who: Process): Gateway => {
    const channel = (kind: ChannelKind): Channel => ({
      kind, send: (message) => this.#take(kind, message, who), sendPlain: (message) => this.#take(kind, message, who),
      query: (sent) => this.#later(who, this.#chance.int(20, 400), () => this.#ledger.get(sent.outId)?.fate ?? { kind: 'not-found' as const }),
    });
    return { name: 'standin', real: false, channels: { sms: channel('sms'), voice: channel('voice') }, check: async () => ({ missing: [], templates: [] }) };
  };

  #later<T>(who: Process, ms: number, value: () => T): Promise<T> { return new Promise((resolve) => { this.#clock.at(this.#clock.now + ms, who, () => resolve(value())); }); }

  async #take(kind: ChannelKind, m: Message, who: Process): Promise<Outcome> {
    const c = this.#chance;
    this.#judge.sending(m.outId, who);
    const refused = (code: string, cls: 'R' | 'F' | 'P', retries = 0): Outcome => ({ kind: 'rejected', class: cls, scope: 'provider', code, retries, endsAs: 'F', retryAfterMs: null, page: false });
    const ms = c.int(20, 900);
    const roll = this.mood === 'well' ? 0 : this.mood === 'down' ? 0.2 + c.next() * 0.2 : c.next();
    if (roll > 0.34 && roll < 0.4) return this.#later(who, ms, () => refused('isv.BUSINESS_LIMIT_CONTROL', 'F'));
    if (roll > 0.28 && roll < 0.34) return this.#later(who, ms, () => refused('isp.THROTTLING', 'R', 2));
    if (roll > 0.2 && roll <= 0.28) return this.#later(who, limits.sendMs, () => ({ kind: 'unknown', code: 'local.TIMEOUT' }) as Outcome);
    const taken = (): Outcome => ({ kind: 'accepted', providerId: this.#accept(kind, m) });
    // It went out, but the answer was lost: nobody may believe that it did not.
    if (roll > 0.12 && roll <= 0.2) { this.#clock.in(ms, () => { this.#accept(kind, m); }); return this.#later(who, limits.sendMs, () => ({ kind: 'unknown', code: 'local.TIMEOUT' }) as Outcome); }
    return this.#later(who, ms, taken);
  }

  #accept(kind: ChannelKind, m: Message): string {
    const c = this.#chance;
    const providerId = `g${++this.#count}`;
    const row = [...(this.#database.tables.outbox.indexed('out', m.outId)?.values() ?? [])][0];
    if (kind === 'voice') this.#judge.called(m.to, m.outId, row);
    const bad = c.yes(kind === 'voice' ? 0.3 : 0.05);
    const fate: Fate = bad ? { kind: 'failed', code: kind === 'voice' ? '200005' : 'UNDELIV', class: 'F' } : { kind: kind === 'voice' ? 'answered' : 'delivered' };
    this.#ledger.set(m.outId, { fate: { kind: 'waiting' }, providerId });
    const arrives = c.int(500, kind === 'voice' ? 40_000 : 20_000);
    this.#clock.in(arrives, () => {
      this.#ledger.set(m.outId, { fate, providerId });
      if (!bad) this.#hear(kind, m, row?.party ?? '', row?.alert_id ?? null);
      const times = c.yes(this.troubled ? 0.12 : 0.02) ? 0 : c.yes(0.1) ? 2 : 1; // receipts get lost, and come twice
      for (let i = 0; i < times; i++) this.#soon(100, 8_000, () => this.#throughWeb(() => this.#receipt(kind, m, providerId, fate)));
    });
    return providerId;
  }

  #receipt(channel: ChannelKind, m: Message, providerId: string, fate: Fate): Promise<void> {
    return this.#database.db(this.#house().web).tx(async (sql) => {
      const [id] = await findSends(sql, [{ channel, toBidx: plainSeal.blind('phone', m.to), outId: m.outId, providerId }]);
      if (!id) return;
      const [match] = await lockSends(sql, [id]);
      if (match) await moveSend(sql, match.id, fate);
      else this.#soon(100, 1_000, () => this.#throughWeb(() => this.#receipt(channel, m, providerId, fate))); // it stays for the next turn
    });
  }

  // -- people

  #hear(kind: ChannelKind, m: Message, party: string, alertId: string | null): void {
    const c = this.#chance;
    if (/^(taken|passed|seen|late|away|back|family-done|family-taken|which|ring|voice-ring|voice-desk|voice-vigilance|outage)/.test(m.template)) return;
    const slip = m.params['no'];
    if (kind === 'voice') {
      if (c.yes(0.12)) this.#soon(3_000, 25_000, () => this.#says(m, party, alertId, 'dtmf', c.pick(['1', '1', '0', '5'])));
      else if (!c.yes(0.15)) this.#judge.count('never answered');
      else this.#soon(20_000, 8 * minuteMs, () => this.#goes(m, party, alertId, '1'));
      return;
    }
    const roll = c.next();
    const say = (what: string, text: string, from = 5_000, to = 6 * minuteMs): void => { this.#judge.count(what); this.#soon(from, to, () => this.#says(m, party, alertId, 'sms', text)); };
    if (roll < 0.12) this.#soon(8_000, 9 * minuteMs, () => this.#goes(m, party, alertId, slip && c.yes(0.4) ? `1${slip}` : c.pick(['1', '我去', '马上到', '在路上'])));
    else if (roll < 0.26) say('courtesies', c.pick(['收到', '好的', '👌']));
    else if (roll < 0.36) say('refusals', c.pick(['0', '不去', '在外地', slip ? `0${slip}` : '0']));
    else if (roll < 0.40) say('wrong answers', c.pick(['你是谁', '199', '????', '1 1 1']));
    else if (roll < 0.42) say('wrong answers', '8');
    else if (roll < 0.44) say('answers hours late', '1', 40 * minuteMs, 4 * 3_600_000);
    else this.#judge.count('never answered');
  }

  /** Who says yes and comes, or does not; does it alone, or cannot. */
  #goes(m: Message, party: string, alertId: string | null, yes: string): void {
    const c = this.#chance;
    this.#says(m, party, alertId, 'sms', yes);
    if (!c.yes(0.7)) { this.#judge.count('said yes, never came'); return; }
    const there = c.int(4 * minuteMs, 50 * minuteMs);
    this.#clock.in(there, () => this.#says(m, party, alertId, 'sms', c.pick(['2', '到了'])));
    if (c.yes(0.2)) this.#clock.in(there + c.int(minuteMs, 10 * minuteMs), () => this.#says(m, party, alertId, 'sms', '9'));
    else if (c.yes(0.5)) this.#clock.in(there + c.int(5 * minuteMs, 30 * minuteMs), () => this.#says(m, party, alertId, 'sms', '3'));
  }

  #says(m: Message, party: string, alertId: string | null, channel: 'sms' | 'dtmf', content: string): void {
    const dedupe = `r${++this.#count}`;
    this.#judge.count('replies');
    this.#judge.tell(alertId, `${party} ${channel === 'dtmf' ? 'presses' : 'writes'} ${content}`);
    this.#throughWeb(() => this.#database.db(this.#house().web).tx((sql) => insertReply(sql, plainSeal, { dedupe, channel, from: m.to, content, outId: channel === 'dtmf' ? m.outId : null, receivedAt: this.#database.now() })));
  }

  // -- the desk

  #lookLater(op: string): void { this.#soon(minuteMs / 2, 25 * minuteMs, () => { this.#look(op); this.#lookLater(op); }); }

  #look(op: string): void {
    const c = this.#chance;
    const open = [...(this.#database.tables.alert.indexed('open', '')?.values() ?? [])];
    if (open.length === 0) return;
    const a = c.pick(open);
    const old = this.#database.now() - a.opened_at > 2 * 3_600_000;
    const roll = c.next();
    if (old || (a.state === 'arrived' && c.yes(0.7)) || c.yes(0.06)) this.#acts(op, a, 'close', { outcome: c.pick<CloseCode>(['R1', 'F1', 'S1']), note: '核实' });
    else if (a.state === 'claimed' && a.claimed_by !== op) { if (roll < 0.3) this.#acts(op, a, 'take-over', { tabId: `tab-${op}` }); }
    else if (a.state !== 'open' && a.state !== 'claimed') { if (roll < 0.3) this.#acts(op, a, 'note', { note: '在跟' }); }
    else if (roll < 0.35) this.#takes(op, a);
    else if (roll < 0.45) this.#acts(op, a, 'step', { contact: c.pick(['elder', 'family', 'visit'] as const) });
    else if (roll < 0.6) this.#acts(op, a, 'dispatch', { party: `responder:cw${c.int(0, 2)}` as Party });
    else if (roll < 0.65 && a.claimed_by === op) this.#acts(op, a, 'release', {});
  }

  /** Claims; then works, sleeps beside a screen that goes on beating, or is gone with it. */
  #takes(op: string, a: AlertRow): void {
    const c = this.#chance;
    const tab = `tab-${op}`;
    this.#beats(tab, op, c.yes(0.3) ? c.int(0, 30_000) : c.int(minuteMs, 15 * minuteMs));
    this.#acts(op, a, 'claim', { tabId: tab });
    if (c.yes(0.4)) { this.#judge.count('operators asleep'); this.#judge.tell(a.id, `${op} has fallen asleep over it`); return; }
    let at = 0;
    for (let i = c.int(1, 6); i > 0; i--) { at += c.int(20_000, 140_000); this.#clock.in(at, () => this.#acts(op, a, 'step', { note: '电话中' })); }
    if (c.yes(0.3)) this.#clock.in(at + 20_000, () => this.#acts(op, a, 'step', { contact: 'elder' }));
  }

  #beats(tab: string, op: string, forMs: number): void {
    this.#throughWeb(() => beatConsole(this.#database.db(this.#house().web), { tabId: tab, userId: op, visible: true, audio: 'running', lastSeq: 0, inputAgoMs: null }), 1);
    if (forMs > 15_000) this.#clock.in(15_000, () => this.#beats(tab, op, forMs - 15_000));
  }

  #acts(op: string, a: AlertRow, action: Parameters<House['respond']>[0]['action'], more: Partial<Parameters<House['respond']>[0]>): void {
    this.#judge.count('desk');
    this.#throughWeb(() => this.#house().respond({ alertId: a.id as AlertId, action, actor: { type: 'user', id: op, name: op }, via: 'wall', trace: 'desk', ...more }), 2);
  }
}
