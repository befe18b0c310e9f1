/** Roles that hang and roles that are ended, again and again, while buttons are pressed and alarms escalate. The supervisor's patience is scaled from 10 s to 4 s: a machine that is busy with a dozen other things needs the whole of it. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '#ops/processes.ts';
import { travel } from '#test/harness/db.ts';
import { until } from '#test/harness/edge.ts';
import { type House, makeHouse } from '#test/harness/house.ts';
import { pidsOf } from '#test/harness/processes.ts';
import { plant } from '#test/torture/planted.ts';
import { Presser } from '#test/torture/presser.ts';
import { seedPeople } from '#test/torture/seed.ts';
import { judge } from '#test/torture/verdict.ts';
import type { FaultRow } from './table.ts';

const roles = ['edge', 'worker', 'web'] as const;

export async function roleFaults(times: number, say: (line: string) => void): Promise<FaultRow[]> {
  const root = plant(process.cwd(), 'impatient', [{ file: 'src/core/limits.ts', find: /hungMs: 10_000/, put: 'hungMs: 4_000' }]);
  const house = await makeHouse(root, { name: 'roles' });
  const rows: FaultRow[] = [];
  let pressers: Presser[] = [];
  try {
    await house.start();
    await house.ready(180_000);
    const buttons = await seedPeople(house, 60);
    pressers = buttons.map((b) => new Presser({ id: b.id, secret: b.secret, port: house.mqttPort, kind: 'sos', pauseMs: 2_000 }));
    for (const presser of pressers) presser.start();
    for (const [fault, signal] of [['F22 roles that hang (SIGSTOP)', 'SIGSTOP'], ['F19 roles that are ended (SIGTERM)', 'SIGTERM']] as const) {
      const gone: number[] = [];
      let happened = 0;
      const acked = (): Map<string, string[]> => new Map(buttons.map((b, i) => [b.id, [...(pressers[i]?.ledger.acked ?? [])]]));
      while (happened < times) {
        const hit = roles.flatMap((role) => pidsOf(role, house.pid() as number, house.data));
        const began = performance.now();
        for (const pid of hit) process.kill(pid, signal);
        await until('they are gone', () => hit.every((pid) => !isAlive(pid)), 60_000);
        gone.push(performance.now() - began);
        happened += hit.length;
        await house.ready(120_000);
        await sleep(300);
      }
      rows.push({ fault, times: happened, ...await verdict(house, acked()), note: `gone after p50 ${Math.round(gone.toSorted((a, b) => a - b)[gone.length >> 1] ?? 0)} ms, at most ${Math.round(Math.max(...gone))} ms` });
      say(JSON.stringify(rows.at(-1)));
    }
    return rows;
  } finally {
    for (const presser of pressers) presser.end();
    await house.stop();
    rmSync(house.folder, { recursive: true, force: true });
    rmSync(root, { recursive: true, force: true });
  }
}

async function verdict(house: House, acked: ReadonlyMap<string, readonly string[]>): Promise<Pick<FaultRow, 'acknowledged' | 'lost' | 'duplicated' | 'stalled'>> {
  const db = house.openDb();
  try {
    await travel(db, 31_000); // what is due next is due now
    await until('everything is evaluated and nothing is overdue', async () => (await db.query(
      `select from event where evaluated_at is null union all select from timer where fired_at is null and cancelled_at is null and due_at < anling_now() - interval '5 seconds'`)).length === 0, 120_000).catch(() => {});
    const v = await judge(db, acked);
    return { acknowledged: v.acknowledged, lost: v.lost.length + v.unlinked.length, duplicated: v.twins, stalled: v.stalled.length + v.overdue + v.gaps.length + v.afterClose };
  } finally { await db.close(); }
}
