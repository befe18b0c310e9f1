/**
 * Once a day: at 08:30 one message per village about its low batteries (never at night, at most one a day, B5), one a week about presses that are overdue (B7), at each watched
 * person's hour a look whether anybody moved (the silent emergency, C7, FIELD F22), at night a look at beds that were left (C6), the count of how often each responder
 * was called (2.4), and the tidying of modes that have ended and of old silences.
 */
import { createHash, randomUUID } from 'node:crypto';
import { limits } from '#core/limits.ts';
import { showRegion } from '#core/region.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { countLoads } from '#store/arrivals.ts';
import { bedMoves } from '#store/beds.ts';
import { takeDigests, takeRoutines } from '#store/daily.ts';
import { tellAgain } from '#store/device-config.ts';
import { endModes } from '#store/modes.ts';
import { insertOutbox } from '#store/outbox-insert.ts';
import { prunePhotos } from '#store/photos.ts';
import { prunePositions } from '#store/positions.ts';
import { readRules } from '#store/rule-versions.ts';
import { type Db, hint } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { pruneSilences } from '#store/silence.ts';
import { insertHouseEvents } from '#store/supervision.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import { remindTestCalls } from './test-calls.ts';

export type DailyOptions = { db: Db; seal: Seal; log: Logger; metrics: Metrics };
const lookMs = 10_000;

export function startDaily(options: DailyOptions): Loop {
  return startLoop({
    name: 'daily', pollMs: lookMs, turn: async () => await dailyTurn(options),
    onError: (error, inARow) => options.log.error({ error: (error as Error).message, inARow }, 'a daily duty failed; it is tried again'),
  });
}

/** One look at all of them; true when there may be more. */
export async function dailyTurn(options: DailyOptions): Promise<boolean> {
  await endModes(options.db);
  await pruneSilences(options.db);
  if (await countLoads(options.db)) options.log.info('counted how often each responder was called');
  await prunePhotos(options.db);
  await prunePositions(options.db);
  const routines = await checkRoutines(options) + await checkBeds(options);
  const digests = await sendDigests(options) + await remindTestCalls(options);
  // Last: what concerns people waits for no setting.
  const told = await options.db.tx((sql) => tellAgain(sql, options.seal, limits.configRows, () => randomUUID().slice(0, 18)));
  if (told > 0) options.log.info({ told }, 'settings told to their devices again');
  return routines > 0 || digests > 0;
}

/** Raises a motionless alarm for everybody whose hour has come without a sign of movement; resolves with how many were looked at. */
export function checkRoutines({ db, seal, log, metrics }: DailyOptions): Promise<number> {
  const checked = metrics.counter('routine_checks_total', 'people whose daily hour came, by what was found', ['found']);
  return db.tx(async (sql) => {
    const people = await takeRoutines(sql, await readRules(sql));
    for (const p of people) checked.inc({ found: p.away ? 'away' : p.moved ? 'moved' : p.watched ? 'motionless' : 'no-proof' });
    const still = people.filter((p) => !p.away && !p.moved && p.watched);
    const traces = still.map(() => randomUUID().slice(0, 18));
    await insertHouseEvents(sql, seal, still.map((p, i) => ({
      kind: 'motionless', edge: 'raise', personId: p.personId, homeId: p.homeId, trace: traces[i] as string,
      data: { routine: true, by: p.by, windowMs: p.windowMs, lastSeenAt: p.lastSeenAt },
    })));
    for (const [i, p] of still.entries()) log.warn({ personId: p.personId, by: p.by, trace: traces[i] }, 'no movement by the person’s hour');
    return people.length;
  });
}

/** Raises 离床未归 for who left his bed at night and is not back, says on the alert who is; resolves with how many of both. */
export function checkBeds({ db, seal, log }: DailyOptions): Promise<number> {
  return db.tx(async (sql) => {
    const moves = await bedMoves(sql);
    await insertHouseEvents(sql, seal, moves.map(({ deviceId, homeId, personId, room, back, since }) => ({
      kind: 'bed-exit', edge: back ? 'clear' : 'raise', deviceId, homeId, personId, room, ingestId: uuidOf(`bed ${deviceId} ${back} ${since}`), data: { byReadings: true, ...(back ? {} : { outSince: since }) },
    })));
    for (const m of moves) if (!m.back) log.warn({ deviceId: m.deviceId, personId: m.personId }, 'a bed left at night is not taken again');
    return moves.length;
  });
}

/** One leaving is one event, however many workers see it. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Sends the villages their battery messages; resolves with how many villages were due. */
export function sendDigests({ db, seal, log }: DailyOptions): Promise<number> {
  return db.tx(async (sql) => {
    const villages = await takeDigests(sql);
    const reachable = villages.flatMap((v) => (v.party && v.phoneEnc && v.phoneBidx ? [{ ...v, party: v.party, phoneEnc: v.phoneEnc, phoneBidx: v.phoneBidx, trace: randomUUID().slice(0, 18) }] : []));
    for (const v of villages) if (!v.party) log.warn({ regionCode: v.regionCode, homes: v.homes }, 'low batteries, and nobody in the village who can get a message');
    const outIds = await insertOutbox(sql, seal, reachable.map((v) => ({
      alertId: null, party: v.party, channel: 'sms', template: 'battery', params: { village: showRegion(v.village), count: String(v.homes) }, to: seal.open('responder.phone', v.phoneEnc), toBidx: v.phoneBidx,
      priority: 4, purpose: 'notice', round: null, step: null, slip: null, trace: v.trace, demo: v.demo,
    })));
    for (const [i, v] of reachable.entries()) log.info({ outId: outIds[i], regionCode: v.regionCode, homes: v.homes, trace: v.trace }, 'battery message due');
    if (reachable.length > 0) await hint(sql, ['anling_outbox']);
    return villages.length;
  });
}
