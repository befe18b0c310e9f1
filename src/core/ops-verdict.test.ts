/** What a person who looks once a morning is told. */
import { describe, expect, it } from 'vitest';
import { judge, type OpsFigures, opsLineIds } from './ops-verdict.ts';

const well: OpsFigures = {
  roles: [{ ready: true }, { ready: true }], gateway: { kind: 'standin', danger: false, demo: false }, templates: { checked: 28, bad: 0 }, events: { count: 0, oldestMs: 0 }, timers: { count: 0, oldestMs: 0 },
  outbox: { due: 0, oldestDueMs: 0, unknown: 0, failed: 0 }, provider: { sent: 100, failed: 4 }, consoles: { open: 2, hearing: 1 }, doors: { connected: 1152, perSecond: 19.2, waiting: 3, spooled: 0 },
  database: { answerMs: 2, bytes: 4e8, oldestTxMs: 20, connections: 30, connectionsMax: 100, standbys: 0, standbyLagMs: null }, disk: { freeBytes: 4e10, totalBytes: 1e11 }, clockOffsetMs: 0,
  nodes: [{ version: '0.2.0' }, { version: '0.2.0' }], blind: { count: 0, totalMs: 0 }, quarantined: 0, feed: { seq: '7', at: 1 }, audit: { lookedMs: 4_000, found: 0, worst: null }, outside: { state: 'good', ageMs: 30_000 }, backup: { ageMs: 3_600_000, bytes: 5e6, failed: false },
};
const marks = (more: Partial<OpsFigures>): string[] => judge({ ...well, ...more }).filter((line) => line.mark === 'attention').map((line) => line.id);

describe('the verdict of /ops', () => {
  it('is good for a healthy house, and honest about what nobody records', () => {
    expect(marks({})).toEqual([]);
    expect(judge(well).map((line) => line.id)).toEqual([...opsLineIds]);
    expect(judge(well).filter((line) => line.mark === 'unknown')).toEqual([]);
    expect(judge({ ...well, backup: { ageMs: null, bytes: 0, failed: false } }).find((line) => line.id === 'backup')).toMatchObject({ mark: 'unknown' });
    expect(marks({ gateway: { kind: 'standin', danger: false, demo: true }, clockOffsetMs: 3_600_000 })).toEqual([]); // a demonstration's clock may be set on
    expect(judge({ ...well, roles: [], doors: null, disk: null, templates: { checked: 0, bad: 0 } }).filter((line) => line.mark === 'unknown').map((line) => line.id)).toEqual(['roles', 'templates', 'doors', 'spool', 'disk']);
  });
  it.each<[string, Partial<OpsFigures>]>([
    ['roles', { roles: [{ ready: true }, { ready: false }] }], ['gateway', { gateway: { kind: 'standin', danger: true, demo: false } }], ['templates', { templates: { checked: 28, bad: 1 } }],
    ['events', { events: { count: 9, oldestMs: 6_000 } }], ['timers', { timers: { count: 1, oldestMs: 11_000 } }], ['outbox', { outbox: { due: 1, oldestDueMs: 31_000, unknown: 0, failed: 0 } }],
    ['unsent', { outbox: { due: 0, oldestDueMs: 0, unknown: 0, failed: 1 } }], ['provider', { provider: { sent: 99, failed: 5 } }], ['consoles', { consoles: { open: 3, hearing: 0 } }],
    ['doors', { doors: { connected: 1, perSecond: null, waiting: 9_999, spooled: 0 } }], ['spool', { doors: { connected: 1, perSecond: null, waiting: 0, spooled: 1 } }], ['database', { database: { ...well.database, answerMs: 300 } }], ['database', { database: { ...well.database, oldestTxMs: 61_000 } }],
    ['connections', { database: { ...well.database, connections: 81 } }], ['standby', { database: { ...well.database, standbys: 1, standbyLagMs: 90_000 } }],
    ['disk', { disk: { freeBytes: 4e9, totalBytes: 1e10 } }], ['disk', { disk: { freeBytes: 9e9, totalBytes: 1e11 } }], ['clock', { clockOffsetMs: -3_000 }],
    ['backup', { backup: { ageMs: 27 * 3_600_000, bytes: 1, failed: false } }], ['backup', { backup: { ageMs: null, bytes: 0, failed: true } }],
    ['audit', { audit: { lookedMs: 4_000, found: 2, worst: 'event-waits' } }], ['audit', { audit: { lookedMs: 50_000, found: 0, worst: null } }], ['outside', { outside: { state: 'held', ageMs: 30_000 } }], ['outside', { outside: { state: 'good', ageMs: 200_000 } }],
    ['nodes', { nodes: [{ version: '0.2.0' }, { version: null }] }], ['blind', { blind: { count: 1, totalMs: 11 * 60_000 } }], ['quarantine', { quarantined: 1 }],
  ])('marks %s, and that alone', (id, more) => { expect(marks(more)).toEqual([id]); });
});
