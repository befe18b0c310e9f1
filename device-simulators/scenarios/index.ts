/** The scenarios, one line each; a new one is a file beside this and its line here. */
import { evening } from './evening.ts';
import { flood } from './flood.ts';
import { outage } from './outage.ts';
import { quiet } from './quiet.ts';
import type { Scenario } from './scenario.ts';
import { singleSos } from './single-sos.ts';
import { storm } from './storm.ts';
import { typhoon } from './typhoon.ts';
import { vendorBacklog } from './vendor-backlog.ts';

export const scenarios: readonly Scenario[] = [quiet, evening, singleSos, outage, storm, flood, vendorBacklog, typhoon];
