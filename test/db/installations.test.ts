/** Acceptance of a device: an honest visit gets its certificate, and no way was found to get one without the evidence (2.3). */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { installationTurn, probationTurn } from '#web/installations.ts';
import { createLog } from '#ops/log.ts';
import { otherTown, village } from '#test/harness/web.ts';
import { type Answer, makeSite, missing, type Site } from './installation-fixture.ts';

let site: Site;
beforeAll(async () => { site = await makeSite(); });
// No test leaves an emergency in the home of the next one.
afterEach(() => site.web.t.db.query(`update alert set state = 'closed', closed_at = anling_now(), closed_by = 'test', outcome = 'T1' where state <> 'closed'`));
afterAll(() => site?.stop());

const certificates = async (): Promise<number> => (await site.web.t.db.query<{ n: number }>('select count(*)::int as n from certificate'))[0]?.n ?? -1;
/** A visit that has begun, with all papers; what is tested is up to the test. */
async function visit(options: { papers?: readonly string[]; model?: string } = {}): Promise<{ id: string; deviceId: string }> {
  const device = await site.device(options.model ? { model: options.model } : {});
  const begun = await site.begin(device.id);
  expect(begun.status, begun.text).toBe(201);
  await site.papers(begun.body.id, options.papers);
  return { id: begun.body.id, deviceId: device.id };
}
/** Refused, with what is missing, and nothing was issued. */
async function refused(answer: Answer, what: readonly string[]): Promise<void> {
  expect(answer.status, answer.text).toBe(409);
  expect(missing(answer)).toEqual(what);
  for (const m of answer.body.error.missing) expect([m.zh.length > 2, m.en.length > 2]).toEqual([true, true]);
  expect(answer.body.error.fields.map((f: { field: string }) => f.field)).toEqual(what);
}
const turn = (): Promise<number> => probationTurn({ db: site.web.t.db, seal: site.web.t.seal, log: createLog('web', 'silent') });

describe('an honest visit', () => {
  it('binds the device, measures every step from the store, and ends with a certificate for the days of the probation; seven good days accept it [F6 2.3 FF15]', async () => {
    const { id, deviceId } = await visit();
    const first = (await site.get(`/installations/${id}`)).body;
    expect(first).toMatchObject({ state: 'begun', twoWay: true, town: '均溪镇', village: '仙亭村', place: '下厝角十二号', photo: true, signature: true, consent: { who: 'elder', how: 'signature' }, certificate: null });
    expect(first.testUntil).toBeGreaterThan(Date.now());
    expect(first.steps.map((s: { step: string; state: string }) => `${s.step} ${s.state}`)).toEqual(['registered passed', 'connected waiting', 'heartbeat waiting', 'alarm waiting', 'cancel waiting', 'voice waiting', 'reconnect waiting', 'contact-sms waiting']);
    expect((await site.get(`/devices/${deviceId}`, site.admin)).body).toMatchObject({ status: 'installed', homeId: 'h1', personId: 'p1', room: '卧室' });
    await site.tests(id, deviceId);
    const done = (await site.finish(id)).body;
    expect(done).toMatchObject({ state: 'on-site', missing: [], testUntil: null, certificate: { number: expect.stringMatching(/^350425-20\d\d-\d{6}$/), hash: expect.stringMatching(/^[0-9a-f]{64}$/), state: 'probation' } });
    expect(done.probationUntil - done.finishedAt).toBe(7 * 86_400_000);
    const facts = Object.fromEntries(done.steps.map((s: { step: string; facts: object }) => [s.step, s.facts]));
    expect(facts).toMatchObject({ heartbeat: { battery: 96, rssi: -71, firmware: '1.4.2' }, alarm: { event: expect.any(String), alert: expect.any(String), consoles: 1 }, voice: { heardBy: expect.stringMatching(/^user:/), saidBy: 'elder' }, 'contact-sms': { state: 'delivered' } });
    const [alert] = await site.web.t.db.query('select state, outcome from alert where id = $1', [facts['alarm'].alert]);
    expect(alert).toEqual({ state: 'closed', outcome: 'T1' });
    // Said again it is the same certificate.
    const again = (await site.finish(id)).body;
    expect([again.certificate.number, await certificates()]).toEqual([done.certificate.number, 1]);
    for (let day = 0; day < 7; day++) { await site.web.t.advance(86_400_000); await site.web.t.db.query(`update session set seen_at = anling_now(), expires_at = anling_now() + interval '1 day'`); await site.web.t.db.query(`insert into heartbeat (received_at, device_no, battery) select anling_now() - interval '1 hour', no, 95 from device where id = $1`, [deviceId]); }
    expect(await turn()).toBe(1);
    expect((await site.get(`/installations/${id}`)).body).toMatchObject({ state: 'accepted', reasons: [], certificate: { state: 'accepted' } });
    const audit = await site.web.t.db.query<{ action: string }>('select action from audit where target = $1 order by id', [`installation:${id}`]);
    expect(audit.map((a) => a.action)).toEqual(expect.arrayContaining(['installation.begin', 'installation.consent', 'installation.finish', 'installation.accepted']));
  });
});

