/**
 * Doors for the clouds of vendors (厂商接入): one per account, named in its address `/vendors/{name}`. Who passes its check may speak
 * for the devices that are bound to this door, and for no others.
 */
import type { CoordinateSystem } from './coordinates.ts';
import type { DeviceKind } from './event.ts';

export const doorKinds = ['ctwing', 'onenet', 'onenet-studio', 'huawei', 'aliyun', 'tencent', 'watch-cloud', 'watch', 'milesight', 'alink', 'mapping'] as const;
export type DoorKind = (typeof doorKinds)[number];

/** How an administrator's own door reads JSON: where things stand (`a.b[0].c`), and what they mean. */
export type Mapping = {
  /** Where the list of messages stands; absent: the whole is one. */ list?: string; device: string; time?: string; id?: string;
  /** The first that fits decides; without one that fits, `else`. */ events: readonly { at: string; is?: string; kind: DeviceKind; edge?: 'raise' | 'clear' | 'repeat' | 'report' }[];
  /** What fits no line: kept as a sign of life, or set aside as unreadable, which alerts. */ else: 'heartbeat' | 'unreadable';
  /** Readings by our names (battery, heartRate, …): where they stand. */ readings: Readonly<Record<string, string>>;
};
export type DoorSettings = {
  /** Of its own, where watches speak TCP. */ port: number | null;
  /** What the plain "alarm" of a product means, by its id; `*` of any. */ alarms: Readonly<Record<string, DeviceKind>>;
  /** Addresses that may push, as prefixes of networks; empty: any. */ addresses: readonly string[]; mapping: Mapping | null;
  /** The system of its positions, where it says none and they are not WGS-84. */ crs?: CoordinateSystem;
  /** Read the vendor's own history beside its pushes, and back-fill what was not pushed; `url`: another platform than the public one. */ history?: { url?: string } | null;
};
export const emptySettings: DoorSettings = { alarms: {}, addresses: [], mapping: null, port: null };

/** A door as the edge uses it; its secrets are open here and stay in memory. */
export type VendorDoor = { name: string; kind: DoorKind; secrets: Readonly<Record<string, string>>; settings: DoorSettings; enabled: boolean };

/** One key in the doors' memory for what a vendor calls a device. */
export const aliasOf = (door: string, key: string): string => `${door}\n${key}`;

/** What a kind of door needs, for the page and for whoever sends it to us. */
export type DoorKindHelp = { kind: DoorKind; /** told by HTTP at `/vendors/{name}` */ pushes: boolean; /** its history can be read: where, and with which secrets */ history: { url: string; needs: readonly string[] } | null; secrets: readonly { name: string; what: string; pattern: string; optional: boolean }[] };
/** How the reading of an account's history stands: times in epoch ms. */
export type PullState = {
  /** by the vendor's clock, compared up to here */ cursorAt: number | null; lastAt: number | null; okAt: number | null; failingSince: number | null; why: string | null; skewMs: number | null; /** devices not read yet */ behind: number;
  /** of the last seven days */ records: number; missing: number; filled: number; alarms: number;
};
/** What a frame would say behind a door: for the page that makes a mapping. */
export type DoorPreview = { problem: string | null; messages: readonly { keys: readonly string[]; said: readonly { channel: string; what: unknown }[]; unreadable: string | null }[] };
/** What the pages may ask about vendors' dialects; the composition root passes it. */
export type DoorWords = { kinds: readonly DoorKindHelp[]; preview(kind: DoorKind, settings: DoorSettings, frame: Uint8Array, now: number): DoorPreview };
