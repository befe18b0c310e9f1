/** Faults of devices and of their wires at one edge: reconnect storms, floods, poison, half-open sockets, events twice, late and out of order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { generate } from 'mqtt-packet';
import { limits } from '#core/limits.ts';
import { openDb } from '#store/pool.ts';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { connectPacket, makeDevices, publishPacket, RawDevice, startTestEdge, type TestDevice, type TestEdge, topic, until } from '#test/harness/edge.ts';
import { startFaultProxy } from '#test/harness/fault-proxy.ts';
import type { FaultRow } from './table.ts';

type World = { t: TestDatabase; edge: TestEdge; devices: readonly TestDevice[] };
/** What devices saw acknowledged, by device and the id of the event. */
type Ledger = Set<string>;
const patienceMs = 120_000;
const p = (list: readonly number[], q: number): number => Math.round(list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))] ?? 0);

/** Runs all of them; `count` devices take part. */
export async function deviceFaults(count: number, say: (line: string) => void): Promise<FaultRow[]> {
  const t = await testDatabase({ max: 8 });
  const devices = await makeDevices(t.db, t.seal, count);
  const edge = await startTestEdge(t, { logLevel: 'error' });
  const rows: FaultRow[] = [];
  try {
    for (const fault of [backlog, poison, fuzz, halfOpen, notReading, flood, storm]) {
      rows.push(await fault({ t, edge, devices }));
      say(JSON.stringify(rows.at(-1)));
    }
    await until('nothing waits and nobody is half-open any more', async () => (await edge.metric('devices_connected')) + (await edge.metric('sockets_half_open')) + (await edge.metric('urgent_waiting')) + (await edge.metric('telemetry_waiting')) === 0, patienceMs);
    return rows;
  } finally {
    await edge.stop();
    await t.close();
  }
}

async function enter(edge: TestEdge, device: TestDevice, port = edge.port): Promise<RawDevice> {
  for (let tries = 0; tries < 60; tries++) {
    const raw = new RawDevice(port);
    if ((await raw.login(device).catch(() => null)) === 0) return raw;
    raw.socket.destroy();
    await sleep(200 + Math.random() * 800);
  }
  throw new Error('a device does not get in');
}
/** A press that is sent again until it is acknowledged, as a device does. */
async function press(edge: TestEdge, device: TestDevice, id: string, ledger: Ledger, raw?: RawDevice): Promise<number> {
  const began = performance.now();
  for (let one = raw ?? await enter(edge, device); ; one = await enter(edge, device)) {
    one.send(publishPacket(device, 'event', `{"kind":"sos","id":"${id}"}`, 1, 9));
    await until('PUBACK or close', () => one.closed || one.packets.some((q) => q.cmd === 'puback' && q.messageId === 9), patienceMs).catch(() => {});
    const acked = one.packets.some((q) => q.cmd === 'puback' && q.messageId === 9);
    if (one !== raw) one.socket.destroy();
    if (acked) { ledger.add(`${device.id}/${id}`); return performance.now() - began; }
  }
}
async function verdict({ t, edge }: World, ledger: Ledger): Promise<Pick<FaultRow, 'acknowledged' | 'lost' | 'duplicated' | 'stalled'>> {
  await until('the lanes are empty', async () => (await edge.metric('spool_rows')) + (await edge.metric('urgent_waiting')) === 0, patienceMs);
  const ids = [...ledger];
  const rows = await t.db.query<{ key: string; n: number }>(`select device_id || '/' || source_event_id as key, count(*)::int as n from event where device_id || '/' || source_event_id = any($1) group by 1`, [ids]);
  const stored = new Map(rows.map((r) => [r.key, r.n]));
  return { acknowledged: ids.length, lost: ids.filter((id) => !stored.has(id)).length, duplicated: 0, stalled: await edge.metric('urgent_waiting') };
}

/** F13: twice, out of order, a day late, from the future, one id with two contents; all in one breath. */
async function backlog(w: World): Promise<FaultRow> {
  const ledger: Ledger = new Set();
  const some = w.devices.slice(0, 60);
  await Promise.all(some.map(async (device) => {
    const raw = await enter(w.edge, device);
    const now = Date.now();
    const frames = [['a', now], ['a', now], ['c', now + 2_000], ['b', now + 1_000], ['late', now - 86_400_000], ['future', now + 40 * 86_400_000], ['a', now - 5]] as const;
    raw.send(...frames.map(([id, time], i) => publishPacket(device, 'event', JSON.stringify({ kind: i === 6 ? 'smoke' : 'sos', id, time }), 1, i + 1)));
    await until('all are acknowledged', () => raw.count('puback') === frames.length, patienceMs);
    for (const [id] of frames) ledger.add(`${device.id}/${id}`);
    raw.socket.destroy();
  }));
  return { fault: 'F13 twice, late, future, out of order, one id twice', times: some.length * 7, ...await verdict(w, ledger) };
}

