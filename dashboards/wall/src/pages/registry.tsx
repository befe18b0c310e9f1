/**
 * Every page of the application on one list: its address, its group in the navigation, who may open it, what it shows. A new page is
 * one line here, one in others.tsx and one text `tab.NAME`. All but the desk come in a chunk of their own, so that the first row waits for none of them.
 */
import { computed } from '@preact/signals';
import type { JSX } from 'preact';
import { may, type UserRole } from '#core/user.ts';
import type { TextKey } from '#wall/i18n/text.ts';
import { route } from '#wall/state/route.ts';
import { can } from '#wall/state/session.ts';
import { type Late, late } from '#wall/shell/late.tsx';
import { Wall } from './wall.tsx';

/** In the order of the navigation; a group with one page that the caller may open is a link, with more a menu. */
export const groups = ['desk', 'duty', 'files', 'devices', 'settings'] as const;
export type Group = (typeof groups)[number];
export type PageEntry = { name: string; group: Group; label: TextKey; /** as the server's routes have it: core/user.ts */ roles: readonly UserRole[]; show: Late | (() => JSX.Element) };

const later = (name: keyof typeof import('./others.tsx').others): Late => late(async () => (await import('./others.tsx')).others[name]);
/** In good time: nothing can be fetched while the server is away. */
export const fetchPages = (): void => { void import('./others.tsx').catch(() => {}); };

export const pages: readonly PageEntry[] = [
  { name: 'wall', group: 'desk', label: 'tab.wall', roles: may.readAlerts, show: Wall },
  { name: 'shift', group: 'duty', label: 'tab.shift', roles: may.readAlerts, show: later('Shift') },
  { name: 'blind', group: 'duty', label: 'tab.blind', roles: may.readAlerts, show: later('Blind') },
  { name: 'reach', group: 'duty', label: 'tab.reach', roles: may.readReach, show: later('Reach') },
  { name: 'drills', group: 'duty', label: 'tab.drills', roles: may.readDrills, show: later('Drills') },
  { name: 'statistics', group: 'duty', label: 'tab.statistics', roles: may.readAlerts, show: later('Statistics') },
  { name: 'arrivals', group: 'duty', label: 'tab.arrivals', roles: may.readArrivals, show: later('Arrivals') },
  { name: 'rollcalls', group: 'duty', label: 'tab.rollcalls', roles: may.readRolls, show: later('RollCalls') },
  { name: 'packs', group: 'duty', label: 'tab.packs', roles: may.readPacks, show: later('Packs') },
  { name: 'notifications', group: 'duty', label: 'tab.notifications', roles: may.readNotifications, show: later('Notifications') },
  { name: 'people', group: 'files', label: 'tab.people', roles: may.readFiles, show: later('People') },
  { name: 'homes', group: 'files', label: 'tab.homes', roles: may.readFiles, show: later('Homes') },
  { name: 'responders', group: 'files', label: 'tab.responders', roles: may.readFiles, show: later('Responders') },
  { name: 'modes', group: 'files', label: 'tab.modes', roles: may.readFiles, show: later('Modes') },
  { name: 'devices', group: 'devices', label: 'tab.devices', roles: may.readDevices, show: later('DeviceFiles') },
  { name: 'device-health', group: 'devices', label: 'tab.device-health', roles: may.readDevices, show: later('DeviceHealth') },
  { name: 'installations', group: 'devices', label: 'tab.installations', roles: may.readInstallReport, show: later('Installations') },
  { name: 'test-calls', group: 'devices', label: 'tab.test-calls', roles: may.readDevices, show: later('TestCalls') },
  { name: 'register', group: 'devices', label: 'tab.register', roles: may.writeDevices, show: later('Register') },
  { name: 'device-import', group: 'devices', label: 'tab.device-import', roles: may.bulkFiles, show: later('DeviceImport') },
  { name: 'device-models', group: 'devices', label: 'tab.device-models', roles: may.readDevices, show: later('DeviceModels') },
  { name: 'quarantine', group: 'devices', label: 'tab.quarantine', roles: may.readQuarantine, show: later('Quarantine') },
  { name: 'unregistered', group: 'devices', label: 'tab.unregistered', roles: may.readRefused, show: later('Unregistered') },
  { name: 'doors', group: 'devices', label: 'tab.doors', roles: may.readDoors, show: later('Doors') },
  { name: 'plans', group: 'settings', label: 'tab.plans', roles: may.readPlans, show: later('Plans') },
  { name: 'schedules', group: 'duty', label: 'tab.schedules', roles: may.readSchedules, show: later('Schedules') },
  { name: 'users', group: 'settings', label: 'tab.users', roles: may.writeUsers, show: later('Users') },
  { name: 'provider', group: 'settings', label: 'tab.provider', roles: may.readProvider, show: later('Provider') },
  { name: 'rules', group: 'settings', label: 'tab.rules', roles: may.readRules, show: later('Rules') },
  { name: 'flows', group: 'settings', label: 'tab.flows', roles: may.readFlows, show: later('Flows') },
  { name: 'ops', group: 'settings', label: 'tab.ops', roles: may.readOps, show: later('Operations') },
];

/** Those that the caller's role may open. */
export const myPages = computed(() => pages.filter((page) => can(page.roles)));
/** The page to show: the one of the address, else the first of the caller's; null when the role has none of them. */
export const shownPage = computed<PageEntry | null>(() => {
  const wanted = pages.find((page) => page.name === route.value.page);
  return wanted === undefined ? (myPages.value[0] ?? null) : myPages.value.includes(wanted) ? wanted : wanted.name === 'wall' ? (myPages.value[0] ?? null) : null;
});
