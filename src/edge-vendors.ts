/** The part of the edge that vendors' clouds and watches come through, composed for the engine: their doors as remembered, the way to the gate, the watches' own ports. */
import { join } from 'node:path';
import type { Config } from '#config';
import type { DeviceCache } from '#doors/devices.ts';
import { startWatches, type Watches } from '#doors/tcp/watches.ts';
import { createBackfill } from '#doors/vendor-backfill.ts';
import { createDeliver, type Deliver } from '#doors/vendor-deliver.ts';
import { type Doors, startDoors } from '#doors/vendor-doors.ts';
import { startPulls } from '#doors/vendor-pull.ts';
import type { Intake } from '#intake/accept.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { claimPull, finishPull, missingOf } from '#store/vendor-pulls.ts';
import { noteDoors, openDoors, readKnownDoors, writeKnownDoors } from '#store/vendor-doors.ts';
import type { Service } from '#work/loop.ts';

type Parts = {
  /** A watch has told who it is. */ entered: (deviceId: string) => void; config: Config; seal: Seal; log: Logger; /** this process among all */ nodeId: string; store: Db; add: <S extends Service>(service: S) => S; devices: DeviceCache; intake: Intake; meter: EdgeMeter; newTrace: () => string;
};

export type Vendors = { doors: Doors; deliver: Deliver; watches: Watches };

/** Doors kept on this machine's disk open before the database answers. */
export async function startVendors({ entered, config, seal, log, nodeId, store, add, devices, intake, meter, newTrace }: Parts): Promise<Vendors> {
  const file = join(config.data, 'spool', 'vendor-doors.sealed');
  const known = await readKnownDoors(file, seal).catch((error: Error) => { log.error({ error: error.message }, 'the vendors’ doors kept on the disk cannot be read; the database is asked'); return []; });
  const deliver = createDeliver({ devices, accept: intake.accept, stranger: intake.stranger, log, meter, newTrace, alone: config.edges === 1 });
  const watches = add(startWatches({ host: config.deviceHost, shared: config.edges > 1, entered, devices, deliver, refusedPush: intake.refusedPush, seen: (name) => doors.seen(name), log, meter, now: intake.now }));
  const doors: Doors = add(startDoors({ read: () => openDoors(store, seal), known, save: (all) => writeKnownDoors(file, seal, all), note: (seen) => noteDoors(store, seen), log, onChange: watches.open }));
  watches.open(known);
  const unlisten = store.listen(['anling_vendor_door'], doors.changed);
  add({ name: 'vendor-door-hints', ready: () => null, async stop() { await (await unlisten)(); } });
  const backfill = createBackfill({ devices, accept: intake.accept, stranger: intake.stranger, log, meter, newTrace, missing: (wanted) => missingOf(store, wanted) });
  add(startPulls({
    doors: doors.all, backfill, log, now: intake.now, claim: (names) => store.tx((sql) => claimPull(sql, names, nodeId)), finish: (claim, end) => store.tx((sql) => finishPull(sql, seal, claim, end)),
  }));
  return { doors, deliver, watches };
}
