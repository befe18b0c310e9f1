/** The bench from end to end in its smoke form: every part runs and leaves figures. What a baseline reaches in a second is not judged. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Results } from '../../bench/results.ts';
import { root, run } from '../../scripts/run.ts';

it('every part of the bench runs and leaves figures', async () => {
  const out = mkdtempSync(join(tmpdir(), 'anling-bench-test-'));
  try {
    writeFileSync(join(out, 'README.md'), readFileSync(join(root, 'bench', 'README.md'), 'utf8'));
    const { output } = await run('bench', process.execPath, ['bench/run.ts', '--quick', '--out', out], { quiet: true, timeoutMs: 900_000 });
    const results = JSON.parse(readFileSync(join(out, 'results', 'latest.json'), 'utf8')) as Results;
    expect(Object.values(results.verdicts).flat().filter((line) => !line.startsWith('BASELINE WEAK')), output).toEqual([]);
    expect([...new Set(results.figures.map((f) => f.part))]).toEqual(expect.arrayContaining(['doors', 'heartbeats', 'alarm']));
    expect(results.notes['k6']?.join() ?? '', output).toMatch(/consoles|SKIPPED/);
    expect(results.figures.filter((f) => f.ours <= 0 && f.unit === 'per second')).toEqual([]);
    expect(readFileSync(join(out, 'README.md'), 'utf8')).toContain('| heartbeats over 200 connections | per second |');
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}, 920_000);
