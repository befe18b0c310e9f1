/**
 * The second factor of a login (FIELD F12, W12): a one-time code of a telephone (TOTP) or a recovery code, each taken once; or a client
 * certificate of the duty PC. Who owes one and cannot give it still hears and works on alarms, from a browser that is known.
 */
import { randomInt } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import { Secret, TOTP } from 'otpauth';
import { limits } from '#core/limits.ts';
import { type Proof, may, type UserRole } from '#core/user.ts';
import { readDataKind } from '#store/county-status.ts';
import { readFactor, takeRecovery, takeStep, telephoneTime } from '#store/factors.ts';
import type { Db, Sql } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { readSetting } from '#store/settings.ts';

/** What a county asks of its logins. */
export type Security = { secondFactor: readonly UserRole[] };

/** Which roles owe a second factor: as set, else administrators as soon as a real person is on file. */
export async function rolesWithFactor(sql: Sql): Promise<readonly UserRole[]> {
  const set = await readSetting<Security>(sql, 'security');
  if (set !== null) return set.secondFactor;
  return (await readDataKind(sql)).real ? ['admin'] : [];
}

const totp = (secret: string, name = ''): TOTP => new TOTP({ issuer: 'Anling', label: name || 'Anling', secret: Secret.fromBase32(secret) });

/** A new key of 160 bits, and what an authenticator reads of it. */
export function newKey(name: string): { secret: string; uri: string } {
  const secret = new Secret({ size: 20 }).base32;
  return { secret, uri: totp(secret, name).toString() };
}

/** The step that this code belongs to, the one before and the one after allowed; null: none. */
export function stepOf(secret: string, code: string, atMs: number): number | null {
  const one = totp(secret);
  const delta = one.validate({ token: code, timestamp: atMs, window: 1 });
  return delta === null ? null : one.counter({ timestamp: atMs }) + delta;
}

const letters = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Codes for the day the telephone is lost: 48 bits each, read from paper. */
export const newRecovery = (): string[] => Array.from({ length: limits.recoveryCodes }, () => Array.from({ length: 2 }, () => Array.from({ length: 5 }, () => letters[randomInt(letters.length)]).join('')).join('-'));
export const recoveryHash = (seal: Seal, userId: string, code: string): Buffer => seal.secretHash(`recovery:${userId}:${code.toUpperCase().replace(/[^0-9A-Z]/g, '')}`);

/** Whether this is the user's code now, and spends it. */
export async function takeCode(db: Db, seal: Seal, userId: string, code: string): Promise<'code' | 'recovery' | null> {
  const plain = code.replace(/\s/g, '');
  if (!/^\d{6}$/.test(plain)) return (await takeRecovery(db, userId, recoveryHash(seal, userId, plain))) ? 'recovery' : null;
  const { secret } = await readFactor(db, seal, userId);
  const step = secret === null ? null : stepOf(secret, plain, await telephoneTime(db));
  return step !== null && (await takeStep(db, userId, step)) ? 'code' : null;
}

/** What a login without a code has proven. */
export function proofWithout(input: { role: UserRole; owes: boolean; known: boolean; certificate: boolean }): Proof {
  if (!input.owes || input.certificate) return 'whole';
  return input.known && (may.act as readonly UserRole[]).includes(input.role) ? 'desk' : 'none';
}

/** The browser showed a certificate of the duty PCs' authority. Only where the house ends TLS itself and knows that authority. */
export const hasCertificate = (request: FastifyRequest, asked: boolean): boolean => asked && (request.raw.socket as Partial<TLSSocket>).authorized === true;
