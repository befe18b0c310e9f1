/** What the door promises (laws 1 and 2, I1, I2, I7): acknowledged is on a disk, comes into the database, in the order in which it was acknowledged, once. */
import type { Database } from './database.ts';
import type { Disk } from './disk.ts';
import type { EventRow } from './tables.ts';

type Fail = (rule: string, alertId: string | null, message: string) => void;
type Acknowledged = { device: string; id: string; trace: string; at: number };
/** A sound house has its spool empty by then. */
const drainMs = 30_000;

export class DoorJudge {
  readonly #database: Database;
  readonly #disk: Disk;
  readonly #fail: Fail;
  #acknowledged: Acknowledged[] = [];
  /** Acknowledged from the spool and not in the database yet, by device and trace. */ readonly #owed = new Map<string, Map<string, Acknowledged>>();
  readonly #handedAt = new Map<string, number>();
  readonly #chains = new Map<string, string>();

  constructor(database: Database, disk: Disk, fail: Fail) { this.#database = database; this.#disk = disk; this.#fail = fail; }

  #row(a: Acknowledged): EventRow | undefined {
    for (const e of this.#database.tables.event.indexed('same', `${a.device} ${a.id}`)?.values() ?? []) if (e.trace === a.trace) return e;
    return undefined;
  }

  /** A device gave a frame to the door. */
  handed(trace: string): void { this.#handedAt.set(trace, this.#database.clock.now); }

  /** The door told the device that it is safe: a row, or on the edge's disk. Answers whether it was the spool. */
  acknowledged(device: string, id: string, trace: string): boolean {
    const a = { device, id, trace, at: this.#database.clock.now };
    this.#acknowledged.push(a);
    if (this.#row(a)) return false;
    if (!this.#disk.holds(trace)) { this.#fail('I1', null, `event ${id} of ${device} was acknowledged and is in no row and on no disk`); return false; }
    const owed = this.#owed.get(device) ?? new Map<string, Acknowledged>();
    this.#owed.set(device, owed.set(trace, a));
    return true;
  }

  /** Rows of one commit. What was acknowledged before another frame was even sent stands before it (I7). */
  inserted(rows: readonly EventRow[]): void {
    for (const e of rows.toSorted((a, b) => Number(a.id) - Number(b.id))) {
      const owed = e.device_id === null ? undefined : this.#owed.get(e.device_id);
      const handedAt = this.#handedAt.get(e.trace);
      this.#handedAt.delete(e.trace);
      if (!owed) continue;
      owed.delete(e.trace);
      for (const a of owed.values()) if (handedAt !== undefined && a.at < handedAt) this.#fail('I7', null, `event ${e.source_event_id} of ${e.device_id} came into the database before ${a.id}, which was acknowledged before it was sent`);
    }
  }

  /** I2: the same event, however often it comes, is one alert's. */
  evaluated(e: EventRow): void {
    if (e.device_id === null || e.alert_id === null || e.source_event_id === null || e.edge !== 'raise') return;
    const chain = `${e.device_id} ${e.source_event_id} ${e.device_time}`;
    const first = this.#chains.get(chain);
    if (first !== undefined && first !== e.alert_id) this.#fail('I2', e.alert_id, `event ${e.source_event_id} of ${e.device_id} is in alert ${first} and in alert ${e.alert_id}`);
    this.#chains.set(chain, e.alert_id);
  }

  minute(soundMs: number): void {
    if (soundMs > drainMs && this.#disk.size > 0) this.#fail('A2', null, `${this.#disk.size} frames (${this.#disk.oldest} first) lie in the spool of a house that has been sound for ${Math.round(soundMs / 1_000)} s`);
  }

  end(): void {
    for (const a of this.#acknowledged) {
      const row = this.#row(a);
      if (!row && a.at > this.#database.clock.now - 48 * 3_600_000) this.#fail('I1', null, `event ${a.id} of ${a.device} was acknowledged and is in no row any more`);
      if (row && row.evaluated_at === null) this.#fail('LAW3', null, `event ${a.id} of ${a.device} was never evaluated`);
      if (row && row.urgency === 1 && row.edge === 'raise' && row.alert_id === null) this.#fail('I2', null, `event ${a.id} of ${a.device} is in no alert: ${row.result}`);
    }
  }

  forget(alertIds: ReadonlySet<string>, beforeMs: number): void {
    for (const [chain, id] of this.#chains) if (alertIds.has(id)) this.#chains.delete(chain);
    for (const [trace, at] of this.#handedAt) if (at < beforeMs) this.#handedAt.delete(trace);
    this.#acknowledged = this.#acknowledged.filter((a) => a.at > beforeMs);
  }
}
