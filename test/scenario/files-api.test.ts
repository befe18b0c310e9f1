/** Searching, filtering and ordering the county's files over HTTP, as the pages do it: inside the scope, masked, on record. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { otherTown, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
beforeAll(async () => { web = await testWeb(); admin = await web.cookie('admin'); });
afterAll(() => web.stop());

type Answer = Awaited<ReturnType<Web['fetch']>>;
const call = (method: string, path: string, body?: unknown, cookie = admin): Promise<Answer> => web.fetch(`/api/v1${path}`, { method, cookie, ...(body === undefined ? {} : { body }) });
const made = async (path: string, body: unknown): Promise<string> => { const a = await call('POST', path, body); expect([path, a.status, a.body], a.text).toMatchObject([path, 201, { id: expect.any(String) }]); return a.body.id; };
const ids = async (path: string, cookie = admin): Promise<string[]> => {
  const { status, body, text } = await call('GET', path, undefined, cookie);
  expect(status, text).toBe(200);
  return (Object.values(body)[0] as { id: string }[]).map((row) => row.id);
};

describe('the files', () => {
  it('are found by initials, the end of a number, surname with it, a serial number; only inside the scope [W8]', async () => {
    const homeId = await made('/homes', { regionCode: village, address: '仙亭示范路8号' });
    const person = await made('/people', { homeId, name: '俞开盛', phone: '13905987788' });
    const contact = await made('/contacts', { personId: person, relation: 'family', name: '俞木生', phone: '13905986655' });
    const device = await made('/devices', { model: 'sos-button', personId: person, serial: 'AB-77-01' });
    const responder = await made('/responders', { role: 'doctor', regionCode: village, name: '钱清源', phone: '13905984433' });
    const outsider = await web.cookie('operator', otherTown);
    for (const q of ['yks', '7788', '俞 7788', '6655', 'AB-77-01', '俞']) {
      expect([q, await ids(`/people?q=${encodeURIComponent(q)}`)]).toEqual([q, [person]]);
      expect([q, await ids(`/people?q=${encodeURIComponent(q)}`, outsider)]).toEqual([q, []]);
      expect([q, await ids(`/homes?q=${encodeURIComponent(q)}`)]).toEqual([q, [homeId]]);
    }
    expect(await ids('/contacts?q=yms')).toEqual([contact]);
    for (const q of ['qqy', '4433', '钱清源']) expect([q, await ids(`/responders?q=${encodeURIComponent(q)}`)]).toEqual([q, [responder]]);
    expect(await ids('/devices?q=AB-77-01')).toEqual([device]);
    await call('PATCH', `/people/${person}`, { version: 1, name: '余开盛' });
    expect([await ids(`/people?q=${encodeURIComponent('俞')}`), await ids('/people?q=yks')]).toEqual([[], [person]]);
  });

  it('are narrowed by what matters: status, risk, mode, what is missing [C9]', async () => {
    const homeId = await made('/homes', { regionCode: otherVillage, address: '下厝角12号' });
    const bare = await made('/people', { homeId, name: '范旺', highRisk: true });
    const gone = await made('/people', { homeId, name: '范德', status: 'moved', statusSince: '2026-05-01' });
    const region = `region=${otherVillage}`;
    expect((await ids(`/people?${region}&without=device`)).toSorted()).toEqual(['p2', bare].toSorted());
    expect(await ids(`/people?${region}&without=contact`)).toEqual([bare]);
    expect(await ids(`/people?${region}&status=moved`)).toEqual([gone]);
    expect(await ids(`/people?${region}&highRisk=true`)).toEqual([bare]);
    expect((await ids(`/homes?${region}&without=device`)).toSorted()).toEqual([homeId, 'h2'].toSorted());
    const [now] = await web.t.db.query<{ now: number }>('select anling_now() as now');
    expect((await call('POST', '/modes', { mode: 'evacuated', until: now!.now + 3_600_000, regions: [otherTown] })).body).toEqual({ homes: 2, people: 0, missing: [] });
    expect(await ids('/homes?mode=evacuated')).toEqual([homeId, 'h2'].toSorted());
    expect(await ids('/homes?mode=away')).toEqual([]);
    expect((await call('POST', '/modes', { mode: 'hospital', until: now!.now + 3_600_000, people: [bare] })).status).toBe(200);
    expect(await ids('/people?mode=hospital')).toEqual([bare]);
    expect((await ids(`/responders?${region}&gap=unverified`))).toEqual(['r2']);
    expect(await ids(`/responders?region=${town}&gap=absent`)).toEqual([]);
    for (const odd of ['/people?status=x', '/people?without=x', '/people?cursor=%20', '/homes?mode=x', '/responders?gap=x']) expect([odd, (await call('GET', odd)).status]).toEqual([odd, 422]);
  });

  it('keep the calling order that was set at once, by whom it is allowed, on record', async () => {
    const person = await made('/people', { homeId: 'h1', name: '卢金花' });
    const contacts: string[] = [];
    for (const [name, phone] of [['卢一', '13905980101'], ['卢二', '13905980102'], ['卢三', '13905980103']]) contacts.push(await made('/contacts', { personId: person, relation: 'family', name, phone }));
    const order = [contacts[2], contacts[0], contacts[1]];
    const put = (list: unknown[], cookie = admin): Promise<Answer> => call('PUT', `/people/${person}/contacts/order`, { ids: list }, cookie);
    expect((await put(order)).status).toBe(200);
    expect(await ids(`/people/${person}/contacts`)).toEqual(order);
    expect((await put(contacts.slice(1))).status).toBe(409);
    expect((await put([...contacts.slice(1), contacts[1]])).status).toBe(422);
    expect((await put(order, await web.cookie('operator'))).status).toBe(403);
    expect((await put(order, await web.cookie('installer', otherTown))).status).toBe(404);
    const [row] = await web.t.db.query<{ detail: unknown; target: string }>(`select target, detail from audit where action = 'contact.order' order by id desc limit 1`);
    expect(row).toEqual({ target: `person:${person}`, detail: { ids: order } });
    // A proven number that is replaced is not proven any more.
    const before = (await call('GET', `/contacts/${order[0]}`)).body;
    const proven = await call('PATCH', `/contacts/${order[0]}`, { version: before.version, verifiedAt: 1_790_000_000_000 });
    await call('PATCH', `/contacts/${order[0]}`, { version: proven.body.version, phone: '13905980199' });
    expect((await call('GET', `/contacts/${order[0]}`)).body.verifiedAt).toBeNull();
  });
});
