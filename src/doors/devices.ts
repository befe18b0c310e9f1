/**
 * The devices as the doors remember them, so that known ones log in while the database is away. All are loaded at start in
 * small pages; a login asks again when what is known is not fresh; hints (`changed`) and a slow round over everything heal
 * the rest (law 2). Look-ups are batched: ten thousand logins at once are a few dozen statements. What is known is kept on the
 * disk too, for the next life: an edge that starts while the database is away begins with it.
 */
import { limits } from '#core/limits.ts';
import type { KnownDevice } from '#core/publish.ts';
import { aliasOf } from '#core/vendor-door.ts';
import type { Logger } from '#ops/log.ts';
import { Batcher } from '#work/batcher.ts';
import { type Service, startLoop } from '#work/loop.ts';

export type DeviceLookup = {
  find(ids: readonly string[]): Promise<KnownDevice[]>;
  /** By what vendors' doors call them. */ byDoor?(names: readonly { door: string; key: string }[]): Promise<KnownDevice[]>;
  /** A page in the order of `no`, after `no`. */
  list(afterNo: number, rows: number): Promise<KnownDevice[]>;
};
export type DeviceCache = Service & {
  /** The device, null when there is none; 'unavailable' when the database is away and nothing is known. `freshMs`: how old an answer may be. */
  get(id: string, freshMs: number): Promise<KnownDevice | null | 'unavailable'>;
  peek(id: string): KnownDevice | undefined;
  /** The device that this door calls so; null: nobody is bound to it. What is known serves at once and is asked again when it is not fresh. */ byDoor(door: string, key: string): Promise<KnownDevice | null | 'unavailable'>;
  /** A hint: this device's binding, secret or status changed; '' means any. */
  changed(id: string): void;
  readonly size: number;
};
type Entry = { device: KnownDevice; seenMs: number };
const roundMs = 60_000;
export type DeviceCacheOptions = {
  lookup: DeviceLookup; log: Logger; onChange: (id: string, device: KnownDevice | null) => void;
  /** What an earlier life knew: serves until the database answers. */ known?: readonly KnownDevice[];
  /** Keeps what is known for the next life. */ save?: (devices: readonly KnownDevice[]) => Promise<void>;
};

export function startDeviceCache(options: DeviceCacheOptions): DeviceCache {
  const { lookup, log, onChange } = options;
  // Of another life, so never fresh: each login asks about it, and the round goes over it soon.
  const entries = new Map<string, Entry>((options.known ?? []).map((device) => [device.id, { device, seenMs: -Infinity }]));
  let unsaved = false;
  const aliases = new Map<string, string>([...entries.values()].flatMap(({ device: { id, vendor } }) => (vendor ? [[aliasOf(vendor.door, vendor.key), id] as const] : [])));
  const keep = (id: string, device: KnownDevice | null): KnownDevice | null => {
    const before = entries.get(id)?.device;
    entries.delete(id); // the oldest answer stays first: the round begins there
    if (device) entries.set(id, { device, seenMs: performance.now() });
    if (before?.vendor) aliases.delete(aliasOf(before.vendor.door, before.vendor.key));
    if (device?.vendor) aliases.set(aliasOf(device.vendor.door, device.vendor.key), id);
    const same = before !== undefined && device !== null && before.status === device.status && before.homeId === device.homeId && equal(before.secretHash, device.secretHash) && before.vendor?.door === device.vendor?.door && before.vendor?.key === device.vendor?.key && before.vendor?.secret === device.vendor?.secret;
    if (!same && (before || device)) unsaved = true;
    if (before && !same) onChange(id, device);
    return device;
  };
  const ask = async (ids: readonly string[]): Promise<(KnownDevice | null)[]> => {
    const found = new Map((await lookup.find([...new Set(ids)])).map((d) => [d.id as string, d]));
    return ids.map((id) => keep(id, found.get(id) ?? null));
  };
  const batcher = new Batcher<string, KnownDevice | null>({ maxMs: 2, maxRows: limits.lookupRows, lanes: 2, write: ask });
  const named = new Batcher<{ door: string; key: string }, KnownDevice | null>({
    maxMs: 2, maxRows: limits.lookupRows, lanes: 2,
    async write(names) {
      const found = new Map((await (lookup.byDoor?.(names) ?? [])).map((d) => [d.vendor ? aliasOf(d.vendor.door, d.vendor.key) : '', d]));
      return names.map(({ door, key }) => { const device = found.get(aliasOf(door, key)); return device ? keep(device.id, device) : null; });
    },
  });
  let loadedTo: number | null = 0;
  const loop = startLoop({
    name: 'devices', pollMs: limits.pollMs,
    onError: (error, inARow) => { if (inARow === 1) log.warn({ error: (error as Error).message }, 'devices not read, what is known serves'); },
    async turn() {
      if (loadedTo !== null) {
        const page = await lookup.list(loadedTo, limits.lookupRows);
        for (const device of page) keep(device.id, device);
        loadedTo = page.at(-1)?.no ?? null;
        return true;
      }
      // Everything once in `roundMs`, oldest answers first.
      const due = performance.now() - roundMs;
      const ids: string[] = [];
      for (const [id, entry] of entries) {
        if (entry.seenMs > due || ids.length >= limits.lookupRows) break;
        ids.push(id);
      }
      if (ids.length > 0) await ask(ids);
      return ids.length >= limits.lookupRows;
    },
  });
  const save = async (): Promise<void> => {
    if (!options.save || !unsaved || loadedTo !== null) return; // a part of them must not take the place of all
    unsaved = false;
    await options.save([...entries.values()].map((entry) => entry.device)).catch((error: unknown) => { unsaved = true; throw error; });
  };
  const memory = startLoop({
    name: 'devices-kept', pollMs: limits.knownDevicesMs,
    onError: (error, inARow) => { if (inARow === 1 || inARow % 600 === 0) log.error({ error: (error as Error).message }, 'the devices are not kept on the disk: an edge that starts while the database is away would let nobody in'); },
    async turn() { await save(); return false; },
  });
  return {
    name: 'devices', ready: () => (loadedTo === null ? null : 'devices: not all are loaded yet'),
    async stop() { await Promise.all([loop.stop(), memory.stop()]); await save().catch(() => {}); },
    async get(id, freshMs) {
      const entry = entries.get(id);
      if (entry && performance.now() - entry.seenMs <= freshMs) return entry.device;
      if (batcher.waiting >= limits.lookupQueue) return entry?.device ?? 'unavailable';
      const answer = await within(limits.lookupMs, batcher.add(id).catch(() => 'unavailable' as const));
      return answer === 'unavailable' ? (entries.get(id)?.device ?? 'unavailable') : answer;
    },
    peek: (id) => entries.get(id)?.device,
    async byDoor(door, key) {
      const entry = entries.get(aliases.get(aliasOf(door, key)) ?? '');
      if (entry) {
        if (performance.now() - entry.seenMs > limits.deviceFreshMs && batcher.waiting < limits.lookupQueue) batcher.add(entry.device.id).catch(() => {});
        return entry.device;
      }
      return named.waiting >= limits.lookupQueue ? 'unavailable' : within(limits.vendorLookupMs, named.add({ door, key }).catch(() => 'unavailable' as const));
    },
    changed(id) { if (entries.has(id)) batcher.add(id).catch(() => {}); },
    get size() { return entries.size; },
  };
}

function within<T>(ms: number, work: Promise<T>): Promise<T | 'unavailable'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'unavailable'>((resolve) => { timer = setTimeout(() => resolve('unavailable'), ms); });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
