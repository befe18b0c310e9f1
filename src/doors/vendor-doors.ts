/** The doors of vendors' clouds as the edge remembers them: read at start, at each hint and every few seconds; kept on the disk for a start without the database. */
import { limits } from '#core/limits.ts';
import type { VendorDoor } from '#core/vendor-door.ts';
import type { Logger } from '#ops/log.ts';
import { type Service, startLoop } from '#work/loop.ts';

export type Doors = Service & {
  get(name: string): VendorDoor | undefined;
  all(): readonly VendorDoor[];
  /** A push passed its check, or (`why`) did not: the page shows it. */ seen(name: string, why?: string): void;
  changed(): void;
};
export type DoorsOptions = {
  read(): Promise<VendorDoor[]>; known: readonly VendorDoor[]; save(doors: readonly VendorDoor[]): Promise<void>; log: Logger;
  note(seen: readonly { name: string; seen: boolean; refusedWhy: string | null }[]): Promise<void>; /** Another set, or other secrets. */ onChange?: (doors: readonly VendorDoor[]) => void;
};

export function startDoors(options: DoorsOptions): Doors {
  const { log } = options;
  let doors = new Map(options.known.map((door) => [door.name, door]));
  let saved = JSON.stringify(options.known);
  let loaded = false;
  let fresh = new Map<string, { seen: boolean; refusedWhy: string | null }>();
  const loop = startLoop({
    name: 'vendor-doors', pollMs: limits.vendorDoorsMs,
    onError: (error, inARow) => { if (inARow === 1) log.warn({ error: (error as Error).message }, 'vendors’ doors not read, what is known serves'); },
    async turn() {
      const now = await options.read();
      doors = new Map(now.map((door) => [door.name, door]));
      loaded = true;
      const text = JSON.stringify(now);
      if (text !== saved) {
        saved = text;
        options.onChange?.(now);
        await options.save(now).catch((error: Error) => { saved = ''; log.warn({ error: error.message }, 'vendors’ doors are not kept on the disk'); });
      }
      if (fresh.size > 0) {
        const told = [...fresh].map(([name, f]) => ({ name, ...f }));
        fresh = new Map();
        await options.note(told);
      }
      return false;
    },
  });
  return {
    name: 'vendor-doors', ready: () => (loaded ? null : 'vendors’ doors: not read yet'), stop: () => loop.stop(), changed: () => loop.wake(),
    get: (name) => doors.get(name), all: () => [...doors.values()],
    seen(name, why) {
      const one = fresh.get(name) ?? { seen: false, refusedWhy: null };
      fresh.set(name, why === undefined ? { ...one, seen: true } : { ...one, refusedWhy: why });
    },
  };
}
