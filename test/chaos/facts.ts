/** What the house itself says afterwards, read over its public API with a token, page by page; no SQL. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiProblem, type HouseApi } from '#simulators/api/client.ts';
import { type AlertInFull, type EventSeen, readAll, readAlert, readAlerts, readEvents } from '#simulators/api/house.ts';

export type Notification = {
  id: string; outId: string; alertId: string | null; party: string; channel: 'sms' | 'voice'; template: string; purpose: 'search' | 'desk' | 'notice'; round: number | null; step: number | null;
  state: string; attempts: number; providerId: string | null; errorCode: string | null; createdAt: number; sentAt: number | null; demo: boolean;
};
export type Facts = { now: number; /** Real time from which on a phone may know more than this. */ readAt: number; events: ReadonlyMap<string, readonly EventSeen[]>; alerts: readonly AlertInFull[]; notifications: readonly Notification[]; /** Messages that went past the outbox, by out id: the auditor's own calls. */ besides: ReadonlySet<string> };

const atOnce = 6;

async function each<T, R>(list: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const out: R[] = [];
  const queue = [...list.entries()];
  const worker = async (): Promise<void> => { for (let next = queue.shift(); next; next = queue.shift()) out[next[0]] = await work(next[1]); };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return out;
}

const patienceMs = 120_000;
/** The same API for whoever judges: a starved machine that answers late, or not at first, is asked again. */
export function patient(api: HouseApi): HouseApi {
  return {
    ...api,
    async call(method, path, body) {
      for (const end = performance.now() + patienceMs; ; await sleep(1_000))
        try {
          return await api.call(method, path, body);
        } catch (error) {
          const passing = error instanceof ApiProblem && (error.status === 0 || error.status >= 500);
          if (!passing || performance.now() > end) throw error;
        }
    },
  };
}

/** Everything about these devices and all emergencies; asked when the house is at rest. */
export async function readFacts(api: HouseApi, devices: readonly string[]): Promise<Facts> {
  const events = new Map((await each(devices, async (id) => [id, await readEvents(api, id)] as const)));
  const all = await readAlerts(api, { state: 'all' });
  const alerts = await each(all.filter((a) => a.priority === 1), (a) => readAlert(api, a.id));
  const { serverTime } = await api.call<{ serverTime: number }>('GET', '/api/v1/status');
  // Twice: what changes from one section of the list into the other between two pages stands on neither.
  const read = (): Promise<Notification[]> => readAll<Notification>(api, '/api/v1/notifications', 'notifications');
  const readAt = Date.now();
  const notifications = [...new Map([...await read(), ...await read()].map((n) => [n.outId, n])).values()];
  const { auditorCalls } = await api.call<{ auditorCalls: { outId: string }[] }>('GET', '/api/v1/ops');
  return { now: serverTime, readAt, events, alerts, notifications, besides: new Set(auditorCalls.map((c) => c.outId)) };
}
