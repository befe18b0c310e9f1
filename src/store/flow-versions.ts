/** SQL of the versions of the flows (C11): each state that was deployed, who and when, what it changed; bounded in number, the flows sealed. */
import { createHash } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import { canonical, type FlowItem, flowChange, sumChange, type TabSum } from '#core/flow-change.ts';
import { limits } from '#core/limits.ts';
import type { Db, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export const versionReasons = ['deploy', 'rollback', 'switched-off', 'found'] as const;
export type VersionReason = (typeof versionReasons)[number];
export type FlowVersion = { id: string; at: number; by: string; byName: string | null; why: VersionReason; fromId: string | null; tabs: number; nodes: number; change: TabSum[] };

const column = 'flow_version.flows';
/** Flows compress to a tenth; what is sealed does not compress any more. */
export const sealFlows = (seal: Seal, label: string, items: readonly FlowItem[]): Buffer => seal.seal(label, deflateSync(JSON.stringify(items)).toString('base64'));
export const openFlows = (seal: Seal, label: string, sealed: Buffer): FlowItem[] => JSON.parse(inflateSync(Buffer.from(seal.open(label, sealed), 'base64')).toString('utf8')) as FlowItem[];

/** Keeps this state as a new version, or nothing (null) when it is the newest already. The oldest beyond the bound are forgotten. */
export function keepVersion(db: Db, seal: Seal, items: readonly FlowItem[], of: { by: string; why: VersionReason; fromId?: string }): Promise<string | null> {
  const digest = createHash('sha256').update(canonical(items)).digest();
  return db.tx(async (sql) => {
    await sql.query('lock table flow_version in exclusive mode');
    const [last] = await sql.query<{ digest: Buffer; flows_enc: Buffer }>('select digest, flows_enc from flow_version order by id desc limit 1');
    if (last && digest.equals(last.digest)) return null;
    const change = sumChange(flowChange(last ? openFlows(seal, column, last.flows_enc) : [], items));
    const [made] = await sql.query<{ id: string }>(
      'insert into flow_version (by, why, from_id, tabs, nodes, change, digest, flows_enc) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id',
      [of.by, of.why, of.fromId ?? null, items.filter((i) => i.type === 'tab').length, items.filter((i) => i.type !== 'tab').length, JSON.stringify(change), digest, sealFlows(seal, column, items)]);
    await sql.query('delete from flow_version where id in (select id from flow_version order by id desc offset $1)', [limits.flowsVersions]);
    return made?.id ?? null;
  });
}

/** The newest first. */
export const listVersions = (sql: Sql): Promise<FlowVersion[]> => sql.query<FlowVersion>(
  `select v.id, v.at, v.by, u.display_name as "byName", v.why, v.from_id as "fromId", v.tabs, v.nodes, v.change
   from flow_version v left join app_user u on v.by = 'user:' || u.id order by v.id desc limit $1`, [limits.flowsVersions]);

/** Whether a text is the number of a row. */
export const isNumber = (id: string): boolean => /^[1-9]\d{0,17}$/.test(id);
/** This version and the one before it; null: there is none of this number (any more). */
export async function findVersion(sql: Sql, seal: Seal, id: string): Promise<{ items: FlowItem[]; before: FlowItem[] } | null> {
  if (!isNumber(id)) return null;
  const [one, before] = await sql.query<{ id: string; flows: Buffer }>('select id, flows_enc as flows from flow_version where id <= $1 order by id desc limit 2', [id]);
  return one?.id === id ? { items: openFlows(seal, column, one.flows), before: before ? openFlows(seal, column, before.flows) : [] } : null;
}

/** The state that was deployed last; null: none ever was. */
export async function newestVersion(sql: Sql, seal: Seal): Promise<{ id: string; items: FlowItem[] } | null> {
  const [one] = await sql.query<{ id: string; flows: Buffer }>('select id, flows_enc as flows from flow_version order by id desc limit 1');
  return one ? { id: one.id, items: openFlows(seal, column, one.flows) } : null;
}
