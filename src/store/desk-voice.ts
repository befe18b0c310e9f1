/** SQL of the wall's recorded voice, a row to a part. */
import type { VoiceType } from '#core/desk-voice.ts';
import type { Sql } from './pool.ts';

export function listVoice(sql: Sql): Promise<{ part: string; bytes: number; updatedAt: number }[]> {
  return sql.query('select part, length(audio) as bytes, updated_at as "updatedAt" from desk_voice order by part', []);
}
export async function readVoice(sql: Sql, part: string): Promise<{ type: VoiceType; audio: Buffer } | null> {
  return (await sql.query<{ type: VoiceType; audio: Buffer }>('select type, audio from desk_voice where part = $1', [part]))[0] ?? null;
}
export async function writeVoice(sql: Sql, v: { part: string; type: VoiceType; audio: Uint8Array; by: string }): Promise<void> {
  await sql.query('insert into desk_voice (part, type, audio, updated_by) values ($1, $2, $3, $4) on conflict (part) do update set type = excluded.type, audio = excluded.audio, updated_by = excluded.updated_by, updated_at = anling_now()', [v.part, v.type, v.audio, v.by]);
}
export async function dropVoice(sql: Sql, part: string): Promise<boolean> {
  return (await sql.query('delete from desk_voice where part = $1 returning part', [part])).length > 0;
}
