/** What a flow does in one shape, what the API would refuse, its windows by the time of a trial, and the difference between a trial and what was done. */
import { describe, expect, it } from 'vitest';
import { actOf, compareActs, createWindows, type FlowActAt, refusedAct, requestAct } from './flow-acts.ts';
import { limits } from './limits.ts';

const refused = (path: string, body: Record<string, unknown>): string | null => { const act = actOf(`/api/v1/flows/${path}`, body); return act === null ? 'asks' : refusedAct(act, body); };

describe('acts of a flow [C10 C11]', () => {
  it('are read from the call, a look-up is none; of an address nothing behind its path is kept', () => {
    expect(actOf('/api/v1/flows/events', { homeId: 'h1', note: '夜里开门', flow: 'x' })).toEqual({ what: 'raise', target: 'home:h1 P2', said: '夜里开门' });
    expect(actOf('alerts/7/notes', { note: '已响' })).toEqual({ what: 'note', target: 'alert:7', said: '已响' });
    expect(actOf('notify', { region: '350425100001', roles: ['care-worker', 'doctor'], count: 3 })).toEqual({ what: 'notify', target: 'region:350425100001 care-worker,doctor', said: '3' });
    expect(actOf('devices/a%2Fb/commands', { name: 'voice', args: { text: '请吃药' } })).toEqual({ what: 'command', target: 'device:a/b voice', said: '请吃药' });
    for (const path of ['lookup', 'care-list', 'samples', 'history', 'events/next', 'alerts/next']) expect([path, actOf(path, {})]).toEqual([path, null]);
    expect(requestAct('POST', 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=geheim', '{}')).toEqual({ what: 'request', target: 'POST qyapi.weixin.qq.com/cgi-bin/webhook/send', said: '{}' });
    expect(requestAct('GET', 'none', null).target).toBe('GET not an address');
  });

  it('are refused as the API would: no emergency, one subject, words, a registered command', () => {
    expect(refused('events', { homeId: 'h1', note: 'x', priority: 1 })).toMatch(/^priority/);
    expect(refused('events', { homeId: 'h1', personId: 'p1', note: 'x' })).toMatch(/^personId/);
    expect(refused('events', { homeId: 'h1' })).toMatch(/^note/);
    expect(refused('notify', { region: '35', roles: ['doctor'] })).toMatch(/^region/);
    expect(refused('devices/d/commands', { name: 'reboot' })).toMatch(/^name/);
    expect(refused('devices/d/commands', { name: 'voice', args: {} })).toMatch(/^args\.text/);
    expect([refused('events', { homeId: 'h1', note: 'x' }), refused('alerts/1/notes', { note: 'x' }), refused('notify', { region: '350425100001', roles: ['doctor'] }), refused('devices/d/commands', { name: 'led', args: { mode: 'slow' } })]).toEqual([null, null, null, null]);
  });

  it('have the windows of the API, by the time of the trial', () => {
    const take = createWindows();
    for (let i = 0; i < limits.flowsRaises; i++) expect(take('raise', i)).toBeNull();
    expect(take('raise', 1_000)).toBe(limits.flowsRaisesMs - 1_000);
    expect([take('note', 1_000), take('request', 1_000), take('raise', limits.flowsRaisesMs)]).toEqual([null, null, null]);
  });

  it('differ: what would be new, what would be no more, what would be said otherwise', () => {
    const act = (at: number, target: string, said = 'x'): FlowActAt => ({ at, what: 'raise', target, said });
    const near = limits.flowsTrialNearMs;
    const found = compareActs([act(0, 'a'), act(10, 'b'), act(20, 'c', 'new words'), act(30 + near, 'd')], [act(5, 'a'), act(near, 'a'), act(20, 'c'), act(29, 'd')]);
    expect(found).toEqual({ added: [act(10, 'b'), act(30 + near, 'd')], gone: [act(near, 'a'), act(29, 'd')], changed: [{ was: act(20, 'c'), is: act(20, 'c', 'new words') }], same: 1 });
    expect(compareActs([], [])).toEqual({ added: [], gone: [], changed: [], same: 0 });
  });
});
