/** The guard against one device that sends without end, or without ever reading what it is answered. */
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { generate, type Packet } from 'mqtt-packet';
import { expect, it } from 'vitest';
import type { DeviceId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { Guard } from './guard.ts';

const pings = (count: number): Buffer => Buffer.alloc(2 * count).map((_, i) => (i % 2 === 0 ? 0xc0 : 0)) as Buffer;
const connect = generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60, clientId: 'd1', username: 'd1', password: 'x' } as unknown as Packet);

/** A logged-in connection; `reads`: whether its device takes what it is sent. */
function loggedIn(reads: boolean): { guard: Guard; socket: Duplex; closed: string[]; answered: () => number } {
  const closed: string[] = [];
  let answered = 0;
  const socket = new Duplex({ read() {}, write(chunk: Buffer, _, done) { answered += chunk.length; if (reads) done(); } });
  const guard = new Guard(socket, '10.0.0.1', { closed: (_, reason) => closed.push(reason), oversize: () => {}, alarmWaits: () => {} });
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
