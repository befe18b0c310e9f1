/** Installations as rows: one visit each, its steps, what was handed in with it; personal data sealed. Nothing here judges. */
import type { Proof } from '#core/installation.ts';
import type { InstallationState } from '#core/installation.ts';
import type { StepName } from '#core/acceptance.ts';
import { limits } from '#core/limits.ts';
import type { Row, Sql } from './pool.ts';
import type { PhotoType } from './photos.ts';
import type { Seal } from './seal.ts';

export type Installation = {
  id: string; installer: string; installerName: string | null; state: InstallationState; deviceId: string | null; model: string | null; type: string | null; graceS: number | null; voice: boolean;
  homeId: string; personId: string | null; regionCode: string; room: string | null; begunAt: number; clientBegunAt: number | null; testUntil: number | null;
  finishedAt: number | null; probationUntil: number | null; decidedAt: number | null; reasons: string[];
  consentWho: string | null; consentHow: string | null; consentAt: number | null; place: string | null; lat: number | null; lon: number | null; accuracyM: number | null; photoAt: number | null; signatureWho: string | null; signatureAt: number | null;
  voiceHeard: boolean | null; voiceSaidBy: string | null; voiceBy: string | null; voiceAt: number | null; demo: boolean;
};

const select = `select i.id, i.installer, u.display_name as "installerName", i.state, i.device_id as "deviceId", d.model, m.type, c.grace_s as "graceS", coalesce(m.voice, false) as voice, i.home_id as "homeId", i.person_id as "personId",
  i.region_code as "regionCode", i.room, i.begun_at as "begunAt", i.client_begun_at as "clientBegunAt", case when d.test_until > anling_now() then d.test_until end as "testUntil", i.finished_at as "finishedAt", i.probation_until as "probationUntil",
  i.decided_at as "decidedAt", i.reasons, i.consent_who as "consentWho", i.consent_how as "consentHow", i.consent_at as "consentAt", i.place_enc, i.lat, i.lon, i.accuracy_m as "accuracyM", i.photo_at as "photoAt", i.signature_who as "signatureWho",
  i.signature_at as "signatureAt", i.voice_heard as "voiceHeard", i.voice_said_by as "voiceSaidBy", i.voice_by as "voiceBy", i.voice_at as "voiceAt", i.demo
  from installation i left join device d on d.id = i.device_id left join device_model m on m.id = d.model left join supervision_class c on c.id = m.supervision_class left join app_user u on 'user:' || u.id = i.installer`;

function toInstallation(seal: Seal, row: Row): Installation {
  const { place_enc, ...rest } = row;
  return { ...(rest as Omit<Installation, 'place'>), place: seal.openIfReadable('installation.place', place_enc as Buffer | null) };
}

export type NewInstallation = { id: string; installer: string; key: string; state: 'begun' | 'refused'; deviceId: string | null; homeId: string; personId: string | null; regionCode: string; room: string | null; clientAt: number | null; demo: boolean };

/** False: this installer has used the key before; the row of then is findByKey's. */
export async function insertInstallation(sql: Sql, n: NewInstallation): Promise<boolean> {
  const rows = await sql.query(
    `insert into installation (id, installer, key, state, device_id, home_id, person_id, region_code, room, client_begun_at, demo) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, to_timestamp($10::float8 / 1000.0), $11)
     on conflict (installer, key) do nothing returning id`, [n.id, n.installer, n.key, n.state, n.deviceId, n.homeId, n.personId, n.regionCode, n.room, n.clientAt, n.demo]);
  return rows.length > 0;
}

export async function findByKey(sql: Sql, seal: Seal, installer: string, key: string): Promise<Installation | null> {
  const [row] = await sql.query(`${select} where i.installer = $1 and i.key = $2`, [installer, key]);
  return row ? toInstallation(seal, row) : null;
}

export async function findInstallation(sql: Sql, seal: Seal, id: string): Promise<Installation | null> {
  const [row] = await sql.query(`${select} where i.id = $1`, [id]);
  return row ? toInstallation(seal, row) : null;
}

