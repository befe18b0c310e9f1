/** What the telephone keeps (IndexedDB): the villages of the day, visits, and presses that wait. Every change is one transaction; other tabs are told. */
import type { Me, Profile, Village, Visit, Waiting } from './shapes.ts';

type Kept = { me: Me; profiles: Profile[]; regions: { code: string; name: string; level: string }[] };
const stores = ['kept', 'villages', 'visits', 'queue'] as const;
type Store = (typeof stores)[number];

let opened: Promise<IDBDatabase> | null = null;
function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('anling-install', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('kept');
      request.result.createObjectStore('villages', { keyPath: 'code' });
      request.result.createObjectStore('visits', { keyPath: 'id' });
      request.result.createObjectStore('queue', { keyPath: 'seq', autoIncrement: true });
    };
    request.onsuccess = () => { request.result.onversionchange = () => { request.result.close(); opened = null; }; resolve(request.result); };
    request.onerror = () => { opened = null; reject(request.error); };
  });
  return opened;
}

const listeners = new Set<() => void>();
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('anling-install');
if (channel) channel.onmessage = () => { for (const hear of listeners) hear(); };
/** Called after each change, of this tab or another. */
export function onChange(hear: () => void): void { listeners.add(hear); }

const answered = <T>(request: IDBRequest<T>): Promise<T> => new Promise((resolve, reject) => { request.onsuccess = () => resolve(request.result); request.onerror = () => reject(request.error); });

/** All of `work` or nothing; resolves when the telephone has written it. */
async function change(names: readonly Store[], work: (store: (name: Store) => IDBObjectStore) => void | Promise<void>): Promise<void> {
  const tx = (await open()).transaction(names, 'readwrite');
  const done = new Promise<void>((resolve, reject) => { tx.oncomplete = () => resolve(); tx.onabort = () => reject(tx.error); tx.onerror = () => reject(tx.error); });
  try { await work((name) => tx.objectStore(name)); } catch (error) { try { tx.abort(); } catch { /* ended already */ } await done.catch(() => {}); throw error; }
  await done;
  channel?.postMessage('changed');
  for (const hear of listeners) hear();
}
const all = async <T>(name: Store): Promise<T[]> => answered<T[]>((await open()).transaction(name).objectStore(name).getAll());

export const readVillages = (): Promise<Village[]> => all<Village>('villages');
export const readVisits = (): Promise<Visit[]> => all<Visit>('visits');
export const readQueue = (): Promise<Waiting[]> => all<Waiting>('queue');
export async function readKept<K extends keyof Kept>(name: K): Promise<Kept[K] | null> {
  return ((await answered((await open()).transaction('kept').objectStore('kept').get(name))) as Kept[K] | undefined) ?? null;
}
export const keep = <K extends keyof Kept>(name: K, value: Kept[K] | null): Promise<void> => change(['kept'], (store) => { if (value === null) store('kept').delete(name); else store('kept').put(value, name); });
export const putVillage = (village: Village): Promise<void> => change(['villages'], (store) => { store('villages').put(village); });
export const dropVillage = (code: string): Promise<void> => change(['villages'], (store) => { store('villages').delete(code); });

/** A press: what the visit shows of it and what waits to be sent, together. */
export const press = (visit: Visit, waiting: Waiting): Promise<void> => change(['visits', 'queue'], async (store) => {
  const now = (await answered(store('visits').get(visit.id))) as Visit | undefined;
  store('visits').put({ ...(now ?? visit), kept: { ...now?.kept, ...visit.kept } });
  store('queue').add(waiting);
});
/** Changes a visit as it is now; nothing when it is gone. `sent`: the press that this settles. */
export const settle = (id: string, how: (visit: Visit) => Visit, sent: number | null = null): Promise<void> => change(['visits', 'queue'], async (store) => {
  const now = (await answered(store('visits').get(id))) as Visit | undefined;
  if (now) store('visits').put(how(now));
  if (sent !== null) store('queue').delete(sent);
});
/** A whole visit with all that waits of it. */
export const dropVisit = (id: string): Promise<void> => change(['visits', 'queue'], async (store) => {
  for (const item of (await answered(store('queue').getAll())) as Waiting[]) if (item.visit === id && item.seq !== undefined) store('queue').delete(item.seq);
  store('visits').delete(id);
});
