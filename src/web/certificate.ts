/** The certificate of an installation (2.3): issued on site for the days of the probation, final when they are over, void when the device is no longer there or the acceptance is withdrawn. */
import { dayOf } from '#core/clock.ts';
import { probationDays } from '#core/acceptance.ts';
import { newId } from '#core/ids.ts';
import { certificateOfInstallation, type Certificate, type CertificateRecord, freshSalt, hashOf, insertCertificate, namedOn, nextCertificateNumber } from '#store/certificates.ts';
import { type Installation, openPicture, readSteps } from '#store/installations.ts';
import { databaseNow } from '#store/nodes.ts';
import type { Sql } from '#store/pool.ts';
import { listRegions } from '#store/regions.ts';
import { showRegion } from '#core/region.ts';
import type { WebContext } from './context.ts';
import type { CertificateAnswer } from './installation-view.ts';

export type CertificateState = 'probation' | 'accepted' | 'to-redo' | 'revoked';
/** What it is worth today. */
export function certificateState(c: Pick<Certificate, 'revokedAt' | 'state' | 'deviceThere'>): CertificateState {
  if (c.revokedAt !== null || !c.deviceThere) return 'revoked';
  return c.state === 'accepted' ? 'accepted' : c.state === 'on-site' ? 'probation' : 'to-redo';
}

/** Where anybody checks it. Half of the hash is enough: nobody makes another record to it. */
export const checkUrl = (publicUrl: string, c: Pick<Certificate, 'id' | 'hash'>): string => `${publicUrl}/c/${c.id}?h=${c.hash.slice(0, 32)}`;

export async function certificateOf(ctx: Pick<WebContext, 'db' | 'settings'>, i: Installation): Promise<CertificateAnswer> {
  const c = i.finishedAt === null ? null : await certificateOfInstallation(ctx.db, i.id);
  return c === null ? null : { number: c.number, id: c.id, hash: c.hash, url: checkUrl(ctx.settings.publicUrl, c), issuedAt: c.issuedAt, state: certificateState(c) };
}

/** Issues it, in the transaction that has found nothing missing. */
export async function issueCertificate(sql: Sql, seal: WebContext['seal'], i: Installation, secretBy: string | null): Promise<string> {
  const now = await databaseNow(sql);
  const regions = new Map((await listRegions(sql, i.regionCode.slice(0, 6))).map((r) => [r.code, showRegion(r.name)]));
  const { people, device } = await namedOn(sql, seal, i);
  const steps = await readSteps(sql, i.id);
  const [photo, signature] = [await openPicture(sql, seal, i.id, 'photo'), await openPicture(sql, seal, i.id, 'signature')];
  const record: CertificateRecord = {
    number: await nextCertificateNumber(sql, i.regionCode.slice(0, 6), dayOf(now).slice(0, 4)), issuedAt: now,
    county: regions.get(`${i.regionCode.slice(0, 6)}000000`) ?? '', town: regions.get(`${i.regionCode.slice(0, 9)}000`) ?? '', village: i.regionCode.endsWith('000') ? '' : (regions.get(i.regionCode) ?? ''), place: i.place ?? '',
    people, device: { id: i.deviceId ?? '', model: i.model ?? '', ...device },
    installer: i.installerName ?? i.installer, consent: { who: i.consentWho ?? '', how: i.consentHow ?? '' }, begunAt: i.begunAt, probationUntil: now + probationDays * 86_400_000,
    position: { lat: i.lat ?? 0, lon: i.lon ?? 0, accuracyM: i.accuracyM ?? 0 }, photo: hashOf(Buffer.from(photo ?? '', 'base64')), signature: hashOf(Buffer.from(signature ?? '', 'base64')),
    steps: [...steps].sort(([, a], [, b]) => a.at - b.at).map(([step, p]) => ({ step, at: p.at, ms: p.ms, facts: p.facts })), ownSecret: secretBy !== null && secretBy === i.installer, salt: freshSalt(),
  };
  const id = newId('c', 16);
  await insertCertificate(sql, seal, { id, installationId: i.id, record });
  return id;
}
