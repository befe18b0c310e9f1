/**
 * Requests to our own server: JSON in and out, same origin, one deadline, an idempotency key for every change. Never
 * throws: an answer is a union, because "somebody was first" is an ordinary outcome and must be shown in words.
 */

export type Problem = {
  /** 0: no answer at all. */ status: number; code: string; message: string;
  fields: readonly { field: string; expected: string }[];
  /** What the answer adds: who was first, since when. */ more: Readonly<Record<string, unknown>>;
};
export type Answer<T> = { ok: true; value: T } | { ok: false; problem: Problem };

const deadlineMs = 10_000;
let onLoggedOut: () => void = () => {};
/** Called once per answer that says the session is over. */
export function whenLoggedOut(run: () => void): void { onLoggedOut = run; }

/** 128 random bits; `crypto.randomUUID` is missing on plain http, which county networks have. */
export function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export const get = <T>(path: string): Promise<Answer<T>> => call<T>('GET', path, undefined);
/** A change of one thing by its address: PUT, PATCH, DELETE are done once however often they are asked. */
export const send = <T>(method: 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Answer<T>> => call<T>(method, path, body);
/** A change. A lost answer is asked for again once, under the same key: the server does it once. `keyed` false where there are no keys. */
export async function post<T>(path: string, body: unknown = {}, keyed = true): Promise<Answer<T>> {
  const key = keyed ? randomKey() : undefined;
  const first = await call<T>('POST', path, body, key);
  return first.ok || first.problem.status !== 0 || !keyed ? first : call<T>('POST', path, body, key);
}

/** Changes that carry the version that was seen, so that a lost answer cannot do harm twice. */
export const patch = <T>(path: string, body: unknown): Promise<Answer<T>> => call<T>('PATCH', path, body);
export const put = <T>(path: string, body: unknown): Promise<Answer<T>> => call<T>('PUT', path, body);
export const remove = <T>(path: string): Promise<Answer<T>> => call<T>('DELETE', path, undefined);

async function call<T>(method: string, path: string, body: unknown, key?: string): Promise<Answer<T>> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), deadlineMs);
  try {
    const response = await fetch(path, {
      method, signal: stop.signal, credentials: 'same-origin', cache: 'no-store',
      headers: body === undefined ? { accept: 'application/json' } : { accept: 'application/json', 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok) return { ok: true, value: answer as T };
    if (response.status === 401 && path !== '/api/v1/login') onLoggedOut();
    return { ok: false, problem: problemOf(response.status, answer) };
  } catch {
    return { ok: false, problem: { status: 0, code: 'E_NO_ANSWER', message: '', fields: [], more: {} } };
  } finally {
    clearTimeout(timer);
  }
}

/** The house's error shape; anything else (a proxy's page) becomes a problem of its status. */
function problemOf(status: number, answer: unknown): Problem {
  const error = (answer as { error?: Record<string, unknown> } | null)?.error;
  if (typeof error?.['code'] !== 'string') return { status, code: 'E_NO_ANSWER', message: '', fields: [], more: {} };
  const { code, message, fields, ...more } = error as { code: string; message?: string; fields?: Problem['fields'] };
  return { status, code, message: message ?? '', fields: fields ?? [], more };
}
