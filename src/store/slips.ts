/**
 * SQL of slips (单号): two digits per party and alert, unique for that party for 48 h, and the code of the caregiver's link.
 * With all 90 in use the longest unused is given again; a reply is then asked back.
 */
import { newId, type AlertId, type Party } from '#core/ids.ts';
import type { Sql } from './pool.ts';

export type Slip = { no: number; code: string };
export const slipKey = (party: Party, alertId: AlertId): string => `${party} ${alertId}`;

/** The slip of each pair, made where there is none. Holds the parties until the transaction ends (their order prevents deadlock). */
export async function allotSlips(sql: Sql, pairs: readonly { party: Party; alertId: AlertId }[]): Promise<Map<string, Slip>> {
  const wanted = new Map(pairs.map((p) => [slipKey(p.party, p.alertId), p]));
  if (wanted.size === 0) return new Map();
  const parties = [...new Set(pairs.map((p) => p.party))].sort();
  await sql.query(`select pg_advisory_xact_lock(hashtextextended('slip ' || v.p, 0)) from unnest($1::text[]) with ordinality as v (p, ord) order by v.ord`, [parties], 'slips-lock');
  const rows = await sql.query<{ party: Party; no: number; alert_id: AlertId; code: string; at: number; recent: boolean }>(
    // Numbers are given in turn: the newest of a party are all that can be in use, though a leader has thousands in a bad night.
    `select s.party, s.no, s.alert_id, s.code, s.created_at as at, true as recent from unnest($1::text[]) as v (party),
       lateral (select * from slip where party = v.party and created_at > anling_now() - interval '48 hours' order by created_at desc limit $3) s
     union all select party, no, alert_id, code, created_at, false from slip where alert_id = any($2::bigint[]) and party = any($1)`, [parties, pairs.map((p) => p.alertId), 2 * numbers], 'slips-of');
  const out = new Map<string, Slip>();
  const used = new Map<Party, Map<number, number>>(parties.map((p) => [p, new Map()]));
  for (const r of rows) {
    out.set(slipKey(r.party, r.alert_id), { no: r.no, code: r.code });
    if (r.recent) used.get(r.party)?.set(r.no, Math.max(r.at, used.get(r.party)?.get(r.no) ?? 0));
  }
  const made: ({ party: Party; alertId: AlertId } & Slip)[] = [];
  for (const [key, { party, alertId }] of wanted) {
    if (out.has(key)) continue;
    const taken = used.get(party) as Map<number, number>;
    const slip = { no: freeNumber(taken), code: newId('', 16) };
    taken.set(slip.no, Number.MAX_SAFE_INTEGER);
    out.set(key, slip);
    made.push({ party, alertId, ...slip });
  }
  if (made.length > 0)
    await sql.query(
      `insert into slip (party, no, alert_id, code, created_at) select v.party, v.no, v.alert_id, v.code, anling_now()
       from unnest($1::text[], $2::int2[], $3::bigint[], $4::text[]) as v (party, no, alert_id, code)`,
      [made.map((m) => m.party), made.map((m) => m.no), made.map((m) => m.alertId), made.map((m) => m.code)], 'slips-insert');
  return out;
}

/** Slips that standby has given while the database was away. */
export async function insertSlips(sql: Sql, slips: readonly ({ party: Party; alertId: AlertId; at: number } & Slip)[]): Promise<void> {
  if (slips.length === 0) return;
  await sql.query(
    `insert into slip (party, no, alert_id, code, created_at) select v.party, v.no, v.alert_id, v.code, to_timestamp(v.at / 1000)
     from unnest($1::text[], $2::int2[], $3::bigint[], $4::text[], $5::float8[]) as v (party, no, alert_id, code, at) on conflict do nothing`,
    [slips.map((s) => s.party), slips.map((s) => s.no), slips.map((s) => s.alertId), slips.map((s) => s.code), slips.map((s) => s.at)], 'slips-insert-given');
}

const first = 10;
const numbers = 90;
/** After the newest one in use, so that neighbouring alerts have neighbouring numbers and none comes back soon. */
export function freeNumber(taken: ReadonlyMap<number, number>): number {
  const byAge = [...taken].sort((a, b) => b[1] - a[1]);
  const newest = byAge[0]?.[0] ?? first - 1 + Math.floor(Math.random() * numbers);
  for (let i = 1; i <= numbers; i++) {
    const no = first + ((newest - first + i + numbers) % numbers);
    if (!taken.has(no)) return no;
  }
  return byAge.at(-1)?.[0] ?? first;
}
