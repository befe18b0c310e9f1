/** When a case must be dialled by hand, whom first, and how each row says what became of it. */
import { describe, expect, it } from 'vitest';
import type { AlertView } from '#core/live.ts';
import type { Candidate, CaseInFull, Message } from '#wall/api/case.ts';
import { alertView } from '#wall/live/samples.ts';
import { handList } from './hand.ts';

const who = (party: string, more: Partial<Candidate> = {}): Candidate =>
  ({ party, role: 'doctor', name: '陈*', phone: '154****0001', near: 'village', keyHolder: false, walkMinutes: null, languages: [], landline: false, absentUntil: null, optedOut: false, withdrawn: false, link: null, ...more });
const message = (party: string, channel: string, state: string): Message => ({ id: '1', party, channel, state }) as unknown as Message;
const people = [who('r:1'), who('r:2'), who('r:3', { absentUntil: 5_000 }), who('r:4', { phone: '' })];
const full = (more: Partial<CaseInFull> = {}): CaseInFull => ({ ...alertView(), timeline: [], engagements: [], messages: [], commands: [], due: [], candidates: people, ...more }) as CaseInFull;
const open = (flags: string[] = [], state: AlertView['state'] = 'open'): AlertView => alertView({ flags, state });
const parties = (alert: AlertView, f: CaseInFull): string[] | null => handList(alert, f, people, 1_000)?.rows.map((r) => r.who.party) ?? null;

describe('the last rung: by hand [2.5 FF6]', () => {
  it('opens when a round came to nothing, or when no message leaves; not while the house goes on by itself, nor when somebody has it', () => {
    expect(parties(open(['nobody-answered']), full())).toEqual(['r:1', 'r:2', 'r:3']);
    expect(handList(open(), full({ messages: [message('r:1', 'sms', 'failed'), message('r:1', 'voice', 'unknown')] }), people, 0)?.why).toBe('unsent');
    expect(parties(open(), full({ messages: [message('r:1', 'sms', 'failed'), message('r:2', 'sms', 'accepted')] }))).toBeNull();
    expect(parties(open(), full())).toBeNull();
    expect(parties(open(['nobody-answered'], 'committed'), full())).toBeNull();
    expect(handList(open(['nobody-answered']), null, people, 0)).toBeNull();
  });
  it('who withdrew consent stands behind all others: a human may dial him [E12]', () => {
    expect(handList(open(['nobody-answered']), full(), [who('c:1', { withdrawn: true }), ...people], 1_000)?.rows.map((r) => [r.who.party, r.who.withdrawn])).toEqual([['r:1', false], ['r:2', false], ['r:3', false], ['c:1', true]]);
  });
  it('leaves out who said no or goes, puts who is away last, and shows what was noted of each', () => {
    const f = full({
      engagements: [{ party: 'r:2', state: 'declined' }] as CaseInFull['engagements'], messages: [message('r:1', 'sms', 'failed'), message('r:1', 'sms', 'delivered'), message('r:1', 'voice', 'failed')],
      timeline: [{ id: '1', at: 7, actorType: 'user', actorId: 'u', actorName: null, action: 'step', detail: { party: 'r:1' }, note: '无人接' }],
    });
    const list = handList(open(['nobody-answered']), f, [...people, who('r:5')], 1_000);
    expect(list?.rows.map((r) => r.who.party)).toEqual(['r:1', 'r:5', 'r:3']);
    expect(list?.rows[0]).toMatchObject({ noted: { at: 7, text: '无人接' }, tried: [{ channel: 'sms', state: 'delivered' }, { channel: 'voice', state: 'failed' }] });
  });
});
