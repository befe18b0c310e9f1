/** The clouds that push to us, one line each; a door names its own. */
import type { DoorKind } from '#core/vendor-door.ts';
import { aliyun } from './aliyun/index.ts';
import { ctwing } from './ctwing/index.ts';
import { huawei } from './huawei/index.ts';
import { mapping } from './mapping/index.ts';
import { milesight } from './milesight/index.ts';
import { onenet, onenetStudio } from './onenet/index.ts';
import type { PushVendor } from './push.ts';
import { tencent } from './tencent/index.ts';
import { watchCloud } from './watch-cloud/index.ts';

export const pushVendors: Readonly<Partial<Record<DoorKind, PushVendor>>> = {
  ctwing, onenet, 'onenet-studio': onenetStudio, huawei, aliyun, tencent, 'watch-cloud': watchCloud, milesight, mapping,
};
