/** Ten minutes of chaos over a real house, and its controls: houses with one planted fault, each of which the checker must catch. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faults } from '#test/chaos/faults.ts';
import { forgetToken, hunt, mutants } from '#test/chaos/mutants.ts';
import { chaos } from '#test/chaos/run.ts';

const say = (line: string): void => { process.stdout.write(`    ${line}\n`); };
const seed = Number(process.env['ANLING_CHAOS_SEED'] ?? Date.now() % 100_000);
const minutes = Number(process.env['ANLING_CHAOS_MINUTES'] ?? 10);

describe('chaos', () => {
  it('loses nothing, doubles nothing, leaves nothing standing under every fault at once [LAW1 LAW2 LAW3 LAW5 LAW6 LAW9 I1 I2 I3 I4 I5 I6 I7 I8 I9 RF1 RF2 RF3 RF4 RF5 RF6 RF9 RF10 RF11 RF12 RF13 RF14 RF15 RF16 RF17 RF22 G5]', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'anling-chaos-test-'));
    try {
      const result = await chaos({ root: process.cwd(), folder, seed, minutes, times: 1_000, say });
      say(`${[...result.counts].map(([kind, n]) => `${kind} ${n}`).join(', ')}; ${JSON.stringify(result.totals)}`);
      expect(result.complaints.map((c) => `${c.rule}: ${c.text}`).slice(0, 20), `seed ${seed} (ANLING_CHAOS_SEED repeats it)\n${result.story}`).toEqual([]);
      // Every fault has come, or stands named as one that this machine does not allow.
      expect(faults.filter((f) => !result.counts.has(f.kind) && !result.skipped.has(f.kind)).map((f) => f.kind)).toEqual([]);
      expect(result.totals.acknowledged).toBeGreaterThan(500);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, (minutes + 10) * 60_000);

  it.each(mutants)('catches $name (control) [LAW1 LAW6]', async (mutant) => {
    const { complaints } = await hunt(process.cwd(), mutant, seed, say);
    say(`${mutant.name}: ${complaints.length} complaints, first: ${complaints[0]?.text ?? 'none'}`);
    expect(complaints.map((c) => c.rule).filter((rule) => mutant.rules.includes(rule)).length, complaints.map((c) => `${c.rule}: ${c.text}`).slice(0, 5).join('\n')).toBeGreaterThan(0);
  }, 600_000);

  it('catches a standby that forgets its fencing token (control) [LAW6 RF10]', async () => {
    const { red, output } = await forgetToken(process.cwd());
    expect(red, output.slice(-3_000)).toBe(true);
    expect(output).toContain('when a newer standby has the ledger');
  }, 300_000);
});
