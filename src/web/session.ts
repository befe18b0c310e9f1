/**
 * Who is calling: the session cookie of a browser or the bearer token of a machine; and whether a browser's request came
 * from our own pages (W5, W6). Cookie: HttpOnly, SameSite=Strict, and Secure with the __Host- prefix under https.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { limits } from '#core/limits.ts';
import type { Caller } from '#core/user.ts';
import type { Sql } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { findSession } from '#store/sessions.ts';
import { findToken } from '#store/tokens.ts';
import { ApiError } from './errors.ts';

export type CookieRule = { name: string; browserName: string; screenName: string; secure: boolean };
/** The role of a screen that holds its token as a cookie (routes/screen.ts). */
export const screenRole = 'viewer';

/** Names and flags of our cookies for a public URL. */
export function cookieRule(publicUrl: string): CookieRule {
  const secure = publicUrl.startsWith('https:');
  return { name: secure ? '__Host-anling' : 'anling', browserName: secure ? '__Host-anling-browser' : 'anling-browser', screenName: secure ? '__Host-anling-screen' : 'anling-screen', secure };
}

/** The Set-Cookie text; an empty value removes the cookie. */
export function cookieText(rule: CookieRule, name: string, value: string, maxAgeMs: number): string {
  return `${name}=${value}; Path=/; Max-Age=${value === '' ? 0 : Math.floor(maxAgeMs / 1000)}; HttpOnly; SameSite=Strict${rule.secure ? '; Secure' : ''}`;
}

/** One cookie of a request; the first of the name counts. */
export function readCookie(headers: IncomingHttpHeaders, name: string): string | null {
  for (const part of (headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim() || null;
  }
  return null;
}

/** 256 bits of randomness as text. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

export type Authenticate = (headers: IncomingHttpHeaders) => Promise<Caller | null>;

/** Resolves a request's credential to its caller; null without a valid one. A bearer token wins over a session, a session over a screen's cookie. */
export function authenticator(deps: { db: Sql; seal: Seal; rule: CookieRule }): Authenticate {
  return async (headers) => {
    const byToken = async (secret: string): Promise<Caller | null> => {
      const credential = deps.seal.secretHash(secret);
      const token = await findToken(deps.db, credential);
      return token && { kind: 'token', id: token.id, name: token.name, role: token.role, scopeCode: token.scopeCode, actor: `token:${token.id}`, credential, proof: 'whole' };
    };
    const bearer = /^Bearer ([\w-]{20,200})$/i.exec(headers.authorization ?? '')?.[1];
    if (bearer !== undefined) return byToken(bearer);
    const cookie = readCookie(headers, deps.rule.name);
    if (cookie !== null && cookie.length <= 200) {
      const credential = deps.seal.secretHash(cookie);
      const session = await findSession(deps.db, credential);
      if (session) return { kind: 'user', id: session.userId, name: session.displayName, role: session.role, scopeCode: session.scopeCode, actor: `user:${session.userId}`, credential, proof: session.proof };
    }
    const screen = readCookie(headers, deps.rule.screenName);
    const caller = screen !== null && /^[\w-]{20,200}$/.test(screen) ? await byToken(screen) : null;
    return caller?.role === screenRole ? caller : null;
  };
}

/** Whether an Origin is our own pages: the public URL's, or the host the browser itself asked. */
export function isOwnOrigin(origin: string, host: string | undefined, publicUrl: string): boolean {
  const parsed = URL.parse(origin);
  if (parsed === null) return false;
  return parsed.origin === URL.parse(publicUrl)?.origin || (parsed.host === host && (parsed.protocol === 'https:' || !publicUrl.startsWith('https:')));
}

/**
 * Refuses a state change that a browser was talked into by another site. A request without either header comes from no
 * current browser; SameSite=Strict and the JSON-only bodies stand behind this check.
 */
export function requireSameSite(method: string, headers: IncomingHttpHeaders, publicUrl: string): void {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return;
  const site = headers['sec-fetch-site'];
  const foreign = (site !== undefined && site !== 'same-origin' && site !== 'none')
    || (headers.origin !== undefined && !isOwnOrigin(headers.origin, headers.host, publicUrl));
  if (foreign) throw new ApiError('E_FORBIDDEN', 'This change was asked for by another site.');
}

export const browserCookieMs = 180 * 24 * 3_600_000;
/** As long as the session may last at most; the server judges. */
export const sessionCookieMs = limits.sessionCookieMs;
