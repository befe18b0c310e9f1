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

  it('grows by the known devices that are not inside, for one address as for all; others still find room [M3 M10 LAW5]', () => {
    let missing = 1_500;
    const list = createHalfOpen(() => {}, () => missing);
    const come = (n: number, address: string): ReturnType<typeof socket>[] => Array.from({ length: n }, () => { const s = socket(); list.add(s, address); return s; });
    const gone = (all: readonly ReturnType<typeof socket>[]): number => all.filter((s) => s.destroyed).length;
    const carrier = come(limits.halfOpenPerAddress + 1_500 + 9, 'carrier');
    expect(gone(carrier)).toBe(9);
    expect(gone(come(100, 'elsewhere')) + gone(carrier)).toBe(9);
    missing = 0; // all are inside: the next one finds the bare bound
    come(1, 'carrier');
    expect(gone(carrier)).toBe(10);
    missing = 1e9;
    for (let i = 0; i < limits.halfOpenTotal + limits.halfOpenExpected + 50; i++) list.add(socket(), `a${i % 500}`);
    expect(list.size).toBe(limits.halfOpenTotal + limits.halfOpenExpected);
  });

  it('the whole is bounded, over all addresses', () => {
    const list = createHalfOpen(() => {});
    for (let i = 0; i < limits.halfOpenTotal + 100; i++) list.add(socket(), `10.0.${i >> 8}.${i & 255}`);
    expect(list.size).toBe(limits.halfOpenTotal);
  });
});
