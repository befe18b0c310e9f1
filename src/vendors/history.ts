/**
 * Asking a vendor's cloud what it has heard (the port `History`, FEATURES 2.15), as pure words: requests with their signatures, and what
 * answers mean. A record is read by the same reader as a push, so that both give an occurrence the same name. Like dialects, answers'
 * readers throw nothing but DecodeError; an answer that is not understood is a failure, never "nothing was missed".
 */
import type { DoorKind } from '#core/vendor-door.ts';
import { ctwingHistory } from './ctwing/history.ts';
import type { Account, Message } from './push.ts';
import type { DoorSettings } from '#core/vendor-door.ts';

export type Ask = { method: 'GET' | 'POST'; /** with its query */ path: string; headers: Readonly<Record<string, string>>; body: string | null };
/** A device as the vendor lists it; `names`: further names of it, the stable one first. */
export type ListedDevice = { product: string; id: string; names: readonly string[] };
/** One record: when, by the vendor's clock, and the name that the same occurrence has when it is pushed. */
export type Told = { at: number; name: string; message: Message };

export type History = {
  /** Where it answers, unless the door's settings name a platform of its own. */ readonly url: string;
  /** Secrets that asking needs; without one of them it cannot. */ readonly needs: readonly string[];
  /** The vendor's clock: signatures are judged by it. */ clock: { ask: Ask; header: string };
  products(account: Account): string[];
  askDevices(account: Account, product: string, page: number, vendorNow: number): Ask;
  readDevices(body: string, product: string): { devices: ListedDevice[]; more: boolean };
  /** Lists that a device has: reports, events. */ readonly lists: readonly string[];
  /** `page`: what the page before said, null for the first. */
  askRecords(account: Account, device: ListedDevice, list: string, window: { from: number; to: number; page: string | null }, vendorNow: number): Ask;
  readRecords(body: string, device: ListedDevice, list: string, settings: DoorSettings, now: number): { told: Told[]; next: string | null };
};

export const histories: Readonly<Partial<Record<DoorKind, History>>> = { ctwing: ctwingHistory };
