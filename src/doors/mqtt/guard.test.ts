/** The guard against one device that sends without end, or without ever reading what it is answered. */
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { generate, type Packet } from 'mqtt-packet';
import { expect, it } from 'vitest';
import type { DeviceId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { Guard, type GuardHooks } from './guard.ts';

const pings = (count: number): Buffer => Buffer.alloc(2 * count).map((_, i) => (i % 2 === 0 ? 0xc0 : 0)) as Buffer;
const connect = generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60, clientId: 'd1', username: 'd1', password: 'x' } as unknown as Packet);

/** A logged-in connection; `reads`: whether its device takes what it is sent. */
function loggedIn(reads: boolean, share?: GuardHooks['share']): { guard: Guard; socket: Duplex; closed: string[]; answered: () => number } {
  const closed: string[] = [];
  let answered = 0;
  const socket = new Duplex({ read() {}, write(chunk: Buffer, _, done) { answered += chunk.length; if (reads) done(); } });
  const guard = new Guard(socket, '10.0.0.1', { closed: (_, reason) => closed.push(reason), oversize: () => {}, alarmWaits: () => {}, ...(share && { share }) });
  socket.emit('data', connect);
  guard.read();
  guard.admit({ id: 'd1' as DeviceId, no: 1, homeId: null, secretHash: new Uint8Array(), status: 'installed' });
  guard.open();
  return { guard, socket, closed, answered: () => answered };
}

it('judges a bounded number of packets in one turn, and each of them in the end [RF16 LAW8]', async () => {
  const { guard, socket, closed, answered } = loggedIn(true);
  socket.push(pings(20_000));
  await turn();
  await turn();
  expect(answered()).toBeLessThanOrEqual(2 * limits.packetsPerTurn * 4);
  expect(answered()).toBeGreaterThan(0);
  while (answered() < 40_000) await turn();
  expect([answered(), closed]).toEqual([40_000, []]);
  guard.destroy();
});

it('cuts off who does not read his answers, at their bound [RF16 RF17 LAW7]', async () => {
  const { socket, closed } = loggedIn(false);
  for (let sent = 0; closed.length === 0 && sent < 200; sent++) { socket.push(pings(1_000)); await turn(); }
  expect(closed).toEqual(['not-reading']);
  expect(socket.writableLength).toBeLessThan(limits.unreadBytes * 2);
});

it('stands in line when a turn is used up, but not with an alarm, and keeps the order of its frames; what it sent before it hung up is handled [LAW8 A3 I7]', () => {
  let free = true;
  const line: (() => void)[] = [];
  const { guard, socket } = loggedIn(true, { free: () => free, later: (work) => { line.push(work); } });
  const handed: string[] = [];
  guard.on('readable', () => { const bytes = guard.read(); if (bytes) handed.push(/care\/v1\/d1\/(\w+)/.exec(bytes.toString('latin1'))?.[1] ?? '?'); guard.release(); });
  const send = (rest: string, messageId: number): boolean => socket.emit('data', generate({ cmd: 'publish', topic: `care/v1/d1/${rest}`, payload: '{}', qos: 1, messageId, dup: false, retain: false } as Packet));
  send('heartbeat', 1);
  expect(handed).toEqual(['heartbeat']);
  free = false;
  send('heartbeat', 2);
  send('vitals', 3);
  expect(handed, 'they stand in line').toEqual(['heartbeat']);
  expect(line).toHaveLength(1);
  send('event', 4);
  expect(handed, 'the alarm does not, and what stood before it goes with it').toEqual(['heartbeat', 'heartbeat', 'vitals', 'event']);
  send('status', 5);
  socket.emit('end');
  expect(guard.destroyed, 'something of it stands in line').toBe(false);
  for (const work of line.splice(0)) work();
  expect(handed.at(-1)).toBe('status');
  expect(handed).toHaveLength(5);
  expect(guard.destroyed).toBe(true);
});
