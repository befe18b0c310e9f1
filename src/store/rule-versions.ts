/** SQL of rule parameters (规则参数): the version that holds, the ones before, a new one; what supervision reads of it is written along in the same transaction. */
import { limits } from '#core/limits.ts';
import type { RuleEntries, RuleWorld } from '#core/rule-params.ts';
import { hint, type Row, type Sql } from './pool.ts';

/** What holds; empty while the county has set nothing. Read with every batch: the row is the truth, so nobody has to be told. */
export async function readRules(sql: Sql): Promise<RuleEntries> {
  return (await sql.query<{ entries: RuleEntries }>('select entries from rule_version order by no desc limit 1', [], 'rules-read'))[0]?.entries ?? [];
}

export type RuleVersion = { no: number; entries: RuleEntries; backTo: number | null; reason: string; byName: string; at: number };
const columns = 'no, entries, back_to as "backTo", reason, by_name as "byName", at';
/** The newest first. */
export const listRuleVersions = (sql: Sql, rows: number = limits.ruleVersions): Promise<RuleVersion[]> => sql.query<RuleVersion & Row>(`select ${columns} from rule_version order by no desc limit $1`, [rows]);
export const findRuleVersion = async (sql: Sql, no: number): Promise<RuleVersion | null> => (await sql.query<RuleVersion & Row>(`select ${columns} from rule_version where no = $1`, [no]))[0] ?? null;

export type NewRuleVersion = Pick<RuleVersion, 'entries' | 'backTo' | 'reason' | 'byName'> & { byActor: string; /** the newest number that was seen; 0: none */ after: number };
/** Adopts a version; null when `after` is not the newest any more. From its commit on the next batch is decided by it. */
export async function adoptRules(sql: Sql, v: NewRuleVersion): Promise<number | null> {
  const [row] = await sql.query<{ no: number }>(
    `insert into rule_version (no, entries, back_to, reason, by_actor, by_name) select $1::int + 1, $2, $3, $4, $5, $6 where $1::int = (select coalesce(max(no), 0) from rule_version)
     on conflict do nothing returning no`, [v.after, JSON.stringify(v.entries), v.backTo, v.reason, v.byActor, v.byName]);
  if (!row) return null;
  await setGraces(sql, v.entries.filter((e) => e.param === 'graceS'));
  await hint(sql, ['anling_rules']);
  return row.no;
}

/** Classes wait as the version says, else as they declare; a device of a class that waits less is looked at in its new time, not in the one before. */
async function setGraces(sql: Sql, graces: RuleEntries): Promise<void> {
  await sql.query(
    `with v as (select * from unnest($1::text[], $2::int[]) as v (id, s)), now_s as (select c.id, coalesce(v.s, c.own_grace_s, c.grace_s) as s from supervision_class c left join v on v.id = c.id)
     update supervision_class c set own_grace_s = coalesce(c.own_grace_s, c.grace_s), grace_s = n.s from now_s n where n.id = c.id and n.s <> c.grace_s`, [graces.map((e) => e.id), graces.map((e) => e.value)]);
  await sql.query(
    `update presence p set check_at = coalesce(p.last_seen_at, d.registered_at) + make_interval(secs => c.grace_s - least($1::float8 / 1000, c.grace_s / 4.0)) from device d join device_model m on m.id = d.model join supervision_class c on c.id = m.supervision_class
     where d.id = p.device_id and c.own_grace_s is not null and p.state in ('never', 'online') and p.check_at <> 'infinity'
       and p.check_at > coalesce(p.last_seen_at, d.registered_at) + make_interval(secs => c.grace_s - least($1::float8 / 1000, c.grace_s / 4.0))`, [limits.settleMs]);
}

/** Devices that count as online and would be offline at once under these graces. */
export async function silentAtOnce(sql: Sql, graces: RuleEntries): Promise<number> {
  if (graces.length === 0) return 0;
  return (await sql.query<{ n: number }>(
    `select count(*)::int as n from unnest($1::text[], $2::int[]) as v (id, s) join device_model m on m.supervision_class = v.id join device d on d.model = m.id and d.status = 'installed' join presence p on p.device_id = d.id
     where p.state = 'online' and p.last_seen_at + make_interval(secs => v.s) < anling_now()`, [graces.map((e) => e.id), graces.map((e) => e.value)]))[0]?.n ?? 0;
}

export type RuleClass = { id: string; name: string; periodS: number; /** as it waits now */ graceS: number; /** as it declares */ ownGraceS: number };
export type RuleModel = RuleWorld['models'][number] & { name: string };
/** What entries are judged by: classes, models, and which of the named regions and people there are. */
export async function readRuleWorld(sql: Sql, entries: RuleEntries): Promise<Omit<RuleWorld, 'classes' | 'models'> & { classes: RuleClass[]; models: RuleModel[] }> {
  const named = (scope: string): string[] => entries.filter((e) => e.scope === scope).map((e) => e.id);
  const classes = await sql.query<RuleClass & Row>('select id, name, period_s as "periodS", grace_s as "graceS", coalesce(own_grace_s, grace_s) as "ownGraceS" from supervision_class order by period_s, id');
  const models = await sql.query<RuleModel & Row>('select id, name, type, confirm_window_s as "confirmWindowS" from device_model order by id');
  const regions = await sql.query<{ id: string }>('select code as id from region where code = any($1)', [named('region')]);
  const people = await sql.query<{ id: string }>('select id from person where id = any($1)', [named('person')]);
  return { classes, models, regions: new Set(regions.map((r) => r.id)), people: new Set(people.map((p) => p.id)) };
}
