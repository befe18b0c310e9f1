/** Which tab a node runs in, and the flow file without it: subflows, their instances, subflows in subflows, files that are none. */
import { describe, expect, it } from 'vitest';
import { nameIn, without } from './tabs.ts';

const flow = JSON.stringify([
  { id: 'a', type: 'tab', label: '甲' }, { id: 'b', type: 'tab', label: '乙' }, { id: 's', type: 'subflow', name: '共用' }, { id: 'r', type: 'subflow', name: '里层' },
  { id: 'n', type: 'function', z: 'a', name: '算' }, { id: 'in', type: 'function', z: 's' }, { id: 'deep', type: 'function', z: 'r', name: '深' },
  { id: 'i1', type: 'subflow:s', z: 'a' }, { id: 'i2', type: 'subflow:s', z: 'b' }, { id: 'j', type: 'subflow:r', z: 's' },
]);

describe('the tab of a node [C11 RF18]', () => {
  it('is its own, or those that use the subflow it stands in', () => {
    expect(nameIn(flow, 'a', 'n')).toEqual({ tabs: ['a'], tabName: '甲', nodeName: '算' });
    expect(nameIn(flow, 's', 'in')).toEqual({ tabs: ['a', 'b'], tabName: '甲', nodeName: 'function' });
    expect(nameIn(flow, 'r', 'deep')?.tabs.toSorted()).toEqual(['a', 'b']);
    expect(nameIn(flow, 'i2', 'in')?.tabs).toEqual(['b']); // an instance runs under its own id
    expect(nameIn(flow, 'gone', 'x')).toEqual({ tabs: [], tabName: null, nodeName: null });
    expect(nameIn('not a file', 'a', 'n')).toBeNull();
    const round = JSON.stringify([{ id: 's', type: 'subflow' }, { id: 'i', type: 'subflow:s', z: 's' }]);
    expect(nameIn(round, 's', 'x')?.tabs).toEqual([]);
  });

  it('is switched off in the file, which stays what it was otherwise', () => {
    const off = JSON.parse(without(flow, ['a']) ?? '[]') as { id: string; disabled?: boolean }[];
    expect(off.filter((i) => i.disabled)).toEqual([{ id: 'a', type: 'tab', label: '甲', disabled: true }]);
    expect(off.map(({ disabled: _, ...rest }) => rest)).toEqual(JSON.parse(flow));
    expect(without(JSON.stringify(off), ['a'])).toBeNull();
    expect(without(flow, ['gone'])).toBeNull();
    expect(without('not a file', ['a'])).toBeNull();
  });
});
