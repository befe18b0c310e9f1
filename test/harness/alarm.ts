/**
 * The alarm path on rows, without doors and gateways: a village with its ring, events as rows, loops turned by hand, the clock
 * travelled, and a sender that reads the outbox. What nobody expected fails the test (`expectNothingElse`).
 */
import { randomUUID } from 'node:crypto';
import { createEvaluate } from '#alerts/evaluate.ts';
import { createFailures } from '#alerts/failures.ts';
import { createReplies } from '#alerts/replies.ts';
import { createRespond } from '#alerts/respond.ts';
import { createTimers } from '#alerts/timers.ts';
import { createWatch } from '#alerts/watch.ts';
import type { Actor, Alert } from '#core/alert.ts';
import type { AlertId, Party } from '#core/ids.ts';
import type { RespondInput, RespondResult } from '#core/respond.ts';
import { type EventKind, kindInfo } from '#core/event.ts';
import { shardOf } from '#core/shard.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics, type Metrics } from '#ops/metrics.ts';
import { lockAlerts } from '#store/alerts.ts';
import { holdClock, testDatabase, type TestDatabase } from './db.ts';

const county = '350425000000';
const town = '350425201000';
export const village = '350425201001';

export type Message = { id: string; outId: string; alertId: string | null; party: string; channel: string; template: string; atS: number; params: Record<string, string>; to: string; slip: number | null; purpose: string; round: number | null };
export type EventOptions = {
  id?: string; edge?: string; at?: number; data?: Record<string, unknown>; flags?: string[]; source?: string; deviceId?: string | null; homeId?: string | null; personId?: string | null; ref?: string; urgency?: number; room?: string;
};
export type Alarm = TestDatabase & {
  metrics: Metrics; logs: string[];
  /** Inserts an event row as intake does; answers its id. */ event(kind: EventKind, options?: EventOptions): Promise<string>;
  /** Turns every loop until nothing is left to do now. */ settle(): Promise<void>;
  /** Time goes on second by second (or `stepS`), settling at each. */ pass(seconds: number, stepS?: number): Promise<void>;
  /** Messages due since the last call, taken as sent; `atS` counts from `startClock`. */ sent(): Promise<Message[]>;
  /** As text: `30 voice responder:cw voice-p1`. */ sentLines(): Promise<string[]>;
  startClock(): Promise<void>;
  respond(input: Partial<RespondInput> & Pick<RespondInput, 'alertId' | 'action'>): Promise<RespondResult>;
  reply(from: string, text: string, options?: { channel?: 'sms' | 'dtmf'; outId?: string }): Promise<string>;
  alerts(): Promise<Alert[]>; alert(id?: AlertId): Promise<Alert>;
  log(alertId?: string): Promise<{ action: string; detail: Record<string, unknown>; actor: string }[]>;
  evaluate(): Promise<number>; fire(): Promise<number>; fail(): Promise<number>; replies(): Promise<number>; watch(): Promise<number>;
  now(): Promise<number>;
};

export const operator = (id = 'op1', name = '陈接警'): Actor => ({ type: 'user', id, name });
export const party = (id: string): Actor => ({ type: 'party', id: id as Party, name: '' });
/** Telephone numbers of the village ring. */
export const phone: Record<string, string> = {
  cw: '15404250001', cw2: '15404250002', doctor: '15404250003', grid: '15404250004', cadre: '15404250005', duty: '05980350011', leader: '15404250007',
  shift: '15404250008', seat1: '15404250009', seat2: '15404250010', keyholder: '15404250011', neighbour: '15404250012', family1: '15404250013', family2: '15404250014', other1: '15404250015', other2: '15404250016',
};