const poisons = ['', '{', 'null', '[]', '"sos"', '{"kind":NaN}', '{"kind":"sos","kind":"fall"}', `{"kind":"sos","data":${'['.repeat(1_500)}${']'.repeat(1_500)}}`, '{"__proto__":{"kind":"sos"}}', '{"kind":{"$ne":1}}', '{"kind":"sos","time":1e308}',
  '{"kind":"sos","id":"\\u0000\\ud800"}', '\u0000\u0001', '{"kind":"sos","confidence":"1"}', `{"kind":"sos","x":"${'y'.repeat(3_900)}"}`, `{"kind":"${'z'.repeat(9_000)}"}`, '<xml>sos</xml>', 'kind=sos', '{"kind":"sos"}{"kind":"sos"}', '\ufeff{"kind":"sos"}'];
/** F15: a corpus of poison on every topic; each is acknowledged, and behind each the device's own press. */
async function poison(w: World): Promise<FaultRow> {
  const ledger: Ledger = new Set();
  const some = w.devices.slice(60, 120);
  const gbk = Buffer.from([0x7b, 0x22, 0x6b, 0x69, 0x6e, 0x64, 0x22, 0x3a, 0x22, 0xc7, 0xf3, 0xd6, 0xfa, 0x22, 0x7d]);
  await Promise.all(some.map(async (device) => {
    const raw = await enter(w.edge, device);
    let id = 100;
    const frames = ['event', 'heartbeat', 'vitals', 'status', 'nowhere'].flatMap((rest) => [...poisons, gbk].map((bytes) => publishPacket(device, rest, bytes, 1, id++)));
    raw.send(...frames);
    await until('all are acknowledged', () => raw.closed || raw.count('puback') === frames.length, patienceMs);
    if (raw.count('puback') !== frames.length) throw new Error(`poison was not acknowledged: ${raw.count('puback')} of ${frames.length}`);
    await press(w.edge, device, 'after-poison', ledger, raw);
    raw.socket.destroy();
  }));
  return { fault: 'F15 poisoned payloads', times: some.length * 5 * (poisons.length + 1), ...await verdict(w, ledger) };
}

/** F15 and M17: good packets with bytes changed, cut and joined, on sockets of their own; a device presses in between. */
async function fuzz(w: World): Promise<FaultRow> {
  const ledger: Ledger = new Set();
  let seed = 1;
  const below = (n: number): number => { seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff; return seed % n; };
  const [device, bystander] = w.devices.slice(120) as [TestDevice, TestDevice];
  const seeds = [
    generate(connectPacket(device)), generate(publishPacket(device, 'event', '{"kind":"sos"}', 1, 5)), generate(publishPacket(device, 'event', '{"kind":"sos"}', 2, 6)),
    generate({ cmd: 'subscribe', messageId: 7, subscriptions: [{ topic: topic(device, 'command'), qos: 1 }] }), generate({ cmd: 'pubrel', messageId: 6 }), Buffer.of(0xc0, 0), generate({ cmd: 'unsubscribe', messageId: 8, unsubscriptions: ['a'] }), Buffer.of(0xe0, 0),
  ];
  const times = 3_000;
  let done = 0;
  const attack = async (): Promise<void> => {
    while (done < times) {
      done++;
      const raw = new RawDevice(w.edge.port);
      const stream = [seeds[0] as Buffer, ...Array.from({ length: 1 + below(4) }, () => seeds[below(seeds.length)] as Buffer)].map((packet, i) => {
        const bytes = Buffer.from(packet);
        for (let n = below(i === 0 ? 2 : 4); n > 0; n--) bytes[below(bytes.length)] = below(256);
        return below(10) === 0 ? bytes.subarray(0, below(bytes.length) + 1) : bytes;
      });
      raw.socket.write(Buffer.concat(stream));
      await sleep(5);
      raw.socket.destroy();
    }
  };
  const attackers = Array.from({ length: 4 }, attack);
  const waits: number[] = [];
  for (let i = 0; done < times; i++) { waits.push(await press(w.edge, bystander, `f${i}`, ledger)); await sleep(20); }
  await Promise.all(attackers);
  return { fault: 'F15 mutated connections', times, ...await verdict(w, ledger), note: `press beside them p50 ${p(waits, 0.5)} ms, p99 ${p(waits, 0.99)} ms` };
}

