/** Every page but the desk, in the chunk that comes after it. */
import { DeviceFiles } from '#wall/files/devices.tsx';
import { Homes } from '#wall/files/homes.tsx';
import { Modes } from '#wall/files/modes.tsx';
import { People } from '#wall/files/people.tsx';
import { Responders } from '#wall/files/responders.tsx';
import { zhPages } from '#wall/i18n/pages.zh-CN.ts';
import { learn } from '#wall/i18n/text.ts';
import { Arrivals } from './arrivals.tsx';
import { Blind } from './blind.tsx';
import { Doors } from './doors.tsx';
import { Drills } from './drills.tsx';
import { Notifications } from './notifications.tsx';
import { Operations } from './ops.tsx';
import { Packs } from './packs.tsx';
import { Plans } from './plans.tsx';
import { Provider } from './provider.tsx';
import { Quarantine } from './quarantine.tsx';
import { Reach } from './reach.tsx';
import { Register } from './register.tsx';
import { RollCalls } from './rollcalls.tsx';
import { Schedules } from './schedules.tsx';
import { Shift } from './shift.tsx';
import { Statistics } from './statistics.tsx';
import { Unregistered } from './unregistered.tsx';
import { Users } from './users.tsx';

learn(zhPages);
export const others = { Arrivals, Blind, DeviceFiles, Doors, Drills, Homes, Modes, Notifications, Operations, Packs, People, Plans, Provider, Quarantine, Reach, Register, Responders, RollCalls, Schedules, Shift, Statistics, Unregistered, Users };
