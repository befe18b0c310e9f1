/** Consent of contacts in the files: when it was given, how, who wrote it down; a withdrawal that is not of tomorrow; what counts when he is not to be called any more (E12). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rosterCounts } from '#store/plan-admin.ts';
import { readPack } from '#store/packs.ts';
import { testWeb, town, village, type Web } from '#test/harness/web.ts';

let web: Web;
let admin: string;
beforeAll(async () => { web = await testWeb(); admin = await web.cookie('admin'); });
afterAll(() => web.stop());

type Answer = Awaited<ReturnType<Web['fetch']>>;
const call = (method: string, path: string, body?: unknown): Promise<Answer> => web.fetch(`/api/v1${path}`, { method, cookie: admin, ...(body === undefined ? {} : { body }) });
const contact = async (id = 'c1'): Promise<Answer['body']> => (await call('GET', `/contacts/${id}`)).body;
const patch = async (body: object, id = 'c1'): Promise<Answer> => call('PATCH', `/contacts/${id}`, { version: (await contact(id)).version, ...body });
const now = async (): Promise<number> => Math.round((await web.t.db.query<{ now: number }>('select anling_now() as now'))[0]!.now);
const add = async (body: object): Promise<string> => {
  const made = await call('POST', '/contacts', { personId: 'p1', relation: 'family', name: '陈开盛', phone: '13905986655', ...body });
  expect(made.status, made.text).toBe(201);
  return made.body.id;
};

describe('a date of consent', () => {
  it('of the future is refused, the field named and what was expected; one of a moment ago is not [E12]', async () => {
    const tomorrow = (await now()) + 24 * 3_600_000;
    for (const [field, body] of [['withdrawnAt', { withdrawnAt: tomorrow }], ['consentAt', { consentAt: tomorrow, consentHow: 'paper' }]] as const) {
      const refused = await patch(body);
      expect([refused.status, refused.body.error.fields]).toEqual([422, [{ field, expected: expect.stringMatching(/^a time that has come, not 20\d\d-/u) }]]);
      const made = await call('POST', '/contacts', { personId: 'p1', relation: 'family', name: '陈开盛', phone: '13905986655', ...body });
      expect([made.status, made.body.error.fields[0].field]).toEqual([422, field]);
      const bulk = await call('POST', '/contacts/bulk', { rows: [{ personId: 'p1', relation: 'family', name: '陈开盛', phone: '13905986655', ...body }] });
      expect([bulk.status, bulk.text.includes(field)]).toEqual([422, true]);
    }
    expect(await contact()).toMatchObject({ withdrawnAt: null, consentAt: null });
    const at = await now();
    expect((await patch({ withdrawnAt: at })).status).toBe(200);
    expect(await contact()).toMatchObject({ withdrawnAt: at });
    expect((await patch({ withdrawnAt: null })).status).toBe(200);
  });
});

describe('who is not to be called any more', () => {
  it('is no key holder, relative or neighbour of the linter, no contact of the file, and stands in no pack [E12 E10]', async () => {
    const sons = [await add({ phone: '13905986651' }), await add({ phone: '13905986652' })];
    await web.t.db.query('update contact set walk_minutes = 2 where id = $1', ['c1']);
    const counts = async (): Promise<number[]> => { const r = await rosterCounts(web.t.db, village); return [r.keyHolders, r.family, r.secondFamily, r.neighbours, r.nearby]; };
    const packed = async (): Promise<string[]> => (await readPack(web.t.db, web.t.seal, { code: town, name: '均溪镇' }, { at: await now(), text: '' })).villages.flatMap((v) => v.people).flatMap((p) => p.contacts).map((c) => c.phone);
    const bare = async (): Promise<boolean> => (await call('GET', '/people?without=contact')).body.people.some((p: { id: string }) => p.id === 'p1');
    expect([await counts(), (await packed()).length, (await call('GET', '/people/p1')).body.contacts, await bare()]).toEqual([[1, 1, 1, 1, 1], 3, 3, false]);
    const at = await now();
    expect((await patch({ withdrawnAt: at }, sons[1])).status).toBe(200);
    expect([await counts(), (await packed()).length, (await call('GET', '/people/p1')).body.contacts, await bare()]).toEqual([[1, 1, 0, 1, 1], 2, 2, false]);
    for (const id of ['c1', sons[0] as string]) expect((await patch({ withdrawnAt: at }, id)).status).toBe(200);
    expect([await counts(), await packed(), (await call('GET', '/people/p1')).body.contacts, await bare()]).toEqual([[0, 0, 0, 0, 0], [], 0, true]);
    expect((await call('GET', '/people/p1/contacts')).body.contacts, 'on file he stays').toHaveLength(3);
    for (const id of ['c1', ...sons]) await patch({ withdrawnAt: null }, id);
    for (const id of sons) await call('DELETE', `/contacts/${id}?version=${(await contact(id)).version}`);
  });
});

describe('consent on file', () => {
  const audits = async (): Promise<{ fields: string[]; consent?: unknown }[]> => (await web.t.db.query<{ detail: { fields: string[]; consent?: unknown } }>(`select detail from audit where action = 'contact.change' order by id`)).map((r) => r.detail);
  it('has its date, how it was said and who wrote it down; the audit shows old and new of a change, and nothing of who he is [E12 F5]', async () => {
    const at = (await now()) - 60_000;
    const incomplete = await patch({ consentAt: at });
    expect([incomplete.status, incomplete.body.error.fields]).toEqual([422, [{ field: 'consentHow', expected: 'when he agreed and how (paper, phone, text), or neither' }]]);
    expect((await patch({ consentAt: at, consentHow: 'paper', consentBy: 'user:x' })).status, 'who wrote it down is not the client’s to say').toBe(422);
    expect((await patch({ consentAt: at, consentHow: 'paper', name: '郭德旺' })).status).toBe(200);
    expect(await contact()).toMatchObject({ consentAt: at, consentHow: 'paper', consentBy: '用户admin', withdrawnHow: null });
    expect((await audits()).at(-1)).toEqual({ fields: expect.arrayContaining(['consentAt', 'consentHow', 'name']) as unknown, consent: { consentAt: { from: null, to: at }, consentHow: { from: null, to: 'paper' } } });
    const gone = await now();
    await patch({ withdrawnAt: gone });
    expect(await contact()).toMatchObject({ withdrawnAt: gone, withdrawnHow: 'desk', consentAt: at });
    expect((await audits()).at(-1)).toEqual({ fields: ['withdrawnAt'], consent: { withdrawnAt: { from: null, to: gone } } });
    await patch({ withdrawnAt: null, consentHow: 'phone' });
    expect(await contact()).toMatchObject({ withdrawnAt: null, withdrawnHow: null, consentHow: 'phone' });
    expect((await audits()).at(-1)?.consent).toEqual({ withdrawnAt: { from: gone, to: null }, consentHow: { from: 'paper', to: 'phone' } });
    await patch({ name: '郭德发' });
    expect((await audits()).at(-1)).toEqual({ fields: ['name'] });
    const made = await add({ consentAt: at, consentHow: 'text', phone: '13905986653' });
    expect(await contact(made)).toMatchObject({ consentAt: at, consentHow: 'text', consentBy: '用户admin' });
    await call('DELETE', `/contacts/${made}?version=1`);
  });
});
