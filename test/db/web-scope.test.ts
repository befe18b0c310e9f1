/** Row scope, generated: no list, export, report or figure of any route tells a town or a village anything of another, whatever the role (W8). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendAudit } from '#store/audit.ts';
import { beatConsole } from '#store/county-status.ts';
import { writeShift } from '#store/shift.ts';
import { createUser } from '#store/users.ts';
import { allRoles, county, openTab, otherTown, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';

describe('row scope', () => {
  let web: Web;
  let theirs = '';
  beforeAll(async () => {
    web = await testWeb();
    const { db, seal } = web.t;
    await web.alert();
    theirs = await web.alert({ region: otherVillage });
    await web.alert({ region: otherVillage, kind: 'offline', priority: 3, personId: null });
    for (const [n, code] of [['1', town], ['2', otherTown]] as const) {
      await db.query(`insert into device (id, model, home_id, person_id, secret_hash, serial) values ($1, 'sos-button', $2, $3, '\\x00', $4)`, [`MARK-D${n}`, `h${n}`, `p${n}`, `MARK-SN${n}`]);
      await db.query(`insert into presence (device_id, last_seen_at, state, silent_at, check_at, low_battery) values ($1, anling_now() - interval '2 days', 'offline', anling_now() - interval '1 day', anling_now(), true) on conflict (device_id) do update set silent_at = excluded.silent_at, state = 'offline', last_seen_at = excluded.last_seen_at`, [`MARK-D${n}`]);
      await db.query(`insert into station (id, region_code, name) values ($1, $2, $3)`, [`MARK-S${n}`, code, `MARK站${n}`]);
      const user = await createUser(db, { username: `MARK-U${n}`, passwordHash: 'x', role: 'operator', scopeCode: code, displayName: `MARK-U${n}` });
      await beatConsole(db, { tabId: `tab${n}`, userId: user?.id ?? '', visible: true, audio: 'running', lastSeq: 0, inputAgoMs: 0 });
      await writeShift(db, seal, { what: 'note', scopeCode: code, byId: 'x', byName: `MARK-U${n}`, note: `MARK-NOTE${n}` });
      await db.query(`insert into call (from_enc, matched, person_id, home_id, region_code, state, trace) values ($1, 'person', $2, $3, $4, 'missed', 't')`, [seal.seal('call.from', `1540425000${n}`), `p${n}`, `h${n}`, n === '1' ? village : otherVillage]);
      await db.query(`insert into outbox (out_id, alert_id, party, channel, template, params_enc, to_enc, to_bidx, priority, state, due_at, trace) values ($1, $2, $3, 'sms', 'sos', $4, $5, $6, 1, 'failed', anling_now(), 't')`,
        [`MARK-O${n}`, n === '1' ? '1' : theirs, `responder:r${n}`, seal.seal('outbox.params', '{}'), seal.seal('outbox.to', `1540425020${n}`), seal.blind('phone', `1540425020${n}`)]);
      await db.query(`update person set mode = 'away', mode_until = anling_now() + interval '1 day', mode_since = anling_now() where id = $1`, [`p${n}`]);
      await db.query(`insert into callback (alert_id, region_code, due_at, by_id, by_name) values ($1, $2, anling_now(), 'x', $3)`, [n === '1' ? '1' : theirs, n === '1' ? village : otherVillage, `MARK-U${n}`]);
      await db.query(`insert into pinned (alert_id, region_code, by_id, by_name) values ($1, $2, 'x', $3)`, [n === '1' ? '1' : theirs, n === '1' ? village : otherVillage, `MARK-U${n}`]);
      await db.query(`insert into handover (scope_code, from_id, from_name, open) values ($1, $2, $3, 1)`, [code, `MARK-U${n}`, `MARK-U${n}`]);
      await db.query(`insert into quarantine (ingest_id, device_id, topic, raw_enc, bytes, reason, received_at, trace) values (gen_random_uuid(), $1, 't', $2, 1, $3, anling_now(), 't')`, [`MARK-D${n}`, seal.seal('quarantine.raw', 'x'), `MARK-WHY${n}`]);
    }
    await db.tx((sql) => appendAudit(sql, seal, [{ actor: 'user:x', action: 'person.change', target: 'person:MARK-P2', result: 'ok' }]));
  });
  afterAll(() => web.stop());

  // What of the other town stands in rows: ids, names, marks; its code where it is no list of regions.
  const foreign = new RegExp(`MARK[-\\w站]*2\\b|MARK站2|"[hprc]2"|(responder:r|contact:c)2\\b|林\\*英|林\\*\\*|苏\\*娥|内洋村|屏山乡|${otherTown.slice(0, 9)}`);
  const listed = (url: string): string => {
    const query = new URLSearchParams();
    if (/reports\/blind/.test(url) || /desk\/log/.test(url)) query.set('day', new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10));
    if (/reports\/roll/.test(url)) query.set('from', String(Date.now() - 86_400_000));
    return query.size > 0 ? `${url}?${query}` : url;
  };

  it('holds for every list and export, in every role, for a town and for a village [W8 FF2]', async () => {
    // The names of places are public; whoever sees the county's own health sees it whole.
    const open = new Set(['/api/v1/regions', '/metrics', '/healthz', '/readyz', '/api/v1/device-models', '/api/v1/live']);
    const routes = web.table.filter((r) => r.method === 'GET' && Array.isArray(r.access) && !r.url.includes(':') && r.url.startsWith('/api/v1/') && !open.has(r.url));
    expect(routes.length).toBeGreaterThan(25);
    const leaks: string[] = [];
    const seen = new Set<string>();
    for (const route of routes)
      for (const role of allRoles.filter((r) => (route.access as readonly string[]).includes(r))) {
        const whole = await web.fetch(listed(route.url), { cookie: await web.cookie(role, county) });
        if (foreign.test(whole.text)) seen.add(route.url);
        for (const scope of [town, village]) {
          const answer = await web.fetch(listed(route.url), { cookie: await web.cookie(role, scope) });
          const found = foreign.exec(answer.text);
          if (answer.status === 200 && found) leaks.push(`${route.url} ${role} ${scope}: ${found[0]}`);
        }
      }
    expect(leaks).toEqual([]);
    // The test would see it: the county sees those rows in as many places.
    expect([...seen].sort()).toEqual(expect.arrayContaining(['/api/v1/alerts', '/api/v1/audit', '/api/v1/calls', '/api/v1/desk/board', '/api/v1/desk/log', '/api/v1/devices', '/api/v1/homes', '/api/v1/modes', '/api/v1/notifications', '/api/v1/people', '/api/v1/responders', '/api/v1/stations', '/api/v1/users']));
  }, 120_000);

  it('holds for one thing by its number, revealed or searched for, as if it never was [W8]', async () => {
    const cookie = await web.cookie('admin', town);
    const [call] = await web.t.db.query<{ id: string }>(`select id from call where person_id = 'p2'`);
    const [out] = await web.t.db.query<{ id: string }>(`select id from outbox where party = 'responder:r2'`);
    const [promise] = await web.t.db.query<{ id: string }>('select id from callback where alert_id = $1', [theirs]);
    const [handover] = await web.t.db.query<{ id: string }>(`select id from handover where from_id = 'MARK-U2'`);
    const [user] = await web.t.db.query<{ id: string }>(`select id from app_user where username = 'MARK-U2'`);
    for (const [method, path, body] of [
      ['GET', `/alerts/${theirs}`], ['POST', `/alerts/${theirs}/reveal`, {}], ['POST', `/alerts/${theirs}/shelve`, { until: Date.now(), note: 'x' }], ['PUT', `/alerts/${theirs}/pin`, {}], ['POST', `/alerts/${theirs}/callbacks`, { dueAt: Date.now() }],
      ['GET', '/people/p2'], ['POST', '/people/p2/reveal', {}], ['GET', '/homes/h2'], ['POST', '/homes/h2/reveal', {}], ['GET', '/responders/r2'], ['POST', '/responders/r2/reveal', {}], ['GET', '/devices/MARK-D2'],
      ['POST', `/calls/${call?.id}/open`, {}], ['GET', `/notifications/${out?.id}`], ['POST', `/notifications/${out?.id}/reveal`, {}], ['POST', `/desk/callbacks/${promise?.id}/done`, { note: 'x' }],
      ['POST', `/desk/handovers/${handover?.id}/take`, { open: 1 }], ['PATCH', `/users/${user?.id}`, { displayName: 'x', version: 1 }], ['POST', `/users/${user?.id}/factor/reset`, {}], ['POST', `/users/${user?.id}/password`, {}],
    ] as const) {
      const answer = await web.fetch(`/api/v1${path}`, { method, cookie, body });
      expect([path, answer.status, foreign.test(answer.text)]).toEqual([path, 404, false]);
    }
    for (const path of ['/people?q=林秀英', '/people?q=15404250002', '/responders?q=苏月娥', '/devices?q=MARK-SN2', `/people?region=${otherVillage}`, `/alerts?region=${otherTown}`, '/homes?q=林'])
      expect([path, foreign.test((await web.fetch(`/api/v1${encodeURI(path)}`, { cookie })).text)]).toEqual([path, false]);
  });

  it('holds for what a socket is sent: snapshot, frames, presence, calls, beat [W7 W8 I8]', async () => {
    const tab = openTab(web.url, await web.cookie('operator', town));
    tab.send({ type: 'hello', epoch: null, lastSeq: 0, tabId: 'scoped' });
    await tab.until((frames) => frames.some((f) => f.type === 'beat') && frames.some((f) => f.type === 'calls'));
    await web.alert({ region: otherVillage, kind: 'smoke' });
    const mine = await web.alert({ kind: 'gas' });
    await tab.until((frames) => frames.some((f) => f.type === 'alert' && f.alert.id === mine));
    expect(foreign.exec(JSON.stringify(tab.frames))?.[0] ?? null).toBeNull();
    tab.ws.close();
  });
});
