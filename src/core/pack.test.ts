/** Which pack is due, which is too old, which is forgotten; a passphrase that somebody can type at night; what stands about an elder. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newPassphrase, newestOf, nightOf, packDue, type PackFile, packState, packsToForget, type PackTown, plainPassphrase, riskText } from './pack.ts';

const hour = 3_600_000;
const at = (text: string): number => Date.parse(`${text}:00+08:00`);
const town: PackTown = { code: '350425100000', name: '均溪镇', people: 9, keySetAt: at('2026-03-01T12:00') };
const file = (text: string): PackFile => ({ code: town.code, madeAt: at(text), name: text, bytes: 1 });

describe('offline packs', () => {
  it('one is due each night from half past one, at once for a new passphrase, never without one [2.2]', () => {
    expect(packDue(town, [], at('2026-03-01T12:00'))).toBe(true);
    const files = [file('2026-03-09T01:31')];
    expect(['2026-03-09T23:59', '2026-03-10T01:29', '2026-03-10T01:30'].map((t) => packDue(town, files, at(t)))).toEqual([false, false, true]);
    expect(packDue({ ...town, keySetAt: at('2026-03-09T08:00') }, files, at('2026-03-09T08:01'))).toBe(true);
    expect(packDue({ ...town, keySetAt: null }, [], at('2026-03-10T03:00'))).toBe(false);
  });
  it('is old after 36 h; none that the present passphrase opens is none [2.2]', () => {
    const files = [file('2026-03-09T01:31')];
    expect([packState(town, files, at('2026-03-10T13:31')), packState(town, files, at('2026-03-10T13:31') + 1), packState(town, [], 0), packState({ ...town, keySetAt: null }, files, 0), packState({ ...town, keySetAt: at('2026-03-09T02:00') }, files, at('2026-03-09T03:00'))])
      .toEqual(['good', 'old', 'none', 'no-passphrase', 'none']);
  });
  it('seven nights are kept, of each the newest, and nothing that a passphrase before opens [2.2]', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 14 * 24 * 60 }), { maxLength: 40 }), fc.option(fc.integer({ min: 0, max: 14 * 24 })), (minutes, keyHour) => {
      const begin = at('2026-03-01T00:00');
      const mine = { ...town, keySetAt: keyHour === null ? null : begin + keyHour * hour };
      const files = [...new Set(minutes)].map((m) => ({ ...file('2026-03-01T00:00'), madeAt: begin + m * 60_000, name: String(m) }));
      const gone = new Set(packsToForget(mine, files));
      const kept = files.filter((f) => !gone.has(f));
      expect(new Set(kept.map((f) => nightOf(f.madeAt))).size).toBe(kept.length);
      expect(kept.length).toBeLessThanOrEqual(7);
      for (const f of kept) expect(f.madeAt).toBeGreaterThanOrEqual(mine.keySetAt ?? Number.POSITIVE_INFINITY);
      expect(newestOf(mine, kept)).toEqual(newestOf(mine, files));
    }));
  });
  it('a passphrase is four groups of letters and digits that nobody mixes up; capitals, spaces and hyphens say nothing [2.2]', () => {
    let n = 0;
    const made = newPassphrase((below) => n++ % below);
    expect(made).toMatch(/^[a-hjkmnp-z2-9]{4}(-[a-hjkmnp-z2-9]{4}){3}$/);
    expect([plainPassphrase(made.toUpperCase()), plainPassphrase(made.replaceAll('-', ' ')), plainPassphrase('ＡＢｃ－２')]).toEqual([made.replaceAll('-', ''), made.replaceAll('-', ''), 'abc2']);
  });
  it('says of an elder first what somebody at the door must know [2.2]', () => {
    expect(riskText({ highRisk: true, ability: 'severe', living: 'alone', hearing: 'deaf', riskTags: ['stroke', 'over-80', 'oxygen'], birthYear: 1940 }, 2026)).toBe('重点、86岁、重度失能、听不见、独居、中风、吸氧');
    expect(riskText({ highRisk: false, ability: 'intact', living: 'alone', hearing: 'good', riskTags: ['lives-alone', 'over-80'], birthYear: null }, 2026)).toBe('独居、80岁以上');
  });
});
