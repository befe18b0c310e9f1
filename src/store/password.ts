/**
 * People's passwords: argon2id by node:crypto, in the PHC text form so that a later cost reads the older hashes.
 * OWASP's second choice (19 MiB, 2 passes) measured about 30 ms here; device secrets do not come this way (RELIABILITY M4).
 */
import { argon2, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };

function derive(password: string, salt: Buffer, with_: { memory: number; passes: number; parallelism: number; tagLength: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message: password.normalize('NFC'), nonce: salt, ...with_ }, (error, tag) => { if (error) reject(error); else resolve(tag); });
  });
}
const b64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

/** The PHC string `$argon2id$v=19$m=…,t=…,p=…$salt$tag` of a password. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const tag = await derive(password, salt, cost);
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${b64(salt)}$${b64(tag)}`;
}

/** Whether the password belongs to the hash; false for a text that is no hash of ours. Takes as long as hashing. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const parts = /^\$argon2id\$v=19\$m=(\d{1,6}),t=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{20,128})$/.exec(hash);
  if (!parts) return false;
  const [, memory, passes, parallelism, salt = '', expected = ''] = parts;
  const tag = Buffer.from(expected, 'base64');
  const own = await derive(password, Buffer.from(salt, 'base64'), { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism), tagLength: tag.length });
  return timingSafeEqual(own, tag);
}

// No 0/O, 1/l/I: it is read from a terminal and typed.
const letters = '23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ';

/** A password for the first login, 93 bits, in groups that can be read aloud. */
export function generatePassword(): string {
  return Array.from({ length: 4 }, () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')).join('-');
}
