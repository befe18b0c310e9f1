/** Those who live in the tormented county: devices that press, people behind the telephones, an operator at the desk who also falls asleep. Each keeps its ledger in the journal. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, randomOf } from '#core/demo-random.ts';
import type { HouseApi } from '#simulators/api/client.ts';
import { readAlerts } from '#simulators/api/house.ts';
import { createPhonesApi } from '#simulators/api/phones.ts';
import { type People, startPeople } from '#simulators/people/people.ts';
import { type OwnWorld, realWorld } from '#simulators/world/world.ts';
import { Presser } from '#test/torture/presser.ts';
import type { Device, Journal } from './journal.ts';
import type { Town } from './town.ts';

/** People walk, wait and come home so many times faster than in life: an answer after seconds, an arrival after half a minute. */
const haste = 10;

/** Everything that a phone gets, in the order in which it gets it. */
export function keepPhones(town: Town, journal: Journal): void {
  const seen = new Set(journal.of('phone').map((p) => p.id));
  town.standin.state.phones.watch(({ items }) => {
    for (const item of items) {
      if (item.type === 'reply' || seen.has(item.id)) continue;
      seen.add(item.id);
      journal.note({ t: 'phone', at: Date.now(), id: item.id, outId: item.outId, phone: item.phone, type: item.type, template: item.template });
    }
  });
}

/** Looks whether the machine itself stands still: what it does to others it does to us. */
export function watchMachine(journal: Journal): { stop(): void } {
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - last > 1_000 + lookMs) journal.note({ t: 'starved', from: last, to: now });
    last = now;
  }, lookMs);
  return { stop: () => clearInterval(timer) };
}
const lookMs = 100;

export async function startTownspeople(town: Town, seed: number): Promise<{ people: People; stop(): void }> {
  const began = Date.now();
  const world: OwnWorld = realWorld(() => (Date.now() - began) * (haste - 1));
  const people = await startPeople({ world, phones: createPhonesApi(town.standin.url), seed });
  return { people, stop() { people.stop(); world.close(); } };
}

export function startPressers(town: Town, devices: readonly Device[], journal: Journal, pauseMs: number): Presser[] {
  const last = new Map<string, number>();
  for (const { device, event } of journal.of('ack')) last.set(device, Math.max(last.get(device) ?? 0, Number(event.slice(1))));
  return devices.filter((d) => d.part === 'presser').map((d) => {
    const presser = new Presser({
      id: d.id, secret: d.secret, port: town.ports.edges[d.edge]?.mqtt ?? 0, kind: 'sos', pauseMs, first: (last.get(d.id) ?? 0) + 1,
      acked: (event) => journal.note({ t: 'ack', at: Date.now(), device: d.id, event }),
    });
    presser.start();
    return presser;
  });
}

export type Desk = { stop(): Promise<void> };
type Habit = { /** In a hundred. */ share: number; acts: readonly { action: string; body: Record<string, unknown>; afterMs: number }[] };
const closing = { outcome: 'F1', note: 'chaos' };
/** What an operator does with a case; what is missing at the end he has slept over, and the plan must go on without him. */
const habits: readonly Habit[] = [
  { share: 30, acts: [{ action: 'close', body: closing, afterMs: 0 }] },
  { share: 20, acts: [{ action: 'claim', body: {}, afterMs: 0 }, { action: 'steps', body: { contact: 'elder' }, afterMs: 2_000 }, { action: 'close', body: closing, afterMs: 2_000 }] },
  { share: 15, acts: [{ action: 'claim', body: {}, afterMs: 0 }] },
  { share: 10, acts: [{ action: 'claim', body: {}, afterMs: 0 }, { action: 'release', body: {}, afterMs: 1_500 }] },
  { share: 10, acts: [{ action: 'steps', body: { note: 'heard', contact: 'family' }, afterMs: 0 }] },
  { share: 5, acts: [{ action: 'claim', body: {}, afterMs: 0 }, { action: 'notes', body: { note: 'waits' }, afterMs: 1_000 }, { action: 'close', body: closing, afterMs: 4_000 }] },
];

function draw(random: Random): Habit | null {
  let left = random.share() * 100;
  for (const habit of habits) { left -= habit.share; if (left < 0) return habit; }
  return null;
}

/** An operator who takes up one case after another; an act whose answer is lost is left: whether it was done only the house knows. */
export function startDesk(api: HouseApi, journal: Journal, seed: number): Desk {
  const random = randomOf(seed);
  let stopped = false;
  const act = async (alert: string, action: string, body: Record<string, unknown>): Promise<void> => {
    await api.call('POST', `/api/v1/alerts/${alert}/${action}`, body);
    journal.note({ t: 'act', at: Date.now(), alert, action });
  };
  const work = async (): Promise<void> => {
    const asleep = new Set<string>();
    while (!stopped) {
      await sleep(400);
      try {
        const open = (await readAlerts(api, { state: 'open', kind: 'sos' })).filter((a) => !asleep.has(a.id));
        const arrived = open.filter((a) => a.state === 'arrived');
        const one = arrived[0] ?? (open.length > 0 ? random.pick(open) : null);
        if (!one) continue;
        const habit = one.state === 'arrived' ? habits[0] : draw(random);
        if (random.chance(0.3)) asleep.add(one.id);
        for (const { action, body, afterMs } of habit?.acts ?? []) { await sleep(afterMs); if (!stopped) await act(one.id, action, body); }
      } catch { /* the house is being tormented, or somebody was first: the next case */ }
    }
  };
  const done = work();
  return { stop() { stopped = true; return done; } };
}
