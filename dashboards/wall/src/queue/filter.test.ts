/** What a filter may hide, and what no filter hides. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EventKind, kindInfo } from '#core/event.ts';
import { alertView } from '#wall/live/samples.ts';
import { type Filter, passes } from './filter.ts';

const all: Filter = { name: '全部', towns: [], kinds: [], priorities: [], mine: false };
const kinds = Object.keys(kindInfo) as EventKind[];

describe('a filter of the queue', () => {
  it('never hides a P1, whatever it says [LAW5]', () => {
    const filter = fc.record({ name: fc.constant('x'), towns: fc.subarray(['350425100000', '350425201000']), kinds: fc.subarray(kinds), priorities: fc.subarray([2, 3, 4]), mine: fc.boolean() });
    fc.assert(fc.property(filter, fc.constantFrom(...kinds), fc.constantFrom('350425203001', '350425100001', null), (f, kind, regionCode) => { expect(passes(f, alertView({ kind, priority: 1, regionCode }), null)).toBe(true); }));
  });

  it('keeps a town, kinds, priorities, what is mine; what belongs to the whole county stays', () => {
    const at = (more: Parameters<typeof alertView>[0]) => alertView({ kind: 'offline', priority: 3, regionCode: '350425201001', ...more });
    expect([passes(all, at({}), null), passes({ ...all, towns: ['350425201000'] }, at({}), null), passes({ ...all, towns: ['350425100000'] }, at({}), null)]).toEqual([true, true, false]);
    expect([passes({ ...all, towns: ['350425100000'] }, at({ regionCode: null }), null), passes({ ...all, towns: ['350425100000'] }, at({ regionCode: '350425000000' }), null)]).toEqual([true, true]);
    expect([passes({ ...all, kinds: ['tamper'] }, at({}), null), passes({ ...all, kinds: ['offline'] }, at({}), null), passes({ ...all, priorities: [2] }, at({}), null)]).toEqual([false, true, false]);
    expect([passes({ ...all, mine: true }, at({ claimedBy: 'me', state: 'claimed' }), 'me'), passes({ ...all, mine: true }, at({ claimedBy: 'me', state: 'open' }), 'me'), passes({ ...all, mine: true }, at({}), null)]).toEqual([true, false, false]);
  });
});
