/**
 * Every page of the application on one list: its address, its group in the navigation, who may open it, what it shows. A new page is
 * one line here and one text `tab.NAME`; nothing else needs to know it.
 */
import { computed } from '@preact/signals';
import type { JSX } from 'preact';
import { may, type UserRole } from '#core/user.ts';
import type { TextKey } from '#wall/i18n/text.ts';
import { DeviceFiles } from '#wall/files/devices.tsx';
import { Homes } from '#wall/files/homes.tsx';
import { Modes } from '#wall/files/modes.tsx';
import { People } from '#wall/files/people.tsx';
import { Responders } from '#wall/files/responders.tsx';
import { route } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { Arrivals } from './arrivals.tsx';
import { Blind } from './blind.tsx';
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
import { Statistics } from './statistics.tsx';
import { Shift } from './shift.tsx';
import { Unregistered } from './unregistered.tsx';
import { Users } from './users.tsx';
import { Wall } from './wall.tsx';

/** In the order of the navigation; a group with one page that the caller may open is a link, with more a menu. */
export const groups = ['desk', 'duty', 'files', 'devices', 'settings'] as const;
export type Group = (typeof groups)[number];
export type PageEntry = { name: string; group: Group; label: TextKey; /** as the server's routes have it: core/user.ts */ roles: readonly UserRole[]; show(): JSX.Element };

export const pages: readonly PageEntry[] = [
  { name: 'wall', group: 'desk', label: 'tab.wall', roles: may.readAlerts, show: Wall },
  { name: 'shift', group: 'duty', label: 'tab.shift', roles: may.readAlerts, show: Shift },
  { name: 'blind', group: 'duty', label: 'tab.blind', roles: may.readAlerts, show: Blind },
  { name: 'reach', group: 'duty', label: 'tab.reach', roles: may.readReach, show: Reach },
  { name: 'drills', group: 'duty', label: 'tab.drills', roles: may.readDrills, show: Drills },
  { name: 'statistics', group: 'duty', label: 'tab.statistics', roles: may.readAlerts, show: Statistics },
  { name: 'arrivals', group: 'duty', label: 'tab.arrivals', roles: may.readArrivals, show: Arrivals },
  { name: 'rollcalls', group: 'duty', label: 'tab.rollcalls', roles: may.readRolls, show: RollCalls },
  { name: 'packs', group: 'duty', label: 'tab.packs', roles: may.readPacks, show: Packs },
  { name: 'notifications', group: 'duty', label: 'tab.notifications', roles: may.readNotifications, show: Notifications },
  { name: 'people', group: 'files', label: 'tab.people', roles: may.readFiles, show: People },
  { name: 'homes', group: 'files', label: 'tab.homes', roles: may.readFiles, show: Homes },
  { name: 'responders', group: 'files', label: 'tab.responders', roles: may.readFiles, show: Responders },
  { name: 'modes', group: 'files', label: 'tab.modes', roles: may.readFiles, show: Modes },
  { name: 'devices', group: 'devices', label: 'tab.devices', roles: may.readDevices, show: DeviceFiles },
  { name: 'register', group: 'devices', label: 'tab.register', roles: may.writeDevices, show: Register },
  { name: 'quarantine', group: 'devices', label: 'tab.quarantine', roles: may.readQuarantine, show: Quarantine },
  { name: 'unregistered', group: 'devices', label: 'tab.unregistered', roles: may.readRefused, show: Unregistered },
  { name: 'plans', group: 'settings', label: 'tab.plans', roles: may.readPlans, show: Plans },
  { name: 'schedules', group: 'duty', label: 'tab.schedules', roles: may.readSchedules, show: Schedules },
  { name: 'users', group: 'settings', label: 'tab.users', roles: may.writeUsers, show: Users },
  { name: 'provider', group: 'settings', label: 'tab.provider', roles: may.readProvider, show: Provider },
  { name: 'ops', group: 'settings', label: 'tab.ops', roles: may.readOps, show: Operations },
];

/** Those that the caller's role may open. */
export const myPages = computed(() => pages.filter((page) => can(page.roles)));
/** The page to show: the one of the address, else the first of the caller's; null when the role has none of them. */
export const shownPage = computed<PageEntry | null>(() => {
  const wanted = pages.find((page) => page.name === route.value.page);
  return wanted === undefined ? (myPages.value[0] ?? null) : myPages.value.includes(wanted) ? wanted : wanted.name === 'wall' ? (myPages.value[0] ?? null) : null;
});
