/**
 * Many homes with a ring of their own each, and one worker that escalates for them in real time: the alarm path, the sender and its
 * receipts with their own loops, the provider's SDK, the stand-in and its callbacks over real HTTP. For faults of the gateway.
 */
import { fastify } from 'fastify';
import { startAlerts } from '#alerts/start.ts';
import { createRespond } from '#alerts/respond.ts';
import type { AlertId } from '#core/ids.ts';
import { startNotify } from '#notify/notify.ts';
import { standinKey } from '#notify/standin-key.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics, type Metrics } from '#ops/metrics.ts';
import { ensurePlans } from '#store/county-setup.ts';
import { type Standin, startStandin } from '#simulators/standin/server.ts';
import type { App, WebContext } from '#web/context.ts';
import { registerHooks } from '#web/routes/hooks.ts';
import { pools } from '../../src/engine.ts';
import { testDatabase, type TestDatabase } from './db.ts';
import { until } from './edge.ts';

export type Ring = { home: string; device: string; secret: string; /** His telephone is the first that an SOS of this home reaches. */ carer: { party: string; phone: string } };
export type Rings = TestDatabase & {
  rings: readonly Ring[]; standin: Standin; metrics: Metrics; logs: string[]; ready(): string | null;
  /** The button of each of these homes is pressed. */ press(rings: readonly Ring[]): Promise<void>;
  /** A human closes everything that is open, the search ends, and 20 minutes pass: nobody has been called too often. */ over(): Promise<void>;
  /** Messages of which nothing is known and nothing will be done (I5), in words; none after everything has come to rest. */ unended(): Promise<string[]>;
  stop(): Promise<void>;
};

const phone = (n: number): string => `1540425${String(n).padStart(4, '0')}`;

/** `gateway` leads to the stand-in at `url`; a test may put something in between. */
export async function startRings(count: number, options: { gateway?: (url: string) => string | Promise<string> } = {}): Promise<Rings> {
  const t = await testDatabase({ max: 8 });
  const rings = await seed(t, count);
  await t.db.tx(ensurePlans);
  const logs: string[] = [];
  const log = createLog('worker', 'info', (line) => logs.push(line));
  const metrics = createMetrics('worker');
  const open = pools(t.url, log);
  const web = fastify({ forceCloseConnections: true }) as unknown as App;
  registerHooks(web, { db: t.db, seal: t.seal, log, metrics: createMetrics('web') } as WebContext);
  await web.listen({ port: 0, host: '127.0.0.1' });
  const hooks = `http://127.0.0.1:${(web.server.address() as { port: number }).port}/hooks/aliyun/${t.seal.hookSecret}`;
  const standin = await startStandin({ port: 0, key: standinKey(t.seal), hooks, settings: { windows: false, receiptMs: 20, ringMs: 600_000 } });
  const standinUrl = options.gateway ? await options.gateway(standin.url) : standin.url;
  const alerts = await startAlerts({ seal: t.seal, log, metrics, db: open.db });
  const notify = await startNotify({ urgentDb: open.db('notify-urgent', 4), db: open.db('notify', 4), seal: t.seal, log, metrics, gateway: { kind: 'standin', smsUrl: null, voiceUrl: null, standinUrl, credentials: standinKey(t.seal) } });
  const respond = createRespond({ db: t.db, seal: t.seal, log, metrics });
  return {
    ...t, rings, standin, metrics, logs, ready: () => alerts.ready() ?? notify.ready(),
    async press(which) {
      await t.db.query(
        `insert into event (ingest_id, shard, urgency, device_id, home_id, person_id, source, kind, edge, received_at, trace)
         select gen_random_uuid(), abs(hashtext(d.home_id)) % 16, 1, d.id, d.home_id, d.person_id, 'mqtt', 'sos', 'raise', anling_now(), 'tr-' || d.id from device d where d.id = any($1)`, [which.map((r) => r.device)]);
      await t.db.query(`select pg_notify('anling_event', '')`);
    },
    async over() {
      const left = await t.db.query<{ id: AlertId }>(`select id from alert where state <> 'closed'`);
      for (const { id } of left) await respond({ alertId: id, action: 'close', outcome: 'F1', note: '误按', actor: { type: 'user', id: 'op1', name: '陈接警' }, via: 'wall', trace: 'tr-close' });
      await until('nothing is due or on its way', async () => (await t.db.query(`select from outbox where state in ('due', 'sending')`)).length === 0, 60_000);
      await t.advance(20 * 60_000);
    },
    async unended() {
      const rows = await t.db.query<{ line: string }>(
        `select concat_ws(' ', o.id, o.channel, o.state, o.error_code, 'handled', o.handled_at is not null, 'known', o.provider_id is not null) as line from outbox o
         where o.state in ('due', 'sending') or (o.state in ('failed', 'unknown') and o.handled_at is null) or (o.state = 'accepted' and o.provider_id is null)
           or (o.state = 'accepted' and o.withdrawn_at is null and o.sent_at < anling_now() - interval '10 minutes')
           or (o.state in ('failed', 'unknown') and o.alert_id is not null and not exists (select from alert_log l where l.alert_id = o.alert_id and l.action = 'send-failed' and l.detail->>'party' = o.party and l.detail->>'channel' = o.channel))`);
      return rows.map((r) => r.line);
    },
    async stop() {
      await alerts.stop();
      await notify.stop();
      await open.close();
      await standin.close();
      await web.close();
      await t.close();
    },
  };
}

