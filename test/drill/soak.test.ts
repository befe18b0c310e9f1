/** The soak: five minutes here, ANLING_SOAK_MINUTES=240 for the four hours of the fault plan. */
import { expect, it } from 'vitest';
import { soak } from '#test/faults/soak.ts';

const minutes = Number(process.env['ANLING_SOAK_MINUTES'] ?? 5);
const say = (line: string): void => { process.stdout.write(`    ${line}\n`); };

it('holds after its load what it held before: memory, descriptors, queues [RF20 I9]', async () => {
  const result = await soak(minutes, say);
  say(`${result.minutes} min, ${result.samples} samples, ${result.beats} heartbeats, ${result.presses} presses acknowledged, ${result.waiting} rows left waiting`);
  for (const r of result.rows) say(`${r.process.padEnd(10)} trough ${r.troughMb} MB in the first third, ${r.laterMb} MB in the last; slope ${r.slopeMbPerHour} MB/h; descriptors ${r.fds} under load, ${r.fdsAfter} after`);
  expect(result.waiting).toBe(0);
  expect(result.presses).toBeGreaterThan(minutes * 20);
  for (const r of result.rows) {
    // Memory needs time: V8 grows its heap while a process warms up and the collector comes when it likes; the tenth of the plan is asked of half an hour and more.
    expect(r.laterMb, `${r.process}: memory`).toBeLessThanOrEqual(minutes >= 30 ? r.troughMb * 1.1 : Math.max(r.troughMb * 1.5, r.troughMb + 120));
    expect(r.fdsAfter, `${r.process}: descriptors`).toBeLessThanOrEqual(r.fds * 1.1 + 3);
    if (minutes >= 60) expect(r.slopeMbPerHour, `${r.process}: MB per hour`).toBeLessThan(1);
  }
}, minutes * 90_000 + 600_000);
