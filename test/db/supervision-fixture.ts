/** A county of many devices for the sweep's tests: rows made set-wise, heartbeats written by the edge's own statement, time travelled. */
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { createSweep, type Swept } from '#alerts/sweep.ts';
import { beat } from '#store/nodes.ts';
import { type Seen, updatePresence } from '#store/presence.ts';
import { holdClock, testDatabase, type TestDatabase } from '#test/harness/db.ts';

export type EventSeen = { kind: string; edge: string; deviceId: string | null; homeId: string | null; personId: string | null; urgency: number; receivedAt: number; data: Record<string, unknown> };
export type County = TestDatabase & {
  sweep(): Promise<Swept>;
  /** Homes with devices: one person a home, all heard now unless `heard` is false. Returns the device ids, home by home. */
  homes(options: { region: string; homes: number; models?: string[]; prefix?: string; cell?: string; powerArea?: string; heard?: boolean; highRisk?: boolean }): Promise<string[]>;
  heard(deviceIds: readonly string[], reading?: Partial<Seen>): Promise<void>;
  /** The edge beats, as it does every two seconds. */ edgeBeats(): Promise<void>;
  /** Forward in steps of at most `stepMs`, sweeping after each; `each` runs before the sweep with the time gone so far. */
  pass(ms: number, options?: { stepMs?: number; each?: (goneMs: number) => Promise<void> }): Promise<void>;
  events(kind?: string): Promise<EventSeen[]>;
  now(): Promise<number>;
};

export const county = '350425000000';
export const town = (n: number): string => `350425${100 + n}000`;
export const village = (townNo: number, n: number): string => `350425${100 + townNo}${200 + n}`;

export async function testCounty(): Promise<County> {
  const t = await testDatabase();
  const { db, seal } = t;
  await holdClock(db);
  await db.query(`insert into region (code, level, name, parent_code) values ($1, 'county', '大田县', null) on conflict do nothing`, [county]);
  await db.query(`insert into region (code, level, name, parent_code) select '350425' || (100 + n) || '000', 'town', '第' || n || '乡', $1 from generate_series(0, 5) n`, [county]);
  await db.query(`insert into region (code, level, name, parent_code) select '350425' || (100 + n) || (200 + v), 'village', n || '之' || v || '村委会', '350425' || (100 + n) || '000' from generate_series(0, 5) n, generate_series(0, 29) v`);
  const sweep = createSweep({ db, seal, log: createLog('test', 'silent'), metrics: createMetrics('test') });
  const sealed = seal.seal('home.address', 'x');
  const edgeBeats = async (): Promise<void> => { await beat(db, { id: 'edge-1', role: 'edge' }); };
  await edgeBeats();
  let serial = 0;
  const c: County = {
    ...t, sweep, edgeBeats,
    async homes({ region, homes, models = ['fall-radar'], prefix = `x${serial++}`, cell, powerArea, heard = true, highRisk = false }) {
      await db.query(`insert into home (id, region_code, address_enc, place_enc, cell, power_area) select $1 || '-h' || i, $2, $3, $3, $4, $5 from generate_series(1, $6::int) i`, [prefix, region, sealed, cell ?? null, powerArea ?? null, homes]);
      await db.query(`insert into person (id, home_id, name_enc, name_bidx, high_risk) select $1 || '-p' || i, $1 || '-h' || i, $2, $2, $4 from generate_series(1, $3::int) i`, [prefix, sealed, homes, highRisk]);
      const rows = await db.query<{ id: string }>(
        `with made as (insert into device (id, model, home_id, secret_hash) select $1 || '-d' || i || '-' || m.n, m.model, $1 || '-h' || i, $3 from generate_series(1, $4::int) i, unnest($2::text[]) with ordinality m (model, n) returning id, model)
         insert into presence (device_id, state, last_seen_at, check_at)
         select made.id, case when $5 then 'online' else 'never' end, case when $5 then anling_now() end, anling_now() from made returning device_id as id`, [prefix, models, sealed, homes, heard]);
      return rows.map((r) => r.id);
    },
    async heard(deviceIds, reading = {}) {
      for (let i = 0; i < deviceIds.length; i += 1_000)
        await updatePresence(db, deviceIds.slice(i, i + 1_000).map((deviceId) => ({ deviceId, ageMs: 0, seen: true, saidOffline: false, battery: null, rssi: null, mains: null, fw: null, cell: null, temp: null, ...reading })));
    },
    async pass(ms, { stepMs = 5_000, each } = {}) {
      const begin = await c.now(); // to the second, whatever the turns themselves take
      for (let gone = 0; gone < ms;) {
        gone = Math.min(ms, gone + stepMs);
        await t.advance(Math.max(0, begin + gone - await c.now()));
        await edgeBeats(); // a slow machine is no blind window
        await each?.(gone);
        await sweep();
      }
    },
    async events(kind) {
      const rows = await db.query(`select kind, edge, device_id, home_id, person_id, urgency, received_at, data_enc from event where $1::text is null or kind = $1 order by id`, [kind ?? null]);
      return rows.map((r) => ({
        kind: r['kind'] as string, edge: r['edge'] as string, deviceId: r['device_id'] as string | null, homeId: r['home_id'] as string | null, personId: r['person_id'] as string | null,
        urgency: r['urgency'] as number, receivedAt: r['received_at'] as number, data: (JSON.parse(seal.open('event.data', r['data_enc'] as Buffer)) as { data: Record<string, unknown> }).data,
      }));
    },
    async now() { return (await db.query<{ now: number }>('select anling_now() as now'))[0]!.now; },
  };
  return c;
}