describe('without being asked', () => {
  it('the house looks at a running visit while the telephone has no network, and what it saw stays seen [F6 2.3 FF15]', async () => {
    const { id, deviceId } = await visit();
    await site.beat(deviceId);
    await site.event(deviceId);
    await site.settle();
    await installationTurn({ db: site.web.t.db, seal: site.web.t.seal, log: createLog('web', 'silent') });
    await site.web.t.db.query(`delete from console where tab_id = 'gone'; update console set last_seq = 0 where tab_id = 'wall'`); // that wall was closed since
    expect((await site.get(`/installations/${id}`)).body.steps.filter((s: { state: string }) => s.state === 'passed').map((s: { step: string }) => s.step)).toEqual(['registered', 'heartbeat', 'alarm']);
  });
});

describe('a certificate without the evidence', () => {
  it('not without the steps, nor without any one of them, nor without the papers: each is named [F6 2.3]', async () => {
    const before = await certificates();
    const bare = await visit({ papers: ['consent', 'place', 'position', 'photo', 'signature'] });
    await refused(await site.finish(bare.id), ['connected', 'heartbeat', 'alarm', 'cancel', 'voice', 'reconnect', 'contact-sms', 'consent', 'place', 'position', 'photo', 'signature']);
    // A heartbeat after the battery was out is a heartbeat, and a test call then a connection: without both there is neither.
    for (const [without, wanting] of [
      [['connected', 'reconnect'], ['connected', 'reconnect']], [['heartbeat', 'reconnect'], ['heartbeat', 'reconnect']], [['alarm'], ['alarm', 'cancel', 'reconnect']], [['cancel'], ['cancel', 'reconnect']], [['voice'], ['voice']], [['reconnect'], ['reconnect']], [['contact-sms'], ['contact-sms']],
    ] as const) {
      const v = await visit();
      await site.tests(v.id, v.deviceId, without);
      await refused(await site.finish(v.id), wanting);
    }
    for (const paper of ['consent', 'place', 'position', 'photo', 'signature']) {
      const v = await visit({ papers: [paper] });
      await site.tests(v.id, v.deviceId);
      await refused(await site.finish(v.id), [paper]);
    }
    expect(await certificates()).toBe(before);
  }, 60_000);

  it('not with another device’s events; a swapped one of the same home is named [F6 2.3 F7]', async () => {
    const v = await visit();
    const other = await site.device({ status: 'installed', homeId: 'h1', personId: 'p1', room: '卫生间' });
    await site.web.t.db.query(`update device set test_until = anling_now() + interval '1 hour' where id = $1`, [other.id]);
    await site.event(other.id);
    await site.event(other.id, 'cancel');
    await site.settle();
    await site.beat(other.id);
    await site.tests(v.id, v.deviceId, ['alarm', 'cancel', 'heartbeat', 'reconnect']);
    const answer = await site.finish(v.id);
    expect(missing(answer)).toEqual(['heartbeat', 'alarm', 'cancel', 'reconnect']);
    expect(answer.body.error.missing[1].zh).toContain(`${other.id}（卫生间）`);
  });

  it('not with what came before it began, nor what waited on the device, nor what people or a replay wrote [F6 2.3]', async () => {
    const device = await site.device({ status: 'installed', homeId: 'h1', personId: 'p1' });
    await site.web.t.db.query(`update device set test_until = anling_now() + interval '1 hour' where id = $1`, [device.id]);
    await site.beat(device.id);
    await site.event(device.id);
    await site.settle();
    await site.event(device.id, 'cancel');
    await site.settle();
    await site.web.t.db.query(`update alert set state = 'closed', closed_at = anling_now(), closed_by = 'test', outcome = 'T1' where device_id = $1`, [device.id]);
    const begun = await site.begin(device.id, { at: Date.now() - 3_600_000 }); // a telephone that says it began an hour ago
    expect(begun.body.begunAt).toBeGreaterThan(begun.body.clientBegunAt + 3_000_000);
    await site.papers(begun.body.id);
    for (const source of ['wall', 'phone', 'replay', 'supervision']) await site.event(device.id, 'sos', { source });
    await site.event(device.id, 'sos', { flags: ['late'] });
    await site.settle();
    for (const alert of (await site.get(`/installations/${begun.body.id}`)).body.alerts) await site.post(`/installations/${begun.body.id}/answer`, { alertId: alert.id, mine: true });
    expect(missing(await site.finish(begun.body.id))).toEqual(expect.arrayContaining(['heartbeat', 'alarm', 'cancel', 'reconnect']));
    await site.post(`/installations/${begun.body.id}/fail`, { reason: 'other', at: Date.now() });
  });

  it('not for a device that is back in stock, lost, or in another home by then; not with a secret given out meanwhile [F6 2.3 F7]', async () => {
    for (const [what, change] of [
      ['device-gone', (id: string) => site.post(`/devices/${id}/life`, { act: 'store' }, { cookie: site.admin })],
      ['device-gone', (id: string) => site.post(`/devices/${id}/life`, { act: 'lose' }, { cookie: site.admin })],
      ['home-changed', (id: string) => site.web.fetch(`/api/v1/devices/${id}`, { method: 'PATCH', cookie: site.admin, body: { version: 3, homeId: 'h2', personId: 'p2' } })],
      ['secret', (id: string) => site.post(`/devices/${id}/secret`, {})],
    ] as const) {
      const v = await visit();
      await site.tests(v.id, v.deviceId);
      const [row] = await site.web.t.db.query<{ version: number }>('select version from device where id = $1', [v.deviceId]);
      const done = what === 'home-changed' ? await site.web.fetch(`/api/v1/devices/${v.deviceId}`, { method: 'PATCH', cookie: site.admin, body: { version: row?.version, homeId: 'h2', personId: 'p2' } }) : await change(v.deviceId);
      expect(done.status, done.text).toBe(200);
      await refused(await site.finish(v.id), [what]);
    }
  }, 30_000);

  it('not with steps, latencies or times that the client brings: nothing of it is read [F6 2.3]', async () => {
    const v = await visit();
    const steps = [{ step: 'alarm', state: 'passed', ms: 12, facts: { event: '1' } }];
    for (const body of [{ at: Date.now(), steps }, { at: Date.now(), missing: [] }, { at: Date.now(), state: 'accepted' }]) {
      const answer = await site.post(`/installations/${v.id}/finish`, body);
      expect([answer.status, answer.body.error.code]).toEqual([422, 'E_INVALID']);
    }
    expect((await site.post('/installations', { deviceId: v.deviceId, homeId: 'h1', personId: 'p1', begunAt: 1, state: 'on-site' }, { key: randomUUID() })).status).toBe(422);
    expect((await site.post(`/installations/${v.id}/voice`, { heard: true, by: 'elder', at: Date.now() })).body.error.reason).toBe('not-spoken');
    expect((await site.post(`/installations/${v.id}/steps`, { step: 'alarm' })).status).toBe(404);
    expect((await site.get(`/installations/${v.id}`)).body.steps.find((s: { step: string }) => s.step === 'alarm').state).toBe('waiting');
  });

  it('not by a key that comes again: it names the same visit, or is refused [F6 2.3]', async () => {
    const [one, two] = [await site.device(), await site.device()];
    const key = randomUUID();
    const first = await site.begin(one.id, {}, { key });
    const repeated = await site.begin(one.id, {}, { key });
    expect([repeated.status, repeated.body.id]).toEqual([201, first.body.id]);
    const other = await site.begin(two.id, {}, { key });
    expect([other.status, other.body.error.fields[0].field]).toEqual([422, 'idempotency-key']);
    // Days later as well: the key stands in the row.
    await site.web.t.db.query('delete from request_key');
    expect((await site.begin(one.id, {}, { key })).body.id).toBe(first.body.id);
    expect((await site.begin(two.id, {}, { key })).status).toBe(422);
    expect((await site.post('/installations', { deviceId: two.id, homeId: 'h1', personId: 'p1' })).body.error.fields).toEqual([{ field: 'idempotency-key', expected: expect.any(String) }]);
    // A second one of a device that is being installed: no.
    const twice = await site.begin(one.id);
    expect([twice.status, twice.body.error.reason, twice.body.error.installationId]).toEqual([409, 'running', first.body.id]);
  });

  it('not of somebody else’s visit, nor from another region, nor by a role that installs nothing [F6 2.3 W8 W9]', async () => {
    const v = await visit();
    await site.tests(v.id, v.deviceId);
    const far = await site.web.cookie('installer', otherTown);
    const colleague = await site.web.cookie('installer', village);
    for (const cookie of [far, colleague]) for (const path of ['finish', 'consent', 'answer', 'fail', 'start'])
      expect((await site.post(`/installations/${v.id}/${path}`, { finish: { at: 1 }, consent: { who: 'elder', how: 'paper', at: 1 }, answer: { alertId: '1', mine: true }, fail: { reason: 'other', at: 1 }, start: { step: 'voice' } }[path] ?? {}, { cookie })).status, path).toBe(404);
    for (const cookie of [far, colleague]) expect((await site.get(`/installations/${v.id}`, cookie)).status).toBe(404);
    expect((await site.get('/installations', far)).body.installations).toEqual([]);
    const there = await site.begin((await site.device()).id, {}, { cookie: far });
    expect([there.status, there.body.error.fields.map((f: { field: string }) => f.field)]).toEqual([422, expect.arrayContaining(['homeId'])]);
    expect((await site.finish(v.id, await site.web.cookie('operator'))).status).toBe(403);
    expect((await site.get(`/installations/homes?village=${village}`, far)).status).toBe(404);
  });

  it('not when the test mode had ended: the press was real, and says so; nor beyond two hours, whatever is booked [F6 2.3 C12]', async () => {
    const v = await visit();
    await site.post(`/installations/${v.id}/test`, { minutes: 0 });
    await site.tests(v.id, v.deviceId);
    const answer = await site.finish(v.id);
    expect(missing(answer)).toEqual(['alarm', 'cancel', 'reconnect']);
    expect(answer.body.error.missing[0].zh).toContain('按真警情处理');
    const [real] = await site.web.t.db.query<{ state: string; flags: string[] }>('select state, flags from alert where device_id = $1', [v.deviceId]);
    expect(real).toEqual({ state: 'open', flags: ['cancel-pressed'] });
    await site.web.t.db.query(`update alert set state = 'closed', closed_at = anling_now(), closed_by = 'test', outcome = 'T1' where device_id = $1`, [v.deviceId]);
    const late = await visit();
    await site.web.t.advance(125 * 60_000);
    expect((await site.post(`/installations/${late.id}/test`, { minutes: 60 })).body.error.reason).toBe('late');
    await site.web.t.db.query(`update device set test_until = anling_now() + interval '1 hour' where id = $1`, [late.deviceId]);
    await site.tests(late.id, late.deviceId);
    expect(missing(await site.finish(late.id))).toEqual(['connected', 'heartbeat', 'alarm', 'cancel', 'voice', 'reconnect', 'contact-sms']);
  });

  it('not with an alarm that no console has shown, nor one that came too late to it, nor a weak signal or a low battery [F6 2.3 FF15]', async () => {
    const unseen = await visit();
    await site.event(unseen.deviceId);
    await site.settle(false);
    const why = async (id: string, step: string): Promise<string> => (await site.get(`/installations/${id}`)).body.steps.find((s: { step: string }) => s.step === step).why.zh;
    expect(await why(unseen.id, 'alarm')).toContain('值班台');
    const slow = await visit();
    await site.event(slow.deviceId);
    await site.web.t.db.query(`update event set received_at = received_at - interval '5 seconds' where device_id = $1`, [slow.deviceId]);
    await site.web.t.db.query(`update installation set begun_at = begun_at - interval '1 minute' where id = $1`, [slow.id]);
    await site.settle();
    expect(await why(slow.id, 'alarm')).toMatch(/毫秒，最多 3000/);
    for (const [reading, says] of [[{ rssi: -118 }, '信号太弱'], [{ battery: 61 }, '电量不足']] as const) {
      const v = await visit();
      await site.beat(v.deviceId, reading);
      expect(await why(v.id, 'heartbeat')).toContain(says);
    }
    for (const id of [unseen.id, slow.id]) for (const alert of (await site.get(`/installations/${id}`)).body.alerts) await site.post(`/installations/${id}/answer`, { alertId: alert.id, mine: true });
  });

  it('not while a test alarm is not answered, and no answer closes what has become real [F6 2.3 FF16 LAW6]', async () => {
    const v = await visit();
    await site.event(v.deviceId);
    await site.settle();
    const { alerts } = (await site.get(`/installations/${v.id}`)).body;
    expect(alerts).toEqual([{ id: expect.any(String), kind: 'sos', state: 'open', openedAt: expect.any(Number), realAt: expect.any(Number) }]);
    expect(Math.abs(alerts[0].realAt - alerts[0].openedAt - 300_000)).toBeLessThan(2_000);
    expect(missing(await site.finish(v.id))).toContain('answer');
    expect((await site.post(`/installations/${v.id}/answer`, { alertId: alerts[0].id, mine: false })).status).toBe(200);
    const [real] = await site.web.t.db.query<{ flags: string[]; state: string }>('select flags, state from alert where id = $1', [alerts[0].id]);
    expect(real).toEqual({ state: 'open', flags: ['not-a-test'] });
    expect((await site.post(`/installations/${v.id}/answer`, { alertId: alerts[0].id, mine: true })).body.error.reason).toBe('not-waiting');
    const other = await site.web.alert({ homeId: 'h2', personId: 'p2' });
    expect((await site.post(`/installations/${v.id}/answer`, { alertId: other, mine: true })).status).toBe(409);
    // And nobody begins to rehearse into it.
    const next = await site.begin((await site.device()).id);
    expect([next.status, next.body.error.reason, next.body.error.alertId]).toEqual([409, 'emergency', alerts[0].id]);
  });
});
