/** Every fault that the chaos knows. */
import type { Fault } from './fault.ts';
import { databaseFaults } from './faults-database.ts';
import { deviceFaults } from './faults-devices.ts';
import { gatewayFaults } from './faults-gateway.ts';
import { processFaults } from './faults-processes.ts';

export const faults: readonly Fault[] = [...processFaults, ...databaseFaults, ...gatewayFaults, ...deviceFaults];
