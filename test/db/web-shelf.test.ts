/** Shelving over HTTP with the engine's own answer and timers: the list, the way back, the audit; and what the tables refuse whoever writes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRespond } from '#alerts/respond.ts';
import { createTimers } from '#alerts/timers.ts';
import { limits } from '#core/limits.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { testWeb, type Web } from '#test/harness/web.ts';

const hour = 3_600_000;
const log = createLog('worker', 'error', () => {});

describe('the shelf', () => {
  let web: Web;
  let operator = '';
  beforeAll(async () => {
    web = await testWeb({ respond: (t) => createRespond({ db: t.db, seal: t.seal, log, metrics: createMetrics('web') }) });
    operator = await web.cookie('operator');
  });
  afterAll(() => web.stop());
  const now = async (): Promise<number> => Math.round((await web.t.db.query<{ now: number }>('select anling_now() as now'))[0]?.now ?? 0);
  const shelve = async (id: string, more: object = {}) => web.fetch(`/api/v1/alerts/${id}/shelve`, { method: 'POST', cookie: operator, body: { until: (await now()) + 2 * hour, note: '等厂家', ...more } });

  it('takes a P2 with a reason and an end, shows it as shelved, and gives it back by itself with a ring, on record [W21]', async () => {
    const id = await web.alert({ kind: 'motionless', priority: 2 });
    expect((await shelve(id, { until: (await now()) + 9 * hour })).body.error.fields[0].field).toBe('until');
    expect((await shelve(id)).status).toBe(200);
    const [view] = (await web.fetch('/api/v1/alerts', { cookie: operator })).body.alerts;
    expect(view).toMatchObject({ id, state: 'open', flags: ['shelved'], planState: 'suspended', nextDueSlot: 'shelf' });
    expect((await web.fetch('/api/v1/status', { cookie: operator })).body.oldestUnclaimed).toBeNull();
    expect((await web.t.db.query(`select detail->>'until' is not null as until from audit where action = 'alert.shelve' and result = 'ok'`))).toEqual([{ until: true }]);
    await web.t.advance(2 * hour + 1_000);
    await createTimers({ db: web.t.db, seal: web.t.seal, log, metrics: createMetrics('worker') })();
    const full = (await web.fetch(`/api/v1/alerts/${id}`, { cookie: operator })).body;
    expect([full.flags, full.planState, full.timeline.map((l: { action: string }) => l.action)]).toEqual([[], 'running', ['opened', 'shelved', 'unshelved']]);
    expect((await web.t.db.query(`select payload->>'ring' as ring from feed where payload->>'what' = 'unshelved'`))).toEqual([{ ring: 'p2' }]);
    expect((await shelve(id)).status).toBe(200);
    expect((await web.fetch(`/api/v1/alerts/${id}/unshelve`, { method: 'POST', cookie: operator, body: {} })).status).toBe(200);
  });

  it('a claim shows the end of its two minutes, not the look at its console before it [D4]', async () => {
    const id = await web.alert({ kind: 'sos', priority: 1 });
    expect((await web.fetch(`/api/v1/alerts/${id}/claim`, { method: 'POST', cookie: operator, body: { tabId: 'tab-1' } })).status).toBe(200);
    const [looks] = await web.t.db.query<{ ms: number }>(`select (extract(epoch from due_at - anling_now()) * 1000)::float8 as ms from timer where alert_id = $1 and slot = 'claim' and fired_at is null and cancelled_at is null`, [id]);
    expect(looks?.ms).toBeLessThan(limits.claimStepMs - 60_000);
    const full = (await web.fetch(`/api/v1/alerts/${id}`, { cookie: operator })).body;
    const due = full.due.find((d: { slot: string }) => d.slot === 'claim');
    expect(due.dueAt - full.claimedAt).toBe(limits.claimStepMs);
    expect((await web.fetch('/api/v1/alerts', { cookie: operator })).body.alerts.find((a: { id: string }) => a.id === id)).toMatchObject({ nextDueSlot: 'claim', nextDueAt: due.dueAt });
  });

  it('never takes a P1: not by the API, and not by a row, nor for longer than a shift [LAW5]', async () => {
    const id = await web.alert();
    expect((await shelve(id)).body.error.fields[0]).toMatchObject({ field: 'priority' });
    await expect(web.t.db.query(`update alert set flags = '{shelved}' where id = $1`, [id])).rejects.toThrow('alert_p1_never_shelved');
    const second = await web.alert({ kind: 'wander', priority: 2 });
    await web.t.db.query(`update alert set flags = '{shelved}' where id = $1`, [second]);
    await expect(web.t.db.query(`update alert set priority = 1 where id = $1`, [second])).rejects.toThrow('alert_p1_never_shelved');
    await expect(web.t.db.query(`insert into timer (alert_id, slot, due_at) values ($1, 'shelf', anling_now() + interval '9 hours')`, [second])).rejects.toThrow('timer_shelf_ends');
  });
});
