/** 台风前自检: a healthy house is 正常, each planted trouble is found, alone, and what could not be asked is never called well. */
import { describe, expect, it } from 'vitest';
import { type CountyFacts, type DatabaseFacts, diagnose, type DoctorId, doctorIds, type MachineFacts } from './doctor.ts';
import { doctorPage } from './doctor-words.ts';

const hour = 3_600_000;
const none = { count: 0, names: [] };
const county: CountyFacts = { villages: none, gaps: none, towns: none, leaders: 1, optedOut: 0, dead: none, lowBattery: 0, neverReported: 0, silent: 0, refused: 0 };
const spool: MachineFacts['spool'] = { folder: '/data/spool', writable: true, freeBytes: 4e10, slots: 1, rows: 0, unreadable: 0 };
const machine: MachineFacts = { spool, volumes: [{ name: 'database', freeBytes: 4e10, totalBytes: 1e11 }, { name: 'log', freeBytes: 4e10, totalBytes: 1e11 }], synchronized: true, ups: { state: 'ONLINE', onMains: true, charge: 100 } };
const ops: DatabaseFacts['ops'] = {
  roles: [], gateway: { kind: 'aliyun', danger: false, demo: false }, templates: { checked: 28, bad: 0 }, events: { count: 0, oldestMs: 0 }, timers: { count: 0, oldestMs: 0 }, outbox: { due: 0, oldestDueMs: 0, unknown: 0, failed: 0 },
  provider: { sent: 100, failed: 0 }, consoles: { open: 2, hearing: 2 }, doors: null, database: { answerMs: 2, bytes: 4e8, oldestTxMs: 0, connections: 10, connectionsMax: 200, standbys: 0, standbyLagMs: null }, disk: null, clockOffsetMs: 0,
  nodes: [], blind: { count: 0, totalMs: 0 }, quarantined: 0, feed: { seq: '1', at: 1 }, audit: { lookedMs: 4_000, found: 0, worst: null }, outside: { state: 'good', ageMs: 30_000 }, backup: { ageMs: 5 * hour, bytes: 5e6, failed: false },
};
const database: DatabaseFacts = {
  unsafe: null, keys: null, roles: ['edge', 'worker', 'web', 'standby', 'auditor'].map((role) => ({ role, ready: true, reasons: [] })), ops, driftMs: 3, county, provider: { sign: '大田养老呼叫', mode: 'public' }, refusals: [], growth: 1e8, packs: { towns: 18, keyless: { count: 0, names: [] }, old: { count: 0, names: [] } },
  canary: { now: 10 * hour, nextAt: 10 * hour + 60_000, okAt: 10 * hour - 120_000, busyUntil: null, failures: 0, failed: null, legs: {} }, backup: { folder: '/mnt/backup', sameDisk: false, failed: null },
};
type More = { machine?: Partial<MachineFacts>; database?: Partial<DatabaseFacts>; ops?: Partial<DatabaseFacts['ops']>; county?: Partial<CountyFacts> };
const lines = (more: More = {}) => diagnose({ machine: { ...machine, ...more.machine }, database: { ...database, ...more.database, ops: { ...ops, ...more.ops }, county: { ...county, ...more.county } } });
const marked = (mark: string, more: More = {}): string[] => lines(more).filter((l) => l.mark === mark).map((l) => l.id);
const one = { count: 1, names: ['仙亭村'] };

