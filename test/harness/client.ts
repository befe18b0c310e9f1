/** A browser-less person at the API: logs in, keeps the cookie, and speaks JSON. Fails loudly on any answer that was not expected. */
import type { House } from './house.ts';

export type Client = {
  /** The JSON answer; throws unless the status is one of `expect` (default: any 2xx). */
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown, expect?: readonly number[]): Promise<T>;
};

export async function logIn(house: Pick<House, 'base' | 'password'>, username = 'admin', password = house.password): Promise<Client> {
  const answer = await fetch(`${house.base}/api/v1/login`, { method: 'POST', headers: { 'content-type': 'application/json', origin: house.base }, body: JSON.stringify({ username, password }) });
  if (!answer.ok) throw new Error(`login: ${answer.status} ${await answer.text()}`);
  const cookie = answer.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
  return {
    async call<T>(method: string, path: string, body?: unknown, expect?: readonly number[]): Promise<T> {
      const response = await fetch(`${house.base}${path}`, {
        method, headers: { cookie, origin: house.base, ...(body === undefined ? {} : { 'content-type': 'application/json' }), 'idempotency-key': crypto.randomUUID() },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (expect ? !expect.includes(response.status) : !response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return (text === '' ? {} : JSON.parse(text)) as T;
    },
  };
}