export async function testAlarm(options: { decide?: Parameters<typeof createEvaluate>[0]['decide']; /** The clock runs as on any day. */ runs?: boolean } = {}): Promise<Alarm> {
  const t = await testDatabase();
  if (!options.runs) await holdClock(t.db);
  await seed(t);
  const metrics = createMetrics('test');
  const logs: string[] = [];
  const tools = { db: t.db, seal: t.seal, metrics, log: createLog('test', 'info', (line) => logs.push(line)) };
  const evaluate = createEvaluate({ ...tools, ...(options.decide ? { decide: options.decide } : {}) });
  const [fire, fail, replies, watch, respond] = [createTimers(tools), createFailures(tools), createReplies(tools), createWatch(tools), createRespond(tools)];
  let startedAt = 0;
  const now = async (): Promise<number> => (await t.db.query<{ now: number }>('select anling_now() as now'))[0]?.now ?? 0;
  const a: Alarm = {
    ...t, metrics, logs, evaluate, fire, fail, replies, watch, now,
    async event(kind, o = {}) {
      const deviceId = o.deviceId === undefined ? 'd1' : o.deviceId;
      const homeId = o.homeId === undefined ? 'h1' : o.homeId;
      const [row] = await t.db.query<{ id: string }>(
        `insert into event (ingest_id, shard, urgency, device_id, home_id, person_id, room, source, kind, edge, source_event_id, ref, device_time, received_at, flags, data_enc, trace)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, to_timestamp($13::float8 / 1000), anling_now(), $14, $15, $16) returning id`,
        [randomUUID(), shardOf(homeId, deviceId), o.urgency ?? kindInfo[kind].priority, deviceId, homeId, o.personId === undefined ? 'p1' : o.personId, o.room ?? null, o.source ?? 'mqtt', kind, o.edge ?? 'raise',
          o.id ?? null, o.ref ?? null, o.at ?? null, o.flags ?? [], t.seal.seal('event.data', JSON.stringify({ data: o.data ?? {} })), `tr-${randomUUID().slice(0, 8)}`]);
      return (row as { id: string }).id;
    },
    async settle() {
      for (let i = 0; i < 200; i++) if ((await evaluate()) + (await replies()) + (await fail()) + (await fire()) === 0) return;
      throw new Error('the loops do not come to rest');
    },
    async pass(seconds, stepS = 1) {
      const begin = await now(); // to the second, whatever the turns themselves take
      for (let gone = 0; gone < seconds;) {
        gone = Math.min(seconds, gone + stepS);
        await t.advance(Math.max(0, begin + gone * 1000 - (await now())));
        await a.settle();
      }
    },
    async startClock() { startedAt = (await a.alerts()).at(-1)?.planBaseAt ?? (await now()); },
    async sent() {
      const rows = await t.db.query(
        `update outbox set state = 'accepted', accepted_at = anling_now() where id in (select id from outbox where state = 'due' order by id) returning id, out_id, alert_id, party, channel, template, created_at, params_enc, to_enc, slip, purpose, round`);
      return rows.map((r) => ({
        id: r['id'] as string, outId: r['out_id'] as string, alertId: r['alert_id'] as string | null, party: r['party'] as string, channel: r['channel'] as string, template: r['template'] as string,
        atS: Math.floor(((r['created_at'] as number) - startedAt) / 1000), params: JSON.parse(t.seal.open('outbox.params', r['params_enc'] as Buffer)) as Record<string, string>,
        to: t.seal.open('outbox.to', r['to_enc'] as Buffer), slip: r['slip'] as number | null, purpose: r['purpose'] as string, round: r['round'] as number | null,
      })).sort((x, y) => Number(x.id) - Number(y.id));
    },
    async sentLines() { return (await a.sent()).map((m) => `${m.atS} ${m.channel} ${m.party} ${m.template}`); },
    respond: (input) => respond({ actor: operator(), via: 'wall', trace: 'tr-test', ...input }),
    async reply(from, text, o = {}) {
      const [row] = await t.db.query<{ id: string }>(
        `insert into reply (dedupe, channel, from_enc, from_bidx, content_enc, out_id, received_at, trace) values ($1, $2, $3, $4, $5, $6, anling_now(), 'tr-reply') returning id`,
        [randomUUID(), o.channel ?? 'sms', t.seal.seal('reply.from', from), t.seal.blind('phone', from), t.seal.seal('reply.content', text), o.outId ?? null]);
      await a.settle();
      return (await t.db.query<{ result: string }>('select result from reply where id = $1', [row?.id]))[0]?.result ?? '';
    },
    async alerts() {
      const ids = (await t.db.query<{ id: AlertId }>('select id from alert order by id')).map((r) => r.id);
      return t.db.tx((sql) => lockAlerts(sql, ids));
    },
    async alert(id) {
      const all = await a.alerts();
      const one = id === undefined ? all.at(-1) : all.find((x) => x.id === id);
      if (!one) throw new Error('no such alert');
      return one;
    },
    async log(alertId) {
      return (await t.db.query(`select action, detail, actor_type || ':' || actor_id as actor from alert_log where $1::bigint is null or alert_id = $1 order by id`, [alertId ?? null])) as never;
    },
  };
  startedAt = await now();
  return a;
}

