/** Versions of the flows: each deploy is kept with who made it and what it changed, each can be looked at and gone back to; a tab that is switched off is one too, and a house without its flow file has its flows again. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { keepVersion } from '#store/flow-versions.ts';
import { type FlowNode, type Flows, fn, once, tab, testFlows } from '#test/harness/flows.ts';
import { town } from '#test/harness/web.ts';

let flows: Flows;
beforeAll(async () => { flows = await testFlows(); await flows.up(); });
afterAll(() => flows.stop());

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
type Any = any;
const list = async (): Promise<Any[]> => (await flows.web.fetch('/api/v1/flows-versions', { cookie: await flows.web.cookie('auditor') })).body.versions;
const look = async (id: string) => flows.web.fetch(`/api/v1/flows-versions/${id}`, { cookie: await flows.web.cookie('technician') });
const back = async (id: string, newest: string, role: 'technician' | 'admin' | 'shift-leader' = 'admin', region?: string) => flows.web.fetch(`/api/v1/flows-versions/${id}/restore`, { method: 'POST', cookie: await flows.web.cookie(role, region), body: { newest }, headers: { origin: flows.web.url } });
const said = (words: string): number => flows.logs.filter((line) => line.includes(words)).length;
const secretTab = (value?: string): FlowNode => ({ ...tab('one', '一号'), env: [{ name: 'KEY', type: 'cred' }], ...(value === undefined ? {} : { credentials: { KEY: value } }) }); // as the editor sends it
const say = (words: string): FlowNode => fn('say', 'one', `node.warn('${words} ' + (env.get('KEY') || 'without')); return null;`);

describe('versions of the flows [C11]', () => {
  it('each deploy is one, with who made it and what it changed; the same flows again are none', async () => {
    expect(await list()).toEqual([]);
    const first = [secretTab('geheim'), once('go', 'one', 'say'), say('first')];
    await flows.deploy(first);
    await expect.poll(() => said('first geheim')).toBe(1);
    await flows.deploy([secretTab(), once('go', 'one', 'say'), say('first')]);
    await flows.deploy([secretTab(), once('go', 'one', 'say'), say('second'), tab('two', '二号')]);
    const [second, one, ...rest] = await list();
    expect([one, rest]).toMatchObject([{ by: expect.stringMatching(/^user:/), why: 'deploy', tabs: 1, nodes: 2, change: [{ name: '一号', how: 'added', added: 2 }] }, []]);
    expect(second).toMatchObject({ tabs: 2, change: [{ name: '一号', how: 'changed', changed: 1, added: 0 }, { name: '二号', how: 'added' }] });
    expect(second.byName).toBeTruthy();
    const { body } = await look(second.id);
    expect(body.change[0].nodes).toMatchObject([{ name: 'say', how: 'changed', fields: [{ field: 'func', before: expect.stringContaining("warn('first"), after: expect.stringContaining("warn('second") }] }]);
    expect(body.back).toEqual([]);
    expect((await look(one.id)).body.back).toMatchObject([{ name: '一号', how: 'changed' }, { name: '二号', how: 'removed' }]);
    expect(JSON.stringify([body, (await look(one.id)).body])).not.toContain('geheim');
    expect(await flows.web.t.db.query(`select 1 from flow_version where flows_enc::text like '%geheim%' or change::text like '%geheim%'`)).toEqual([]);
  });

  it('one goes back to a version: audited, a version of its own, with the secrets of today; not past somebody who deployed meanwhile', async () => {
    const [newest, one] = await list();
    expect((await back(one.id, one.id)).status).toBe(409);
    expect([(await back(one.id, newest.id, 'shift-leader')).status, (await back(one.id, newest.id, 'technician', town)).status, (await back('999999', newest.id)).status]).toEqual([403, 403, 404]);
    const before = said('first geheim');
    const answer = await back(one.id, newest.id);
    expect([answer.status, answer.body.secrets]).toEqual([200, []]);
    await expect.poll(() => said('first geheim')).toBe(before + 1); // it runs, with its secret
    const [now, ...rest] = await list();
    expect([now, rest.length]).toMatchObject([{ id: answer.body.id, why: 'rollback', fromId: one.id, by: expect.stringMatching(/^user:/) }, 2]);
    expect(await flows.web.t.db.query(`select target from audit where action = 'flows.rollback' and result = 'ok'`)).toEqual([{ target: `flow-version:${one.id}` }]);
  });

  it('a secret of a tab that was removed is gone: going back says that it must be entered again', async () => {
    await flows.deploy([tab('two', '二号')]);
    const [newest, before] = await list();
    const { status, body } = await back(before.id, newest.id);
    expect([status, body.secrets]).toEqual([200, ['一号: KEY']]);
    await expect.poll(() => said('first without')).toBe(1);
  });

  it('a tab that was switched off is a version of the house; a house without its flow file has the newest again', async () => {
    await flows.deploy([tab('two', '二号'), tab('bad', '坏流程'), once('go', 'bad', 'exits'), fn('exits', 'bad', "Buffer.constructor('return process')().exit(3);")]);
    await expect.poll(async () => (await list())[0].why, { timeout: 40_000 }).toBe('switched-off');
    const [off] = await list();
    expect(off).toMatchObject({ by: 'house', byName: null, change: [{ name: '坏流程', how: 'changed', on: 'off', changed: 0 }] });
    await flows.pause();
    rmSync(join(flows.folder, 'flows.json'));
    flows.again();
    await flows.up();
    const file = JSON.parse(readFileSync(join(flows.folder, 'flows.json'), 'utf8')) as FlowNode[];
    expect(file.filter((n) => n.type === 'tab').map((n) => [n['label'], n['disabled']])).toEqual([['二号', false], ['坏流程', true]]);
    expect((await list())[0].id).toBe(off.id); // and that is no version
  });

  it('only so many are kept', async () => {
    const { db, seal } = flows.web.t;
    for (let i = 0; i <= limits.flowsVersions; i++) await keepVersion(db, seal, [{ id: 'a', type: 'tab', label: `t${i}` }], { by: 'house', why: 'found' });
    expect((await list()).length).toBe(limits.flowsVersions);
    expect((await look('1')).status).toBe(404);
  });
});
