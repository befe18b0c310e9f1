/** What comes in at the doors and at the screens: storms, floods, poison, duplicates, late backlogs; screens that read slowly or say nothing. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import type { Fault, FaultContext } from './fault.ts';

const minutes = 60_000;

const storm: Fault = {
  kind: 'reconnect storm', lane: 'devices', holdMs: [500, 1_500], realMs: minutes,
  async run({ town, pressers, extras }, ms) {
    for (const presser of pressers) presser.drop();
    for (const part of ['flood', 'poison', 'twice', 'late'] as const) for (const { device } of extras.of(part)) device.drop();
    // And who only knocks: sockets that connect and say nothing.
    const sockets = town.ports.edges.flatMap(({ mqtt }) => Array.from({ length: 100 }, () => connect({ host: '127.0.0.1', port: mqtt }).on('error', () => {})));
    await sleep(ms);
    for (const socket of sockets) socket.destroy();
    return `${pressers.length} devices, ${sockets.length} silent sockets`;
  },
};

const flood: Fault = {
  kind: 'a device floods', lane: 'devices', holdMs: [1_000, 2_000], realMs: minutes,
  async run({ extras }, ms) {
    const [flooding] = extras.of('flood');
    if (!flooding) return 'nobody';
    let beats = 0;
    const acks: Promise<void>[] = [];
    for (const end = performance.now() + ms; performance.now() < end; await sleep(50)) {
      for (let i = 0; i < 40; i++, beats++) void flooding.device.heartbeat();
      if (acks.length < 20) acks.push(flooding.report({ kind: 'sos' }));
    }
    await Promise.race([Promise.all(acks), sleep(5_000)]);
    return `${beats} heartbeats, ${acks.length} emergencies in ${Math.round(ms)} ms`;
  },
};

/** Bytes that no decoder should like; each is acknowledged or its connection closed, never more. */
const poisons: readonly (string | Uint8Array)[] = [
  '', '{', '[]', 'null', '"sos"', '{"kind":"sos"', '{"kind":1}', '{"kind":"__proto__"}', '{"__proto__":{"kind":"sos"}}', '{"kind":"sos","time":"NaN"}', '{"kind":"sos","id":{}}', '{"kind":"sos","edge":"sideways"}',
  '{"kind":"fall","confidence":1e400}', `{"kind":"sos","id":"#${'x'.repeat(300)}"}`, `${'['.repeat(2_000)}`, `{"kind":"sos","data":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`, new Uint8Array([0, 255, 254, 0, 1]),
  new Uint8Array([0xc7, 0xb0, 0xcb, 0xae]), '\u0000', '{"kind":"sos\u0000"}', 'x'.repeat(6_000), '{"kind":"smoke","location":{"lat":"25","lon":null}}',
];
const poison: Fault = {
  kind: 'poison payloads', lane: 'devices', holdMs: [1_000, 2_000], realMs: minutes,
  async run({ extras, random }, ms) {
    const [poisoner] = extras.of('poison');
    if (!poisoner) return 'nobody';
    let sent = 0;
    // Its id, however long, is of this press: an old one again is the fault "duplicates".
    const own = (bytes: string | Uint8Array): string | Uint8Array => (typeof bytes === 'string' ? bytes.replace('"#', `"${Date.now()}-${sent}`) : bytes);
    for (const end = performance.now() + ms; performance.now() < end; sent++) await Promise.race([poisoner.device.raw(random.pick(['event', 'heartbeat', 'vitals', 'status', 'command/reply']), own(random.pick(poisons))), sleep(500)]);
    return `${sent} frames`;
  },
};

/** The same press again and again under its own id, as a device does whose PUBACKs are lost. */
const twice: Fault = {
  kind: 'duplicates', lane: 'devices', holdMs: [500, 1_500], realMs: minutes,
  async run({ extras, random }, ms) {
    const device = random.pick(extras.of('twice'));
    const input = { kind: 'sos' as const, id: `d${Date.now().toString(36)}`, at: Date.now() };
    const reports = Array.from({ length: 4 }, () => device.report(input));
    await Promise.all([sleep(ms), Promise.race([Promise.all(reports), sleep(5_000)])]);
    return `${reports.length} times ${input.id}`;
  },
};

/** A vendor's backlog: hours late, the newest first. */
const late: Fault = {
  kind: 'late backlog', lane: 'devices', holdMs: [500, 1_500], realMs: minutes,
  async run({ extras, random }, ms) {
    const device = random.pick(extras.of('late'));
    const reports = [1, 3, 2, 5, 4].map((hours) => device.report({ kind: 'sos', id: `l${hours}-${Date.now().toString(36)}`, at: Date.now() - hours * 60 * minutes }));
    await Promise.all([sleep(ms), Promise.race([Promise.all(reports), sleep(5_000)])]);
    return `${reports.length} presses of one to five hours ago`;
  },
};

/** Screens with a token: `slow` stop reading after their hello, `silent` never say it. */
const screens = (kind: string, says: boolean, realMs: number): Fault => ({
  kind, lane: 'screens', holdMs: [1_500, 4_000], realMs,
  async run({ api }: FaultContext, ms) {
    const sockets = Array.from({ length: 3 }, () => new WebSocket(`${api.url.replace('http', 'ws')}/api/v1/live`, { headers: api.headers }).on('error', () => {}));
    for (const ws of sockets) ws.on('open', () => { if (says) { ws.send(JSON.stringify({ type: 'hello', epoch: null, lastSeq: 0, tabId: crypto.randomUUID() })); ws.pause(); } });
    await sleep(ms);
    for (const ws of sockets) ws.terminate();
    return `${sockets.length} sockets`;
  },
});

export const deviceFaults: readonly Fault[] = [storm, flood, poison, twice, late, screens('slow websocket clients', true, 10 * minutes), screens('silent websocket clients', false, minutes)];
