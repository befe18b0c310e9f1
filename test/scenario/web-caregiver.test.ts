/** The caregiver's link: forms without scripts, a GET that changes nothing, what is shown before and after she accepts, codes that are guessed or old. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRespond } from '#alerts/respond.ts';
import { limits } from '#core/limits.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { prunePhotos } from '#store/photos.ts';
import { prunePositions } from '#store/positions.ts';
import { jpeg } from '#test/harness/pictures.ts';
import { otherVillage, testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let id: string;
const code = 'k7m2p9q4x8v3';
beforeAll(async () => {
  web = await testWeb({ respond: (t) => createRespond({ db: t.db, seal: t.seal, log: createLog('web', 'silent'), metrics: createMetrics('test') }) });
});
afterAll(() => web.stop());
beforeEach(async () => {
  await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now() where state <> 'closed'`);
  await web.t.db.query('delete from slip');
  id = await web.alert();
  await slip(id, 'responder:r1', code, 27);
});

async function slip(alertId: string, party: string, text: string, no: number): Promise<void> {
  await web.t.db.query('insert into slip (party, no, alert_id, code, created_at) values ($1, $2, $3, $4, anling_now())', [party, no, alertId, text]);
  await web.t.db.query(`insert into engagement (alert_id, party, state, notified_at, updated_at) values ($1, $2, 'notified', anling_now(), anling_now()) on conflict do nothing`, [alertId, party]);
}
const page = (path = `/j/${code}`, headers: Record<string, string> = {}): ReturnType<Web['fetch']> => web.fetch(path, { headers });
const answer = (action: string, path = `/j/${code}`): ReturnType<Web['fetch']> =>
  // As a telephone's browser sends it: a form, and no origin worth the name under no-referrer.
  web.fetch(path, { method: 'POST', body: `action=${action}`, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'null', 'sec-fetch-site': 'same-origin' } });
const state = async (alertId = id): Promise<string> => (await web.t.db.query<{ state: string }>('select state from alert where id = $1', [alertId]))[0]!.state;
const engagement = async (party = 'responder:r1'): Promise<string | undefined> => (await web.t.db.query<{ state: string }>('select state from engagement where alert_id = $1 and party = $2', [id, party]))[0]?.state;

describe('caregiver link', () => {
  it('tells enough to decide and nothing more before she accepts; loads nothing but its own small script, which it does not need [UI3.4 W10 W15]', async () => {
    const { text, headers, status } = await page();
    expect(status).toBe(200);
    for (const shown of ['一键呼', '陈*水', '均溪镇', '仙亭村', '我去', '我去不了', '到了', '办好了', '要支援', '单号', '27', 'tel:05980350425']) expect(text).toContain(shown);
    expect(text).not.toMatch(/陈金水|15404250001|下厝角|柿子树|郭德发|高血压|王玉兰/);
    expect(Buffer.byteLength(text)).toBeLessThan(30_000);
    expect(text.replace('<script src="/j/page.js" defer></script>', '')).not.toMatch(/<script|<link|<img|@import|url\(|javascript:/);
    const script = await page('/j/page.js');
    expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect(Buffer.byteLength(text + script.text)).toBeLessThan(30_000);
    expect(text).toMatch(/button\{[^}]*min-height:60px|min-height:60px/);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'; script-src 'self'; connect-src 'self'; img-src blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/);
    expect([headers.get('x-robots-tag'), headers.get('referrer-policy'), headers.get('cache-control')]).toEqual(['noindex, nofollow', 'no-referrer', 'no-store']);
  });

  it('says in both languages that a demonstration is one, and nothing of the kind on a real alarm [FF18]', async () => {
    expect((await page()).text).not.toContain('演示数据');
    await web.t.db.query('update alert set demo = true where id = $1', [id]);
    expect([(await page()).text.includes('演示数据:这不是真的警情'), (await page(`/j/${code}?lang=en`)).text.includes('Demonstration data: this is no real alarm')]).toEqual([true, true]);
    await web.t.db.query('update alert set demo = false where id = $1', [id]);
  });

  it('changes nothing by GET, however often and by whom it is opened [UI3.4 W13 W5]', async () => {
    const before = await web.t.db.query(`select (select jsonb_agg(a) from alert a) as a, (select jsonb_agg(e) from engagement e) as e, (select count(*) from alert_log) as l, (select seq from feed_counter) as f`);
    for (const path of [`/j/${code}`, `/j/${code}?action=accept`, `/j/${code}?lang=en`]) expect((await page(path, { 'user-agent': 'SMS link scanner' })).status).toBe(200);
    expect((await web.fetch(`/j/${code}`, { method: 'HEAD' })).status).toBe(200);
    expect(await web.t.db.query(`select (select jsonb_agg(a) from alert a) as a, (select jsonb_agg(e) from engagement e) as e, (select count(*) from alert_log) as l, (select seq from feed_counter) as f`)).toEqual(before);
  });

  it('commits the alert when she says that she goes, and then shows the way, the door and whom to call, on record [UI3.4 E6 W10 W21]', async () => {
    const said = await answer('accept');
    expect([said.status, said.headers.get('location'), said.text]).toEqual([303, `/j/${code}`, '']);
    expect([await state(), await engagement()]).toEqual(['committed', 'accepted']);
    const { text } = await page();
    for (const shown of ['陈金水', '下厝角12号', '门前柿子树', '村部', '再步行 6 分钟', '有狗', '高血压', 'tel:15404250001', '郭德发', '持钥匙', 'tel:15404250101', '已登记您前往', '到了']) expect(text).toContain(shown);
    expect(text).toContain('https://uri.amap.com/marker?position=117.8468,25.6934&amp;coordinate=wgs84');
    await page();
    const rows = await web.t.db.query<{ action: string; actor: string }>(`select actor, action, result from audit where target = $1 order by id`, [`alert:${id}`]);
    expect(rows).toEqual([{ actor: 'party:responder:r1', action: 'alert.accept', result: 'ok' }, { actor: 'party:responder:r1', action: 'alert.reveal', result: 'ok' }]);
    expect(await web.t.db.query(`select actor_type, actor_id, action, detail->>'via' as via from alert_log where alert_id = $1 and action = 'accepted'`, [id])).toEqual([{ actor_type: 'party', actor_id: 'responder:r1', action: 'accepted', via: 'link' }]);
  });

  it('takes each answer: there, done, help; cannot hides the way again and leaves the door open [UI3.4 E6]', async () => {
    await answer('accept');
    await answer('arrive');
    expect([await state(), await engagement()]).toEqual(['arrived', 'arrived']);
    await answer('need-help');
    expect([await state(), await engagement()]).toEqual(['open', 'need-help']);
    await answer('done');
    expect([await state(), await engagement()]).toEqual(['arrived', 'done']);
    expect((await page()).text).toContain('已登记办好');
    const second = await web.alert({ kind: 'fall' });
    await slip(second, 'responder:r1', 'second-code-1', 28);
    await answer('accept', '/j/second-code-1');
    await answer('decline', '/j/second-code-1');
    expect(await state(second)).toBe('open');
    const declined = (await page('/j/second-code-1')).text;
    expect(declined).toContain('已转下一位');
    expect(declined).not.toMatch(/陈金水|15404250001/);
    expect(declined.match(/<button/g)).toHaveLength(2); // away today, 我去, should she be able to after all
  });

  it('says that she has set out, once, after she has promised [UI3.4 E8]', async () => {
    expect((await page()).text).not.toContain('出发了');
    await answer('accept');
    expect((await page()).text).toContain('出发了');
    expect((await answer('depart')).status).toBe(303);
    const { text } = await page();
    expect([text.includes('已登记您出发'), text.includes('value="depart"'), text.includes('value="arrive"')]).toEqual([true, false, true]);
  });

  it('takes her absence: what waits for her goes to the next, and she is back by one press [FF9 E9]', async () => {
    expect((await page()).text).toContain('今天外出，先叫别人');
    expect((await answer('off-today')).status).toBe(303);
    expect([await engagement(), (await page()).text.includes('已登记您外出到')]).toEqual(['declined', true]);
    expect((await web.t.db.query(`select absent_until > anling_now() as away from responder where id = 'r1'`))[0]).toEqual({ away: true });
    await answer('back');
    expect((await web.t.db.query('select absent_until from responder where id = $1', ['r1']))[0]).toEqual({ absent_until: null });
    expect((await page()).text).toContain('今天外出，先叫别人');
  });

  it('tells her who has it already when she is late, and offers nothing [UI3.4 D4]', async () => {
    await slip(id, 'contact:c1', 'neighbour-code', 31);
    await answer('accept', '/j/neighbour-code');
    const { text } = await page();
    expect(text).toMatch(/已由 <b>郭\*发 \(邻居\)<\/b> 接单/);
    expect(text).toContain('您不用再去');
    expect(text).not.toContain('<button');
    // A page she opened before: her answer does not take it away from him.
    expect((await answer('accept')).status).toBe(303);
    expect([await engagement('contact:c1'), await engagement()]).toEqual(['accepted', 'seen']);
    expect((await page()).text).not.toMatch(/陈金水|15404250001/);
  });

  it('puts all of hers on top when several alarms run, the oldest first, each answered from there [UI3.4 E6]', async () => {
    expect((await page()).text).not.toContain('您现在有几单');
    const other = await web.alert({ region: otherVillage, kind: 'gas' });
    await web.t.db.query(`update alert set opened_at = opened_at - interval '10 minutes' where id = $1`, [other]);
    await slip(other, 'responder:r1', 'gas-code-99', 44);
    const { text } = await page();
    expect(text.indexOf('单号 44')).toBeLessThan(text.indexOf('单号 27'));
    expect(text.indexOf('单号 27')).toBeLessThan(text.indexOf('<h1>一键呼'));
    expect(text).toMatch(/您现在有几单 \(2\)/);
    expect(text).toContain('<form class="pair" method="post" action="/j/gas-code-99" data-no="44">');
    expect((await answer('accept', '/j/gas-code-99')).status).toBe(303);
    expect(await state(other)).toBe('committed');
    expect((await page()).text).toMatch(/单号 44[^<]*<\/a> 您去/);
    expect(Buffer.byteLength((await page()).text)).toBeLessThan(30_000);
  });

  it('writes down how long a press had waited for a network; who had promised and was there has been there, though the case is closed by now [UI3.4 LAW9]', async () => {
    const kept = (action: string, keptMs: number) => web.fetch(`/j/${code}`, { method: 'POST', body: `action=${action}&keptMs=${keptMs}`, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'null' } });
    await answer('accept');
    await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now(), outcome = 'R1' where id = $1`, [id]);
    await web.t.advance(limits.linkAfterCloseMs + 60_000);
    expect((await kept('arrive', 60)).status, 'pressed now: the link has ended').toBe(410);
    expect((await kept('arrive', limits.linkAfterCloseMs)).status).toBe(303);
    expect([await state(), await engagement()]).toEqual(['closed', 'arrived']);
    expect(await web.t.db.query(`select action, detail->'keptMs' as kept from alert_log where alert_id = $1 order by id desc limit 1`, [id])).toEqual([{ action: 'late-arrive', kept: limits.linkAfterCloseMs }]);
    expect((await kept('arrive', limits.keptMs + 1)).status, 'too old to be news').toBe(410);
    expect((await web.fetch(`/j/${code}`, { method: 'POST', body: 'action=arrive&keptMs=x', headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'null' } })).status).toBe(422);
  });

  it('does a press once, however often it comes under its key, though other answers came between [UI3.4 LAW4]', async () => {
    const press = (action: string, key: string) => web.fetch(`/j/${code}`, { method: 'POST', body: `action=${action}&keptMs=5000`, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'null', 'idempotency-key': key } });
    for (const [action, at] of [['decline', '1'], ['accept', '2'], ['decline', '1'], ['accept', '2'], ['arrive', '3'], ['accept', '2']] as const) expect((await press(action, `${at}-${action}`)).status).toBe(303);
    expect([await state(), await engagement()]).toEqual(['arrived', 'arrived']);
    expect(await web.t.db.query(`select action from alert_log where alert_id = $1 and actor_type = 'party' order by id`, [id])).toEqual([{ action: 'declined' }, { action: 'accepted' }, { action: 'arrived' }]);
    expect((await press('need-help', '3-arrive')).status, 'a key of another press').toBe(422);
    const two = await Promise.all([press('done', '4-done'), press('done', '4-done')]);
    expect(two.map((r) => r.status).every((status) => status === 303 || status === 503)).toBe(true);
    expect((await web.t.db.query(`select count(*)::int as n from alert_log where alert_id = $1 and action = 'done'`, [id]))[0]).toEqual({ n: 1 });
  });

  it('takes one picture of who goes, by a form without a script, sealed; the desk opens it, audited, and nobody of another town [UI3.4 W10]', async () => {
    const picture = jpeg({});
    const send = async (data: Buffer, path = `/j/${code}/photo`) => {
      const form = new FormData();
      form.append('photo', new Blob([new Uint8Array(data)], { type: 'image/jpeg' }), 'a.jpg');
      return (await fetch(web.url + path, { method: 'POST', body: form, redirect: 'manual' })).status;
    };
    expect((await page()).text).not.toContain('type="file"');
    expect(await send(picture), 'who has not said that she goes').toBe(409);
    await answer('accept');
    expect((await page()).text).toContain('enctype="multipart/form-data"');
    expect(await send(Buffer.from('<svg onload=alert(1)>'))).toBe(422);
    expect(await send(picture, '/j/unknown-code-9/photo')).toBe(404);
    expect(await send(Buffer.alloc(limits.photoBytes + 1, 0xff))).toBe(413);
    expect(await send(picture)).toBe(303);
    expect(await send(picture)).toBe(303);
    expect((await page()).text).toContain('照片已收到');
    const rows = await web.t.db.query<{ sealed: Buffer; bytes: number }>('select photo_enc as sealed, bytes from alert_photo');
    expect(rows.map((r) => [r.bytes, r.sealed.includes(picture.subarray(4, 40))])).toEqual([[picture.length, false]]);
    const cookie = await web.cookie('operator');
    expect((await web.fetch(`/api/v1/alerts/${id}/photos`, { cookie })).body.photos).toMatchObject([{ party: 'responder:r1', bytes: picture.length, keptMs: null }]);
    const open = (as: string) => web.fetch(`/api/v1/alerts/${id}/photos/open`, { method: 'POST', cookie: as, body: { party: 'responder:r1' } });
    expect(Buffer.from((await open(cookie)).body.data, 'base64').equals(picture)).toBe(true);
    expect((await open(await web.cookie('operator', '350425201000'))).status).toBe(404);
    expect((await open(await web.cookie('viewer'))).status).toBe(403);
    expect(await web.t.db.query(`select action, actor like 'user:%' as desk from audit where action in ('alert.photo', 'alert.picture') order by id`)).toEqual([{ action: 'alert.picture', desk: false }, { action: 'alert.photo', desk: true }]);
    await web.t.db.query(`update alert_photo set at = at - make_interval(days => $1)`, [limits.photoDays + 1]);
    await prunePhotos(web.t.db);
    expect(await web.t.db.query('select 1 from alert_photo')).toEqual([]);
  });

  it('takes what she found as one of six, with its code for the desk; a fall has others, and nobody seen is no end: the search goes on and the desk rings [UI3.4 LAW5]', async () => {
    const choices = async (path?: string): Promise<string[]> => [...(await page(path)).text.matchAll(/value="result-(\w+)"/g)].map((m) => m[1] as string);
    expect(await choices()).toEqual([]);
    await answer('accept');
    expect(await choices()).toEqual(['N2', 'R3', 'N1', 'F1', 'S1', 'U']);
    expect((await page()).text.match(/value="done"/g)).toBeNull();
    await answer('result-U');
    expect([await state(), await engagement()]).toEqual(['open', 'need-help']);
    expect(await web.t.db.query(`select payload->>'ring' as ring from feed where alert_id = $1 order by seq desc limit 1`, [id])).toEqual([{ ring: 'p1' }]);
    await answer('result-F1');
    expect([await state(), await engagement()]).toEqual(['arrived', 'done']);
    const { timeline } = (await web.fetch(`/api/v1/alerts/${id}`, { cookie: await web.cookie('operator') })).body;
    expect(timeline.slice(-2).map((l: { action: string; note: string; detail: { outcome: string } }) => [l.action, l.note, l.detail.outcome])).toEqual([['need-help', '处理结果:没见到人', 'U'], ['done', '处理结果:按错了', 'F1']]);
    expect((await page()).text).toContain('已登记办好');
    await web.t.db.query(`update alert set kind = 'fall', state = 'committed', arrived_at = null where id = $1`, [id]);
    await web.t.db.query(`update engagement set state = 'accepted' where alert_id = $1`, [id]);
    expect(await choices()).toEqual(['R1', 'R2', 'N1', 'F2', 'S1', 'U']);
    expect((await page(`/j/${code}?lang=en`)).text).toContain('Nobody seen');
  });

  it('takes where she stands after 到了 only, sealed; the desk reads how far from the home and how old, nobody else, and it is forgotten with the pictures [UI3.4 W10]', async () => {
    const say = async (body: string) => (await web.fetch(`/j/${code}/position`, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'null' } })).status;
    const here = 'lat=25.693400&lon=117.847200&accuracyM=12&keptMs=60000';
    expect(await say(here), 'nobody has promised').toBe(409);
    await answer('accept');
    expect(await say(here), 'on the way is not there').toBe(409);
    await answer('arrive');
    for (const bad of ['lat=95&lon=117&accuracyM=1&keptMs=0', 'lat=25&lon=x&accuracyM=1&keptMs=0', 'lat=25&lon=117&keptMs=0']) expect(await say(bad), bad).toBe(422);
    await web.t.db.query(`update home set lat = 25.6934, lon = 117.8468, crs = 'wgs84' where id = 'h1'`);
    expect(await say(here)).toBe(200);
    expect(await say('lat=25&lon=117&accuracyM=1&keptMs=120000'), 'an older one is taken and changes nothing').toBe(200);
    const [row] = await web.t.db.query<{ sealed: Buffer }>('select where_enc as sealed from party_position');
    expect(row?.sealed.includes('25.6934')).toBe(false);
    const read = async (as: string) => (await web.fetch(`/api/v1/alerts/${id}`, { cookie: as })).body;
    const full = await read(await web.cookie('operator'));
    expect(full.engagements[0].position).toMatchObject({ lat: 25.6934, lon: 117.8472, accuracyM: 12, awayM: 40 });
    const [now] = await web.t.db.query<{ now: number }>('select anling_now() as now');
    expect(Math.abs((now?.now ?? 0) - 60_000 - full.engagements[0].position.at)).toBeLessThan(20_000);
    expect(full.candidates.find((c: { party: string }) => c.party === 'responder:r1')).toMatchObject({ lastPositionAt: full.engagements[0].position.at, lastArrivedAt: full.engagements[0].arrivedAt });
    expect((await read(await web.cookie('viewer'))).engagements[0].position).toBeNull();
    await web.t.db.query(`update party_position set at = at - make_interval(days => $1)`, [limits.photoDays + 1]);
    await prunePositions(web.t.db);
    expect(await web.t.db.query('select 1 from party_position')).toEqual([]);
  });

  it('lists her other open slips, in both languages, with the county’s time [F10]', async () => {
    const other = await web.alert({ region: otherVillage, kind: 'gas' });
    await slip(other, 'responder:r1', 'gas-code-99', 44);
    await web.t.db.query(`update alert set opened_at = '2026-11-21T18:13:00Z' where id = $1`, [other]);
    const zh = (await page()).text;
    expect(zh).toMatch(/<a href="\/j\/gas-code-99">单号 44 · 燃气报警 · 内洋村 · 02:13<\/a>/);
    const en = (await page(`/j/${code}?lang=en`)).text;
    for (const shown of ['lang="en"', 'SOS', 'I am going', 'I cannot go', 'Need help', `/j/gas-code-99?lang=en`]) expect(en).toContain(shown);
    expect((await page('/j/gas-code-99')).text).toContain('不要开灯');
    const posted = await answer('decline', `/j/${code}?lang=en`);
    expect(posted.headers.get('location')).toBe(`/j/${code}?lang=en`);
  });

  it('ends two hours after the close; hides the person at the close [UI3.4 W13]', async () => {
    await answer('accept');
    await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now(), outcome = 'R1' where id = $1`, [id]);
    const closed = await page();
    expect(closed.text).toContain('已经办结');
    expect(closed.text).not.toMatch(/陈金水|15404250001|<button/);
    expect((await answer('arrive')).status).toBe(303);
    expect(await state()).toBe('closed');
    await web.t.advance(limits.linkAfterCloseMs + 1_000);
    const gone = await page();
    expect([gone.status, (await answer('accept')).status]).toEqual([410, 410]);
    expect(gone.text).toContain('已经过期');
    expect(gone.text).not.toMatch(/陈\*水|仙亭/);
  });

  it('answers guesses alike and slowly runs out of patience with an address, never with a right code [UI3.4 W13]', async () => {
    const guess = await page('/j/unknown-code-1');
    expect([guess.status, guess.text]).toEqual([404, expect.stringContaining('没有这个链接')]);
    for (const odd of ['/j/a', '/j/..%2f..%2fetc', `/j/${'x'.repeat(150)}`, "/j/'%20or%201=1"]) expect((await page(odd)).status, odd).toBe(404);
    expect((await page('/j/%00')).status).toBe(422);
    expect((await answer('accept', '/j/unknown-code-2')).status).toBe(404);
    const statuses: number[] = [];
    for (let i = 0; i <= limits.wrongCodesPerMinute; i++) statuses.push((await page(`/j/guess-${i}`)).status);
    expect(statuses.at(-1)).toBe(429);
    expect((await page()).status).toBe(200);
    expect((await answer('accept')).status).toBe(303);
  });

  it('escapes what stands in the data [M19]', async () => {
    await web.t.db.query(`update person set name_enc = $1 where id = 'p1'`, [web.t.seal.seal('person.name', '<b onclick=x>"&\'')]);
    try {
      await answer('accept');
      const { text } = await page();
      expect(text).toContain('&lt;b onclick=x&gt;&quot;&amp;&#39;');
      expect(text).not.toContain('<b onclick');
    } finally { await web.t.db.query(`update person set name_enc = $1 where id = 'p1'`, [web.t.seal.seal('person.name', '陈金水')]); }
  });

  it('names the field when an answer is none [G3]', async () => {
    const { status, body } = await answer('explode');
    expect([status, body.error.fields]).toEqual([422, [{ field: 'action', expected: 'one of accept, decline, depart, arrive, done, need-help, off-today, back, result-N2, result-R1, result-R2, result-R3, result-R4, result-N1, result-F1, result-F2, result-F3, result-S1, result-U' }]]);
  });
});