/** F9 and F17 on the device's side: the wire dies and neither end hears of it; the device comes again and presses. */
async function halfOpen(w: World): Promise<FaultRow> {
  const ledger: Ledger = new Set();
  const proxy = await startFaultProxy({ port: w.edge.port });
  const some = w.devices.slice(130, 190);
  const before = await Promise.all(some.map((device) => enter(w.edge, device, proxy.port)));
  await proxy.set({ mode: 'stall' });
  await Promise.all(some.map(async (device, i) => {
    before[i]?.send(publishPacket(device, 'event', '{"kind":"sos","id":"into-the-void"}', 1, 3)); // not acknowledged: the device tries again elsewhere
    await press(w.edge, device, 'into-the-void', ledger);
  }));
  const taken = await w.edge.metric('devices_connected');
  await proxy.close();
  for (const raw of before) raw.socket.destroy();
  return { fault: 'half-open sockets of devices', times: some.length, ...await verdict(w, ledger), note: `${taken} connections left of ${some.length} dead ones after the devices came again` };
}

/** F17: devices that read nothing of what they are answered, beside one that presses. */
async function notReading(w: World): Promise<FaultRow> {
  const ledger: Ledger = new Set();
  const some = w.devices.slice(190, 250);
  const raws = await Promise.all(some.map((device) => enter(w.edge, device)));
  const waits: number[] = [];
  const noise = Buffer.alloc(40_000, Buffer.of(0xc0, 0));
  for (const raw of raws) { raw.socket.pause(); for (let i = 0; i < 20; i++) raw.socket.write(noise); }
  const bystander = w.devices[251] as TestDevice;
  for (let i = 0; i < 40; i++) waits.push(await press(w.edge, bystander, `n${i}`, ledger));
  for (const raw of raws) raw.socket.destroy();
  await Promise.all(some.map((device) => press(w.edge, device, 'after-silence', ledger)));
  return { fault: 'F17 devices that do not read', times: some.length, ...await verdict(w, ledger), note: `press beside them p50 ${p(waits, 0.5)} ms, p99 ${p(waits, 0.99)} ms` };
}

/** F16: one device after the other floods: heartbeats, subscriptions, half-open QoS 2, and its own press at the end. */
async function flood(w: World): Promise<FaultRow> {
  const ledger: Ledger = new Set();
  const bystander = w.devices[252] as TestDevice;
  const calm: number[] = [];
  for (let i = 0; i < 40; i++) calm.push(await press(w.edge, bystander, `c${i}`, ledger));
  const some = w.devices.slice(260, 320);
  const waits: number[] = [];
  let flooding = true;
  const watching = (async () => { for (let i = 0; flooding; i++) waits.push(await press(w.edge, bystander, `d${i}`, ledger)); })();
  for (const device of some) {
    const raw = await enter(w.edge, device);
    raw.send(...Array.from({ length: 500 }, (_, i) => ({ cmd: 'subscribe' as const, messageId: i + 1, subscriptions: [{ topic: topic(device, String(i)), qos: 0 as const }] })));
    raw.send(...Array.from({ length: 1_000 }, () => publishPacket(device, 'heartbeat', '{"battery":60}', 0)));
    raw.send(...Array.from({ length: limits.inflightPerClient + 20 }, (_, i) => publishPacket(device, 'heartbeat', '{"battery":61}', 2, i + 1)));
    await press(w.edge, device, 'after-flood', ledger);
    raw.socket.destroy();
  }
  flooding = false;
  await watching;
  return { fault: 'F16 one flooding device', times: some.length, ...await verdict(w, ledger), note: `others p99 ${p(calm, 0.99)} ms calm, ${p(waits, 0.99)} ms during` };
}

/** F14: everybody at once, from one address, while the table of devices cannot be read and what is remembered is old; then again in calm. */
async function storm(w: World): Promise<FaultRow> {
  const ledger: Ledger = new Set();
  const notes: string[] = [];
  await sleep(limits.deviceFreshMs + 1_000); // what the door remembers must be asked anew
  for (const slow of [true, false]) {
    const holder = openDb({ url: w.t.url, max: 1, name: 'holder', statementMs: 120_000 });
    const release = Promise.withResolvers<void>();
    const locked = slow ? holder.tx(async (sql) => { await sql.query('lock table device in access exclusive mode'); await release.promise; }) : Promise.resolve();
    await sleep(200);
    const began = performance.now();
    const presses: number[] = [];
    const freed = setTimeout(() => release.resolve(), 20_000);
    const raws = await Promise.all(w.devices.map(async (device, i) => {
      const raw = await enter(w.edge, device);
      if (i % 20 === 0) presses.push(await press(w.edge, device, `s${slow ? 1 : 2}`, ledger, raw));
      return raw;
    }));
    notes.push(`${slow ? 'device table locked' : 'calm'}: all ${raws.length} back after ${((performance.now() - began) / 1_000).toFixed(1)} s, presses p99 ${p(presses, 0.99)} ms`);
    clearTimeout(freed);
    release.resolve();
    await locked;
    await holder.close();
    for (const raw of raws) raw.socket.destroy();
    await sleep(500);
  }
  return { fault: 'F14 reconnect storm', times: w.devices.length * 2, ...await verdict(w, ledger), note: notes.join('; ') };
}
