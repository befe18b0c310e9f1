/** 每月试按: in the morning one message to the care worker of each village where devices are overdue, once a week at most (FEATURES B7). */
import { randomUUID } from 'node:crypto';
import { countyMinute } from '#core/clock.ts';
import { limits } from '#core/limits.ts';
import { showRegion } from '#core/region.ts';
import { defaultTestCalls, type TestCallSettings, testCallOf } from '#core/test-call.ts';
import type { Logger } from '#ops/log.ts';
import { insertOutbox } from '#store/outbox-insert.ts';
import { type Db, hint } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { readSetting } from '#store/settings.ts';
import { takeTestCallVillages, testCallDevices } from '#store/test-calls.ts';
import { readNow } from '#store/timers.ts';

/** Resolves with how many villages were due; looks at devices only in the morning, when somebody may be told. */
export async function remindTestCalls({ db, seal, log }: { db: Db; seal: Seal; log: Logger }): Promise<number> {
  const now = await readNow(db);
  const minute = countyMinute(now);
  if (minute < limits.digestMinute || minute >= limits.digestMinute + limits.dailyLateMs / 60_000) return 0;
  const settings: TestCallSettings = { ...defaultTestCalls, ...await readSetting<Partial<TestCallSettings>>(db, 'test-calls') };
  if (!settings.on || !settings.remind) return 0;
  return db.tx(async (sql) => {
    const devices = (await testCallDevices(sql, '', settings.types)).filter((d) => testCallOf(d, settings.periodDays, now).state === 'overdue');
    const byVillage = Map.groupBy(devices.filter((d) => d.regionCode !== null), (d) => d.regionCode as string);
    const told = await takeTestCallVillages(sql, [...byVillage].map(([code, list]) => ({ code, count: list.length })));
    for (const v of told) if (!v.party) log.warn({ regionCode: v.regionCode, devices: v.count }, 'monthly presses are overdue, and nobody in the village who can get a message');
    const reached = told.flatMap((v) => (v.party && v.phoneEnc && v.phoneBidx ? [{ ...v, party: v.party, phoneEnc: v.phoneEnc, phoneBidx: v.phoneBidx }] : []));
    await insertOutbox(sql, seal, reached.map((v) => ({
      alertId: null, party: v.party, channel: 'sms', template: 'test-calls', params: { village: showRegion(v.village), count: String(v.count) }, to: seal.open('responder.phone', v.phoneEnc), toBidx: v.phoneBidx,
      priority: 4, purpose: 'notice', round: null, step: null, slip: null, trace: randomUUID().slice(0, 18), demo: v.demo,
    })));
    if (reached.length > 0) await hint(sql, ['anling_outbox']);
    return told.length;
  });
}
