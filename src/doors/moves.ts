/**
 * Devices that move between edges (G4): one connection per device over all of them, the newest wins. An edge writes down whom it let in; whom it finds
 * written down elsewhere since then, it cuts off, and forgets what it concluded from the device's readings. While the database is away nobody is cut off:
 * both connections are heard, and commands are rows that wait with it.
 */
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import { type Service, startLoop } from '#work/loop.ts';

type Aged = { deviceId: string; ageMs: number };
export type MovesOptions = {
  enter(entered: readonly Aged[]): Promise<readonly { deviceId: string; late: boolean; moved: boolean }[]>;
  /** What this edge has to end, with the age of the newer connection. */ left(): Promise<readonly Aged[]>;
  ended(deviceIds: readonly string[]): Promise<void>; tidy(): Promise<void>;
  /** How long ago the connection here was let in; null: there is none. */ ageMs(deviceId: string): number | null;
  /** Cuts the connection here off. */ end(deviceId: string): void;
  /** What was concluded from its readings here is old. */ forget(deviceId: string): void;
  log: Logger;
};
export type Moves = Service & { /** A device was let in here. */ entered(deviceId: string): void; wake(): void };

/** A row that was seen to name this edge is not written again for so long. */
const sureMs = 60_000;
const tidyMs = 30_000;

export function startMoves(options: MovesOptions): Moves {
  const { log } = options;
  /** Let in, not written down yet. */
  const waiting = new Set<string>();
  /** Written down, until when that is taken for sure (monotonic ms). */
  const sure = new Map<string, number>();
  let tidiedMs = -Infinity;
  const end = (deviceId: string): void => {
    sure.delete(deviceId);
    options.forget(deviceId);
    options.end(deviceId);
  };
  /** The connection here of that age is not the newest. Has the device come back here meanwhile, that is the newer one, and is written down again. */
  const leave = (deviceId: string, ageMs: number): void => {
    const own = options.ageMs(deviceId);
    if (own !== null && own < ageMs) { sure.delete(deviceId); waiting.add(deviceId); } else end(deviceId);
  };
  const write = async (): Promise<boolean> => {
    const entered: Aged[] = [];
    for (const deviceId of waiting) {
      waiting.delete(deviceId);
      const ageMs = options.ageMs(deviceId);
      if (ageMs !== null && entered.push({ deviceId, ageMs }) === limits.lookupRows) break;
    }
    if (entered.length === 0) return false;
    const sent = new Map(entered.map((e) => [e.deviceId, e.ageMs]));
    try {
      for (const { deviceId, late, moved } of await options.enter(entered)) {
        if (late) { leave(deviceId, sent.get(deviceId) ?? 0); continue; }
        if (moved) options.forget(deviceId);
        sure.set(deviceId, performance.now() + sureMs);
      }
    } catch (error) {
      for (const { deviceId } of entered) waiting.add(deviceId);
      throw error;
    }
    return waiting.size > 0;
  };
  const look = async (): Promise<boolean> => {
    const left = await options.left();
    if (left.length === 0) return false;
    for (const { deviceId, ageMs } of left) leave(deviceId, ageMs);
    await options.ended(left.map((l) => l.deviceId));
    log.info({ devices: left.length }, 'devices have moved to another edge');
    return true;
  };
  const loop = startLoop({
    name: 'moves', pollMs: limits.pollMs,
    onError: (error, inARow) => { if (inARow === 1) log.warn({ error: (error as Error).message }, 'which devices are here is not written down, trying again'); },
    async turn() {
      const more = [await write(), await look()];
      if (performance.now() - tidiedMs > tidyMs) {
        tidiedMs = performance.now();
        for (const [deviceId, untilMs] of sure) if (untilMs < tidiedMs) sure.delete(deviceId);
        await options.tidy();
      }
      return more.includes(true);
    },
  });
  return {
    name: 'moves', ready: () => null, stop: () => loop.stop(), wake: loop.wake,
    entered(deviceId) {
      if ((sure.get(deviceId) ?? 0) > performance.now()) return;
      waiting.add(deviceId);
      loop.wake();
    },
  };
}
