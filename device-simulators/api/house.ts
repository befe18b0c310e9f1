/** The questions that simulator and acceptance ask the house, typed by what they use of the answers. */
import type { AlertView } from '#core/live.ts';
import type { EventKind } from '#core/event.ts';
import { limits } from '#core/limits.ts';
import type { HouseApi } from './client.ts';

export type DeviceSeen = { id: string; model: string; homeId: string | null; personId: string | null; regionCode: string | null; cell: string | null; status: 'stock' | 'installed' | 'revoked'; state: 'never' | 'online' | 'silent' | 'offline'; lastSeenAt: number | null; battery: number | null; demo: boolean };
export type EventSeen = { id: string; kind: EventKind; edge: string; sourceEventId: string | null; deviceTime: number | null; receivedAt: number; evaluatedAt: number | null; result: string | null; alertId: string | null; flags: string[] };
export type MessageSeen = { outId: string; party: string; channel: 'sms' | 'voice'; template: string; state: string; dueAt: number; acceptedAt: number | null; doneAt: number | null };
export type AlertInFull = AlertView & { timeline: { id: string; at: number; actorType: string; actorId: string; action: string; detail: Record<string, unknown> }[]; engagements: { party: string; state: string }[]; messages: MessageSeen[]; due: { slot: string; dueAt: number }[] };
export type Status = { serverTime: number; outbox: { due: number }; open: Record<'1' | '2' | '3' | '4', number>; cannotHear: number; gateway: { kind: string; realPhones: boolean; demo: boolean } };
export type Secret = { id: string; secret: string };

const query = (given: Record<string, string | number | boolean | undefined>): string => new URLSearchParams(Object.entries(given).flatMap(([k, v]) => (v === undefined ? [] : [[k, String(v)]]))).toString();

export const readStatus = (api: HouseApi): Promise<Status> => api.call('GET', '/api/v1/status');
export const readDevice = (api: HouseApi, id: string): Promise<DeviceSeen> => api.call('GET', `/api/v1/devices/${encodeURIComponent(id)}`);
export const readAlert = (api: HouseApi, id: string): Promise<AlertInFull> => api.call('GET', `/api/v1/alerts/${id}`);

/** Every page of a list, at most `rows` of them. */
export async function readAll<T>(api: HouseApi, path: string, key: string, filter: Record<string, string | boolean | undefined> = {}, rows = Number.POSITIVE_INFINITY): Promise<T[]> {
  const out: T[] = [];
  for (let cursor: string | undefined; ;) {
    const answer = await api.call<Record<string, unknown>>('GET', `${path}?${query({ ...filter, cursor, limit: limits.pageRows })}`);
    out.push(...(answer[key] as T[]));
    cursor = (answer['next'] as string | null) ?? undefined;
    if (cursor === undefined || out.length >= rows) return out;
  }
}

/** Alerts, newest first unless only the open ones are asked for. */
export const readAlerts = (api: HouseApi, filter: { state?: 'open' | 'all'; kind?: EventKind; region?: string } = {}, rows?: number): Promise<AlertView[]> => readAll(api, '/api/v1/alerts', 'alerts', filter, rows);

/** What a device has reported, newest first. */
export const readEvents = (api: HouseApi, deviceId: string, filter: { kind?: EventKind; sourceEventId?: string } = {}): Promise<EventSeen[]> => readAll(api, `/api/v1/devices/${encodeURIComponent(deviceId)}/events`, 'events', filter);

/** New secrets for these devices, in their order; a thousand at a time. */
export async function newSecrets(api: HouseApi, ids: readonly string[]): Promise<Secret[]> {
  const out: Secret[] = [];
  for (let from = 0; from < ids.length; from += limits.bulkRows) out.push(...(await api.call<{ rows: Secret[] }>('POST', '/api/v1/devices/bulk/secrets', { ids: ids.slice(from, from + limits.bulkRows) })).rows);
  return out;
}

/** Nobody plays these demonstration devices any more: the house expects nothing of them. */
export async function rest(api: HouseApi, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += limits.bulkRows) await api.call('POST', '/api/v1/devices/bulk/rest', { ids: ids.slice(from, from + limits.bulkRows) });
}

/** Rows by a bulk form, a thousand at a time; the answers' rows in order. */
export async function register(api: HouseApi, what: 'homes' | 'people' | 'contacts' | 'devices', rows: readonly object[]): Promise<{ id: string; secret?: string }[]> {
  const out: { id: string; secret?: string }[] = [];
  for (let from = 0; from < rows.length; from += limits.bulkRows) out.push(...(await api.call<{ rows: { id: string; secret?: string }[] }>('POST', `/api/v1/${what}/bulk`, { rows: rows.slice(from, from + limits.bulkRows) })).rows);
  return out;
}
