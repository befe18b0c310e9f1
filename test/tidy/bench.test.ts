/** The bench's own judgement: what is too weak to be compared with, how long a baseline may be, what is written. No times here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { figure, median, merged, quantile, type Results, table, weakBaselines, weakBelow, withTable } from '../../bench/results.ts';

const folder = join(import.meta.dirname, '..', '..', 'bench');
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
const fair = figure('heartbeats', 'heartbeats over 200 connections', 'per second', 'more', { ours: [50, 40, 60], baseline: [60, 80, 70], bare: [100, 150, 120] });

describe('bench', () => {
  it('compares medians of rounds and keeps the rounds', () => {
    expect(median([3, 1, 2, 10])).toBe(2.5);
    expect(quantile(Array.from({ length: 100 }, (_, i) => i), 0.99)).toBe(99);
    expect(fair).toMatchObject({ ours: 50, baseline: 70, bare: 120, ratio: 0.714, rounds: { ours: [50, 40, 60] } });
    expect(weakBaselines([fair])).toEqual([]);
  });

  it('calls a slow baseline weak, by name and with its figures', () => {
    const slow = figure('heartbeats', 'heartbeats over 200 connections', 'per second', 'more', { ours: [50], baseline: [120 * weakBelow - 1], bare: [120] });
    expect(weakBaselines([fair, slow])).toEqual(['BASELINE WEAK: heartbeats over 200 connections: the baseline\'s 53 per second are 0.44 of bare aedes\' 120; at least 0.45 is fair']);
  });

  it('holds every baseline to 120 lines', () => {
    const lines = (file: string): number => read(`baseline/${file}`).trimEnd().split('\n').length;
    for (const baseline of [['bare.ts'], ['door.ts'], ['door.ts', 'alarm.ts']]) expect(baseline.map(lines).reduce((a, b) => a + b), baseline.join(' + ')).toBeLessThanOrEqual(120);
  });

  it('puts what was measured again in its place, and leaves no figure of another machine beside it', () => {
    const machine = { date: '2026-01-01T00:00:00Z', commit: 'a', cpu: 'x', cores: 2, memoryGib: 24, node: 'v24', postgres: '18', os: 'linux x64' };
    const of = (part: string, ours: number, commit: string): Results => ({ machine: { ...machine, commit }, quick: false, seconds: 1, parts: { [part]: { date: machine.date, commit } }, figures: [figure(part, 'f', 'ms', 'less', { ours: [ours] })], notes: { [part]: [`${ours}`] }, verdicts: { [part]: [] } });
    const order = ['a', 'b'];
    const both = merged(merged(of('b', 1, 'one'), of('a', 2, 'two'), order), of('b', 3, 'three'), order);
    expect([both.figures.map((f) => `${f.part} ${f.ours}`), Object.entries(both.parts ?? {}).map(([p, m]) => `${p} ${m.commit}`), both.notes]).toEqual([['a 2', 'b 3'], ['a two', 'b three'], { a: ['2'], b: ['3'] }]);
    const elsewhere = { ...of('a', 4, 'four'), machine: { ...machine, cpu: 'y' } };
    expect(merged(both, elsewhere, order).figures.map((f) => `${f.part} ${f.ours}`)).toEqual(['a 4']);
  });

  it('writes its table between the marks of its page, and the page shows the results that are committed', () => {
    const results = JSON.parse(read('results/latest.json')) as Results;
    expect(results.figures.length).toBeGreaterThan(10);
    for (const f of results.figures) expect([f.part, f.name, f.unit].every((text) => text !== '') && Number.isFinite(f.ours), f.name).toBe(true);
    expect(Object.keys(results.machine)).toEqual(['date', 'commit', 'cpu', 'cores', 'memoryGib', 'node', 'postgres', 'os']);
    expect(results.quick).toBe(false);
    expect(read('README.md')).toBe(withTable(read('README.md'), table(results)));
    expect(() => withTable('no marks', 'table')).toThrow('marks');
  });
});
