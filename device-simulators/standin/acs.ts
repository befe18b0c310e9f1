/**
 * The gateway's V3 signature, ACS3-HMAC-SHA256 (PROVIDERS 3.1), and the checks that stand before any business, in the real
 * order with the real codes (3.3). The query is decoded and encoded again: clients leave ! ( ) * raw and sign them encoded.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export type SignedRequest = { method: string; url: string; headers: Record<string, string | string[] | undefined>; body: string };
export type Refused = { status: number; code: string; message: string };
export type Key = { secret: string; active: boolean };
export type Verified = { action: string; version: string; params: Map<string, string> };

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const encode = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const header = (request: SignedRequest, name: string): string => String(request.headers[name] ?? '').trim();
const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The text whose hash is signed, for the headers that the client says it signed. */
export function canonicalRequest(request: SignedRequest, signedHeaders: readonly string[]): string {
  const url = new URL(request.url, 'http://local');
  const query = [...url.searchParams].map(([k, v]) => [encode(k), encode(v)] as const).sort((a, b) => byCodeUnit(a[0], b[0])).map(([k, v]) => `${k}=${v}`).join('&');
  const headers = signedHeaders.map((name) => `${name}:${header(request, name)}\n`).join('');
  return [request.method, url.pathname, query, headers, signedHeaders.join(';'), sha256(request.body)].join('\n');
}

export function signature(request: SignedRequest, signedHeaders: readonly string[], secret: string): string {
  return createHmac('sha256', secret).update(`ACS3-HMAC-SHA256\n${sha256(canonicalRequest(request, signedHeaders))}`).digest('hex');
}

const validMs = 15 * 60_000;
const noncesMax = 20_000;

export type Verifier = (request: SignedRequest, nowMs: number) => Verified | Refused;

/** Makes the check of every request; it remembers the nonces it has seen. */
export function createVerifier(keys: ReadonlyMap<string, Key>): Verifier {
  const nonces = new Set<string>();
  return (request, nowMs) => {
    const given = header(request, 'authorization');
    if (given === '') return refuse(400, 'MissingAccessKeyId', 'AccessKeyId is mandatory for this action.');
    const parts = /^ACS3-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([a-z0-9;-]+),\s*Signature=([0-9a-f]{64})$/.exec(given);
    const [, id, signed, sent] = parts ?? [];
    if (id === undefined || signed === undefined || sent === undefined)
      return refuse(400, 'IncompleteSignature', 'The request signature does not conform to Aliyun standards.');
    const key = keys.get(id);
    if (!key) return refuse(404, 'InvalidAccessKeyId.NotFound', 'Specified access key is not found.');
    if (!key.active) return refuse(400, 'InvalidAccessKeyId.Inactive', 'Specified access key is disabled.');
    return checkDate(request, nowMs) ?? checkSignature(request, signed.split(';'), sent, key) ?? checkNonce(request, nonces) ?? read(request);
  };
}

const refuse = (status: number, code: string, message: string): Refused => ({ status, code, message });

function checkDate(request: SignedRequest, nowMs: number): Refused | null {
  const date = header(request, 'x-acs-date');
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(date)) return refuse(400, 'InvalidTimeStamp.Format', 'Specified time stamp or date value is not well formatted.');
  if (!(Math.abs(Date.parse(date) - nowMs) <= validMs)) return refuse(400, 'InvalidTimeStamp.Expired', 'Specified time stamp or date value is expired.');
  return null;
}

function checkSignature(request: SignedRequest, signed: string[], sent: string, key: Key): Refused | null {
  const canonical = canonicalRequest(request, signed);
  const mustBeSigned = Object.keys(request.headers).filter((name) => name.startsWith('x-acs-') || name === 'host' || name === 'content-type');
  const expected = signature(request, signed, key.secret);
  const same = timingSafeEqual(Buffer.from(expected), Buffer.from(sent));
  if (same && header(request, 'x-acs-content-sha256') === sha256(request.body) && mustBeSigned.every((name) => signed.includes(name))) return null;
  // The real text echoes the whole canonical request, numbers and names included: whoever logs it must mask it.
  return refuse(400, 'SignatureDoesNotMatch', 'Specified signature does not match our calculation. '
    + `server StringToSign is [ACS3-HMAC-SHA256\n${sha256(canonical)}] server CanonicalRequest is [${canonical}]`);
}

function checkNonce(request: SignedRequest, nonces: Set<string>): Refused | null {
  const nonce = header(request, 'x-acs-signature-nonce');
  if (nonce === '') return refuse(400, 'MissingSignatureNonce', 'SignatureNonce is mandatory for this action.');
  if (nonces.has(nonce)) return refuse(400, 'SignatureNonceUsed', 'Specified signature nonce was used already.');
  nonces.add(nonce);
  for (const oldest of nonces) { if (nonces.size <= noncesMax) break; nonces.delete(oldest); }
  return null;
}

function read(request: SignedRequest): Verified {
  const params = new Map(new URL(request.url, 'http://local').searchParams);
  if (/^application\/x-www-form-urlencoded/.test(header(request, 'content-type'))) for (const [k, v] of new URLSearchParams(request.body)) params.set(k, v);
  return { action: header(request, 'x-acs-action'), version: header(request, 'x-acs-version'), params };
}
