/** Devices that press in a closed loop around something that goes wrong, and the judgement afterwards when everything has come to rest. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { House } from '#test/harness/house.ts';
import { Presser } from './presser.ts';
import type { Seeded } from './seed.ts';
import { judge, type Verdict } from './verdict.ts';

export type UnderPress = { verdict: Verdict; resent: number; /** connections that ended under a device, whoever ended them */ closed: number };

/** Runs of this process: each numbers its presses anew, so that none is taken for an earlier one. */
let runs = 0;

/** Runs `work` while every device presses; then no more presses, what is under way is waited for, and the ledgers are compared. */
export async function underPress(house: House, devices: readonly Seeded[], pauseMs: number, work: (pressers: readonly Presser[]) => Promise<void>, keepaliveS?: number): Promise<UnderPress> {
  const first = 1 + 100_000 * runs++;
  const pressers = devices.map((d) => new Presser({ id: d.id, secret: d.secret, port: house.mqttPort, kind: 'sos', pauseMs, first, ...(keepaliveS === undefined ? {} : { keepaliveS }) }));
  try {
    for (const presser of pressers) presser.start();
    await work(pressers);
    const closed = pressers.reduce((n, p) => n + p.ledger.closed, 0);
    await Promise.race([Promise.all(pressers.map((p) => p.finish())), sleep(60_000)]);
    await settled(house);
    const db = house.openDb();
    const verdict = await judge(db, new Map(devices.map((d, i) => [d.id, pressers[i]?.ledger.acked ?? []]))).finally(() => db.close());
    return { verdict, closed, resent: pressers.reduce((n, p) => n + p.ledger.resent, 0) };
  } finally {
    for (const presser of pressers) presser.end();
  }
}

/** Until the devices have seen so many acknowledgements more. */
export async function more(pressers: readonly Presser[], count: number, withinMs = 90_000): Promise<void> {
  const acked = (): number => pressers.reduce((n, p) => n + p.ledger.acked.length, 0);
  const [from, end] = [acked(), performance.now() + withinMs];
  while (acked() - from < count) {
    if (performance.now() > end) throw new Error(`only ${acked() - from} of ${count} presses were acknowledged within ${withinMs} ms`);
    await sleep(20);
  }
}

/** Acknowledged items that the database does not have yet; they count as unsettled while nobody answers. */
export async function spooled(house: House): Promise<number> {
  const text = await fetch(`${house.base}/metrics`).then((answer) => answer.text(), () => '');
  const rows = [...text.matchAll(/^anling_spool_rows\S* (\d+)/gm)].map((m) => Number(m[1]));
  return rows.length === 0 ? Infinity : rows.reduce((a, b) => a + b, 0);
}

/** Waits until the edges' spools are empty, every event has been looked at and no timer is overdue, at most two minutes. */
export async function settled(house: House): Promise<void> {
  const db = house.openDb();
  try {
    for (let i = 0; i < 240; i++) {
      const [row] = await db.query<{ n: number }>(`select (select count(*) from event where evaluated_at is null)::int
        + (select count(*) from timer where fired_at is null and cancelled_at is null and due_at < anling_now() - interval '5 seconds')::int as n`);
      if (row?.n === 0 && (await spooled(house)) === 0) return;
      await sleep(500);
    }
  } finally {
    await db.close();
  }
}