describe('the doctor', () => {
  it('says 正常 of a healthy house, and not known of what nobody here can know [FF24]', () => {
    expect(lines().map((l) => l.id)).toEqual([...doctorIds]);
    expect([marked('attention'), marked('unknown')]).toEqual([[], ['balance']]);
    expect(marked('attention', { database: { growth: null, canary: null, backup: { folder: '/x', sameDisk: null, failed: null } }, machine: { synchronized: null, ups: null }, ops: { templates: { checked: 0, bad: 0 } } })).toEqual([]);
    expect(marked('unknown', { database: { canary: null, backup: { folder: '/x', sameDisk: null, failed: null } }, machine: { ups: null, volumes: [] }, ops: { templates: { checked: 0, bad: 0 } } })).toEqual(['disk', 'apart', 'ups', 'canary', 'templates', 'balance']);
    expect(marked('attention', { ops: { gateway: { kind: 'standin', danger: false, demo: true }, clockOffsetMs: 9 * hour } })).toEqual([]); // a demonstration's clock may be set on
  });

  it.each<[DoctorId, More]>([
    ['house', { database: { roles: [] } }], ['house', { database: { roles: database.roles.slice(1) } }], ['house', { database: { roles: [{ role: 'edge', ready: false, reasons: ['the spool cannot be opened'] }, ...database.roles.slice(1)] } }],
    ['database', { ops: { database: { ...ops.database, answerMs: 900 } } }], ['safety', { database: { unsafe: 'fsync = off' } }], ['keys', { database: { keys: 'does not belong' } }],
    ['disk', { machine: { volumes: [{ name: 'database', freeBytes: 4e9, totalBytes: 1e10 }] } }], ['disk', { machine: { volumes: [...machine.volumes, { name: 'backup', freeBytes: 1e9, totalBytes: 1e12 }] } }], ['disk', { database: { growth: 4e9 } }],
    ['spool', { machine: { spool: { ...spool, writable: false } } }], ['spool', { machine: { spool: { ...spool, rows: 3 } } }], ['spool', { machine: { spool: { ...spool, freeBytes: 1e9 } } }], ['spool', { machine: { spool: { ...spool, unreadable: 1 } } }],
    ['audit', { ops: { audit: { lookedMs: 4_000, found: 1, worst: 'timer-late' } } }], ['audit', { ops: { audit: { lookedMs: 90_000, found: 0, worst: null } } }],
    ['outside', { ops: { outside: { state: 'unset', ageMs: null } } }], ['outside', { ops: { outside: { state: 'failing', ageMs: 30_000 } } }], ['outside', { ops: { outside: { state: 'good', ageMs: 400_000 } } }],
    ['backup', { ops: { backup: { ageMs: 27 * hour, bytes: 1, failed: false } } }], ['backup', { database: { backup: { ...database.backup, failed: 'ENOSPC' } } }], ['apart', { database: { backup: { ...database.backup, sameDisk: true } } }],
    ['packs', { database: { packs: { towns: 18, keyless: one, old: { count: 0, names: [] } } } }], ['packs', { database: { packs: { towns: 18, keyless: { count: 0, names: [] }, old: one } } }],
    ['clock', { machine: { synchronized: false } }], ['clock', { database: { driftMs: -9_000 } }], ['clock', { ops: { clockOffsetMs: 7_200_000 } }],
    ['ups', { machine: { ups: { state: 'ONBATT', onMains: false, charge: 97 } } }], ['ups', { machine: { ups: { state: 'ONLINE', onMains: true, charge: 41 } } }],
    ['canary', { database: { canary: { ...database.canary!, failures: 3, failed: 'nobody evaluates it (worker)' } } }], ['canary', { database: { canary: { ...database.canary!, nextAt: 9 * hour } } }],
    ['gateway', { ops: { gateway: { kind: 'standin', danger: true, demo: false } } }], ['templates', { ops: { templates: { checked: 28, bad: 1 } } }], ['provider', { ops: { provider: { sent: 40, failed: 12 } } }], ['balance', { database: { refusals: [{ code: 'isv.MOBILE_NUMBER_ILLEGAL', count: 9 }, { code: 'isv.AMOUNT_NOT_ENOUGH', count: 1 }] } }], ['balance', { database: { refusals: [{ code: 'isv.OUT_OF_SERVICE', count: 3 }] } }], ['consoles', { ops: { consoles: { open: 1, hearing: 0 } } }],
    ['events', { ops: { events: { count: 3, oldestMs: 60_000 } } }], ['timers', { ops: { timers: { count: 3, oldestMs: 60_000 } } }], ['outbox', { ops: { outbox: { due: 3, oldestDueMs: 60_000, unknown: 0, failed: 0 } } }], ['unsent', { ops: { outbox: { due: 0, oldestDueMs: 0, unknown: 0, failed: 2 } } }],
    ['blind', { ops: { blind: { count: 1, totalMs: 20 * 60_000 } } }], ['quarantine', { ops: { quarantined: 1 } }], ['refused', { county: { refused: 2 } }], ['desk', { county: { leaders: 0 } }], ['villages', { county: { villages: one } }], ['gaps', { county: { gaps: one } }],
    ['towns', { county: { towns: one } }], ['numbers', { county: { optedOut: 1 } }], ['numbers', { county: { dead: one } }], ['battery', { county: { lowBattery: 1 } }], ['never', { county: { neverReported: 1 } }], ['silent', { county: { silent: 1 } }],
  ])('finds trouble with %s, and that alone', (id, more) => { expect(marked('attention', more)).toEqual([id]); });

  it('without a database says so, and calls nothing well that it could not ask', () => {
    const cut = diagnose({ machine, database: 'DATABASE_URL: 10.0.0.9:5432 does not listen' });
    expect(cut.filter((l) => l.mark === 'attention').map((l) => l.id)).toEqual(['database']);
    expect(cut.filter((l) => l.mark === 'good').map((l) => l.id)).toEqual(['disk', 'spool', 'ups']);
    expect(cut.find((l) => l.id === 'villages')).toMatchObject({ mark: 'unknown', zh: expect.stringContaining('问不到') });
    expect(doctorPage(cut, '').split('\n').length).toBeLessThan(15);
    expect(doctorPage(cut, '')).toMatch(/问不到:系统、.*、离线设备\n +not asked, for the database does not answer: House, /);
  });

  it('has for every line a sentence of what to do, in both languages', () => {
    for (const id of doctorIds) {
      const [zh = '', en = ''] = doctorPage([{ id, mark: 'attention', zh: '坏', en: 'bad' }], '').split('\n').filter((l) => l.includes('→'));
      expect([id, /[一-龥]/.test(zh), /[一-龥]/.test(en), /→ [A-Z].*\.$/.test(en)]).toEqual([id, true, false, true]);
    }
  });

  it('is one page: the verdict on top, what needs hands first, each with one sentence in both languages', () => {
    const page = doctorPage(lines({ county: { villages: { count: 7, names: ['仙亭村', '内洋村'] } }, database: { growth: 1e8 } }), '2026-11-26 18:10').split('\n');
    expect(page[0]).toBe('安铃 台风前自检 Anling doctor   2026-11-26 18:10   要处理 1 项 to do');
    expect(page.slice(2, 5)).toEqual([expect.stringMatching(/^▲ 要处理 {2}无人可叫的村 Villages without anyone +7:仙亭村、内洋村等 \| 7: 仙亭村, 内洋村, …$/), expect.stringContaining('→ 给这些村登记'), expect.stringContaining('→ Put a reachable')]);
    expect(page.join('\n')).toContain('按现在的增长还能用 400 天');
    expect(page.length).toBeLessThan(45);
    expect(doctorPage(lines(), '')).toContain('正常 All is well.');
  });
});
