/** Who goes when too many stand at the door. */
import { describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { createHalfOpen } from './half-open.ts';

function socket(): { destroyed: boolean; destroy(): void } {
  const one = { destroyed: false, destroy() { one.destroyed = true; } };
  return one;
}

describe('half-open sockets', () => {
  it('at the bound of an address its oldest goes, never the newest, and nobody of another address [M10 LAW5 LAW7]', () => {
    let evicted = 0;
    const list = createHalfOpen(() => evicted++);
    const other = socket();
    list.add(other, '10.0.0.2');
    const flood = Array.from({ length: limits.halfOpenPerAddress + 10 }, () => { const s = socket(); list.add(s, '10.0.0.1'); return s; });
    expect(flood.map((s) => s.destroyed)).toEqual(flood.map((_, i) => i < 10));
    expect(other.destroyed).toBe(false);
    expect(evicted).toBe(10);
    expect(list.size).toBe(limits.halfOpenPerAddress + 1);
  });

  it('one that has failed to log in goes before a valid device that is still slow', () => {
    const list = createHalfOpen(() => {});
    const slowDevice = socket();
    list.add(slowDevice, 'a');
    const failing = Array.from({ length: limits.halfOpenPerAddress * 3 }, () => { const s = socket(); list.add(s, 'a'); list.demote(s); return s; });
    expect(slowDevice.destroyed).toBe(false);
    expect(failing.filter((s) => !s.destroyed)).toHaveLength(limits.halfOpenPerAddress - 1);
    list.remove(slowDevice);
    list.clear();
    expect(failing.every((s) => s.destroyed)).toBe(true);
  });

  it('an address may have as many more at the door as it lately had devices inside; an hour after they have gone it is like any other [M3 M10 LAW5]', () => {
    let now = 0;
    const list = createHalfOpen(() => {}, () => now);
    const come = (n: number): ReturnType<typeof socket>[] => Array.from({ length: n }, () => { const s = socket(); list.add(s, 'carrier'); return s; });
    const gone = (all: readonly ReturnType<typeof socket>[]): number => all.filter((s) => s.destroyed).length;
    const devices = come(150);
    for (const one of devices) list.admit(one);
    for (const one of come(150)) { list.admit(one); list.remove(one); } // the same number again, one after the other: 151 at once, not 300
    for (const one of devices) list.remove(one);
    expect(list.size).toBe(0);
    const storm = come(limits.halfOpenPerAddress + 151 + 9);
    expect(gone(storm)).toBe(9);
    list.clear();
    for (const one of storm) list.remove(one);
    now += limits.halfOpenProvenMs + 1;
    expect(gone(come(limits.halfOpenPerAddress + 20))).toBe(20);
  });

  it('the whole is bounded, over all addresses', () => {
    const list = createHalfOpen(() => {});
    for (let i = 0; i < limits.halfOpenTotal + 100; i++) list.add(socket(), `10.0.${i >> 8}.${i & 255}`);
    expect(list.size).toBe(limits.halfOpenTotal);
  });
});
