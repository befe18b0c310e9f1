/** The clouds that push to us, one line each; a door names its own. */
import type { DoorKind, DoorSettings } from '#core/vendor-door.ts';
import { aliyun } from './aliyun/index.ts';
import { ctwing } from './ctwing/index.ts';
import { huawei } from './huawei/index.ts';
import { mapping } from './mapping/index.ts';
import { milesight } from './milesight/index.ts';
import { onenet, onenetStudio } from './onenet/index.ts';
import { placed } from './places.ts';
import type { Message, PushVendor } from './push.ts';
import { tencent } from './tencent/index.ts';
import { readKeptWatch } from './watch/frame.ts';
import { watchCloud } from './watch-cloud/index.ts';

/** Positions leave every reader in WGS-84. */
const inOurSystem = (vendor: PushVendor): PushVendor => ({ ...vendor, read: (plain, settings, now) => vendor.read(plain, settings, now).map((message) => placed(message, settings.crs)) });

export const pushVendors: Readonly<Partial<Record<DoorKind, PushVendor>>> = Object.fromEntries(Object.entries({
  ctwing, onenet, 'onenet-studio': onenetStudio, huawei, aliyun, tencent, 'watch-cloud': watchCloud, milesight, mapping,
}).map(([kind, vendor]) => [kind, inOurSystem(vendor)]));

/** One message that was kept, read again; null: this kind keeps none. */
export function readKept(kind: DoorKind, plain: Uint8Array, settings: DoorSettings, now: number): Message[] | null {
  return kind === 'watch' ? readKeptWatch(plain, now) : (pushVendors[kind === 'alink' ? 'aliyun' : kind]?.read(plain, settings, now) ?? null);
}
