/** The English words, all parts together, in a chunk of their own. */
import { enAsked } from './asked.en.ts';
import { enCase } from './case.en.ts';
import { enDesk } from './desk.en.ts';
import { enDevices } from './devices.en.ts';
import { enDrill } from './drill.en.ts';
import { enDuty } from './duty.en.ts';
import { en, enOutcomes } from './en.ts';
import { enFigures } from './figures.en.ts';
import { enFleet } from './fleet.en.ts';
import { enFlows } from './flows.en.ts';
import { enFiles } from './files.en.ts';
import { enInstall } from './install.en.ts';
import { enReach } from './reach.en.ts';
import { enScreen } from './screen.en.ts';
import { enSending } from './sending.en.ts';
import { enSettings } from './settings.en.ts';
import { enStatistics } from './statistics.en.ts';
import { enRoll } from './roll.en.ts';
import { enRules } from './rules.en.ts';
import { enShift } from './shift.en.ts';
import { enShell } from './shell.en.ts';
import { enVendors } from './vendors.en.ts';

export const english = { words: { ...en, ...enAsked, ...enCase, ...enDesk, ...enDevices, ...enDrill, ...enDuty, ...enFigures, ...enFiles, ...enFleet, ...enFlows, ...enInstall, ...enReach, ...enRules, ...enScreen, ...enSending, ...enSettings, ...enStatistics, ...enRoll, ...enShift, ...enShell, ...enVendors }, outcomes: enOutcomes };
