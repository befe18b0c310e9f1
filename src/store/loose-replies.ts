/** Answers that belong to no case (FIELD F20): of strangers, unread ones, opt-outs; and a number bound to whom it speaks for, by one click. */
import type { Party } from '#core/ids.ts';
import { hint, type Row, type Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type LooseReply = { id: string; channel: 'sms' | 'dtmf'; result: string; receivedAt: number; from: string; text: string; party: Party | null; role: string | null; name: string | null };
/** What nobody needs to look at: tests, absences, answers that were understood. */
const shown = `('stranger-reply', 'reply-unread', 'reply-failed', 'opted-out')`;

/** Of the last two weeks, not yet looked at, newest first. */
export async function looseReplies(sql: Sql, seal: Seal, limit: number): Promise<LooseReply[]> {
  const rows = await sql.query<Row & { id: string; channel: 'sms' | 'dtmf'; result: string; receivedAt: number; fromEnc: Buffer; contentEnc: Buffer; party: Party | null; role: string | null; rName: Buffer | null; cName: Buffer | null }>(
    `select p.id, p.channel, p.result, p.received_at as "receivedAt", p.from_enc as "fromEnc", p.content_enc as "contentEnc", coalesce('responder:' || r.id, 'contact:' || c.id) as party, coalesce(r.role, c.relation) as role, r.name_enc as "rName", c.name_enc as "cName"
     from reply p left join lateral (select id, role, name_enc from responder where phone_bidx = p.from_bidx order by id limit 1) r on true
       left join lateral (select id, relation, name_enc from contact where r.id is null and phone_bidx = p.from_bidx order by id limit 1) c on true
     where p.alert_id is null and p.done_at is null and p.evaluated_at > anling_now() - interval '14 days' and p.result in ${shown} order by p.evaluated_at desc limit $1`, [limit]);
  return rows.map(({ fromEnc, contentEnc, rName, cName, ...rest }) => ({
    ...rest, from: seal.openIfReadable('reply.from', fromEnc) ?? '', text: seal.openIfReadable('reply.content', contentEnc) ?? '',
    name: seal.openOrNull('responder.name', rName) ?? seal.openOrNull('contact.name', cName),
  }));
}

/** True when it stood there and nobody had taken it off. */
export async function finishLoose(sql: Sql, id: string, by: string): Promise<boolean> {
  return (await sql.query('update reply set done_at = anling_now(), done_by = $2 where id = $1::bigint and done_at is null returning id', [id, by])).length > 0;
}

/** From now on this number answers for the party too; the answer itself is read again as hers. False: no such answer, or it was understood. */
export async function bindReply(sql: Sql, id: string, party: Party, by: string): Promise<boolean> {
  const rows = await sql.query(
    `with r as (select from_bidx, from_enc from reply where id = $1::bigint and result = 'stranger-reply' and received_at > anling_now() - interval '14 days' for update),
       bound as (insert into reply_alias (phone_bidx, party, phone_enc, bound_by) select from_bidx, $2, from_enc, $3 from r on conflict (phone_bidx, party) do nothing)
     update reply set evaluated_at = null, result = null, alert_id = null, done_at = anling_now(), done_by = $3 where id = $1::bigint and exists (select from r) returning id`, [id, party, by]);
  if (rows.length > 0) await hint(sql, ['anling_reply']);
  return rows.length > 0;
}
