/**
 * Sockets that have not proven who they are (M9, M10): bounded per address and in all. At a bound one that has failed to log
 * in goes, else the oldest, never the newest, so that a valid device gets in through a flood, also from behind the flooder's
 * own address (law 5). An address is no judgement by itself: behind a carrier's stand thousands of homes, so it may have as many
 * more at the door as it lately had devices inside.
 */
import { limits } from '#core/limits.ts';

type Closable = { destroy(): void };
export type HalfOpen = {
  add(socket: Closable, address: string): void;
  /** It has gone. */ remove(socket: Closable): void;
  /** It has proven who it is; its address counts it until it has gone, and remembers for an hour how many there were. */ admit(socket: Closable): void;
  /** It has failed to log in and only waits for its answer: the first to go. */ demote(socket: Closable): void;
  /** Destroys all of them. */ clear(): void;
  readonly size: number;
};
/** Sockets in the order they came, those that failed apart. */
type Crowd = { fresh: Set<Closable>; failed: Set<Closable> };

/** Devices of an address: inside now, and the most of the last hour. */
type House = { inside: number; peak: number; atMs: number };

const newCrowd = (): Crowd => ({ fresh: new Set(), failed: new Set() });
const sizeOf = (crowd: Crowd | undefined): number => (crowd ? crowd.fresh.size + crowd.failed.size : 0);
const worst = (crowd: Crowd): Closable | undefined => crowd.failed.values().next().value ?? crowd.fresh.values().next().value;

export function createHalfOpen(evicted: () => void, monotonic = (): number => performance.now()): HalfOpen {
  const proven = createProven(monotonic);
  const addresses = new Map<Closable, string>();
  const all = newCrowd();
  const byAddress = new Map<string, Crowd>();
  const crowdsOf = (socket: Closable): Crowd[] => {
    const address = addresses.get(socket);
    const own = address === undefined ? undefined : byAddress.get(address);
    return own ? [all, own] : [];
  };
  const leave = (socket: Closable): void => {
    for (const crowd of crowdsOf(socket)) { crowd.fresh.delete(socket); crowd.failed.delete(socket); }
    const address = addresses.get(socket);
    addresses.delete(socket);
    if (address !== undefined && sizeOf(byAddress.get(address)) === 0) byAddress.delete(address);
  };
  const evict = (socket: Closable | undefined): void => {
    if (!socket) return;
    leave(socket);
    evicted();
    socket.destroy();
  };
  return {
    add(socket, address) {
      const own = byAddress.get(address);
      if (own && sizeOf(own) >= limits.halfOpenPerAddress + proven.of(address)) evict(worst(own));
      if (sizeOf(all) >= limits.halfOpenTotal) evict(worst(all));
      addresses.set(socket, address);
      const crowd = byAddress.get(address) ?? newCrowd();
      byAddress.set(address, crowd);
      all.fresh.add(socket);
      crowd.fresh.add(socket);
    },
    remove(socket) { leave(socket); proven.leave(socket); },
    admit(socket) {
      const address = addresses.get(socket);
      leave(socket);
      if (address !== undefined) proven.enter(socket, address);
    },
    demote(socket) { for (const crowd of crowdsOf(socket)) if (crowd.fresh.delete(socket)) crowd.failed.add(socket); },
    clear() { for (const socket of [...addresses.keys()]) socket.destroy(); },
    get size() { return addresses.size; },
  };
}

/** What addresses have shown: how many devices each has let in. */
function createProven(monotonic: () => number) {
  const inside = new Map<Closable, string>();
  const houses = new Map<string, House>();
  /** A peak is of the last hour; an address that nobody is behind any more is forgotten with it. */
  const look = (address: string): House | undefined => {
    const house = houses.get(address);
    if (house && house.peak > house.inside && monotonic() - house.atMs > limits.halfOpenProvenMs) house.peak = house.inside;
    if (house?.peak === 0) houses.delete(address);
    return house;
  };
  return {
    of: (address: string): number => look(address)?.peak ?? 0,
    enter(socket: Closable, address: string): void {
      inside.set(socket, address);
      const house = look(address) ?? { inside: 0, peak: 0, atMs: 0 };
      house.inside++;
      if (house.inside >= house.peak) Object.assign(house, { peak: house.inside, atMs: monotonic() });
      houses.delete(address);
      houses.set(address, house);
      if (houses.size > limits.halfOpenAddresses) houses.delete(houses.keys().next().value as string);
    },
    leave(socket: Closable): void {
      const address = inside.get(socket);
      if (address === undefined) return;
      inside.delete(socket);
      const house = houses.get(address);
      if (house) house.inside = Math.max(0, house.inside - 1);
    },
  };
}
