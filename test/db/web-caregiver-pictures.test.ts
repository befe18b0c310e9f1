/** Pictures that come over the caregiver's link: without what the telephone wrote beside them, so many and no more, the same one once; refusals that a person can read. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRespond } from '#alerts/respond.ts';
import { limits } from '#core/limits.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { jpeg, jpegSegment, png, pngChunk, tiff } from '#test/harness/pictures.ts';
import { testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let id: string;
beforeAll(async () => {
  web = await testWeb({ respond: (t) => createRespond({ db: t.db, seal: t.seal, log: createLog('web', 'silent'), metrics: createMetrics('test') }) });
});
afterAll(() => web.stop());
beforeEach(async () => {
  await web.t.db.query('delete from slip');
  id = await web.alert();
  for (const [party, no] of [['responder:r1', 1], ['contact:c1', 2], ['responder:r2', 3]] as const) await going(party, no);
});
/** Somebody who goes, with the code `code-{no}`. */
async function going(party: string, no: number): Promise<void> {
  await web.t.db.query('insert into slip (party, no, alert_id, code, created_at) values ($1, $2, $3, $4, anling_now())', [party, 10 + no, id, `code-${no}`]);
  await web.t.db.query(`insert into engagement (alert_id, party, state, notified_at, accepted_at, updated_at) values ($1, $2, 'accepted', anling_now(), anling_now(), anling_now())`, [id, party]);
}
/** As a form sends it: from a browser (`page`), or from the page's script. */
async function send(data: Buffer, { no = 1, page = false, lang = 'zh' }: { no?: number; page?: boolean; lang?: 'zh' | 'en' } = {}): Promise<{ status: number; text: string }> {
  const form = new FormData();
  form.append('photo', new Blob([new Uint8Array(data)], { type: 'image/jpeg' }), 'a.jpg');
  const answer = await fetch(`${web.url}/j/code-${no}/photo${lang === 'en' ? '?lang=en' : ''}`, { method: 'POST', body: form, redirect: 'manual', headers: page ? { accept: 'text/html,application/xhtml+xml' } : { accept: 'application/json' } });
  return { status: answer.status, text: await answer.text() };
}
/** Another picture each time. */
const picture = (n: number): Buffer => png({ chunks: [pngChunk('gAMA', Buffer.from([0, 0, n >> 8, n & 0xff]))] });
const notes = async (): Promise<number> => (await web.t.db.query<{ n: number }>(`select count(*)::int as n from alert_log where alert_id = $1 and action = 'note'`, [id]))[0]?.n ?? -1;
const open = async (party = 'responder:r1'): Promise<Buffer> => Buffer.from((await web.fetch(`/api/v1/alerts/${id}/photos/open`, { method: 'POST', cookie: await web.cookie('operator'), body: { party } })).body.data, 'base64');

describe('pictures over the link', () => {
  it('are kept without position, device and words, and turned as they were [UI3.4 W10]', async () => {
    const secret = Buffer.from('GPS 25.6934 117.8468 HUAWEI');
    const taken = jpeg({ before: [jpegSegment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), tiff(6, secret)])), jpegSegment(0xfe, secret)], after: secret });
    expect((await send(taken)).status).toBe(303);
    const kept = await open();
    expect([kept.includes(secret), kept.includes(Buffer.from([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6]))]).toEqual([false, true]);
  });

  it('that are cut off or none are refused by name: to a script as an error of the API, to a browser as a page in her language [UI3.4 G3]', async () => {
    const cut = jpeg({}).subarray(0, -2);
    const refused = await send(cut);
    expect([refused.status, JSON.parse(refused.text).error]).toEqual([422, expect.objectContaining({ code: 'E_INVALID', why: 'picture', fields: [{ field: 'photo', expected: 'a JPEG up to its end (it is cut off)' }] })]);
    const zh = await send(cut, { page: true });
    expect([zh.status, zh.text]).toEqual([422, expect.stringContaining('不是完整的照片')]);
    expect((await send(cut, { page: true, lang: 'en' })).text).toContain('not a whole picture');
    expect(zh.text).toContain('href="/j/code-1"');
    const large = await send(Buffer.alloc(limits.photoBytes + 1, 0xff), { page: true });
    expect([large.status, large.text]).toEqual([413, expect.stringContaining('照片太大')]);
    await web.t.db.query(`update engagement set state = 'declined' where alert_id = $1 and party = 'responder:r1'`, [id]);
    expect(await send(jpeg({}), { page: true })).toMatchObject({ status: 409, text: expect.stringContaining('“我去”') });
    expect(await web.t.db.query('select 1 from alert_photo where alert_id = $1', [id])).toEqual([]);
  });

  it('are so many of one link and of one case, and then refused with the number; the same one again is none more [UI3.4 LAW7]', async () => {
    for (let n = 1; n <= limits.photosPerLink; n++) {
      expect((await send(picture(n))).status).toBe(303);
      expect((await send(picture(n))).status, 'again').toBe(303);
      expect((await send(picture(1))).status, 'an earlier one, late').toBe(303);
    }
    expect([await notes(), (await open()).equals(picture(limits.photosPerLink))]).toEqual([limits.photosPerLink, true]);
    const one = await send(picture(90));
    expect([one.status, JSON.parse(one.text).error.why, one.text]).toEqual([409, 'pictures', expect.stringContaining(String(limits.photosPerLink))]);
    for (let n = limits.photosPerLink + 1; n <= limits.photosPerCase; n++) expect((await send(picture(n), { no: 2 })).status).toBe(303);
    const page = await send(picture(91), { no: 3, page: true });
    expect([page.status, page.text]).toEqual([409, expect.stringContaining(`一单最多 ${limits.photosPerCase} 张`)]);
    expect([await notes(), (await open()).equals(picture(limits.photosPerLink))]).toEqual([limits.photosPerCase, true]);
    expect((await send(picture(limits.photosPerLink))).status, 'what has come stays come').toBe(303);
  });

  it('at once count as well: two telephones and two tabs get no more in than one [LAW7]', async () => {
    const all = await Promise.all([1, 2, 3].flatMap((no) => Array.from({ length: limits.photosPerLink }, (_, n) => send(picture(no * 100 + n), { no }))));
    expect(all.filter((a) => a.status === 303)).toHaveLength(limits.photosPerCase);
    expect(await notes()).toBe(limits.photosPerCase);
  });
});
