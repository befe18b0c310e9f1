/**
 * The outbox as people look at it (通知): what was sent to whom, why, and what became of it. Numbers leave masked; one
 * message is opened only for an audited look. Sending belongs to store/outbox.ts.
 */
import type { MessageParams, TemplateName } from '#core/messages.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export const outboxStates = ['due', 'sending', 'accepted', 'delivered', 'answered', 'failed', 'unknown', 'withdrawn'] as const;
export type OutboxState = (typeof outboxStates)[number];
export type NotificationRow = {
  id: string; outId: string; alertId: string | null; alertKind: string | null; regionCode: string | null; party: string; role: string | null; channel: 'sms' | 'voice'; template: TemplateName;
  purpose: 'search' | 'desk' | 'notice'; round: number | null; step: number | null; slip: number | null; state: OutboxState; attempts: number; checks: number; errorCode: string | null; errorClass: string | null;
  provider: string | null; providerId: string | null; createdAt: number; dueAt: number; sentAt: number | null; acceptedAt: number | null; doneAt: number | null; withdrawnAt: number | null; demo: boolean;
  name: string | null; to: string;
};
export type NotificationFilter = {
  /** Region digits; rows of no region belong to the whole county. */ prefix: string;
  state: OutboxState | null; channel: 'sms' | 'voice' | null; alertId: string | null;
  /** Epoch ms; half open. */ from: number | null; to: number | null;
  /** Blind index of a telephone number. */ phone: Uint8Array | null;
  /** Failed and unknown ones of the last so many ms stand in a section of their own. */ troubleMs: number; section: 'trouble' | 'rest' | 'all';
  before: string | null; limit: number;
};

const columns = `o.id, o.out_id as "outId", o.alert_id as "alertId", a.kind as "alertKind", o.region_code as "regionCode", o.party, coalesce(r.role, c.relation) as role, o.channel, o.template,
  o.purpose, o.round, o.step, o.slip, o.state, o.attempts, o.checks, o.error_code as "errorCode", o.error_class as "errorClass", o.provider, o.provider_id as "providerId",
  o.created_at as "createdAt", o.due_at as "dueAt", o.sent_at as "sentAt", o.accepted_at as "acceptedAt", o.done_at as "doneAt", o.withdrawn_at as "withdrawnAt", o.demo,
  r.name_enc as "rName", c.name_enc as "cName", o.to_enc as "toEnc"`;
const joins = `left join alert a on a.id = o.alert_id left join responder r on o.party like 'responder:%' and r.id = substr(o.party, 11) left join contact c on o.party like 'contact:%' and c.id = substr(o.party, 9)`;
type Sealed = Omit<NotificationRow, 'name' | 'to'> & { rName: Buffer | null; cName: Buffer | null; toEnc: Buffer };

/** Plain names and numbers: whoever answers with them masks them, or has audited the look. */
function plain(seal: Seal, { rName, cName, toEnc, ...row }: Sealed): NotificationRow {
  return { ...row, name: seal.openIfReadable('responder.name', rName) ?? seal.openIfReadable('contact.name', cName), to: seal.openIfReadable('outbox.to', toEnc) ?? '' };
}

/** Newest first. Conditions are put together, so that each question meets the index that was made for it. */
export async function listNotifications(sql: Sql, seal: Seal, f: NotificationFilter): Promise<NotificationRow[]> {
  const values: unknown[] = [];
  const p = (value: unknown): string => `$${values.push(value)}`;
  const trouble = (): string => `(o.state in ('failed', 'unknown') and o.created_at > anling_now() - ${p(f.troubleMs)} * interval '1 ms')`;
  const where = [
    'not o.dry', // the house's own press is no message
    ...(f.prefix === '' ? [] : [f.prefix.length > 6 ? townOf(p(f.prefix)) : `(o.region_code like ${p(f.prefix)} || '%' or o.region_code is null)`]),
    ...(f.state ? [`o.state = ${p(f.state)}${f.state === 'failed' || f.state === 'unknown' ? ` and o.state in ('failed', 'unknown')` : ''}`] : []),
    ...(f.channel ? [`o.channel = ${p(f.channel)}`] : []), ...(f.alertId ? [`o.alert_id = ${p(f.alertId)}`] : []), ...(f.phone ? [`o.to_bidx = ${p(f.phone)}`] : []),
    ...(f.from === null ? [] : [`o.created_at >= to_timestamp(${p(f.from)}::float8 / 1000)`]), ...(f.to === null ? [] : [`o.created_at < to_timestamp(${p(f.to)}::float8 / 1000)`]),
    ...(f.section === 'trouble' ? [trouble()] : f.section === 'rest' ? [`not ${trouble()}`] : []),
    ...(f.before === null ? [] : [`(o.created_at, o.id) < (select created_at, id from outbox where id = ${p(f.before)})`]),
  ];
  const picked = `select * from outbox o where ${where.join(' and ')} order by o.created_at desc, o.id desc limit ${p(f.limit)}`;
  const rows = await sql.query<Sealed>(`select ${columns} from (${picked}) o ${joins} order by o.created_at desc, o.id desc`, values);
  return rows.map((row) => plain(seal, row));
}

/** A town's messages by its own index, of one village or all. */
const townOf = (prefix: string): string => `(left(o.region_code, 9) = left(${prefix}, 9) and o.region_code like ${prefix} || '%')`;

/** One message; the caller checks its region. */
export async function findNotification(sql: Sql, seal: Seal, id: string): Promise<(NotificationRow & { params: MessageParams }) | null> {
  const [row] = await sql.query<Sealed & { paramsEnc: Buffer }>(`select ${columns}, o.params_enc as "paramsEnc" from outbox o ${joins} where o.id = $1`, [id]);
  if (!row) return null;
  const { paramsEnc, ...rest } = row;
  return { ...plain(seal, rest), params: JSON.parse(seal.openIfReadable('outbox.params', paramsEnc) ?? '{}') as MessageParams };
}

/** Test messages that somebody sent from the settings in the last `ms`. */
export async function countTestSends(sql: Sql, ms: number): Promise<number> {
  const [row] = await sql.query<{ n: number }>(`select count(*)::int as n from outbox where created_at > anling_now() - $1 * interval '1 ms' and alert_id is null and trace like 'test-send-%'`, [ms]);
  return row?.n ?? 0;
}

/** Ring tests that this number got lately. */
export async function countRings(sql: Sql, toBidx: Uint8Array, ms: number): Promise<number> {
  const [row] = await sql.query<{ n: number }>(`select count(*)::int as n from outbox where to_bidx = $1 and created_at > anling_now() - $2 * interval '1 ms' and template in ('ring', 'voice-ring')`, [toBidx, ms]);
  return row?.n ?? 0;
}

/** The number of a message by the id that it carries outside. */
export async function findOutId(sql: Sql, outId: string): Promise<string> {
  return (await sql.query<{ id: string }>('select id from outbox where out_id = $1', [outId]))[0]?.id ?? '';
}