async function seed({ db, seal }: TestDatabase, count: number): Promise<Ring[]> {
  const county = '350425000000';
  const town = '350425201000';
  await db.query(`insert into region (code, level, name, parent_code, lat, lon) values ($1, 'county', '大田县', null, 25.7, 117.85), ($2, 'town', '屏山乡', $1, 25.7, 117.9) on conflict do nothing`, [county, town]);
  await db.query(`insert into app_user (id, username, password_hash, role, scope_code, display_name) values ('op1', 'op1', 'x', 'operator', $1, '陈接警')`, [county]);
  let n = 100;
  const people: [string, string, string, string][] = [['leader', 'duty-leader', county, phone(1)], ['shift', 'shift-leader', county, phone(2)], ['seat1', 'seat', county, phone(3)], ['seat2', 'seat', county, phone(4)]];
  const rings = Array.from({ length: count }, (_, i): Ring => {
    const village = `350425201${String(i + 1).padStart(3, '0')}`;
    const carer = phone(n++);
    people.push([`cw${i}`, 'care-worker', village, carer], [`doctor${i}`, 'doctor', village, phone(n++)], [`grid${i}`, 'grid-worker', village, phone(n++)]);
    return { home: `h${i}`, device: `d${i}`, secret: `secret-of-d${i}`, carer: { party: `responder:cw${i}`, phone: carer } };
  });
  const villages = rings.map((_, i) => `350425201${String(i + 1).padStart(3, '0')}`);
  await db.query(`insert into region (code, level, name, parent_code, lat, lon) select code, 'village', '某村', $2, 25.5 + random() / 2, 117.6 + random() / 2 from unnest($1::text[]) code on conflict do nothing`, [villages, town]);
  await db.query(`insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx, demo) select *, true from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[])`, [
    people.map((p) => p[0]), people.map((p) => p[1]), people.map((p) => p[2]), people.map(() => seal.seal('responder.name', '郑某')), people.map((p) => seal.seal('responder.phone', p[3])), people.map((p) => seal.blind('phone', p[3]))]);
  const homes = rings.map((r) => r.home);
  await db.query(`insert into home (id, region_code, address_enc, place_enc, demo) select id, code, $3, $4, true from unnest($1::text[], $2::text[]) as u (id, code)`, [homes, villages, seal.seal('home.address', '某村下厝角12号'), seal.seal('home.place', '下厝角12号')]);
  await db.query(`insert into person (id, home_id, name_enc, name_bidx, demo) select 'p' || id, id, $2, $3, true from unnest($1::text[]) id`, [homes, seal.seal('person.name', '陈金水'), seal.blind('name', '陈金水')]);
  await db.query(`insert into device (id, model, home_id, person_id, secret_hash, demo) select 'd' || substr(id, 2), 'sos-button', id, 'p' || id, hash, true from unnest($1::text[], $2::bytea[]) as u (id, hash)`, [homes, rings.map((r) => seal.secretHash(r.secret))]);
  await db.query(`insert into presence (device_id, check_at) select id, anling_now() + interval '1 year' from device on conflict do nothing`);
  return rings;
}
