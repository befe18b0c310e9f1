/**
 * What devices have sent and seen acknowledged, held against what the house says of it: every acknowledged emergency must be a
 * stored event that exactly one alert counts (I1, I2). The ledger knows nothing of the house but its API.
 */
import type { DeviceKind, Edge } from '#core/event.ts';
import { kindInfo } from '#core/event.ts';
import type { HouseApi } from '#simulators/api/client.ts';
import { readEvents } from '#simulators/api/house.ts';
import type { Ack } from '#simulators/device/device.ts';
import { Histogram } from './histogram.ts';

export type Entry = {
  deviceId: string; homeId: string | null; kind: DeviceKind; edge: Edge; eventId: string | null;
  /** When it was pressed, by the house's clock, and on this machine's stop-watch. */ at: number; pressedMs: number;
  ack: Ack | null; /** Milliseconds until its alert was seen on the live channel. */ seenMs: number | null; /** A cry that is true (raw-warning model). */ real: boolean;
};
export type LedgerOptions = { monotonic?: () => number };

/** An emergency by the house's own table; a clear is no alarm. */
export const isEmergency = (e: Pick<Entry, 'kind' | 'edge'>): boolean => kindInfo[e.kind].priority === 1 && e.edge !== 'clear';

export class Ledger {
  readonly entries: Entry[] = [];
  /** From the first sending to the PUBACK: events, and heartbeats, which wait for their batch. */
  readonly pubacks = new Histogram();
  readonly beatAcks = new Histogram();
  readonly visible = new Histogram();
  beats = { sent: 0, acknowledged: 0 };
  readonly #monotonic: () => number;

  constructor(options: LedgerOptions = {}) { this.#monotonic = options.monotonic ?? (() => performance.now()); }

  /** Notes a press; `acknowledged` completes it. */
  press(entry: Pick<Entry, 'deviceId' | 'homeId' | 'kind' | 'edge' | 'at' | 'real'>): Entry {
    const full = { ...entry, eventId: null, pressedMs: this.#monotonic(), ack: null, seenMs: null };
    this.entries.push(full);
    return full;
  }

  acknowledged(entry: Entry, ack: Ack): void {
    Object.assign(entry, { ack, eventId: ack.eventId });
    this.pubacks.add(ack.ms);
  }

  /** An alert of this kind was seen for this home or device: the oldest press that nobody has seen yet. */
  seen(where: { homeId: string | null; deviceId: string | null; kind: string }): void {
    const entry = this.entries.find((e) => e.seenMs === null && e.kind === where.kind && (where.homeId === null ? e.deviceId === where.deviceId : e.homeId === where.homeId));
    if (!entry) return;
    entry.seenMs = this.#monotonic() - entry.pressedMs;
    this.visible.add(entry.seenMs);
  }

  emergencies(): Entry[] { return this.entries.filter((e) => isEmergency(e) && e.ack !== null); }
}

/** What the house says of one acknowledged event. */
export type Found = { entry: Entry; alertId: string | null; result: string | null; why: 'counted' | 'not-stored' | 'not-evaluated' | 'no-alert' };

const atOnce = 8;

/** Looks every acknowledged emergency up. */
export async function settle(api: HouseApi, entries: readonly Entry[]): Promise<Found[]> {
  const out: Found[] = [];
  const queue = [...entries.entries()];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [i, entry] = next;
      const events = await readEvents(api, entry.deviceId, { kind: entry.kind, sourceEventId: entry.eventId ?? '' });
      // A frame that was sent twice is stored twice: one of them must be counted by an alert.
      const event = events.find((e) => e.alertId !== null) ?? events[0];
      out[i] = { entry, alertId: event?.alertId ?? null, result: event?.result ?? null, why: !event ? 'not-stored' : event.alertId !== null ? 'counted' : event.evaluatedAt === null ? 'not-evaluated' : 'no-alert' };
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return out;
}
