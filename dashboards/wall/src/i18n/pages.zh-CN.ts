/** 中文:只在值班台以外的页面上用的词,随那些页面一起取。 Nothing of the desk may need one of these: text.test.ts looks. */
import { zhDevices } from './devices.zh-CN.ts';
import { zhDrill } from './drill.zh-CN.ts';
import { zhDuty } from './duty.zh-CN.ts';
import { zhFleet } from './fleet.zh-CN.ts';
import { zhFlows } from './flows.zh-CN.ts';
import { zhFiles } from './files.zh-CN.ts';
import { zhInstall } from './install.zh-CN.ts';
import { zhReach } from './reach.zh-CN.ts';
import { zhRoll } from './roll.zh-CN.ts';
import { zhRules } from './rules.zh-CN.ts';
import { zhSending } from './sending.zh-CN.ts';
import { zhSettings } from './settings.zh-CN.ts';
import { zhShift } from './shift.zh-CN.ts';
import { zhStatistics } from './statistics.zh-CN.ts';
import { zhVendors } from './vendors.zh-CN.ts';

export const zhPages = { ...zhDevices, ...zhDrill, ...zhDuty, ...zhFiles, ...zhFleet, ...zhFlows, ...zhInstall, ...zhReach, ...zhRoll, ...zhRules, ...zhSending, ...zhSettings, ...zhShift, ...zhStatistics, ...zhVendors } as const;
