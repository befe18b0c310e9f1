/** Certificates of installations: the record as it was signed, sealed; its hash; and what the rows that it was made from say today. */
import { createHash, randomBytes } from 'node:crypto';
import type { Proof } from '#core/installation.ts';
import type { StepName } from '#core/acceptance.ts';
import { readSteps } from './installations.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

/** What the paper says. Names in plain text: sealed in the row, masked on the public page. */
export type CertificateRecord = {
  number: string; issuedAt: number; county: string; town: string; village: string; place: string; people: string[]; device: { id: string; model: string; modelName: string; serial: string | null; room: string | null };
  installer: string; consent: { who: string; how: string }; begunAt: number; probationUntil: number; position: { lat: number; lon: number; accuracyM: number };
  /** SHA-256 of the pictures, hex */ photo: string; signature: string; steps: { step: StepName; at: number; ms: number | null; facts: Proof['facts'] }[];
  /** the secret of the device was given out by the installer himself */ ownSecret: boolean; /** so that nobody finds a record by guessing names */ salt: string;
};
export type Certificate = { id: string; number: string; installationId: string; hash: string; issuedAt: number; revokedAt: number | null; revokedWhy: string | null; state: string; deviceThere: boolean; recordEnc: Buffer; finishedAt: number | null; decidedAt: number | null; probationUntil: number | null };

export const hashOf = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
export const freshSalt = (): string => randomBytes(16).toString('hex');

const select = `select c.id, c.number, c.installation_id as "installationId", encode(c.hash, 'hex') as hash, c.issued_at as "issuedAt", c.revoked_at as "revokedAt", c.revoked_why as "revokedWhy", i.state, i.finished_at as "finishedAt", i.decided_at as "decidedAt", i.probation_until as "probationUntil",
  coalesce(d.status = 'installed' and d.home_id = i.home_id and d.person_id is not distinct from i.person_id, false) as "deviceThere", c.record_enc as "recordEnc"
  from certificate c join installation i on i.id = c.installation_id left join device d on d.id = i.device_id`;
export async function findCertificate(sql: Sql, id: string): Promise<Certificate | null> {
  return (await sql.query<Certificate>(`${select} where c.id = $1 or c.number = $1`, [id]))[0] ?? null;
}
export async function certificateOfInstallation(sql: Sql, installationId: string): Promise<Certificate | null> {
  return (await sql.query<Certificate>(`${select} where c.installation_id = $1`, [installationId]))[0] ?? null;
}

/** The next number of a county: 350425-2026-000123. */
export async function nextCertificateNumber(sql: Sql, county: string, year: string): Promise<string> {
  const [row] = await sql.query<{ no: string }>(`select nextval(pg_get_serial_sequence('certificate', 'no'))::text as no`);
  return `${county}-${year}-${(row?.no ?? '0').padStart(6, '0')}`;
}

export async function insertCertificate(sql: Sql, seal: Seal, c: { id: string; installationId: string; record: CertificateRecord }): Promise<string> {
  const text = JSON.stringify(c.record);
  const hash = hashOf(text);
  await sql.query(`insert into certificate (id, number, installation_id, hash, record_enc, issued_at) values ($1, $2, $3, decode($4, 'hex'), $5, to_timestamp($6::float8 / 1000.0))`, [c.id, c.record.number, c.installationId, hash, seal.seal('certificate.record', text), c.record.issuedAt]);
  return hash;
}

export async function revokeCertificate(sql: Sql, installationId: string, why: string): Promise<void> {
  await sql.query('update certificate set revoked_at = anling_now(), revoked_why = $2 where installation_id = $1 and revoked_at is null', [installationId, why]);
}

/** Who and what a certificate names: the elder, or everybody of the home; the device as the file has it. */
export async function namedOn(sql: Sql, seal: Seal, of: { homeId: string; personId: string | null; deviceId: string | null }): Promise<{ people: string[]; device: { modelName: string; serial: string | null; room: string | null } }> {
  const people = await sql.query<{ sealed: Buffer }>(`select name_enc as sealed from person where home_id = $1 and ($2::text is null or id = $2) and status <> 'deceased' order by id`, [of.homeId, of.personId]);
  const [device] = await sql.query<{ modelName: string; serial: string | null; room: string | null }>('select m.name as "modelName", d.serial, d.room from device d join device_model m on m.id = d.model where d.id = $1', [of.deviceId]);
  return { people: people.map((p) => seal.openIfReadable('person.name', p.sealed) ?? '?'), device: device ?? { modelName: '', serial: null, room: null } };
}

/** The record, when it and the rows that it was made from are what they were; null: something has been changed since. */
export async function trueRecord(sql: Sql, seal: Seal, c: Certificate): Promise<CertificateRecord | null> {
  const text = seal.openIfReadable('certificate.record', c.recordEnc);
  if (text === null || hashOf(text) !== c.hash) return null;
  const record = JSON.parse(text) as CertificateRecord;
  const steps = await readSteps(sql, c.installationId);
  const [i] = await sql.query<{ deviceId: string; begunAt: number; photo: Buffer | null; signature: Buffer | null }>('select device_id as "deviceId", begun_at as "begunAt", photo_enc as photo, signature_enc as signature from installation where id = $1', [c.installationId]);
  const picture = (which: 'photo' | 'signature'): string => hashOf(Buffer.from(seal.openIfReadable(`installation.${which}`, i?.[which]) ?? '', 'base64'));
  const same = i !== undefined && i.deviceId === record.device.id && i.begunAt === record.begunAt && record.number === c.number && record.issuedAt === c.issuedAt && steps.size === record.steps.length && picture('photo') === record.photo && picture('signature') === record.signature
    && record.steps.every((s) => { const row = steps.get(s.step); return row !== undefined && row.at === s.at && row.ms === s.ms && sameFacts(row.facts, s.facts); });
  return same ? record : null;
}
const sameFacts = (a: Proof['facts'], b: Proof['facts']): boolean => { const keys = Object.keys(b); return Object.keys(a).length === keys.length && keys.every((k) => a[k] === b[k]); };
