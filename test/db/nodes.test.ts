/** Beats and blind windows. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { beat, livingNodes, pruneNodes } from '#store/nodes.ts';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';

let t: TestDatabase;
beforeAll(async () => { t = await testDatabase(); });
afterAll(() => t.close());
beforeEach(async () => { await t.db.query('delete from node'); await t.db.query('delete from blind_window'); });
const windows = (): Promise<{ s: number }[]> => t.db.query('select extract(epoch from to_at - from_at)::float8 as s from blind_window order by id');

it('writes no blind window for the first edge ever, nor while any edge beats', async () => {
  expect(await beat(t.db, { id: 'edge-1', role: 'edge' })).toBe(false);
  await t.advance(20_000, { edgesUp: false });
  expect(await beat(t.db, { id: 'edge-2', role: 'edge' })).toBe(false);
  await t.advance(20_000, { edgesUp: false });
  expect(await beat(t.db, { id: 'edge-1', role: 'edge' })).toBe(false); // edge-2 heard meanwhile
  expect(await windows()).toEqual([]);
});

it('writes one window when all edges were away, however many return at once [B3]', async () => {
  await beat(t.db, { id: 'edge-1', role: 'edge' });
  await t.advance(20 * 60_000, { edgesUp: false });
  await beat(t.db, { id: 'worker-1', role: 'worker' }); // only an edge can hear
  expect(await windows()).toEqual([]);
  const blind = await Promise.all(['edge-1', 'edge-2', 'edge-3'].map((id) => beat(t.db, { id, role: 'edge' })));
  expect(blind.filter(Boolean)).toHaveLength(1);
  expect((await windows()).map((w) => Math.round(w.s / 60))).toEqual([20]);
  expect(await beat(t.db, { id: 'edge-1', role: 'edge' })).toBe(false);
});

it('forgets old processes but never the newest edge', async () => {
  await beat(t.db, { id: 'edge-1', role: 'edge' });
  await beat(t.db, { id: 'worker-1', role: 'worker' });
  await t.advance(2 * 24 * 3_600_000, { edgesUp: false });
  await pruneNodes(t.db);
  expect((await t.db.query('select id from node')).map((n) => n['id'])).toEqual(['edge-1']);
  expect(await livingNodes(t.db)).toEqual([]);
  await beat(t.db, { id: 'web-1', role: 'web', detail: { pid: 7 } });
  expect(await livingNodes(t.db)).toMatchObject([{ id: 'web-1', role: 'web', detail: { pid: 7 } }]);
});
