/** The certificate of an installation: its paper names whom it is about, its public page nobody; what was changed, revoked or invented is told apart; and seven days decide. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extractText, getDocumentProxy } from 'unpdf';
import { createLog } from '#ops/log.ts';
import { type ProbationFacts, probationReasons } from '#core/probation.ts';
import { probationTurn } from '#web/installations.ts';
import { otherTown } from '#test/harness/web.ts';
import { makeSite, type Site } from './installation-fixture.ts';

let site: Site;
beforeAll(async () => { site = await makeSite(); });
afterAll(() => site?.stop());

type Issued = { id: string; deviceId: string; number: string; certificate: string; hash: string; url: string };
async function issue(): Promise<Issued> {
  const device = await site.device({ serial: `SN${Math.random().toString(36).slice(2, 10)}` });
  const { id } = (await site.begin(device.id)).body;
  await site.papers(id);
  await site.tests(id, device.id);
  const done = await site.finish(id);
  expect(done.status, done.text).toBe(200);
  const { number, id: certificate, hash, url } = done.body.certificate;
  return { id, deviceId: device.id, number, certificate, hash, url };
}
const page = (path: string): ReturnType<Site['web']['fetch']> => site.web.fetch(path);
const pdfOf = (id: string, cookie = site.installer): Promise<Response> => fetch(`${site.web.url}/api/v1/installations/${id}/certificate.pdf`, { headers: { cookie } });
const turn = (): Promise<number> => probationTurn({ db: site.web.t.db, seal: site.web.t.seal, log: createLog('web', 'silent') });
const q = (text: string, values: unknown[] = []): Promise<unknown[]> => site.web.t.db.query(text, values);

describe('the paper', () => {
  it('is a PDF whose extracted text has the names to the character, the evidence and the code; it is a reveal, and audited [F6 2.3]', async () => {
    const c = await issue();
    const answer = await pdfOf(c.id);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    expect(bytes.length).toBeLessThan(400_000); // the font as a subset
    const { text } = await extractText(await getDocumentProxy(bytes), { mergePages: true });
    const plain = text.replace(/\s+/g, ' ');
    for (const words of ['老人 elder：陈金水', '大田县 均溪镇 仙亭村 下厝角十二号', '一键呼按钮', c.deviceId, `编号 No. ${c.number}`, '现场合格，试用期至', '用户installer', '报警到值班台并返回', 'battery 96', c.hash]) expect(plain).toContain(words);
    expect(plain.replace(/ /g, '')).toContain(c.hash.slice(0, 32));
    const [audit] = await site.web.t.db.query(`select actor, detail from audit where action = 'installation.certificate' and target = $1`, [`installation:${c.id}`]);
    expect(audit).toMatchObject({ actor: expect.stringMatching(/^user:/), detail: { number: c.number } });
  });

  it('cannot be had before the evidence is whole, nor by another installer, another region, or a role that may not see names [F6 2.3 W8 W9]', async () => {
    const device = await site.device();
    const { id } = (await site.begin(device.id)).body;
    await site.papers(id);
    expect((await pdfOf(id)).status).toBe(404);
    await site.post(`/installations/${id}/fail`, { reason: 'no-signal', at: Date.now() });
    expect((await pdfOf(id)).status).toBe(404);
    const c = await issue();
    expect((await pdfOf(c.id, await site.web.cookie('installer', otherTown))).status).toBe(404);
    expect((await pdfOf(c.id, await site.web.cookie('county-reader'))).status).toBe(403);
    expect((await fetch(`${site.web.url}/api/v1/installations/${c.id}/certificate.pdf`)).status).toBe(401);
    expect((await page(`/api/v1/installations/nothing/certificate.pdf`)).status).toBe(401);
  });
});

describe('the public page', () => {
  it('says genuine to the code of the paper, scanned or typed, in both languages, and names nobody; nothing without a code [F6 2.3]', async () => {
    const c = await issue();
    const scanned = await page(new URL(c.url).pathname + new URL(c.url).search);
    expect([scanned.status, scanned.headers.get('x-robots-tag'), scanned.headers.get('cache-control')]).toEqual([200, 'noindex, nofollow', 'no-store']);
    expect(scanned.text).toContain('真证书，与平台底册一致');
    for (const shown of ['陈**', '一键呼按钮', '大田县 均溪镇', c.number, '现场合格，试用期至']) expect(scanned.text).toContain(shown);
    for (const hidden of ['金水', '下厝角', '仙亭村', c.deviceId, '用户installer', '<script', '15404250']) expect(scanned.text).not.toContain(hidden);
    expect((await page(`/c?id=${c.number}&h=${encodeURIComponent((c.hash.slice(0, 32).match(/.{4}/g) ?? []).join(' ').toUpperCase())}&lang=en`)).text).toContain('Genuine');
    const bare = await page(`/c/${c.certificate}`);
    expect(bare.text).toContain('请输入证书上的编号和校验码');
    expect(bare.text).not.toContain('陈**');
    expect((await page('/c')).text).toContain('<form method="get" action="/c">');
  });

  it('says so when any record behind the certificate was changed, and no paper is printed of it then [F6 2.3]', async () => {
    const c = await issue();
    const verdict = async (): Promise<string> => (/<h2 class="\w+">(.*?)<\/h2>/.exec((await page(`/c/${c.certificate}?h=${c.hash}`)).text)?.[1] ?? '');
    expect(await verdict()).toContain('真证书');
    for (const [change, back] of [
      [`update installation_step set ms = ms + 1 where installation_id = $1 and step = 'alarm'`, `update installation_step set ms = ms - 1 where installation_id = $1 and step = 'alarm'`],
      [`update installation_step set facts = facts || '{"battery": 99}' where installation_id = $1 and step = 'heartbeat'`, `update installation_step set facts = facts || '{"battery": 96}' where installation_id = $1 and step = 'heartbeat'`],
      [`update installation_step set at = at - interval '1 day' where installation_id = $1 and step = 'voice'`, `update installation_step set at = at + interval '1 day' where installation_id = $1 and step = 'voice'`],
      [`update installation set begun_at = begun_at - interval '1 day' where id = $1`, `update installation set begun_at = begun_at + interval '1 day' where id = $1`],
      [`update certificate set hash = sha256(hash) where installation_id = $1`, `update certificate set hash = decode('${c.hash}', 'hex') where installation_id = $1`],
    ] as const) {
      await q(change, [c.id]);
      expect(await verdict(), change).toMatch(/不一致/);
      if (!change.includes('certificate')) expect((await pdfOf(c.id)).status, change).toBe(409);
      await q(back, [c.id]);
      expect(await verdict(), back).toContain('真证书');
    }
    const [kept] = await site.web.t.db.query<{ photo: Buffer; record: Buffer }>('select i.photo_enc as photo, c.record_enc as record from installation i join certificate c on c.installation_id = i.id where i.id = $1', [c.id]);
    await q('update installation set photo_enc = signature_enc where id = $1', [c.id]);
    expect(await verdict()).toMatch(/不一致/);
    await q('update installation set photo_enc = $2 where id = $1', [c.id, kept?.photo]);
    await q('update certificate set record_enc = $2 where installation_id = $1', [c.id, site.web.t.seal.seal('certificate.record', '{"number":"x"}')]);
    expect(await verdict()).toMatch(/不一致/);
    await q('update certificate set record_enc = $2 where installation_id = $1', [c.id, kept?.record]);
    expect(await verdict()).toContain('真证书');
  });

  it('is void when the device was replaced or the acceptance withdrawn [F6 2.3 F7]', async () => {
    const [one, two] = [await issue(), await issue()];
    const fresh = await site.device();
    expect((await site.post(`/devices/${one.deviceId}/replace`, { by: fresh.id }, { cookie: site.admin })).status).toBe(200);
    expect((await page(`/c/${one.certificate}?h=${one.hash}`)).text).toContain('证书已撤销');
    expect((await site.post(`/installations/${two.id}/withdraw`, { note: '误收' })).status).toBe(403); // not by him who is paid for it
    expect((await site.post(`/installations/${two.id}/withdraw`, { note: '误收' }, { cookie: site.admin })).body).toMatchObject({ state: 'to-redo', reasons: [{ what: 'withdrawn' }], certificate: { state: 'revoked' } });
    expect((await page(`/c/${two.certificate}?h=${two.hash}`)).text).toContain('证书已撤销');
    // The house notices the replaced one before its days are over.
    expect(await turn()).toBe(1);
    expect((await site.get(`/installations/${one.id}`)).body).toMatchObject({ state: 'to-redo', reasons: [{ what: 'replaced' }] });
  });

  it('tells a wrong code, a short one and an unknown number from the right one, and stops whoever tries many [F6 2.3]', async () => {
    const c = await issue();
    const other = await issue();
    expect((await page(`/c/${c.certificate}?h=${other.hash.slice(0, 32)}`)).text).toContain('不一致');
    expect((await page(`/c/${c.certificate}?h=${c.hash.slice(0, 8)}`)).text).toContain('不一致');
    const unknown = await page(`/c/nothing?h=${c.hash}`);
    expect([unknown.status, unknown.text.includes('查无此证书')]).toEqual([404, true]);
    const statuses: number[] = [];
    for (let i = 0; i < 22; i++) statuses.push((await page(`/c/${c.certificate}?h=${'0'.repeat(31)}${i % 10}`)).status);
    expect(statuses.at(-1)).toBe(429);
    expect((await page(`/c/${c.certificate}?h=${c.hash}`)).text).toContain('真证书'); // the right one always opens
  });
});

describe('the seven days', () => {
  it('end in acceptance or in reasons, from the rows of those days alone [F6 2.3 B9]', async () => {
    const [quiet, low] = [await issue(), await issue()];
    await site.web.t.advance(7 * 86_400_000 + 1_000);
    for (let day = 0; day < 7; day++) await q(`insert into heartbeat (received_at, device_no, battery) select anling_now() - make_interval(days => $2) - interval '1 hour', no, 15 from device where id = $1`, [low.deviceId, day]);
    await q('update presence set low_battery = true where device_id = $1', [low.deviceId]);
    expect(await turn()).toBeGreaterThanOrEqual(2);
    const reasons = async (id: string): Promise<unknown> => (await site.web.t.db.query<{ reasons: string[]; state: string }>('select state, reasons from installation where id = $1', [id]))[0];
    expect(await reasons(quiet.id)).toEqual({ state: 'to-redo', reasons: ['never-heard'] });
    expect(await reasons(low.id)).toEqual({ state: 'to-redo', reasons: ['low-battery'] });
    expect((await page(`/c/${quiet.certificate}?h=${quiet.hash}`)).text).toContain('证书已撤销');
    expect(await turn()).toBe(0);
  });

  it('allow a tenth of the heartbeats, our own blind hours, and one late day of a daily class; not more [2.3 B9]', () => {
    const good: ProbationFacts = { beats: [1_440, 1_440, 1_440, 1_440, 1_440, 1_440, 1_440], periodS: 60, blindMs: 0, lowBattery: false, faults: 0, there: 'yes' };
    expect(probationReasons(good)).toEqual([]);
    expect(probationReasons({ ...good, beats: good.beats.map((n) => n * 0.9) })).toEqual([]);
    expect(probationReasons({ ...good, beats: good.beats.map((n) => Math.floor(n * 0.89)) })).toEqual(['beats-lost']);
    expect(probationReasons({ ...good, beats: good.beats.map((n) => Math.floor(n * 0.85)), blindMs: 12 * 3_600_000 })).toEqual([]);
    expect(probationReasons({ ...good, beats: [1_440, 1_440, 0, 1_440, 1_440, 1_440, 1_440] })).toEqual(['silent-day', 'beats-lost']);
    const daily = { ...good, periodS: 86_400, beats: [1, 1, 1, 0, 1, 1, 1] };
    expect(probationReasons(daily)).toEqual([]);
    expect(probationReasons({ ...daily, beats: [1, 1, 0, 0, 1, 1, 1] })).toEqual(['silent-day', 'beats-lost']);
    expect(probationReasons({ ...good, faults: 1, lowBattery: true })).toEqual(['low-battery', 'fault']);
    expect([probationReasons({ ...good, there: 'moved' }), probationReasons({ ...good, there: 'gone' })]).toEqual([['home-changed'], ['device-gone']]);
  });
});
