/**
 * The sweep of supervision: once a second, by one worker at a time, from rows alone (B2: a restart costs nothing but its own
 * duration). While no edge of ours beats nothing is declared (B3). In one turn: notices of blind windows, returns, fresh
 * silences, outages, and only then single offline alarms, so that a common loss is seen before its parts can ring.
 *
 * Measured with 100,000 devices (2 shared cores, embedded PostgreSQL 18, fsync on; test/long/sweep.test.ts): an idle turn 11 ms; 10,000
 * due and alive 0.25 s; 10,005 fallen silent at once, with the three outages they make, 1.7 s; a look at open outages of 10,000
 * members 0.3 s; all of them back 0.5 s. With 1,000,000 known (npm run bench -- sweep, beside other work): an idle turn 15 ms, 1,000 due and
 * alive 0.05 s; 1,000 due of which 250 fall silent all over 15 counties 0.42 s.
 */
import { groupNever, supervise, type PresenceState, type Verdict } from '#core/supervision.ts';
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import type { Db, Sql } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { closeSilences, openSilences } from '#store/silence.ts';
import {
  claimDue, type Due, holdSweep, type Hearing, type HouseEvent, insertHouseEvents, type MainsChange, moveDevices, readHearing, takeFirstReports, takeMainsBack, takeMainsLost, takeReturned,
} from '#store/supervision.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import { noticeBlindWindows } from './blind-window.ts';
import { lookForOutages } from './outages.ts';

export type SweepOptions = { db: Db; seal: Seal; log: Logger; metrics: Metrics };
export type Swept = { held: boolean; hearing: boolean; looked: number; silent: number; offline: number; never: number; returned: number; outages: number; more: boolean };

/** Starts the sweep. `db` needs two connections: one holds the turn, one works. */
export function startSweep(options: SweepOptions): Loop {
  const sweep = createSweep(options);
  return startLoop({
    name: 'supervision', pollMs: limits.pollMs,
    turn: async () => (await sweep()).more,
    onError: (error, inARow) => options.log.error({ error: (error as Error).message, inARow }, 'the supervision sweep failed; it runs again'),
  });
}

/** One turn after the other; what it keeps in memory is only when it last looked for outages. */
export function createSweep(options: SweepOptions): () => Promise<Swept> {
  const { db, seal, log, metrics } = options;
  const took = metrics.histogram('sweep_seconds', 'duration of one supervision sweep', [0.01, 0.05, 0.1, 0.5, 1, 5, 30]);
  const declared = metrics.counter('supervision_total', 'devices declared by the sweep', ['what']);
  let lookedAt = 0;
  return () => db.tx(async (turn) => {
    const done: Swept = { held: false, hearing: false, looked: 0, silent: 0, offline: 0, never: 0, returned: 0, outages: 0, more: false };
    if (!(await holdSweep(turn))) return done;
    done.held = true;
    const end = took.startTimer();
    const hearing = await readHearing(db);
    done.hearing = hearing.hearing;
    if (await noticeBlindWindows(db, seal) > 0) log.warn({ since: hearing.since }, 'a blind window of our own was noticed; every device gets its full grace anew');
    done.returned = await takeReturns(db, seal);
    if (hearing.hearing) {
      await pass(options, ['online', 'never'], hearing, done);
      if (done.silent > 0 || hearing.now - lookedAt >= limits.outageLookMs || hearing.now < lookedAt) {
        done.outages = await lookForOutages(options, hearing);
        lookedAt = hearing.now;
      }
      await pass(options, ['silent', 'offline'], hearing, done);
      await changeMains(db, seal);
    }
    for (const what of ['silent', 'offline', 'never', 'returned'] as const) if (done[what] > 0) declared.inc({ what }, done[what]);
    end();
    return done;
  });
}

/** Declares what is due in these states, batch by batch, each batch with its events in one transaction. */
async function pass(options: SweepOptions, states: readonly PresenceState[], hearing: Hearing, done: Swept): Promise<void> {
  for (let batch = 0; batch < limits.sweepBatches; batch++) {
    const rows = await options.db.tx((sql) => declareDue(sql, options.seal, states, hearing, done));
    if (rows < limits.sweepRows) return;
  }
  done.more = true;
}

