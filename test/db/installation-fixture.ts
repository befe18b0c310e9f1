/** An installer's visit on rows: a device that reports, is pressed and answers as the doors would write it, a wall that shows, and a telephone that asks the API. */
import { randomUUID } from 'node:crypto';
import { createEvaluate } from '#alerts/evaluate.ts';
import { createRespond } from '#alerts/respond.ts';
import { shardOf } from '#core/shard.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { jpeg, png } from '#test/harness/pictures.ts';
import { testWeb, town, type Web } from '#test/harness/web.ts';
import type { WebSettings } from '#web/context.ts';

export type Answer = Awaited<ReturnType<Web['fetch']>>;
export type Site = {
  web: Web; admin: string; installer: string;
  post(path: string, body: object, options?: { cookie?: string; key?: string }): Promise<Answer>;
  get(path: string, cookie?: string): Promise<Answer>;
  /** A registered device; `stock` unless `more` says otherwise. */ device(more?: object): Promise<{ id: string; secret: string }>;
  /** Its id, or the whole refusal. */ begin(deviceId: string, more?: object, options?: { cookie?: string; key?: string }): Promise<Answer>;
  /** As the edge writes them. */ beat(deviceId: string, more?: { battery?: number | null; rssi?: number | null }): Promise<void>;
  event(deviceId: string, kind?: string, more?: { edge?: string; source?: string; flags?: string[] }): Promise<string>;
  /** The alerts role has evaluated, and one wall has shown what the feed holds. */ settle(wall?: boolean): Promise<void>;
  acknowledge(deviceId: string): Promise<void>; delivered(): Promise<void>;
  /** The steps of a button, one after the other; `without`: those that are left out. */ tests(id: string, deviceId: string, without?: readonly string[]): Promise<void>;
  /** Consent, place, position, photo, signature. */ papers(id: string, without?: readonly string[], cookie?: string): Promise<void>;
  finish(id: string, cookie?: string): Promise<Answer>;
  stop(): Promise<void>;
};

/** `what` of everything that is missing. */
export const missing = (answer: Answer): string[] => (answer.body.error?.missing ?? []).map((m: { what: string }) => m.what);

/** `settings`: of its web role, such as the built pages. */
export async function makeSite(settings: Partial<WebSettings> = {}): Promise<Site> {
  const tools = { log: createLog('web', 'silent'), metrics: createMetrics('test') };
  const web = await testWeb({ respond: (t) => createRespond({ db: t.db, seal: t.seal, ...tools }), settings: { publicUrl: 'http://127.0.0.1:1', ...settings } });
  const { db, seal } = web.t;
  const evaluate = createEvaluate({ db, seal, ...tools });
  const [admin, installer] = [await web.cookie('admin'), await web.cookie('installer', town)];
  await web.cookie('operator');
  await db.query(`insert into console (tab_id, user_id, beat_at, visible, audio, last_seq) select 'wall', id, anling_now(), true, 'running', 0 from app_user where role = 'operator'`);
  const at = (): number => Date.now();
  const site: Site = {
    web, admin, installer,
    post: (path, body, { cookie = installer, key } = {}) => web.fetch(`/api/v1${path}`, { method: 'POST', cookie, body, headers: key === undefined ? {} : { 'idempotency-key': key } }),
    get: (path, cookie = installer) => web.fetch(`/api/v1${path}`, { cookie }),
    device: async (more = {}) => (await site.post('/devices', { model: 'sos-button', status: 'stock', ...more }, { cookie: admin })).body,
    begin: (deviceId, more = {}, options = {}) => site.post('/installations', { deviceId, homeId: 'h1', personId: 'p1', room: '卧室', at: at(), ...more }, { key: randomUUID(), ...options }),
    async beat(deviceId, { battery = 96, rssi = -71 } = {}) {
      await db.query('insert into heartbeat (received_at, device_no, battery, rssi) select anling_now(), no, $2, $3 from device where id = $1', [deviceId, battery, rssi]);
      await db.query(`update presence set state = 'online', last_seen_at = anling_now(), battery = $2, rssi = $3, fw = '1.4.2' where device_id = $1`, [deviceId, battery, rssi]);
    },
    async event(deviceId, kind = 'sos', { edge = 'raise', source = 'mqtt', flags = [] } = {}) {
      const [row] = await db.query<{ id: string }>(
        `insert into event (ingest_id, shard, urgency, device_id, home_id, person_id, source, kind, edge, received_at, flags, data_enc, trace)
         select $1, $2, 1, d.id, d.home_id, d.person_id, $4, $5, $6, anling_now(), $7, $8, 'tr-site' from device d where d.id = $3 returning id`,
        [randomUUID(), shardOf(null, deviceId), deviceId, source, kind, edge, flags, seal.seal('event.data', JSON.stringify({ data: {} }))]);
      return row?.id ?? '';
    },
    async settle(wall = true) {
      for (let n = 0; n < 50 && (await evaluate()) > 0; n++);
      if (wall) await db.query(`update console set beat_at = anling_now(), last_seq = (select seq from feed_counter) where tab_id = 'wall'`);
    },
    async acknowledge(deviceId) { await db.query(`update command set state = 'acknowledged', acknowledged_at = anling_now() where device_id = $1 and state in ('due', 'sent')`, [deviceId]); },
    async delivered() { await db.query(`update outbox set state = 'delivered', done_at = anling_now() where template = 'ring'`); },
    async tests(id, deviceId, without = []) {
      const does = (step: string): boolean => !without.includes(step);
      const start = async (step: string): Promise<void> => { await site.post(`/installations/${id}/start`, { step }); await site.acknowledge(deviceId); };
      if (does('connected')) await start('connected');
      if (does('heartbeat')) await site.beat(deviceId);
      if (does('alarm')) { await site.event(deviceId); await site.settle(); await site.get(`/installations/${id}`); }
      if (does('cancel')) { await site.event(deviceId, 'cancel'); await site.settle(); }
      await site.get(`/installations/${id}`);
      for (const alert of (await site.get(`/installations/${id}`)).body.alerts ?? []) await site.post(`/installations/${id}/answer`, { alertId: alert.id, mine: true });
      if (does('voice')) { await start('voice'); await site.post(`/installations/${id}/voice`, { heard: true, by: 'elder', at: at() }); }
      if (does('reconnect')) { await start('reconnect'); await site.beat(deviceId); }
      // One number is rung five times an hour at most; these visits are of one home.
      if (does('contact-sms')) {
        await db.query(`update outbox set created_at = created_at - interval '2 hours' where template = 'ring'`);
        await site.post(`/installations/${id}/start`, { step: 'contact-sms' }); await site.delivered(); }
    },
    async papers(id, without = [], cookie = installer) {
      const hand = async (what: string, body: object): Promise<void> => { if (!without.includes(what)) await site.post(`/installations/${id}/${what}`, body, { cookie }); };
      await hand('consent', { who: 'elder', how: 'signature', at: at() });
      await hand('place', { text: '下厝角十二号' });
      await hand('position', { lat: 25.69341, lon: 117.84682, accuracyM: 8, crs: 'wgs84', at: at() });
      await hand('photo', { data: jpeg({}).toString('base64'), at: at() });
      await hand('signature', { data: png({}).toString('base64'), who: 'elder', at: at() });
    },
    finish: (id, cookie = installer) => site.post(`/installations/${id}/finish`, { at: at() }, { cookie }),
    stop: () => web.stop(),
  };
  return site;
}
