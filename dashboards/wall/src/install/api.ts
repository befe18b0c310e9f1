/** Requests to the house: JSON, one deadline, an idempotency key for every change; never throws. */

export type Problem = { /** 0: no answer */ status: number; message: string; fields: readonly { field: string; expected: string }[]; more: Readonly<Record<string, unknown>> };
export type Answer<T> = { ok: true; value: T; /** the house's clock less this telephone's, ms */ skewMs: number } | { ok: false; problem: Problem };

/** 128 random bits; `crypto.randomUUID` is missing on plain http. */
export const newKey = (): string => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

export async function ask<T>(method: 'GET' | 'POST', path: string, body?: unknown, key?: string): Promise<Answer<T>> {
  const stop = new AbortController();
  // A photo over a slow net takes its time.
  const timer = setTimeout(() => stop.abort(), method === 'GET' ? 10_000 : 40_000);
  try {
    const response = await fetch(`/api/v1${path}`, {
      method, signal: stop.signal, credentials: 'same-origin', cache: 'no-store',
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(key === undefined ? {} : { 'idempotency-key': key }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json().catch(() => null)) as T | { error?: Record<string, unknown> } | null;
    if (response.ok && answer !== null) return { ok: true, value: answer as T, skewMs: Date.parse(response.headers.get('date') ?? '') - Date.now() || 0 };
    const { code: _c, message, fields, ...more } = ((answer as { error?: Record<string, unknown> } | null)?.error ?? {}) as { code?: string; message?: string; fields?: Problem['fields'] };
    return { ok: false, problem: { status: response.ok ? 0 : response.status, message: message ?? '', fields: fields ?? [], more } };
  } catch {
    return { ok: false, problem: { status: 0, message: '', fields: [], more: {} } };
  } finally {
    clearTimeout(timer);
  }
}