/** Held until the end of the transaction; null: no such one. */
export async function lockInstallation(sql: Sql, seal: Seal, id: string): Promise<Installation | null> {
  await sql.query('select id from installation where id = $1 for update', [id]);
  return findInstallation(sql, seal, id);
}

/** The running one of a device. */
export async function runningOf(sql: Sql, seal: Seal, deviceId: string): Promise<Installation | null> {
  const [row] = await sql.query(`${select} where i.device_id = $1 and i.state = 'begun'`, [deviceId]);
  return row ? toInstallation(seal, row) : null;
}

export async function listInstallations(sql: Sql, seal: Seal, f: { prefix: string; installer: string | null; state: InstallationState | null; limit: number }): Promise<Installation[]> {
  const rows = await sql.query(
    `${select} where i.region_code like $1 || '%' and ($2::text is null or i.installer = $2) and ($3::text is null or i.state = $3) order by i.begun_at desc, i.id limit $4`, [f.prefix, f.installer, f.state, f.limit]);
  return rows.map((r) => toInstallation(seal, r));
}

/** Ids of those that run and may still get evidence, the oldest first. */
export async function runningInstallations(sql: Sql): Promise<string[]> {
  return (await sql.query<{ id: string }>(`select id from installation where state = 'begun' and begun_at > anling_now() - make_interval(mins => $1) order by begun_at limit $2`, [limits.testMinutes + 5, limits.installRows])).map((r) => r.id);
}
/** Ids of those whose probation is over, or whose device is no longer where it was fitted. */
export async function endingProbations(sql: Sql): Promise<string[]> {
  return (await sql.query<{ id: string }>(
    `select i.id from installation i left join device d on d.id = i.device_id
     where i.state = 'on-site' and (i.probation_until <= anling_now() or d.status is distinct from 'installed' or d.home_id is distinct from i.home_id or d.person_id is distinct from i.person_id) order by i.probation_until limit $1`, [limits.installRows])).map((r) => r.id);
}

export async function readSteps(sql: Sql, id: string): Promise<Map<StepName, Proof>> {
  const rows = await sql.query<Proof & { step: StepName }>('select step, at, ms, facts from installation_step where installation_id = $1', [id]);
  return new Map(rows.map(({ step, at, ms, facts }) => [step, { at, ms, facts }]));
}

/** Writes a step once; what stands there stays. */
export async function writeStep(sql: Sql, id: string, step: StepName, proof: Proof): Promise<void> {
  await sql.query(`insert into installation_step (installation_id, step, at, ms, facts) values ($1, $2, to_timestamp($3::float8 / 1000.0), $4, $5) on conflict do nothing`,
    [id, step, proof.at, proof.ms === null ? null : Math.round(proof.ms), JSON.stringify(proof.facts)]);
}

// What a telephone wrote earlier and sends again later does not undo what it wrote later.
const at = (n: number): string => `to_timestamp($${n}::float8 / 1000.0)`;

