/** How fixtures of pushes are written down: a body, the account, and what it says. */
import type { Json } from './anling/fields.ts';
import type { Account, PushFixture } from './push.ts';

export function post(name: string, account: Account, body: Json | string, expect: PushFixture['expect'], more: { query?: Record<string, string>; headers?: Record<string, string> } = {}): PushFixture {
  return { name, account, expect, request: { method: 'POST', query: more.query ?? {}, headers: more.headers ?? {}, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) } };
}

export const get = (name: string, account: Account, expect: PushFixture['expect'], more: { query?: Record<string, string>; headers?: Record<string, string> }): PushFixture =>
  ({ name, account, expect, request: { method: 'GET', query: more.query ?? {}, headers: more.headers ?? {}, body: Buffer.alloc(0) } });

/** The fixtures' moment: 2026-11-22 10:00 in Beijing. */
export const fixtureNow = Date.UTC(2026, 10, 22, 2, 0, 0);
