/** The supervisor's view: what was fitted, where, by whom and when; what is to be done again; and the special group against what the county has promised, each gap with its reason. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { coverGoals } from '#core/coverage-goal.ts';
import { dayOf } from '#core/clock.ts';
import { otherTown, otherVillage, town, village } from '#test/harness/web.ts';
import { makeSite, type Site } from './installation-fixture.ts';

let site: Site;
let q: Site['web']['t']['db']['query'];
beforeAll(async () => {
  site = await makeSite();
  q = site.web.t.db.query;
  const { seal } = site.web.t;
  await site.web.t.db.query('update person set high_risk = false');
  /** One elder of the special group in a home of his own. */
  const elder = async (id: string, region: string, status = 'present'): Promise<void> => {
    await q('insert into home (id, region_code, address_enc, place_enc) values ($1, $2, $3, $4)', [`h-${id}`, region, seal.seal('home.address', '某处'), seal.seal('home.place', '某处')]);
    await q('insert into person (id, home_id, name_enc, name_bidx, high_risk, status) values ($1, $2, $3, $4, true, $5)', [`p-${id}`, `h-${id}`, seal.seal('person.name', '陈秀兰'), seal.blind('name', '陈秀兰'), status]);
  };
  const device = async (id: string, of: string): Promise<void> => { await q(`insert into device (id, model, home_id, person_id, secret_hash) values ($1, 'sos-button', $2, $3, '\\x00')`, [id, `h-${of}`, `p-${of}`]); };
  const visit = async (of: string, region: string, state: string, o: { device?: string; days?: number; reasons?: string[]; by?: string } = {}): Promise<void> => {
    await q(`insert into installation (id, installer, key, state, device_id, home_id, person_id, region_code, begun_at, reasons) values ($1, $2, $3, $4, $5, $6, $7, $8, anling_now() - make_interval(days => $9), $10)`,
      [randomUUID(), o.by ?? 'user:u1', randomUUID(), state, o.device ?? null, `h-${of}`, `p-${of}`, region, o.days ?? 0, o.reasons ?? []]);
  };
  for (const id of ['accepted', 'probation', 'redone', 'redo', 'failed', 'refused', 'gone', 'bare', 'never']) await elder(id, village);
  await elder('far', otherVillage);
  await elder('dead', village, 'deceased');
  await elder('vacant', village, 'vacant');
  await elder('unwilling', otherVillage, 'refused');
  for (const id of ['accepted', 'probation', 'redone', 'redo', 'gone', 'bare']) await device(`d-${id}`, id);
  await visit('accepted', village, 'accepted', { device: 'd-accepted', days: 9 });
  await visit('probation', village, 'on-site', { device: 'd-probation' });
  await visit('redone', village, 'to-redo', { device: 'd-redone', days: 8, reasons: ['low-battery'] });
  await visit('redone', village, 'accepted', { device: 'd-redone', days: 1, by: 'user:u2' });
  await visit('redo', village, 'to-redo', { device: 'd-redo', days: 8, reasons: ['silent-day', 'beats-lost'] });
  await visit('failed', village, 'failed', { reasons: ['no-signal'] });
  await visit('refused', village, 'refused', { reasons: ['unwilling'], days: 2 });
  await visit('gone', village, 'accepted', { device: 'd-gone', days: 40 });
  await q(`update device set status = 'revoked', ended = 'lost' where id = 'd-gone'`);
});
afterAll(() => site?.stop());

const report = async (query = '', cookie = site.admin) => (await site.get(`/reports/installations${query}`, cookie)).body;

