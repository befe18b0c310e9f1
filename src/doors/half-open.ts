/**
 * Sockets that have not proven who they are (M9, M10): bounded per address and in all. At a bound one that has failed to log
 * in goes, else the oldest, never the newest, so that a valid device gets in through a flood, also from behind the flooder's
 * own address (law 5). Both bounds grow by as many known devices as are not inside: after a fall of the network, or of this edge, they all come at once, thousands of
 * them from one carrier's address, and who is cut off then only comes again. With every device inside a stranger finds the bare bounds.
 */
import { limits } from '#core/limits.ts';

type Closable = { destroy(): void };
export type HalfOpen = {
  add(socket: Closable, address: string): void;
  remove(socket: Closable): void;
  /** It has failed to log in and only waits for its answer: the first to go. */ demote(socket: Closable): void;
  /** Destroys all of them. */ clear(): void;
  readonly size: number;
};
/** Sockets in the order they came, those that failed apart. */
type Crowd = { fresh: Set<Closable>; failed: Set<Closable> };

const newCrowd = (): Crowd => ({ fresh: new Set(), failed: new Set() });
const sizeOf = (crowd: Crowd | undefined): number => (crowd ? crowd.fresh.size + crowd.failed.size : 0);
const worst = (crowd: Crowd): Closable | undefined => crowd.failed.values().next().value ?? crowd.fresh.values().next().value;

/** `expected`: known devices that are not inside. */
export function createHalfOpen(evicted: () => void, expected: () => number = () => 0): HalfOpen {
  const more = (): number => Math.min(Math.max(0, expected()), limits.halfOpenExpected);
  const addresses = new Map<Closable, string>();
  const all = newCrowd();
  const byAddress = new Map<string, Crowd>();
  const crowdsOf = (socket: Closable): Crowd[] => {
    const address = addresses.get(socket);
    const own = address === undefined ? undefined : byAddress.get(address);
    return own ? [all, own] : [];
  };
  const remove = (socket: Closable): void => {
    for (const crowd of crowdsOf(socket)) { crowd.fresh.delete(socket); crowd.failed.delete(socket); }
    const address = addresses.get(socket);
    addresses.delete(socket);
    if (address !== undefined && sizeOf(byAddress.get(address)) === 0) byAddress.delete(address);
  };
  const evict = (socket: Closable | undefined): void => {
    if (!socket) return;
    remove(socket);
    evicted();
    socket.destroy();
  };
  return {
    add(socket, address) {
      const own = byAddress.get(address);
      const extra = more();
      if (own && sizeOf(own) >= limits.halfOpenPerAddress + extra) evict(worst(own));
      if (sizeOf(all) >= limits.halfOpenTotal + extra) evict(worst(all));
      addresses.set(socket, address);
      const crowd = byAddress.get(address) ?? newCrowd();
      byAddress.set(address, crowd);
      all.fresh.add(socket);
      crowd.fresh.add(socket);
    },
    remove,
    demote(socket) { for (const crowd of crowdsOf(socket)) if (crowd.fresh.delete(socket)) crowd.failed.add(socket); },
    clear() { for (const socket of [...addresses.keys()]) socket.destroy(); },
    get size() { return addresses.size; },
  };
}
