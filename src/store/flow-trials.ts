/** SQL of the trials of flows (C10, C11): those that were asked for, what they found, and what flows did in truth. */
import type { FlowItem } from '#core/flow-change.ts';
import type { FlowAct, FlowActAt, Trial } from '#core/flow-acts.ts';
import { limits } from '#core/limits.ts';
import { isNumber, openFlows, sealFlows } from './flow-versions.ts';
import type { Db, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

/** Writes down what a flow did, in the transaction in which it did it. */
export async function noteAct(sql: Sql, seal: Seal, flow: string, act: FlowAct): Promise<void> {
  await sql.query('insert into flow_act (flow, what, target, said_enc) values ($1, $2, $3, $4)', [flow, act.what, act.target, seal.seal('flow_act.said', act.said)], 'flow-act');
}

/** What flows of these names did in the span, in the order in which they did it. */
export async function actsOf(sql: Sql, seal: Seal, names: readonly string[], span: { from: number; to: number }): Promise<FlowActAt[]> {
  const rows = await sql.query<Omit<FlowActAt, 'said'> & { said: Buffer }>(
    `select at, what, target, said_enc as said from flow_act where flow = any($1) and at >= to_timestamp($2::float8 / 1000) and at < to_timestamp($3::float8 / 1000) order by id limit $4`, [names, span.from, span.to, limits.flowsTrialRows]);
  return rows.map((r) => ({ ...r, said: seal.open('flow_act.said', r.said) }));
}

export type AskedTrial = { by: string; tab: string; tabName: string; drawn: boolean; names: readonly string[]; items: readonly FlowItem[]; answer: string };
/** Null: enough of them wait already. */
export const askTrial = (db: Db, seal: Seal, t: AskedTrial): Promise<string | null> => db.tx(async (sql) => {
  await sql.query(`select pg_advisory_xact_lock(hashtext('anling-flow-trials'))`); // counted one after the other: many at once are too many all the same
  const [made] = await sql.query<{ id: string }>(
    `insert into flow_trial (by, tab, tab_name, drawn, names, flows_enc, answer) select $1, $2, $3, $4, $5, $6, $7 where (select count(*) from flow_trial where state <> 'done') < $8 returning id`,
    [t.by, t.tab, t.tabName, t.drawn, t.names, sealFlows(seal, 'flow_trial.flows', t.items), t.answer, limits.flowsTrialsWaiting]);
  return made?.id ?? null;
});

export type TrialToRun = { id: string; tab: string; names: string[]; items: FlowItem[]; answer: string; now: number };
/** The next one that waits; it is running from now on. One keeper runs one at a time. */
export async function claimTrial(sql: Sql, seal: Seal): Promise<TrialToRun | null> {
  const [row] = await sql.query<Omit<TrialToRun, 'items'> & { flows: Buffer }>(
    `update flow_trial set state = 'running', started_at = anling_now() where id = (select id from flow_trial where state = 'asked' order by id limit 1 for update skip locked)
     returning id, tab, names, answer, flows_enc as flows, extract(epoch from anling_now())::float8 * 1000 as now`, [], 'flow-trial-claim');
  return row ? { id: row.id, tab: row.tab, names: row.names, answer: row.answer, now: Math.floor(row.now), items: openFlows(seal, 'flow_trial.flows', row.flows) } : null;
}

/** Keeps what it found and forgets what it was given. Null: it was cut off with its keeper, and found nothing. */
export async function endTrial(sql: Sql, seal: Seal, id: string, trial: Trial | null): Promise<void> {
  await sql.query(`update flow_trial set state = 'done', done_at = anling_now(), flows_enc = null, result_enc = $2 where id = $1`, [id, trial === null ? null : seal.seal('flow_trial.result', JSON.stringify(trial))]);
  await sql.query(`delete from flow_trial where state = 'done' and id in (select id from flow_trial order by id desc offset $1)`, [limits.flowsTrials]);
}

/** Trials that a keeper left behind when it ended; they do not come again. */
export async function dropTrials(sql: Sql, seal: Seal): Promise<void> {
  for (const { id } of await sql.query<{ id: string }>(`select id from flow_trial where state = 'running'`)) await endTrial(sql, seal, id, null);
}
/** Forgets what flows did long ago. */
export async function pruneActs(sql: Sql): Promise<void> { await sql.query(`delete from flow_act where at < anling_now() - $1 * interval '1 ms'`, [limits.flowsActsMs]); }

export type TrialRow = { id: string; askedAt: number; by: string; byName: string | null; tab: string; tabName: string; drawn: boolean; state: 'asked' | 'running' | 'done'; doneAt: number | null };
const shown = `t.id, t.asked_at as "askedAt", t.by, u.display_name as "byName", t.tab, t.tab_name as "tabName", t.drawn, t.state, t.done_at as "doneAt"`;
const people = `left join app_user u on t.by = 'user:' || u.id`;
export const listTrials = (sql: Sql): Promise<TrialRow[]> => sql.query<TrialRow>(`select ${shown} from flow_trial t ${people} order by t.id desc limit $1`, [limits.flowsTrials]);
export async function findTrial(sql: Sql, seal: Seal, id: string): Promise<(TrialRow & { result: Trial | null }) | null> {
  if (!isNumber(id)) return null;
  const [row] = await sql.query<TrialRow & { result: Buffer | null }>(`select ${shown}, t.result_enc as result from flow_trial t ${people} where t.id = $1`, [id]);
  return row ? { ...row, result: row.result === null ? null : JSON.parse(seal.open('flow_trial.result', row.result)) as Trial } : null;
}
