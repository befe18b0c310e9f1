/** Shelving (暂挂): a reason, an end, never an emergency; it comes back by its timer, by hand, by work on it, and at once when it becomes graver. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Act } from './act.ts';
import { type AlertAction, isShelved } from './alert.ts';
import { absorb, type Case, requiredSlot } from './change.ts';
import { mergeRaise, openAlert } from './decide-raise.ts';
import { timerDue } from './decide-timer.ts';
import type { Raise } from './decision.ts';
import type { StoredEvent } from './event.ts';
import type { AlertId, DeviceId, EventId } from './ids.ts';
import { limits } from './limits.ts';
import { emergencyPlan } from './plan.ts';
import { act } from './transition.ts';

const t0 = 1_800_000_000_000;
const hour = 3_600_000;
const event = (at: number): StoredEvent => ({
  id: '1' as EventId, kind: 'motionless', edge: 'raise', source: 'mqtt', urgency: 2, deviceId: 'd1' as DeviceId, homeId: null, personId: null, room: null, regionCode: null, sourceEventId: null, ref: null,
  deviceTime: null, receivedAt: at, flags: [], confidence: null, data: {}, trace: 't',
});
const raise: Raise = { type: 'raise', kind: 'motionless', priority: 2, subject: { type: 'device', id: 'd1' } };
function opened(more: Partial<Raise> = {}): Case {
  const { alert, change } = openAlert({ ...raise, ...more }, event(t0), emergencyPlan, false, t0);
  return absorb({ alert: { ...alert, id: '7' as AlertId }, timers: new Map(), engagements: new Map(), roster: [], contacted: new Map(), calls: new Map(), consoleBeatAt: null, unclaimed: 0 }, change, t0);
}
const doTo = (c: Case, action: AlertAction, more: Partial<Act> = {}, now = t0 + 1_000): ReturnType<typeof act> => act(c, { action, actor: { type: 'user', id: 'op', name: '张三' }, via: 'wall', ...more }, now);
function did(c: Case, action: AlertAction, more: Partial<Act> = {}, now = t0 + 1_000): Case {
  const result = doTo(c, action, more, now);
  if (result.kind !== 'change') throw new Error(`${action}: ${JSON.stringify(result)}`);
  return absorb(c, result.change, now);
}
const shelve = (c: Case, until = t0 + 2 * hour): Case => did(c, 'shelve', { until, note: '等厂家换电池' });

describe('the shelf', () => {
  it('takes a P2 with a reason for at most eight hours, and nothing of it fires meanwhile but its return', () => {
    const c = shelve(opened());
    expect([isShelved(c.alert), c.alert.state, c.alert.planState, [...c.timers.keys()]]).toEqual([true, 'open', 'suspended', ['shelf']]);
    for (const bad of [{ until: t0 + 2 * hour }, { until: t0 + 2 * hour, note: ' ' }, { note: 'x' }, { note: 'x', until: t0 }, { note: 'x', until: t0 + limits.shelfMs + 2_000 }]) expect(doTo(opened(), 'shelve', bad).kind).toBe('invalid');
    expect(doTo(c, 'shelve', { until: t0 + hour, note: 'x' }).kind).toBe('invalid');
    const held = did(opened(), 'claim');
    expect(act(held, { action: 'shelve', actor: { type: 'user', id: 'other', name: '李四' }, via: 'wall', until: t0 + hour, note: 'x' }, t0 + 2_000).kind).toBe('conflict');
    expect(shelve(held).alert.claimedBy).toBeNull();
  });

  it('never takes an emergency, whatever state it is in [LAW5]', () => {
    for (const path of [[], ['claim'], ['claim', 'release']] as AlertAction[][]) {
      const c = path.reduce<Case>((at, action) => did(at, action), opened({ kind: 'sos', priority: 1 }));
      expect(doTo(c, 'shelve', { until: t0 + hour, note: 'x' })).toMatchObject({ kind: 'invalid', fields: [{ field: 'priority' }] });
    }
  });

  it('gives it back when the time is over or somebody says so: ringing, its search goes on; work on it ends the shelf too', () => {
    const c = shelve(opened());
    const due = timerDue('shelf', c, {}, t0 + 2 * hour);
    expect([due.feed, due.log.map((l) => l.action)]).toEqual([{ what: 'unshelved', ring: 'p2' }, ['unshelved']]);
    for (const back of [absorb(c, due, t0 + 2 * hour), did(c, 'unshelve')]) expect([isShelved(back.alert), back.alert.planState, back.timers.has('plan'), back.timers.has('shelf')]).toEqual([false, 'running', true, false]);
    expect(timerDue('shelf', did(c, 'unshelve'), {}, t0 + 2 * hour)).toMatchObject({ log: [], feed: null });
    for (const [action, more] of [['claim', {}], ['step', { contact: 'elder' }], ['close', { outcome: 'D1', note: 'x' }]] as const) { const worked = did(c, action, more); expect([action, isShelved(worked.alert), worked.timers.has('shelf')]).toEqual([action, false, false]); }
    expect(isShelved(did(c, 'note', { note: 'x' }).alert)).toBe(true);
  });

  it('keeps silent over a further raise, and lets go at once of what becomes an emergency [LAW5]', () => {
    const c = shelve(opened());
    const again = mergeRaise(c, raise, event(t0 + hour), emergencyPlan, true, t0 + hour);
    expect([again.feed?.ring, isShelved(absorb(c, again, t0 + hour).alert), again.patch.count]).toEqual([undefined, true, 2]);
    const grave = absorb(c, mergeRaise(c, { ...raise, priority: 1 }, event(t0 + hour), emergencyPlan, true, t0 + hour), t0 + hour);
    expect([isShelved(grave.alert), grave.alert.priority, grave.timers.has('plan'), grave.timers.has('shelf')]).toEqual([false, 1, true, false]);
  });

  it('is never without its end, over random histories', () => {
    const step = fc.oneof(fc.constantFrom<AlertAction>('claim', 'release', 'note', 'shelve', 'unshelve', 'step'), fc.constantFrom('again', 'graver', 'due'));
    fc.assert(fc.property(fc.array(step, { maxLength: 14 }), (path) => {
      let c = opened();
      let now = t0;
      for (const s of path) {
        now += 60_000;
        if (s === 'again' || s === 'graver') c = absorb(c, mergeRaise(c, s === 'again' ? raise : { ...raise, priority: 1 }, event(now), emergencyPlan, true, now), now);
        else if (s === 'due') { const next = [...c.timers].sort((a, b) => a[1].dueAt - b[1].dueAt)[0]; if (next) { now = Math.max(now, next[1].dueAt); const timers = new Map(c.timers); timers.delete(next[0]); c = absorb({ ...c, timers }, timerDue(next[0], c, next[1].payload ?? {}, now), now); } }
        else { const result = act(c, { action: s, actor: { type: 'user', id: 'op', name: '张三' }, via: 'wall', until: now + hour, note: 'x' }, now); if (result.kind === 'change') c = absorb(c, result.change, now); }
        const slot = requiredSlot(c.alert);
        expect(slot === null || c.timers.has(slot), `${s} left ${c.alert.state} without ${slot}`).toBe(true);
        expect(isShelved(c.alert)).toBe(c.timers.has('shelf'));
        expect(isShelved(c.alert) && (c.alert.priority === 1 || c.alert.state !== 'open')).toBe(false);
      }
    }), { numRuns: 300 });
  });
});
