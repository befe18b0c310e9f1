/** Every file of routes, in one static list (found by knip, order visible). */
import type { RegisterRoutes } from '#web/context.ts';
import { registerAlerts } from './alerts.ts';
import { registerArrivals } from './arrivals.ts';
import { registerAssurance } from './assurance.ts';
import { registerBoard } from './board.ts';
import { registerBulk } from './bulk.ts';
import { registerBudgets } from './budgets.ts';
import { registerCalls } from './calls.ts';
import { registerCertificates } from './certificates.ts';
import { registerCommands } from './commands.ts';
import { registerDeviceConfig } from './device-config.ts';
import { registerContacts } from './contacts.ts';
import { registerDesk } from './desk.ts';
import { registerDeviceEvents } from './device-events.ts';
import { registerDemo } from './demo.ts';
import { registerDeviceHealth } from './device-health.ts';
import { registerDeviceImport } from './device-import.ts';
import { registerDeviceLife } from './device-life.ts';
import { registerDeviceModels } from './device-models.ts';
import { registerDeviceSecrets } from './device-secrets.ts';
import { registerDevices } from './devices.ts';
import { registerDoorCodes } from './door-codes.ts';
import { registerDrills } from './drills.ts';
import { registerFactor } from './factor.ts';
import { registerFilters } from './filters.ts';
import { registerFigures } from './figures.ts';
import { registerFlowsActs } from './flows-acts.ts';
import { registerFlowsLook } from './flows-look.ts';
import { registerFlowsPage } from './flows-page.ts';
import { registerFlowsStreams } from './flows-streams.ts';
import { registerFlowsTrials } from './flows-trials.ts';
import { registerFlowsVersions } from './flows-versions.ts';
import { registerHomes } from './homes.ts';
import { registerHooks } from './hooks.ts';
import { registerInstallationReport } from './installation-report.ts';
import { registerInstallationActs } from './installation-acts.ts';
import { registerInstallations } from './installations.ts';
import { registerMap } from './map.ts';
import { registerModes } from './modes.ts';
import { registerNotifications } from './notifications.ts';
import { registerOps } from './ops.ts';
import { registerOpsPage } from './ops-page.ts';
import { registerOutages } from './outages.ts';
import { registerPacks } from './packs.ts';
import { registerPeople } from './people.ts';
import { registerPhotos } from './photos.ts';
import { registerPlanPreview } from './plan-preview.ts';
import { registerPlans } from './plans.ts';
import { registerPresence } from './presence.ts';
import { registerProviderTest } from './provider-test.ts';
import { registerQuarantine } from './quarantine.ts';
import { registerRegions } from './regions.ts';
import { registerReplies } from './replies.ts';
import { registerReports } from './reports.ts';
import { registerResponders } from './responders.ts';
import { registerRing } from './ring.ts';
import { registerRollCallLists } from './rollcall-lists.ts';
import { registerRollCalls } from './rollcalls.ts';
import { registerRules } from './rules.ts';
import { registerSchedules } from './schedules.ts';
import { registerScreen } from './screen.ts';
import { registerSeat } from './seat.ts';
import { registerSession } from './session.ts';
import { registerSettings } from './settings.ts';
import { registerShift } from './shift.ts';
import { registerStations } from './stations.ts';
import { registerTestCalls } from './test-calls.ts';
import { registerWalkTest } from './walk-test.ts';
import { registerUptime } from './uptime.ts';
import { registerUsers } from './users.ts';
import { registerVoice } from './voice.ts';
import { registerVendorDoors } from './vendor-doors.ts';

export const routes: readonly RegisterRoutes[] = [
  registerFlowsStreams, registerFlowsActs, registerFlowsLook, registerFlowsPage, registerFlowsTrials, registerFlowsVersions,
  registerSession, registerScreen, registerAlerts, registerOps, registerHooks, registerDemo, registerDesk,
  registerCalls, registerCommands, registerContacts, registerDeviceConfig, registerDeviceEvents, registerDeviceHealth, registerDeviceImport, registerDeviceLife, registerDeviceModels, registerDeviceSecrets, registerDevices, registerHomes, registerMap, registerModes, registerNotifications, registerOpsPage, registerOutages, registerPeople, registerPlans, registerPresence, registerProviderTest, registerQuarantine, registerRegions, registerReplies, registerReports, registerResponders, registerRing, registerRollCalls, registerRollCallLists, registerSchedules, registerSettings, registerStations, registerUptime, registerUsers, registerPlanPreview, registerAssurance, registerDrills, registerBudgets, registerFigures, registerArrivals, registerPacks, registerPhotos,
  registerFactor, registerSeat, registerShift, registerBoard, registerVendorDoors, registerDoorCodes,
  registerTestCalls, registerWalkTest, registerInstallations, registerInstallationActs, registerInstallationReport, registerCertificates,
  registerBulk, registerFilters, registerVoice, registerRules,
];
