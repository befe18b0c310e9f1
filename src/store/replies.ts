/** SQL of what people answer, as notify writes it; the alert path evaluates the rows and knows what an answer means. */
import { newId } from '#core/ids.ts';
import { hint, type Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type NewReply = { dedupe: string; channel: 'sms' | 'dtmf'; from: string; content: string; outId: string | null; receivedAt: number };

/** Keeps one answer; its trace is that of the message it most likely answers. Null when the same one is there already. */
export async function insertReply(sql: Sql, seal: Seal, reply: NewReply): Promise<{ id: string; trace: string } | null> {
  const bidx = seal.blind('phone', reply.from);
  const [row] = await sql.query<{ id: string; trace: string }>(
    `insert into reply (dedupe, channel, from_enc, from_bidx, content_enc, out_id, received_at, trace)
     values ($1, $2, $3, $4, $5, $6, to_timestamp($7 / 1000.0), coalesce(
       (select trace from outbox where out_id = $6), (select trace from outbox where to_bidx = $4 and created_at > anling_now() - interval '48 hours' order by created_at desc limit 1), $8))
     on conflict (dedupe) do nothing returning id, trace`,
    [reply.dedupe, reply.channel, seal.seal('reply.from', reply.from), bidx, seal.seal('reply.content', reply.content), reply.outId, reply.receivedAt, newId('t', 12)], 'reply-insert');
  if (row) await hint(sql, ['anling_reply']);
  return row ?? null;
}
