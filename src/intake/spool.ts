/**
 * The way past a database that is away (A2): a lane whose commit does not come within limits.spoolAfterMs keeps its items on
 * this machine's disk, and they are acknowledged; from then on it goes there at once, so that an alarm waits milliseconds and no
 * keep-alive kills anybody. The replayer tries the oldest items against the database until it takes them, events before
 * telemetry; the lane returns to the database when its spool is empty, so that a device's events keep their order (I7).
 */
import { limits } from '#core/limits.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import type { Seal } from '#store/seal.ts';
import { sealed, unsealed } from '#store/sealed-value.ts';
import { isTransient } from '#store/pool.ts';
import type { Spool } from '#store/spool.ts';
import { type Service, startLoop } from '#work/loop.ts';

export type SpoolLane<T> = {
  /** Whether items go to the spool without asking the database: something of this lane is there already. */ away(): boolean;
  /**
   * Whether earlier items are on their way from there into the database: who wrote past them would change the order of a device. Not when they
   * cannot get there although the database takes things, nor while standby works on them: an alarm comes before the order.
   */ behind(): boolean;
  /** Resolves when the items are on the disk; rejects when it is full. */ keep(items: readonly T[]): Promise<void>;
};
export type Replayed<T> = { item: T; nowMs: number; /** Kept by this process, not by an earlier one. */ own: boolean };
export type LaneSpec<T> = {
  name: string; /** Items of one replay. */ rows: number; /** It may hold emergencies. */ alarms?: boolean;
  /** Commits items of earlier, idempotently. `nowMs` is the present by the clock that the item's own monotonic times belong to. */
  replay(items: readonly Replayed<T>[]): Promise<void>;
  /** They are committed and have left the spool. */ replayed(items: readonly Replayed<T>[]): void;
};
export type Spooling = Service & {
  /** Registers a lane; lanes are replayed in the order of their registration. */ lane<T>(spec: LaneSpec<T>): SpoolLane<T>;
  /** Begins the replay, when every lane is registered. */ start(): void;
  /** Rows that are not in the database yet, in all or of one lane. */ rows(lane?: string): number;
  /** The same, with those that no key of ours opens. */ kept(...lanes: string[]): number;
  /** What telemetry may use is used up: it is shed, alarms go on. */ readonly crowded: boolean;
};
type Kept = { life: string; /** wall clock minus monotonic clock when it was kept */ offsetMs: number; item: unknown };

const label = 'spool.body';
/** Monotonic times mean nothing in another process: this one's own are told apart by it. */
const life = `${process.pid}-${performance.timeOrigin}`;

export function openSpooling(options: { spool: Spool; seal: Seal; meter: EdgeMeter; log: Logger; /** Standby works on what stands here: not replayed yet. */ held?: () => boolean }): Spooling {
  const { spool, seal, meter, log } = options;
  const lanes: LaneSpec<unknown>[] = [];
  if (spool.aside !== null) log.error({ file: spool.aside }, 'the spool file could not be read and was laid aside; what it held is not in the database');
  if (spool.left > 0) log.error({ files: spool.left }, 'the spools of processes that have gone could not be taken over (no room beside this one, or unreadable): they stay, and are tried again at the next start of an edge');
  if (spool.adopted > 0) log.warn({ rows: spool.adopted }, 'the spool of a process that has gone is taken over');
  /** The database takes things, and what stands here does not get there or not away from here. */
  let stuck = false;
  const total = (): number => lanes.reduce((sum, lane) => sum + spool.rows(lane.name), 0);
  const open = (body: Uint8Array): Replayed<unknown> | null => {
    try {
      const kept = unsealed<Kept>(seal, label, body);
      const own = kept.life === life;
      return { item: kept.item, nowMs: own ? performance.now() : Date.now() - kept.offsetMs, own };
    } catch (error) {
      log.error({ error: (error as Error).message }, 'a row of the spool cannot be opened: is this the key file that it was written with? It stays in the file');
      return null;
    }
  };
  const turn = async (): Promise<boolean> => {
    for (const lane of lanes) {
      if (spool.rows(lane.name) === 0 || (lane.alarms && options.held?.())) continue;
      const rows = await spool.first(lane.name, lane.rows);
      if (rows.length === 0) continue; // still on its way into the file
      const items = rows.map((row) => open(row.body));
      const readable = items.filter((item) => item !== null);
      await lane.replay(readable);
      const unreadable = rows.filter((_, i) => items[i] === null);
      if (unreadable.length > 0) await spool.append(unreadable.map(({ body }) => ({ lane: `${lane.name}-unreadable`, body })));
      await spool.remove(lane.name, rows.at(-1)?.id ?? 0);
      stuck = false;
      meter.replayed(lane.name, rows.length);
      lane.replayed(readable);
      if (total() === 0) log.info('everything of the spool is in the database');
      return true;
    }
    return false;
  };
  let loop: ReturnType<typeof startLoop> | null = null;
  return {
    name: 'spool', ready: () => null,
    lane<T>(spec: LaneSpec<T>): SpoolLane<T> {
      lanes.push(spec as LaneSpec<unknown>);
      return {
        away: () => spool.rows(spec.name) > 0,
        behind: () => spool.rows(spec.name) > 0 && !stuck && !(spec.alarms && options.held?.()),
        async keep(items) {
          const first = total() === 0;
          await spool.append(items.map((item) => ({ lane: spec.name, body: sealed(seal, label, { life, offsetMs: Date.now() - performance.now(), item } satisfies Kept) })));
          meter.spooled(spec.name, items.length);
          if (first) log.error({ lane: spec.name }, 'the database does not commit: frames are kept in the spool and acknowledged');
        },
      };
    },
    start() {
      loop = startLoop({
        name: 'spool', pollMs: limits.spoolTryMs, turn,
        onError: (error, inARow) => { stuck = !isTransient(error); if (inARow === 1 || inARow % 60 === 0) log.warn({ error: (error as Error).message, inARow, rows: total() }, 'the spool is not taken by the database yet'); },
      });
    },
    rows: (lane) => (lane === undefined ? total() : spool.rows(lane)),
    kept: (...names) => names.reduce((sum, lane) => sum + spool.rows(lane) + spool.rows(`${lane}-unreadable`), 0),
    get crowded() { return spool.bytes >= limits.spoolTelemetryBytes; },
    async stop() { await loop?.stop(); await spool.close(); },
  };
}
