/** The clock of a trial: Date and timers go by it, in order, each followed by what it set off; nothing waits in truth. */
import { describe, expect, it } from 'vitest';
import { installClock } from './virtual-clock.ts';

/** Its own globals, so that the test's own timers stay. */
const scope = (): typeof globalThis => ({ Date, setTimeout, setInterval, clearTimeout, clearInterval }) as never;

describe('the clock of a trial [C10 C11]', () => {
  it('fires what is due at its time, in order, also what a timer sets', async () => {
    const own = scope();
    const clock = installClock(1_000, own);
    const seen: string[] = [];
    const note = (what: string): void => { seen.push(`${what} ${own.Date.now()} ${new own.Date().getTime()}`); };
    own.setTimeout(() => { note('late'); own.setTimeout(() => note('then'), 5); }, 100);
    own.setTimeout((words: string) => note(words), 50, 'soon');
    const every = own.setInterval(() => note('every'), 40);
    const off = own.setTimeout(() => note('never'), 60);
    own.clearTimeout(off);
    let settled = 0;
    await clock.advance(1_110, async () => { settled++; await Promise.resolve(); });
    expect(seen).toEqual(['every 1040 1040', 'soon 1050 1050', 'every 1080 1080', 'late 1100 1100', 'then 1105 1105']);
    expect([settled, clock.fired(), clock.now(), own.Date.now()]).toEqual([5, 5, 1_110, 1_110]);
    own.clearInterval(Number(every));
    await clock.advance(2_000, async () => {});
    expect(seen).toHaveLength(5);
  });

  it('reads given dates as they are, jumps while a process starts, lets foreign timers be cleared, and can be taken away', () => {
    const own = scope();
    const clock = installClock(0, own);
    expect([new own.Date(5).getTime(), new own.Date('2026-11-27T00:00:00Z').toISOString(), own.Date.UTC(2026, 0, 1)]).toEqual([5, '2026-11-27T00:00:00.000Z', Date.UTC(2026, 0, 1)]);
    let n = 0;
    own.setInterval(() => { n++; }, 1);
    clock.jump(20);
    expect([n, clock.now()]).toEqual([20, 20]);
    const real = setTimeout(() => { n = -1; }, 60_000);
    own.clearTimeout(real);
    const handle = own.setTimeout(() => { n = -1; }, 5);
    expect([handle.hasRef(), handle.unref() === handle]).toEqual([true, true]);
    handle.refresh().close();
    clock.jump(10);
    expect(n).toBe(30);
    clock.remove();
    expect(own.Date).toBe(Date);
  });
});
