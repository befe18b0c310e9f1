/** Every file of routes, in one static list (found by knip, order visible). */
import type { RegisterRoutes } from '#web/context.ts';
import { registerAlerts } from './alerts.ts';
import { registerHooks } from './hooks.ts';
import { registerOps } from './ops.ts';
import { registerSession } from './session.ts';

export const routes: readonly RegisterRoutes[] = [registerSession, registerAlerts, registerOps, registerHooks];