export async function saveConsent(sql: Sql, seal: Seal, id: string, c: { who: string; how: string; name: string | null; clientAt: number }): Promise<void> {
  await sql.query(`update installation set consent_who = $2, consent_how = $3, consent_name_enc = $4, consent_at = anling_now(), client_consent_at = ${at(5)} where id = $1 and (client_consent_at is null or client_consent_at <= ${at(5)})`, [id, c.who, c.how, seal.sealOrNull('installation.consent_name', c.name), c.clientAt]);
}
export async function savePlace(sql: Sql, seal: Seal, id: string, text: string): Promise<void> {
  await sql.query('update installation set place_enc = $2 where id = $1', [id, seal.seal('installation.place', text)]);
}
export async function savePosition(sql: Sql, id: string, p: { lat: number; lon: number; accuracyM: number; clientAt: number }): Promise<void> {
  await sql.query(`update installation set lat = $2, lon = $3, accuracy_m = $4, position_at = anling_now(), client_position_at = ${at(5)} where id = $1 and (client_position_at is null or client_position_at <= ${at(5)})`, [id, p.lat, p.lon, p.accuracyM, p.clientAt]);
}
export async function saveInstallPhoto(sql: Sql, seal: Seal, id: string, p: { type: PhotoType; data: Buffer; clientAt: number }): Promise<void> {
  await sql.query(`update installation set photo_type = $2, photo_enc = $3, photo_at = anling_now(), client_photo_at = ${at(4)} where id = $1 and (client_photo_at is null or client_photo_at <= ${at(4)})`, [id, p.type, seal.seal('installation.photo', p.data.toString('base64')), p.clientAt]);
}
export async function saveSignature(sql: Sql, seal: Seal, id: string, s: { who: string; data: Buffer; clientAt: number }): Promise<void> {
  await sql.query(`update installation set signature_who = $2, signature_enc = $3, signature_at = anling_now(), client_signature_at = ${at(4)} where id = $1 and (client_signature_at is null or client_signature_at <= ${at(4)})`, [id, s.who, seal.seal('installation.signature', s.data.toString('base64')), s.clientAt]);
}
export async function saveVoice(sql: Sql, id: string, v: { heard: boolean; saidBy: string; by: string }): Promise<void> {
  await sql.query('update installation set voice_heard = $2, voice_said_by = $3, voice_by = $4, voice_at = anling_now() where id = $1', [id, v.heard, v.saidBy, v.by]);
}
/** One of its pictures in base64, for an audited look. */
export async function openPicture(sql: Sql, seal: Seal, id: string, which: 'photo' | 'signature'): Promise<string | null> {
  const [row] = await sql.query<{ sealed: Buffer | null }>(`select ${which}_enc as sealed from installation where id = $1`, [id]);
  return seal.openIfReadable(`installation.${which}`, row?.sealed);
}

/** A change of state; `probationUntil` begins the seven days. */
export async function moveInstallation(sql: Sql, seal: Seal, id: string, m: { state: InstallationState; reasons?: readonly string[]; note?: string | null; clientAt?: number | null; finished?: boolean; decided?: boolean; probationDays?: number }): Promise<void> {
  await sql.query(
    `update installation set state = $2, reasons = $3, note_enc = coalesce($4, note_enc), client_finished_at = coalesce(${at(5)}, client_finished_at), finished_at = case when $6 then anling_now() else finished_at end,
       decided_at = case when $7 then anling_now() else decided_at end, probation_until = case when $8::int > 0 then anling_now() + make_interval(days => $8::int) else probation_until end where id = $1`,
    [id, m.state, m.reasons ?? [], seal.sealOrNull('installation.note', m.note), m.clientAt ?? null, m.finished ?? false, m.decided ?? false, m.probationDays ?? 0]);
}

/** Open alerts of the device that are held back for the installer's answer, the oldest first. */
export async function testAlerts(sql: Sql, deviceId: string, since: number): Promise<{ id: string; kind: string; state: string; openedAt: number; planBaseAt: number | null }[]> {
  return sql.query(`select id, kind, state, opened_at as "openedAt", plan_base_at as "planBaseAt" from alert where device_id = $1 and state <> 'closed' and 'installing' = any(flags) and opened_at >= to_timestamp($2::float8 / 1000.0) order by id limit 20`, [deviceId, since]);
}

/** An open emergency of this home that is no installer's test: nobody rehearses into it. */
export async function openEmergencyOf(sql: Sql, homeId: string, deviceId: string): Promise<string | null> {
  const [row] = await sql.query<{ id: string }>(
    `select id from alert where state <> 'closed' and priority <= 2 and (home_id = $1 or device_id = $2) and not ('installing' = any(flags) or 'test' = any(flags) and device_id = $2) order by id limit 1`, [homeId, deviceId]);
  return row?.id ?? null;
}
