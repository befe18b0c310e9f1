/** The life of a device as a property: over any acts in any order no secret that was good before an end is good after it, and the doors refuse exactly what is ended. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actsOf, deviceLives, lifeActs, lifeAfter, type DeviceLife, lifeOf, rowOf } from './device-life.ts';

const accepted = (life: DeviceLife): boolean => rowOf(life).status !== 'revoked';

describe('the life of a device', () => {
  it('whatever is done in whatever order: no secret from before an end opens a door after it, and an end is left only by stock [F7 M18]', () => {
    fc.assert(fc.property(fc.constantFrom(...deviceLives), fc.array(fc.constantFrom(...lifeActs), { maxLength: 40 }), (first, acts) => {
      let life: DeviceLife = first;
      let secret = 0;
      let spoiled = life === 'lost' || life === 'retired' || life === 'replaced' ? 0 : -1; // the newest secret that an end has spoiled
      for (const act of acts) {
        const change = lifeAfter(life, act);
        expect(change !== null).toBe(actsOf(life).includes(act));
        if (change === null) continue;
        if (change.freshSecret) secret++;
        const ends = rowOf(change.life).ended !== null;
        if (ends) spoiled = secret;
        if (rowOf(life).ended !== null && !ends) expect([change.life, change.leaves]).toEqual(['stock', true]);
        if (accepted(change.life)) expect(secret).toBeGreaterThan(spoiled);
        expect(change.begins).toBe(change.life === 'installed');
        life = change.life;
      }
    }));
  });

  it('every state is reached from stock, and what its row says is what it is', () => {
    const seen = new Set<DeviceLife>(['stock']);
    for (const life of seen) for (const act of actsOf(life)) { const change = lifeAfter(life, act); if (change) seen.add(change.life); }
    expect([...seen].toSorted()).toEqual([...deviceLives].toSorted());
    for (const life of deviceLives) expect(lifeOf(rowOf(life).status, rowOf(life).ended)).toBe(life);
    expect(lifeOf('installed', 'lost')).toBe('installed'); // a program of before has brought it back and left the word standing
  });

  it('who is lost stays lost when another takes its place', () => {
    expect(lifeAfter('lost', 'replace')?.life).toBe('lost');
    expect(lifeAfter('installed', 'replace')?.life).toBe('replaced');
    expect(lifeAfter('retired', 'install')).toBeNull();
  });
});
