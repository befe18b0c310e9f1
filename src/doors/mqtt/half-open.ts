/**
 * Sockets that have not proven who they are (M9, M10): bounded per address and in all. At a bound the oldest goes, not the
 * newest, so that a valid device gets in through a flood, also from behind the flooder's own address (law 5).
 */
import { limits } from '#core/limits.ts';

export type HalfOpen = {
  add(socket: { destroy(): void }, address: string): void;
  remove(socket: object): void;
  /** Destroys all of them. */ clear(): void;
  readonly size: number;
};

export function createHalfOpen(evicted: () => void): HalfOpen {
  const all = new Map<object, { socket: { destroy(): void }; address: string }>();
  const byAddress = new Map<string, Set<{ destroy(): void }>>();
  const remove = (socket: object): void => {
    const one = all.get(socket);
    if (!one) return;
    all.delete(socket);
    const same = byAddress.get(one.address);
    same?.delete(one.socket);
    if (same?.size === 0) byAddress.delete(one.address);
  };
  const evict = (socket: { destroy(): void } | undefined): void => {
    if (!socket) return;
    remove(socket);
    evicted();
    socket.destroy();
  };
  return {
    add(socket, address) {
      const same = byAddress.get(address);
      if (same && same.size >= limits.halfOpenPerAddress) evict(same.values().next().value);
      if (all.size >= limits.halfOpenTotal) evict(all.values().next().value?.socket);
      all.set(socket, { socket, address });
      const again = byAddress.get(address);
      if (again) again.add(socket); else byAddress.set(address, new Set([socket]));
    },
    remove,
    clear() { for (const { socket } of [...all.values()]) socket.destroy(); },
    get size() { return all.size; },
  };
}