describe('the supervisor’s view', () => {
  it('counts visits by town, installer and day by what became of them, and adds up [2.3 F3]', async () => {
    const r = await report();
    expect(r.total).toEqual({ visits: 7, installed: 5, accepted: 2, onSite: 1, failed: 1, refused: 1, toRedo: 2, begun: 0 });
    expect(r.towns).toEqual([{ regionCode: town, town: '均溪镇', ...r.total }]);
    expect(r.installers.map((i: { id: string; visits: number; accepted: number }) => [i.id, i.visits, i.accepted])).toEqual(expect.arrayContaining([['user:u1', 6, 1], ['user:u2', 1, 1]]));
    for (const part of [r.towns, r.installers, r.days]) expect(part.reduce((sum: number, x: { visits: number }) => sum + x.visits, 0)).toBe(7);
    const today = dayOf(r.asOf);
    expect((await report(`?from=${today}&to=${today}`)).total.visits).toBe(2);
    expect((await site.get('/reports/installations?from=2026-02-30', site.admin)).status).toBe(422);
    expect((await site.get('/reports/installations?from=2020-01-01&to=2026-01-01', site.admin)).status).toBe(422);
  });

  it('lists what is to be done again with reasons, not what has been done again [2.3 FF15]', async () => {
    const { redo } = await report();
    expect(redo.map((r: { homeId: string; state: string; reasons: { what: string }[] }) => [r.homeId, r.state, r.reasons.map((x) => x.what)])).toEqual([['h-redo', 'to-redo', ['silent-day', 'beats-lost']], ['h-failed', 'failed', ['no-signal']]]);
    expect(redo[0].reasons[0].zh).toBe('有整天没有上报');
  });

  it('covers the special group: those who died or moved out are no gap, every other one has one reason, and the reasons add up [2.3 F3]', async () => {
    const { cover } = await report();
    expect(cover).toMatchObject({
      special: 11, accepted: 2, percent: 18.1, goals: [{ percent: 33, lacking: 2 }, { percent: 67, lacking: 6 }, { percent: 100, lacking: 9 }],
      gaps: { probation: 1, 'to-redo': 1, failed: 1, refused: 2, 'no-device': 1, unaccepted: 1, begun: 0, 'not-visited': 2 },
    });
    expect(cover.accepted + (Object.values(cover.gaps) as number[]).reduce((a, b) => a + b, 0)).toBe(cover.special);
    expect(cover.towns.map((t: { town: string; special: number; accepted: number }) => [t.town, t.special, t.accepted])).toEqual([['均溪镇', 9, 2], ['屏山乡', 2, 0]]);
    expect(coverGoals(329, 1_000)).toEqual({ percent: 32.9, goals: [{ percent: 33, lacking: 1 }, { percent: 67, lacking: 341 }, { percent: 100, lacking: 671 }] });
    expect(coverGoals(9_999, 10_000).percent).toBe(99.9);
    expect(coverGoals(0, 0)).toMatchObject({ percent: 0, goals: [{ lacking: 0 }, { lacking: 0 }, { lacking: 0 }] });
  });

  it('shows a town its own, an installer none of it, and demonstration homes apart [W8 W9 FF18]', async () => {
    const far = await report('', await site.web.cookie('county-reader', otherTown));
    expect([far.total.visits, far.redo, far.cover.special, far.cover.towns.length]).toEqual([0, [], 2, 1]);
    expect((await report(`?region=${otherVillage}`)).cover.special).toBe(2);
    expect((await site.get('/reports/installations', site.installer)).status).toBe(403);
    await q(`update installation set demo = true where home_id = 'h-failed'`);
    expect((await report()).total.failed).toBe(0);
    await q(`update installation set demo = false where home_id = 'h-failed'`);
  });

  it('is a file with a line for each visit, without anybody’s name, and audited [2.3]', async () => {
    const file = await site.get('/reports/installations.csv', site.admin);
    const lines = file.text.split('\r\n');
    expect([file.status, file.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    expect(lines.length).toBe(1 + 7 + 1);
    expect(file.text).toContain('"须复装","有整天没有上报；心跳丢失超过一成"');
    expect(file.text).not.toContain('陈秀兰');
    expect(await q(`select detail->>'visits' as n from audit where action = 'installations.export'`)).toEqual([{ n: '7' }]);
  });
});