async function declareDue(sql: Sql, seal: Seal, states: readonly PresenceState[], hearing: Hearing, done: Swept): Promise<number> {
  const due = await claimDue(sql, states, hearing.since);
  if (due.length === 0) return 0;
  const verdicts = due.map((device) => ({ device, verdict: supervise(device, hearing.now) }));
  await moveDevices(sql, verdicts.map(({ device, verdict }) => ({
    deviceId: device.deviceId, state: stateAfter(device, verdict), checkAt: verdict.at, silent: verdict.do === 'silent',
    raised: verdict.do === 'offline' && verdict.raise, never: verdict.do === 'never',
  })));
  await openSilences(sql, verdicts.filter(({ verdict }) => verdict.do === 'silent').map(({ device }) => device.deviceId));
  const of = (test: (v: Verdict) => boolean): Due[] => verdicts.filter(({ verdict }) => test(verdict)).map(({ device }) => device);
  const offline = of((v) => v.do === 'offline' && v.raise);
  const never = of((v) => v.do === 'never');
  await insertHouseEvents(sql, seal, [...offline.map(offlineEvent), ...neverEvents(never)]);
  done.looked += due.length;
  done.silent += of((v) => v.do === 'silent').length;
  done.offline += offline.length;
  done.never += never.length;
  return due.length;
}

function stateAfter(device: Due, verdict: Verdict): PresenceState {
  return verdict.do === 'silent' ? 'silent' : verdict.do === 'offline' ? 'offline' : device.state;
}

const whose = (d: Pick<Due, 'deviceId' | 'homeId' | 'personId' | 'room'>): Pick<HouseEvent, 'deviceId' | 'homeId' | 'personId' | 'room'> => ({ deviceId: d.deviceId, homeId: d.homeId, personId: d.personId, room: d.room });
const offlineEvent = (d: Due): HouseEvent => ({ kind: 'offline', edge: 'raise', ...whose(d), data: { lastSeenAt: d.lastSeenAt, graceMs: d.graceMs } });

function neverEvents(devices: readonly Due[]): HouseEvent[] {
  const { single, villages } = groupNever(devices);
  return [
    ...single.map((d): HouseEvent => ({ kind: 'never-reported', edge: 'raise', ...whose(d), data: { registeredAt: d.registeredAt } })),
    ...[...villages].map(([code, list]): HouseEvent => ({ kind: 'never-reported', edge: 'raise', data: { subject: { type: 'region', id: code }, regionCode: code, count: list.length } })),
  ];
}

/** Devices that spoke again: their own offline alarms and never-reported notices end. */
async function takeReturns(db: Db, seal: Seal): Promise<number> {
  let returned = 0;
  for (let batch = 0; batch < limits.sweepBatches; batch++) {
    const rows = await db.tx(async (sql) => {
      const back = await takeReturned(sql);
      await closeSilences(sql, back.map((b) => b.deviceId));
      const first = await takeFirstReports(sql);
      const villages = new Set(first.filter((f) => f.villageDone && f.village !== null).map((f) => f.village as string));
      await insertHouseEvents(sql, seal, [
        ...back.filter((b) => b.raised).map((b): HouseEvent => ({ kind: 'offline', edge: 'clear', ...whose(b), data: { reason: b.revoked ? 'device-revoked' : 'device-back' } })),
        ...first.map((f): HouseEvent => ({ kind: 'never-reported', edge: 'clear', deviceId: f.deviceId, homeId: f.homeId, data: { reason: 'device-reported' } })),
        ...[...villages].map((code): HouseEvent => ({ kind: 'never-reported', edge: 'clear', data: { subject: { type: 'region', id: code }, regionCode: code, reason: 'devices-reported' } })),
      ]);
      returned += back.length;
      return Math.max(back.length, first.length);
    });
    if (rows < limits.sweepRows) break;
  }
  return returned;
}

/** Mains losses that lasted, once for a home, and their ends. */
async function changeMains(db: Db, seal: Seal): Promise<void> {
  await db.tx(async (sql) => {
    const events = (changes: readonly MainsChange[], edge: 'raise' | 'clear'): HouseEvent[] => changes.map((c) => ({
      kind: 'mains-lost', edge, deviceId: c.deviceIds[0] ?? null, homeId: c.homeId,
      data: { ...(c.homeId === null ? {} : { subject: { type: 'home', id: c.homeId } }), ...(edge === 'raise' ? { since: c.since, devices: c.deviceIds.length } : { reason: 'mains-back' }) },
    }));
    await insertHouseEvents(sql, seal, [...events(await takeMainsBack(sql), 'clear'), ...events(await takeMainsLost(sql), 'raise')]);
  });
}
