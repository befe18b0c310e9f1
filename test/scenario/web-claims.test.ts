/** Two people at once, a closed alert, an order that must be kept: the API over the real transitions; and the wall's picture against the database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRespond } from '#alerts/respond.ts';
import { openSetHash } from '#core/live.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { openTab, testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
beforeAll(async () => {
  web = await testWeb({ respond: (t) => createRespond({ db: t.db, seal: t.seal, log: createLog('web', 'silent'), metrics: createMetrics('test') }) });
});
afterAll(() => web.stop());
const act = async (id: string, action: string, body: unknown = {}, role: 'operator' | 'shift-leader' = 'operator'): ReturnType<Web['fetch']> =>
  web.fetch(`/api/v1/alerts/${id}/${action}`, { method: 'POST', cookie: await web.cookie(role), body });

describe('claims', () => {
  it('gives one of two claims in the same moment the alert, and tells the other who and since when [W22 D4 C1]', async () => {
    for (let round = 0; round < 10; round++) {
      const id = await web.alert();
      const both = await Promise.all([act(id, 'claim', { expectedVersion: 1 }), act(id, 'claim', { expectedVersion: 1 }, 'shift-leader')]);
      expect(both.map((r) => r.status).toSorted()).toEqual([200, 409]);
      const winner = both[0]?.status === 200 ? 'operator' : 'shift-leader';
      const loser = both.find((r) => r.status === 409)?.body.error;
      expect(loser).toMatchObject({ code: 'E_CONFLICT', by: `用户${winner}`, at: expect.any(Number), state: 'claimed' });
      const after = (await web.fetch(`/api/v1/alerts/${id}`, { cookie: await web.cookie('operator') })).body;
      expect(after).toMatchObject({ state: 'claimed', claimedByName: `用户${winner}`, claimedAt: loser.at, nextDueSlot: 'claim' });
      expect(after.timeline.filter((l: { action: string }) => l.action === 'claimed')).toHaveLength(1);
    }
  });

  it('answers an action on what is closed, and an old version, with 409; a close with nothing found out with 422 [W22 C4]', async () => {
    const id = await web.alert();
    await act(id, 'claim');
    const bare = await act(id, 'close', { outcome: 'F1', note: '' });
    expect([bare.status, bare.body.error.fields?.[0]?.field]).toEqual([422, 'note']);
    await act(id, 'steps', { contact: 'elder', result: 'reached' });
    expect((await act(id, 'release', { expectedVersion: 1 })).status).toBe(409);
    expect((await act(id, 'close', { outcome: 'F1', note: '误按,人没事' })).body).toMatchObject({ state: 'closed' });
    for (const action of ['claim', 'release']) expect((await act(id, action, {}, 'shift-leader')).body.error).toMatchObject({ code: 'E_CONFLICT', state: 'closed' });
    const stored = await web.t.db.query<{ outcome: string; note: Buffer }>('select outcome, close_note_enc as note from alert where id = $1', [id]);
    expect(stored[0]?.outcome).toBe('F1');
    expect(stored[0]?.note.toString()).not.toContain('误按');
  });

  it('shows on a tab exactly what the database holds after a storm of actions [I8 D1]', async () => {
    const tab = openTab(web.url, await web.cookie('operator'));
    tab.send({ type: 'hello', epoch: null, lastSeq: 0, tabId: 'storm' });
    await tab.until((f) => f.length > 0);
    const ids = await Promise.all(Array.from({ length: 12 }, () => web.alert()));
    await Promise.all(ids.flatMap((id, i) => [act(id, 'claim'), act(id, 'claim', {}, 'shift-leader'), act(id, 'notes', { note: 'x' }), i % 3 === 0 ? act(id, 'close', { outcome: 'F2', note: '设备误报' }) : act(id, 'steps', { contact: 'family' })]));
    const open = new Map<string, { id: string; version: number }>();
    const settle = (): boolean => {
      open.clear();
      for (const f of tab.frames) {
        if (f.type === 'snapshot') for (const a of f.alerts) open.set(a.id, a);
        if (f.type === 'alert') { if (f.alert.state === 'closed') open.delete(f.alert.id); else open.set(f.alert.id, f.alert); }
      }
      const last = tab.frames.findLast((f) => f.type === 'beat');
      return last?.type === 'beat' && last.headSeq === (tab.frames.findLast((f) => f.type === 'alert') as { seq: number } | undefined)?.seq && last.openSetHash === openSetHash(open.values());
    };
    await tab.until(settle, 12_000);
    const rows = await web.t.db.query<{ id: string; version: number }>(`select id, version from alert where state <> 'closed'`);
    expect(openSetHash(open.values())).toBe(openSetHash(rows));
    tab.ws.close();
  });
});
