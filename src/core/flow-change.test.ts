/** What changed between two versions of the flows, in words: tabs, nodes, fields, what only moved, what was switched off, secrets that a roll-back does not bring back. */
import { describe, expect, it } from 'vitest';
import { alone, areItems, canonical, type FlowItem, flowChange, readItems, secretsLost, sumChange, tabsIn } from './flow-change.ts';

const flow: FlowItem[] = [
  { id: 'a', type: 'tab', label: '村喇叭', disabled: false, env: [{ name: 'URL', value: 'http://x', type: 'str' } as never, { name: 'KEY', type: 'cred' }] },
  { id: 'n1', type: 'function', z: 'a', name: '成文', func: `${'// the same beginning\n'.repeat(10)}return 1;`, x: 10, y: 20, wires: [['n2']] },
  { id: 'n2', type: 'debug', z: 'a', name: '', x: 30, y: 20, wires: [] },
  { id: 'b', type: 'tab', label: '低电量' }, { id: 'm', type: 'inject', z: 'b', name: '每天', x: 1, y: 1, wires: [[]] },
];
const edit = (id: string, more: Partial<FlowItem>): FlowItem[] => flow.map((i) => (i.id === id ? { ...i, ...more } : i));

describe('versions of the flows [C11]', () => {
  it('the same flows in another order are the same; what only moved is no change of a node', () => {
    expect(canonical(flow.toReversed())).toBe(canonical(flow));
    expect(flowChange(flow, flow.toReversed())).toEqual([]);
    expect(flowChange(flow, edit('n1', { x: 99 }))).toEqual([{ id: 'a', name: '村喇叭', how: 'changed', on: null, moved: 1, nodes: [] }]);
    expect([readItems('not a file'), readItems('{}'), readItems('[{"id":1}]'), areItems([{ id: 'a', type: 'tab' }])]).toEqual([null, null, null, true]);
    expect(tabsIn(edit('b', { disabled: true }))).toEqual([{ id: 'a', name: '村喇叭', disabled: false }, { id: 'b', name: '低电量', disabled: true }]);
  });

  it('names the fields of a node that changed, and shows a long text where it differs', () => {
    const [tab] = flowChange(flow, edit('n1', { func: `${'// the same beginning\n'.repeat(10)}return 2;`, name: '成文二' }));
    expect(tab?.nodes).toMatchObject([{ name: '成文二', how: 'changed', fields: [{ field: 'name', before: '成文', after: '成文二' }, { field: 'func', before: expect.stringMatching(/^….*return 1;$/s), after: expect.stringMatching(/^….*return 2;$/s) }] }]);
    expect(tab?.nodes[0]?.fields[1]?.before?.length).toBeLessThan(60);
  });

  it('tells tabs that came, went, were switched off, and nodes that stand on none', () => {
    const after = [...edit('a', { disabled: true }).filter((i) => i.z !== 'b' && i.id !== 'b'), { id: 'c', type: 'tab', label: '新的' }, { id: 'k', type: 'function', z: 'c', name: '一' }, { id: 'conf', type: 'global-config', name: '' }];
    expect(sumChange(flowChange(flow, after))).toEqual([
      { name: '村喇叭', how: 'changed', on: 'off', moved: 0, added: 0, removed: 0, changed: 0 }, { name: '新的', how: 'added', on: null, moved: 0, added: 1, removed: 0, changed: 0 },
      { name: '', how: 'changed', on: null, moved: 0, added: 1, removed: 0, changed: 0 }, { name: '低电量', how: 'removed', on: null, moved: 0, added: 0, removed: 1, changed: 0 },
    ]);
    expect(flowChange([], flow).map((t) => t.how)).toEqual(['added', 'added']);
  });

  it('leaves one tab alone switched on for its trial, without a secret [C10]', () => {
    expect(tabsIn(alone(edit('b', { disabled: true, credentials: { KEY: 'geheim' } }), 'b') ?? [])).toEqual([{ id: 'a', name: '村喇叭', disabled: true }, { id: 'b', name: '低电量', disabled: false }]);
    expect(JSON.stringify(alone(edit('b', { credentials: { KEY: 'geheim' } }), 'a'))).not.toContain('geheim');
    expect(alone(flow, 'n1')).toBeNull();
  });

  it('knows whose secret does not come back', () => {
    expect(secretsLost(flow.slice(3), flow)).toEqual(['村喇叭: KEY']);
    expect(secretsLost(flow, flow)).toEqual([]);
  });
});