async function seed({ db, seal }: TestDatabase): Promise<void> {
  await db.query(
    `insert into region (code, level, name, parent_code, lat, lon) values ($1, 'county', '大田县', null, 25.7, 117.85), ($2, 'town', '屏山乡', $1, 25.7, 117.9), ($3, 'village', '内洋村', $2, 25.70, 117.90),
       ('350425201002', 'village', '上洋村', $2, 25.71, 117.90), ('350425201003', 'village', '下洋村', $2, 25.75, 117.95) on conflict do nothing`, [county, town, village]);
  await db.query(`insert into home (id, region_code, address_enc, place_enc) values ('h1', $1, $2, $3)`, [village, seal.seal('home.address', '屏山乡内洋村下厝角12号'), seal.seal('home.place', '屏山乡内洋村下厝角12号')]);
  await db.query(`insert into person (id, home_id, name_enc, name_bidx) values ('p1', 'h1', $1, $2)`, [seal.seal('person.name', '陈金水'), seal.blind('name', '陈金水')]);
  await db.query(`insert into app_user (id, username, password_hash, role, scope_code, display_name) values ('op1', 'op1', 'x', 'operator', $1, '陈接警'), ('op2', 'op2', 'x', 'operator', $1, '林接警')`, [county]);
  // A wall that lives, whatever the clock does: a test whose desk is dark ends its beats.
  await db.query(`insert into console (tab_id, user_id, beat_at) values ('wall', 'op2', anling_now() + interval '40 days')`);
  await db.query(
    `insert into device (id, model, home_id, person_id, secret_hash) values ('d1', 'sos-button', 'h1', 'p1', '\\x00'), ('d2', 'watch', 'h1', 'p1', '\\x00'), ('d3', 'smoke', 'h1', 'p1', '\\x00'), ('d4', 'fall-radar', 'h1', 'p1', '\\x00')`);
  await db.query(`insert into presence (device_id, check_at) select id, anling_now() + interval '1 year' from device`);
  const line = (id: string): unknown[] => [seal.seal('responder.phone', phone[id] as string), seal.blind('phone', phone[id] as string)];
  const responder = async (id: string, role: string, region: string, ord = 1, landline = false): Promise<void> => {
    await db.query(`insert into responder (id, role, region_code, ord, name_enc, phone_enc, phone_bidx, landline) values ($1, $2, $3, $4, $5, $6, $7, $8)`, [id, role, region, ord, seal.seal('responder.name', `郑${id}`), ...line(id), landline]);
  };
  await responder('cw', 'care-worker', village);
  await responder('doctor', 'doctor', village);
  await responder('grid', 'grid-worker', village);
  await responder('cadre', 'village-cadre', village);
  await responder('duty', 'town-duty', town, 1, true);
  await responder('leader', 'duty-leader', county);
  await responder('shift', 'shift-leader', county);
  await responder('seat1', 'seat', county, 1);
  await responder('seat2', 'seat', county, 2);
  await responder('other1', 'care-worker', '350425201002');
  await responder('other2', 'care-worker', '350425201003');
  const contact = async (id: string, ord: number, relation: string, keyHolder: boolean): Promise<void> => {
    await db.query(`insert into contact (id, person_id, ord, relation, name_enc, phone_enc, phone_bidx, key_holder) values ($1, 'p1', $2, $3, $4, $5, $6, $7)`,
      [id, ord, relation, seal.seal('contact.name', `林${id}`), seal.seal('contact.phone', phone[id] as string), seal.blind('phone', phone[id] as string), keyHolder]);
  };
  await contact('keyholder', 1, 'neighbour', true);
  await contact('neighbour', 2, 'neighbour', false);
  await contact('family1', 3, 'family', false);
  await contact('family2', 4, 'family', false);
}
