/**
 * Sealing of personal data: AES-256-GCM per value, keyed blind indexes for look-ups, and the pepper of device secrets.
 * The keys stand in one file of their own (0600, ANLING_KEYS): without it a backup cannot be read, and devices cannot log in.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperatingError } from '#core/errors.ts';

export type Keys = { seal: Buffer; blind: Buffer; pepper: Buffer; audit: Buffer; hook: string };
export type Seal = {
  /** Encrypts; `column` ('person.name') is bound in, so a value cannot be moved to another column. */
  seal(column: string, text: string): Buffer;
  open(column: string, sealed: Uint8Array): string;
  sealOrNull(column: string, text: string | null | undefined): Buffer | null;
  openOrNull(column: string, sealed: Uint8Array | null | undefined): string | null;
  /** As openOrNull, and null too when it cannot be opened: for what an alarm can do without, which must not stop it. */
  openIfReadable(column: string, sealed: Uint8Array | null | undefined): string | null;
  /** The keyed index of a normalised value: equal texts, equal bytes; nothing else can be learned. */
  blind(kind: 'phone' | 'name' | 'identity' | 'find', text: string): Buffer;
  /** Hash of a device secret or token: one HMAC, for secrets of 128 bits and more (RELIABILITY M4). */
  secretHash(secret: string): Buffer;
  secretMatches(secret: string, hash: Uint8Array): boolean;
  /** Signature of what the house hands out on paper; `purpose` is bound in, so one cannot be passed off as another. */
  sign(purpose: 'door', text: string): Buffer;
  /** Keyed link of the audit chain. */
  chain(previous: Uint8Array, row: string): Buffer;
  /** The secret path segment of provider callbacks. */
  readonly hookSecret: string;
};

const version = 1;

export function createSeal(keys: Keys): Seal {
  // Key objects made once: with the bytes Node makes one for every call, which costs more than the call (24.21: sealing 24 µs against 7, an index 15 against 3).
  const key = { seal: createSecretKey(keys.seal), blind: createSecretKey(keys.blind), pepper: createSecretKey(keys.pepper), audit: createSecretKey(keys.audit) };
  const hmac = (by: KeyObject, text: string | Uint8Array): Buffer => createHmac('sha256', by).update(text).digest();
  const seal = (column: string, text: string): Buffer => {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key.seal, iv).setAAD(Buffer.from(column));
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(version), iv, cipher.getAuthTag(), body]);
  };
  const open = (column: string, sealed: Uint8Array): string => {
    const bytes = Buffer.from(sealed);
    if (bytes[0] !== version) throw new OperatingError('E_KEYS', `a sealed value of ${column} has an unknown version`);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.seal, bytes.subarray(1, 13)).setAAD(Buffer.from(column)).setAuthTag(bytes.subarray(13, 29));
      return decipher.update(bytes.subarray(29), undefined, 'utf8') + decipher.final('utf8');
    } catch (cause) {
      throw new OperatingError('E_KEYS', `a sealed value of ${column} cannot be opened: is this the key file that belongs to the database?`, { cause });
    }
  };
  return {
    seal, open,
    sealOrNull: (column, text) => (text == null ? null : seal(column, text)),
    openOrNull: (column, sealed) => (sealed == null ? null : open(column, sealed)),
    openIfReadable(column, sealed) {
      if (sealed == null) return null;
      try { return open(column, sealed); } catch { return null; }
    },
    blind: (kind, text) => hmac(key.blind, `${kind}:${kind === 'phone' ? normalPhone(text) : text.trim()}`).subarray(0, 16),
    secretHash: (secret) => hmac(key.pepper, secret),
    secretMatches(secret, hash) {
      const own = hmac(key.pepper, secret);
      return own.length === hash.length && timingSafeEqual(own, hash);
    },
    // Its own key, derived: nothing that is signed can meet the hash of a device's secret.
    sign: (purpose, text) => hmac(createSecretKey(hmac(key.pepper, 'anling signature')), `${purpose}\n${text}`),
    chain: (previous, row) => createHmac('sha256', key.audit).update(previous).update(row).digest(),
    hookSecret: keys.hook,
  };
}

/** A telephone number as it is compared: digits only, without the country code. */
function normalPhone(text: string): string {
  return text.replace(/[^\d]/g, '').replace(/^(?:0086|86)(?=1\d{10}$)/, '');
}

/** Reads the key file; makes it when `create` is set and it is missing. Refuses one that others can read. */
export function readKeys(file: string, create: boolean): Keys {
  if (!existsSync(file)) {
    if (!create) throw new OperatingError('E_KEYS', `ANLING_KEYS: the key file ${file} is missing. It belongs to the database; restore it from its backup.`);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const fresh = Object.fromEntries(['seal', 'blind', 'pepper', 'audit'].map((name) => [name, randomBytes(32).toString('base64')]));
    writeFileSync(file, `${JSON.stringify({ ...fresh, hook: randomBytes(16).toString('hex') }, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(file, 0o600);
  }
  if ((statSync(file).mode & 0o077) !== 0) throw new OperatingError('E_KEYS', `ANLING_KEYS: ${file} can be read by others; run chmod 600 ${file}`);
  const raw = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const bytes = (name: string): Buffer => {
    const value = Buffer.from(raw[name] ?? '', 'base64');
    if (value.length !== 32) throw new OperatingError('E_KEYS', `ANLING_KEYS: ${file}: "${name}" is not a 32-byte key`);
    return value;
  };
  return { seal: bytes('seal'), blind: bytes('blind'), pepper: bytes('pepper'), audit: bytes('audit'), hook: raw['hook'] ?? '' };
}
