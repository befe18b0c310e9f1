/** Alarms that confirm each other, on rows and with the people they call: fire and a press, a fall and nobody who moves behind a closed door, a bed left at night. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
beforeEach(async () => { a = await testAlarm(); });
afterEach(() => a.close());
const minute = 60;
const shown = async (): Promise<string[]> => (await a.alerts()).map((x) => `${x.kind} P${x.priority} ${x.state}${x.flags.includes('confirmed') ? ' confirmed' : ''}`);
const notes = async (): Promise<number> => (await a.log()).filter((l) => l.action === 'confirmed-by').length;
/** Travels to this hour of the county's day. */
async function until(hour: number): Promise<void> {
  const now = new Date((await a.now()) + 8 * 3_600_000);
  await a.advance((((hour - now.getUTCHours() + 24) % 24) * 60 - now.getUTCMinutes()) * minute * 1000 + 86_400_000);
}
const door = (): Promise<unknown> => a.db.query(`insert into device_model (id, name, type, supervision_class, power) values ('door', '门磁', 'door', '24h', 'battery') on conflict do nothing`)
  .then(() => a.db.query(`insert into device (id, model, home_id, secret_hash) values ('d9', 'door', 'h1', '\\x00')`));

describe('smoke and a press of one home [C6]', () => {
  it('are two alerts that confirm each other, each with its own people; the first rings again; told once, however often they repeat', async () => {
    await a.event('smoke', { deviceId: 'd3' });
    await a.settle();
    await a.pass(2 * minute, 20);
    await a.event('sos');
    await a.event('sos');
    await a.event('smoke', { deviceId: 'd3', edge: 'repeat' });
    await a.settle();
    expect(await shown()).toEqual(['smoke P1 open confirmed', 'sos P1 open confirmed']);
    expect(await notes()).toBe(1);
    const feed = await a.db.query<{ payload: { what: string; ring?: string } }>(`select payload from feed where payload->>'what' = 'confirmed-by'`);
    expect(feed.map((f) => f.payload.ring)).toEqual(['p1']);
  });

  it('also where several people live: the smoke hangs on the room, the press on one of them, in either order', async () => {
    await a.db.query(`insert into person (id, home_id, name_enc, name_bidx) values ('p2', 'h1', '\\x00', '\\x00')`);
    await a.event('sos', { personId: 'p1' });
    await a.settle();
    await a.event('smoke', { deviceId: 'd3', personId: null, room: 'kitchen' });
    await a.settle();
    expect(await shown()).toEqual(['sos P1 open confirmed', 'smoke P1 open confirmed']);
    await a.event('sos', { personId: 'p2', deviceId: null }); // and the other one calls too: the two that stand are marked already
    await a.settle();
    expect([await shown(), await notes()]).toEqual([['sos P1 open confirmed', 'smoke P1 open confirmed', 'sos P1 open confirmed'], 1]);
  });

  it('the smoke first, then the press of one of several: nothing that hangs on another home is touched', async () => {
    await a.db.query(`insert into person (id, home_id, name_enc, name_bidx) values ('p2', 'h1', '\\x00', '\\x00')`);
    await a.db.query(`insert into home (id, region_code, place_enc, address_enc) select 'h9', region_code, place_enc, address_enc from home where id = 'h1'`);
    await a.event('smoke', { deviceId: null, homeId: 'h9', personId: null, room: 'kitchen' });
    await a.event('smoke', { deviceId: 'd3', personId: null, room: 'kitchen' });
    await a.settle();
    await a.event('sos', { personId: 'p2' });
    await a.settle();
    expect(await shown()).toEqual(['smoke P1 open', 'smoke P1 open confirmed', 'sos P1 open confirmed']);
  });
});

describe('a fall, and nobody who moves after it [C6]', () => {
  it('behind a closed door: the second alarm, P2 alone, is P1 and calls the plan of an emergency at once', async () => {
    await door();
    await a.event('motionless', { deviceId: 'd9', edge: 'clear', personId: null }); // somebody went in, long before
    await a.settle();
    await a.pass(10 * minute, 5 * minute);
    await a.event('fall', { deviceId: 'd4' });
    await a.settle();
    await a.sent();
    await a.pass(3 * minute, 30);
    await a.event('motionless', { deviceId: 'd4' });
    await a.settle();
    expect(await shown()).toEqual(['fall P1 open confirmed', 'motionless P1 open confirmed']);
    const still = (await a.alerts()).at(-1)!;
    expect((await a.sent()).filter((m) => m.alertId === still.id).map((m) => m.party)).toContain('responder:cw');
    expect(still.planState).toBe('running');
  });

  it('when a door was opened since, or nobody fell: what it is alone', async () => {
    await door();
    await a.event('motionless', { deviceId: 'd4' });
    await a.settle();
    expect(await shown()).toEqual(['motionless P2 open']);
    await a.respond({ alertId: (await a.alert()).id, action: 'close', outcome: 'F2', note: 'x' });
    await a.event('fall', { deviceId: 'd4' });
    await a.settle();
    await a.pass(minute, 30);
    await a.event('motionless', { deviceId: 'd9', edge: 'clear', personId: null });
    await a.event('motionless', { deviceId: 'd4' });
    await a.settle();
    expect((await shown()).slice(1)).toEqual(['fall P1 open', 'motionless P2 open']);
  });
});

describe('out of bed at night, and nobody who moves [C6]', () => {
  it('is P1; by day each is what it is', async () => {
    for (const [hour, expected] of [[23, 'motionless P1 open confirmed'], [13, 'motionless P2 open']] as const) {
      await until(hour);
      await a.event('bed-exit', { deviceId: 'd4' });
      await a.settle();
      await a.pass(5 * minute, 5 * minute);
      await a.event('motionless', { deviceId: 'd4' });
      await a.settle();
      expect((await shown()).at(-1)).toBe(expected);
      for (const x of await a.alerts()) if (x.state !== 'closed') await a.respond({ alertId: x.id, action: 'close', outcome: 'F2', note: 'x' });
    }
  });
});

describe('a fall in its window [C6 C3]', () => {
  it('waits no longer when the same person presses; a cancel after it is a note, and the desk decides', async () => {
    await a.event('sos');
    await a.settle();
    await a.event('fall', { deviceId: 'd2', id: 'f1' });
    await a.settle();
    expect(await shown()).toEqual(['sos P1 open confirmed', 'fall P1 open confirmed']);
    await a.event('cancel', { deviceId: 'd2', ref: 'f1' });
    await a.settle();
    expect((await a.alerts()).at(-1)).toMatchObject({ kind: 'fall', state: 'open', closedAt: null });
    expect((await a.log()).at(-1)).toMatchObject({ action: 'cancel-pressed', detail: { why: 'window-over' } });
  });
});
