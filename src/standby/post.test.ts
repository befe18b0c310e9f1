/** A message on its way, with a real ledger: written down before the gateway is asked, and by the newest alone. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nothing } from '#core/change.ts';
import { createLog } from '#ops/log.ts';
import { createSeal } from '#store/seal.ts';
import { unsealed } from '#store/sealed-value.ts';
import { type Ledger, openLedger, takenEvents } from '#store/standby-ledger.ts';
import type { Kept } from './case.ts';
import { createWork, type DutyWork } from './work.ts';

const seal = createSeal({ seal: randomBytes(32), blind: randomBytes(32), pepper: randomBytes(32), audit: randomBytes(32), hook: 'hook' });
let folder: string;
let ledgers: Ledger<Kept>[];
let faults: string[];
let held: boolean;
/** What the gateway was asked, with the state that the ledger had for it at that moment. */
let asked: string[];
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'anling-ledger-')); ledgers = []; faults = []; held = true; asked = []; });
afterEach(() => { for (const l of ledgers) l.close(); rmSync(folder, { recursive: true }); });

const open = (token: string): Ledger<Kept> => { const l = openLedger<Kept>(folder, seal, token, (error) => faults.push(error.message)); ledgers.push(l); return l; };
const done = { outId: 'o1', at: 1, state: 'due', provider: null, providerId: null, code: null, class: null, handled: false, slip: null } as const;
/** A case with one message that is due. */
const kept = (): Kept => ({
  key: 'k', alertId: null, slips: new Map(), events: [], replies: [], handed: false,
  standing: { alert: { id: '~1', state: 'open' } as never, timers: new Map(), engagements: new Map(), roster: [], contacted: new Map(), calls: new Map(), consoleBeatAt: null, unclaimed: 0 },
  handover: { startedAt: 1, fromVersion: null, changes: [{ at: 1, change: { ...nothing(), sends: [{ party: 'responder:cw' as never, channel: 'sms', template: 'sos', purpose: 'search', round: 0, step: 0, done: { ...done } }] } }] },
});
function written(): string {
  const db = new DatabaseSync(join(folder, 'ledger.db'), { readOnly: true });
  try {
    const [row] = db.prepare('select body from kept').all() as { body: Uint8Array }[];
    return row ? (unsealed<Kept>(seal, 'standby.ledger', row.body).handover.changes[0]?.change.sends[0]?.done?.state ?? '') : 'nothing';
  } finally { db.close(); }
}
const workOn = (ledger: Ledger<Kept>): DutyWork => createWork({
  ledger, seal, log: createLog('test', 'error', () => {}), county: () => ({ lines: new Map(), persons: new Map(), homes: new Map() }) as never, now: () => 2, held: () => held, running: () => [], sent: () => {},
  compose: () => ({ to: '15404250001', template: 'sos', params: {}, demo: true }) as never,
  async send() { asked.push(written()); return { state: 'accepted', provider: 'standin', providerId: 'p', code: null, class: null }; },
});

describe('a message of standby', () => {
  it('is written down as being sent before the gateway is asked, then with what became of it [LAW6]', async () => {
    open('before').save([kept()]);
    const work = workOn(open('me'));
    work.turn();
    await work.settled();
    expect([asked, written()]).toEqual([['sending'], 'accepted']);
  });

  it('does not leave without the flag, and stays due [LAW6]', async () => {
    open('before').save([kept()]);
    const work = workOn(open('me'));
    held = false;
    work.turn();
    await work.settled();
    expect([asked, written()]).toEqual([[], 'due']);
    held = true;
    work.turn();
    await work.settled();
    expect(asked).toEqual(['sending']);
  });

  it('does not leave when a newer standby has the ledger: neither it nor what becomes of it is written [LAW6]', async () => {
    open('before').save([kept()]);
    const mine = open('me');
    const work = workOn(mine);
    const newer = workOn(open('newer'));
    work.turn();
    await work.settled();
    expect([asked, written(), mine.holds(), mine.save([kept()]), mine.forget('k')]).toEqual([[], 'due', false, false, false]);
    newer.turn();
    await newer.settled();
    expect([asked, written()]).toEqual([['sending'], 'accepted']);
  });

  it('that was at the gateway when its process died leaves again, under the same id', async () => {
    const dying = kept();
    Object.assign(dying.handover.changes[0]?.change.sends[0]?.done ?? {}, { state: 'sending' });
    open('before').save([dying]);
    const work = workOn(open('me'));
    work.turn();
    await work.settled();
    expect([asked, written()]).toEqual([['sending'], 'accepted']);
  });
});

describe('the ledger of standby', () => {
  it('names what nobody evaluates meanwhile: the events of its cases, and the device that opened one, until they are handed over [A2 RF5]', () => {
    const data = join(folder, 'data');
    mkdirSync(data);
    const ledger = openLedger<Kept>(join(data, 'standby'), seal, 'me', (error) => faults.push(error.message));
    ledgers.push(ledger);
    const taken = (): string[] => [...takenEvents(data, () => true)()].sort();
    const opened: Kept = { ...kept(), events: [{ ingestId: 'e1', opens: true }], opener: 'd1' };
    ledger.save([opened]);
    expect([taken(), [...takenEvents(data, () => false)()]]).toEqual([['device d1', 'e1'], []]);
    ledger.save([{ ...opened, handed: true }]);
    expect(taken()).toEqual([]);
  });

  it('that is no database any more is laid aside, never deleted', () => {
    writeFileSync(join(folder, 'ledger.db'), 'x'.repeat(8_192));
    expect(open('me').save([kept()])).toBe(true);
    expect(readdirSync(folder).filter((n) => n.startsWith('ledger.db.broken-'))).toHaveLength(1);
    expect([written(), faults.length]).toEqual(['due', 1]);
  });

  it('on a disk that gives no file is kept in memory: people are called all the same [RF3]', () => {
    mkdirSync(join(folder, 'ledger.db'));
    const ledger = open('me');
    expect([ledger.holds(), ledger.save([kept()]), faults.length > 0]).toEqual([true, true, true]);
  });
});
