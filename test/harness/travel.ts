/** A whole house whose time is travelled by its own demonstration clock, step by step, each step until the house has come to rest. */
import type { HouseApi } from '#simulators/api/client.ts';
import { readStatus } from '#simulators/api/house.ts';
import { type OwnWorld, travelledWorld } from '#simulators/world/world.ts';
import type { Db } from '#store/pool.ts';

const patienceMs = 20_000;

/** Nothing is due that somebody could do now. */
async function atRest(db: Db): Promise<boolean> {
  const [row] = await db.query<{ rest: boolean }>(
    `select not exists (select from event where evaluated_at is null) and not exists (select from reply where evaluated_at is null) and not exists (select from receipt where processed_at is null)
       and not exists (select from timer where fired_at is null and cancelled_at is null and due_at <= anling_now()) and not exists (select from outbox where state in ('due', 'sending') and due_at <= anling_now())
       and not exists (select from command where state = 'due') and not exists (select from presence where check_at <= anling_now()) as rest`);
  return row?.rest === true;
}

/** `busy`: what the test's own side has under way. */
export async function travelledHouse(api: HouseApi, db: Db, busy: () => number, stepMs = 10_000): Promise<OwnWorld> {
  return travelledWorld({
    startAt: (await readStatus(api)).serverTime, stepMs,
    advance: async (ms) => (await api.call<{ now: number }>('POST', '/api/v1/demo/clock', { advanceMs: Math.max(1, Math.round(ms)) })).now,
    async settled() {
      // Rest must hold for two looks: an answered message makes a receipt, a receipt a change.
      for (let calm = 0, end = performance.now() + patienceMs; calm < 2 && performance.now() < end;) {
        await new Promise((resolve) => setTimeout(resolve, 25));
        calm = busy() === 0 && await atRest(db) ? calm + 1 : 0;
      }
    },
  });
}
