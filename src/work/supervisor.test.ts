/** The supervisor against real child processes that die, hang and stop. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type ChildSpec, startSupervisor, type Supervisor } from './supervisor.ts';

const file = join(mkdtempSync(join(tmpdir(), 'anling-child-')), 'child.mjs');
writeFileSync(file, `
  const [mode] = process.argv.slice(2);
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => { if (mode !== 'stubborn') process.exit(0); });
  const beat = () => process.send({ type: 'beat', reasons: [], facts: { ops: 'here' } });
  if (mode === 'crash') { console.log('cannot go on'); process.exit(3); }
  if (mode === 'slow') { process.send({ type: 'beat', reasons: ['loading'], facts: {} }); const end = Date.now() + 1_500; setTimeout(() => { while (Date.now() < end); }, 20); }
  else beat();
  setInterval(beat, 50);
  if (mode === 'hang') setTimeout(() => { for (;;); }, 200);
`);
const spec = (mode: string): ChildSpec => ({ name: mode, file, args: [mode], env: process.env, beats: true });
let running: Supervisor | null = null;
afterEach(() => running?.killAll());
function start(mode: string): { s: Supervisor; events: string[] } {
  const events: string[] = [];
  const s = startSupervisor({ children: [spec(mode)], hungMs: 600, pauseMs: 20, onLine: () => {}, onEvent: (e) => events.push(e.what) });
  running = s;
  return { s, events };
}

it('starts a killed child again, at once', async () => {
  const { s, events } = start('steady');
  await expect.poll(() => s.status()[0]?.beat?.facts['ops']).toBe('here');
  const pid = s.status()[0]?.pid as number;
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => s.status()[0]?.pid !== pid && s.status()[0]?.beat !== null, { timeout: 20_000 }).toBe(true);
  expect(s.status()[0]?.restarts).toBe(1);
  expect(events).toEqual(['started', 'ready', 'ended', 'started', 'ready']);
});

it('kills a child that hangs, and starts it again', async () => {
  const { s, events } = start('hang');
  await expect.poll(() => events.includes('hung') && s.status()[0]?.restarts === 1, { timeout: 20_000 }).toBe(true);
});

it('lets a child that was never ready load for longer than a hung one would live [RF22]', async () => {
  const { s, events } = start('slow');
  await expect.poll(() => events.includes('ready'), { timeout: 10_000 }).toBe(true);
  expect([events, s.status()[0]?.restarts]).toEqual([['started', 'ready'], 0]);
});

it('tries a crashing child with growing pauses, and keeps its last words', async () => {
  const { s } = start('crash');
  await expect.poll(() => s.status()[0]?.restarts ?? 0, { timeout: 20_000 }).toBeGreaterThan(3);
  await expect.poll(() => s.status()[0]?.lastWords, { timeout: 20_000 }).toBe('cannot go on');
  const after = s.status()[0]?.restarts ?? 0;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((s.status()[0]?.restarts ?? 0) - after).toBeLessThan(6);
});

it('stops within its bound, also a child that will not', async () => {
  const { s } = start('stubborn');
  await expect.poll(() => s.status()[0]?.beat !== null).toBe(true);
  const began = performance.now();
  await s.stop(300);
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(s.status()[0]?.pid).toBeNull();
});
