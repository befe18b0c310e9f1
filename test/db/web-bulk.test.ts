/** 成批认领 over HTTP with the engine's own answers: what it takes, for whom, and what refuses all of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRespond } from '#alerts/respond.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { county, otherTown, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';

describe('many at once', () => {
  let web: Web;
  let operator = '';
  beforeAll(async () => {
    web = await testWeb({ respond: (t) => createRespond({ db: t.db, seal: t.seal, log: createLog('worker', 'error', () => {}), metrics: createMetrics('web') }) });
    operator = await web.cookie('operator');
  });
  afterAll(() => web.stop());
  const take = (ids: string[], more: object = {}, cookie = operator, key?: string) => web.fetch('/api/v1/alerts/claims', { method: 'POST', cookie, body: { ids, ...more }, ...(key ? { headers: { 'idempotency-key': key } } : {}) });
  const userOf = async (role: string, scope = county): Promise<string> => (await web.t.db.query<{ id: string }>('select id from app_user where username = $1', [`${role}-${scope}`]))[0]?.id ?? '';
  const held = async (ids: string[]): Promise<unknown[]> => web.t.db.query('select state, claimed_by as by from alert where id = any($1::bigint[]) order by id', [ids]);

  it('takes alarms of devices, once per key, counts those that somebody has, and writes who did it and for whom [D11]', async () => {
    const ids = [await web.alert({ kind: 'offline', priority: 3 }), await web.alert({ kind: 'low-battery', priority: 3 }), await web.alert({ kind: 'never-reported', priority: 4 })];
    const me = await userOf('operator');
    await web.cookie('shift-leader');
    const heir = await userOf('shift-leader');
    expect((await take(ids.slice(0, 2), {}, operator, 'bulk-1')).body).toEqual({ done: 2, missed: [] });
    expect((await take(ids.slice(0, 2), {}, operator, 'bulk-1')).body).toEqual({ done: 2, missed: [] });
    expect(await held(ids.slice(0, 2))).toEqual([{ state: 'claimed', by: me }, { state: 'claimed', by: me }]);
    expect((await take(ids, { to: heir })).body).toEqual({ done: 1, missed: ids.slice(0, 2).map((id) => ({ id, why: 'held' })) });
    expect(await held(ids.slice(2))).toEqual([{ state: 'claimed', by: heir }]);
    expect(await web.t.db.query(`select actor_id as by, detail->>'to' as heir, detail->>'toName' as name from alert_log where alert_id = $1 and action = 'assigned'`, [ids[2]])).toEqual([{ by: me, heir, name: '用户shift-leader' }]);
    expect((await web.t.db.query(`select actor, detail->>'to' as heir from audit where action = 'alert.claims' order by id desc limit 1`))[0]).toEqual({ actor: `user:${me}`, heir });
  });

  it.each([['sos', 1], ['fall', 1], ['smoke', 1], ['gas', 1], ['phone-in', 1], ['motionless', 2], ['outage', 2]] as const)('never takes a %s with others: all of it is refused, by name, and nothing is done [LAW5]', async (kind, priority) => {
    const ids = [await web.alert({ kind: 'offline', priority: 3 }), await web.alert({ kind, priority })];
    const { status, body } = await take(ids);
    expect(status).toBe(422);
    expect(body.error.fields).toEqual([{ field: 'ids', expected: expect.stringMatching(new RegExp(`^alarms of devices only: alert ${ids[1]} is .+, P${priority}; it is taken by itself$`)) }]);
    expect(await held(ids)).toEqual([{ state: 'open', by: null }, { state: 'open', by: null }]);
  });

  it('hands none to whom may not act or sees not all of them, nor takes any outside a scope [FF12]', async () => {
    const [here, there] = [await web.alert({ kind: 'offline', priority: 3, region: village }), await web.alert({ kind: 'offline', priority: 3, region: otherVillage })];
    await web.cookie('viewer');
    await web.cookie('operator', otherTown);
    for (const to of [await userOf('viewer'), await userOf('operator', otherTown), 'nobody']) expect((await take([here], { to })).body.error.fields[0].field, to).toBe('to');
    expect((await take([here, there], {}, await web.cookie('operator', town))).status).toBe(404);
    expect((await take([here], {}, await web.cookie('viewer'))).status).toBe(403);
    expect(await held([here, there])).toEqual([{ state: 'open', by: null }, { state: 'open', by: null }]);
  });
});
