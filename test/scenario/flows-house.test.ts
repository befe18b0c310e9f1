/** A whole house with flows: a role like the others, reached through the pages; and one without them has neither process nor port. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig, roles } from '#config';
import { root } from '#test/harness/flows.ts';
import { type House, makeHouse } from '#test/harness/house.ts';

let house: House;
beforeAll(async () => {
  house = await makeHouse(root, { name: 'flows', roles: [...roles, 'flows'].join(','), logLevel: 'info' });
  await house.start();
  await house.ready(120_000, /self-check/);
});
afterAll(() => house?.stop());

const login = async (): Promise<string> => {
  const answer = await fetch(`${house.base}/api/v1/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username: 'admin', password: house.password }) });
  return answer.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ');
};

describe('the role flows', () => {
  it('is off unless it is asked for, by one flag [C11]', () => {
    const of = (...argv: string[]): readonly string[] => readConfig(argv, {}).roles;
    expect(of()).toEqual(roles);
    expect(of('--flows')).toEqual([...roles, 'flows']);
    expect(of('--role', 'flows')).toEqual(['flows']);
    expect(of('--role', 'edge,worker', '--flows')).toEqual(['edge', 'worker', 'flows']);
    expect(roles as readonly string[]).not.toContain('flows');
  });

  it('runs beside the others, is ready with them, and its editor answers through the pages [C11]', async () => {
    const cookie = await login();
    await expect.poll(async () => (await fetch(`${house.base}/flows/`, { headers: { cookie } })).status, { timeout: 60_000 }).toBe(200);
    expect((await fetch(`${house.base}/flows/`)).status).toBe(401);
    const state = await (await fetch(`${house.base}/api/v1/flows-state`, { headers: { cookie } })).json() as Record<string, unknown>;
    expect(state).toMatchObject({ on: true, up: true, restarts: 0 });
    const ready = await (await fetch(`${house.base}/readyz`)).json() as { roles: { role: string }[] };
    expect(ready.roles.map((r) => r.role)).toContain('flows');
  });
});
