/**
 * SQL of the canary (B8): its one row with its own credential, the press that one worker takes, what became of it, and where the
 * doors and the pages of this machine are. The canary is in no file of devices: it is counted, listed and supervised nowhere.
 */
import { randomBytes } from 'node:crypto';
import type { CanaryLegs, CanaryState } from '#core/canary.ts';
import { newId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { Db, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

/** Makes the row and its credential, once in the life of a database. */
export async function ensureCanary(sql: Sql, seal: Seal): Promise<void> {
  const secret = randomBytes(32).toString('base64url');
  await sql.query(
    `insert into canary (device_id, secret_hash, secret_enc, next_at) select $1, $2, $3, anling_now() where not exists (select from canary) on conflict do nothing`,
    [newId('canary-', 12), seal.secretHash(secret), seal.seal('canary.secret', secret)]);
}

/** Where a role listens, as its own beat says: `host` is the machine, `bind` the address. */
export type Listening = { host: string; bind: string; port: number; tls: boolean };
export type Press = { run: string; deviceId: string; secret: string; token: string; epoch: string; seq: number; edge: Listening; web: Listening };

/**
 * Takes the press that is due, for `host`: the row is the lease, and a press that never ends is tried again soon. Null: not due, no
 * house that has had an edge and a web (a part of one has no chain), or a worker of the release before, which would take it for an alarm.
 */
export async function takePress(db: Db, seal: Seal, host: string): Promise<Press | null> {
  return db.tx(async (sql) => {
    const [edge, web] = [await newest(sql, 'edge', host), await newest(sql, 'web', host)];
    if (!edge || !web) return null;
    const [row] = await sql.query<{ run: string; device_id: string; secret_enc: Buffer; old: boolean }>(
      `with old as (select exists (select from node where role = 'worker' and beat_at > anling_now() - interval '1 minute' and not detail ? 'listen') as is)
       update canary set next_at = anling_now() + make_interval(secs => $1 / 1000.0), run = run + 1, failures = failures + (not old.is)::int, failed = case when old.is then failed else 'it was begun and did not end' end,
         busy_until = anling_now() + make_interval(secs => $2 / 1000.0) from old where next_at <= anling_now() returning run, device_id, secret_enc, old.is as old`, [limits.canaryAgainMs, limits.canaryMs + 5_000]);
    if (!row || row.old) return null;
    await sql.query(`delete from outbox where dry and created_at < anling_now() - interval '1 day'`);
    await sql.query(`delete from event where device_id = $1 and received_at < anling_now() - interval '1 day'`, [row.device_id]);
    const token = randomBytes(32).toString('base64url');
    await sql.query(
      `insert into api_token (id, token_hash, name, role, scope_code, created_by, expires_at)
       select 'canary', $1, '链路自检', 'viewer', code, 'house', anling_now() + interval '5 minutes' from region where level = 'county' order by code limit 1
       on conflict (id) do update set token_hash = excluded.token_hash, scope_code = excluded.scope_code, expires_at = excluded.expires_at`, [seal.secretHash(token)]);
    const [head] = await sql.query<{ epoch: string; seq: string }>('select epoch, seq from feed_counter');
    return { run: row.run, deviceId: row.device_id, secret: seal.open('canary.secret', row.secret_enc), token, epoch: head?.epoch ?? '', seq: Number(head?.seq ?? 0), edge, web };
  });
}

/** The newest process of a role in the last day, of this machine first. */
async function newest(sql: Sql, role: 'edge' | 'web', host: string): Promise<Listening | null> {
  const [row] = await sql.query<{ listen: Listening }>(
    `select detail->'listen' as listen from node where role = $1 and detail ? 'listen' and beat_at > anling_now() - interval '1 day' order by (detail->'listen'->>'host' = $2) desc, beat_at desc limit 1`, [role, host]);
  return row?.listen ?? null;
}

/** How far the rows of a press are, in milliseconds since it was stored; null where they are not. */
export async function pressRows(sql: Sql, deviceId: string, run: string): Promise<{ stored: boolean; evaluated: number | null; result: string | null; sent: number | null }> {
  const [row] = await sql.query<{ evaluated: number | null; result: string | null; sent: number | null }>(
    `select (extract(epoch from e.evaluated_at - e.received_at) * 1000)::float8 as evaluated, e.result, (select (extract(epoch from o.done_at - e.received_at) * 1000)::float8 from outbox o where o.dry and o.trace = e.trace and o.state = 'dry' limit 1) as sent
     from event e where e.device_id = $1 and e.source_event_id = $2 order by e.id desc limit 1`, [deviceId, run], 'canary-rows');
  return row ? { stored: true, ...row } : { stored: false, evaluated: null, result: null, sent: null };
}

/** What became of a press: the next is in five minutes after a good one, in one after a bad one. */
export async function endPress(sql: Sql, run: string, result: { failed: string | null; legs: CanaryLegs }): Promise<void> {
  await sql.query(
    `update canary set busy_until = null, failed = $2, failures = case when $2::text is null then 0 else failures end, ok_at = case when $2::text is null then anling_now() else ok_at end,
       legs = case when $2::text is null then $3::jsonb else legs end, next_at = anling_now() + make_interval(secs => case when $2::text is null then $4::float8 else $5::float8 end / 1000.0) where run = $1`,
    [run, result.failed, JSON.stringify(result.legs), limits.canaryEveryMs, limits.canaryAgainMs]);
}

/** Null: nothing was ever pressed, so there is nothing to judge. */
export async function readCanary(sql: Sql): Promise<CanaryState | null> {
  const [row] = await sql.query<CanaryState>(
    `select anling_now() as now, next_at as "nextAt", ok_at as "okAt", busy_until as "busyUntil", failures, failed, legs from canary where run > 0`, [], 'canary-read');
  return row ?? null;
}

/** Whether this call changed it: the desk is told once. `raised` is kept in the row, in the caller's transaction. */
export async function markRaised(sql: Sql, raised: boolean): Promise<boolean> {
  return (await sql.query(`update canary set raised_at = case when $1 then anling_now() end where (raised_at is not null) <> $1 returning one`, [raised])).length > 0;
}
