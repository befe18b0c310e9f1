/** A million poisoned inputs for the two functions that see bytes of devices first: the judge of packets and the decoder of frames. */
import fc from 'fast-check';
import { generate, type Packet } from 'mqtt-packet';
import { DecodeError } from '#core/errors.ts';
import type { Channel } from '#core/publish.ts';
import { checkPacket, packetLength } from '#doors/mqtt/wire.ts';
import { fixtures, now } from '#vendors/anling/fixtures/frames.ts';
import { vendors } from '#vendors/index.ts';
import type { FaultRow } from './table.ts';

const channels: Channel[] = ['event', 'heartbeat', 'vitals', 'status', 'reply', 'other'];
const packets = [
  { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60, clientId: 'dev', username: 'dev', password: 'x', will: { topic: 'a', payload: 'b', qos: 1, retain: false } },
  { cmd: 'publish', topic: 'care/v1/dev/event', payload: '{"kind":"sos"}', qos: 1, messageId: 5, dup: false, retain: false }, { cmd: 'subscribe', messageId: 5, subscriptions: [{ topic: 'a/b', qos: 1 }] }, { cmd: 'pubrel', messageId: 3 },
].map((packet) => Buffer.from(generate(packet as unknown as Packet)));

/** `times` inputs in all, seeded: good ones with a few bytes changed and cut, and ones of no shape at all. Whatever is thrown but a DecodeError counts as lost. */
export function fuzzPure(times: number): FaultRow {
  const began = performance.now();
  let [done, taken, lost] = [0, 0, 0];
  const seed = fc.sample(fc.integer(), { numRuns: 1, seed: 20261126 })[0] as number;
  let state = seed >>> 0;
  const below = (n: number): number => { state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; return state % n; };
  const spoil = (good: Uint8Array): Buffer => {
    const bytes = Buffer.from(good);
    for (let n = below(6); n > 0 && bytes.length > 0; n--) bytes[below(bytes.length)] = below(256);
    return below(8) === 0 ? bytes.subarray(0, below(bytes.length + 1)) : bytes;
  };
  const guarded = (act: () => void): void => { done++; try { act(); taken++; } catch (error) { if (!(error instanceof DecodeError)) lost++; } };
  const values = fc.sample(fc.jsonValue({ maxDepth: 4 }), { numRuns: 20_000, seed: 7 }).map((value) => Buffer.from(JSON.stringify(value)));
  for (const value of values) for (const vendor of Object.values(vendors)) for (const channel of channels) guarded(() => vendor.decode(channel, value, now));
  while (done < times) {
    const packet = spoil(packets[below(packets.length)] as Buffer);
    guarded(() => { packetLength(packet); if (packet.length > 1) checkPacket(packet); });
    const frame = spoil((fixtures[below(fixtures.length)] as { bytes: Uint8Array }).bytes);
    for (const vendor of Object.values(vendors)) guarded(() => vendor.decode(channels[below(channels.length)] as Channel, frame, now));
  }
  return { fault: 'F15 fuzzed frames and packets', times: done, acknowledged: taken, lost, duplicated: 0, stalled: 0, note: `${Math.round((performance.now() - began) / 1_000)} s` };
}
