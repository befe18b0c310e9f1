/** Who may come in, and what it costs. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DeviceId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { KnownDevice, Refused } from '#core/publish.ts';
import { createLog } from '#ops/log.ts';
import { createSeal } from '#store/seal.ts';
import { type DeviceCache, startDeviceCache } from './devices.ts';
import { createLogin, type Login } from './login.ts';

const keys = { seal: randomBytes(32), blind: randomBytes(32), pepper: randomBytes(32), audit: randomBytes(32), hook: 'x' };
const seal = createSeal(keys);
const from = { address: '10.0.0.1', door: 'mqtt' };

type World = { rows: Map<string, KnownDevice>; away: boolean; slow: PromiseWithResolvers<void> | null; asked: number; devices: DeviceCache; login: Login; refused: Refused[]; changes: string[] };
/** `known`: what an earlier life remembers of them, before any revocation; then the database answers nothing until `slow` is resolved. */
function world(ids: string[], revoked: string[] = [], known: string[] = []): World {
  const rows = new Map(ids.map((id, i) => [id, { id: id as DeviceId, no: i + 1, homeId: null, secretHash: seal.secretHash(`secret-of-${id}`), status: revoked.includes(id) ? 'revoked' as const : 'installed' as const }]));
  const w = { rows, away: false, slow: known.length > 0 ? Promise.withResolvers<void>() : null, asked: 0, refused: [] as Refused[], changes: [] as string[] } as unknown as World;
  const guard = async <T>(answer: () => T): Promise<T> => { w.asked++; await w.slow?.promise; if (w.away) throw new Error('ECONNREFUSED'); return answer(); };
  w.devices = startDeviceCache({
    log: createLog('edge', 'silent'), onChange: (id) => w.changes.push(id), known: known.map((id) => ({ ...rows.get(id) as KnownDevice, status: 'installed' })),
    lookup: { find: (wanted) => guard(() => wanted.flatMap((id) => rows.get(id) ?? [])), list: (after, n) => guard(() => [...rows.values()].filter((d) => d.no > after).slice(0, n)) },
  });
  w.login = createLogin({ devices: w.devices, secretMatches: seal.secretMatches, refused: (r) => w.refused.push(r) });
  return w;
}
const ready = async (w: World): Promise<void> => { while (w.devices.ready() !== null) await new Promise((r) => setTimeout(r, 1)); };

describe('logging in', () => {
  it('checks at least 10,000 secrets a second on one core, and stores no secret [M4 M2]', async () => {
    const w = world(['a']);
    await ready(w);
    const device = w.rows.get('a') as KnownDevice;
    expect(Buffer.from(device.secretHash).toString()).not.toContain('secret-of-a');
    expect(createSeal({ ...keys, pepper: randomBytes(32) }).secretMatches('secret-of-a', device.secretHash)).toBe(false);
    // Seconds of the processor, not of the wall clock: what else runs on this machine is no property of a login.
    const cpuSeconds = (since: NodeJS.CpuUsage): number => { const used = process.cpuUsage(since); return (used.user + used.system) / 1e6; };
    const start = process.cpuUsage();
    for (let i = 0; i < 20_000; i++) if (!seal.secretMatches('secret-of-a', device.secretHash)) throw new Error('no match');
    const perSecond = 20_000 / cpuSeconds(start);
    console.log(`${Math.round(perSecond)} secret checks/s`);
    expect(perSecond).toBeGreaterThan(10_000);
    const logins = process.cpuUsage();
    for (let i = 0; i < 5_000; i++) await w.login('a', 'secret-of-a', from);
    expect(5_000 / cpuSeconds(logins)).toBeGreaterThan(10_000);
    await w.devices.stop();
  });

  it('refuses unknown, wrong and revoked alike and not before the same time, and lists why [M1 M3]', async () => {
    const w = world(['a', 'gone'], ['gone']);
    await ready(w);
    const startMs = performance.now();
    const outcomes = await Promise.all([w.login('nobody', 'x', from), w.login('a', 'wrong', from), w.login('a', null, from), w.login('gone', 'secret-of-gone', from), w.login('../x', 'x', from)]);
    expect(outcomes).toEqual(outcomes.map(() => ({ refused: 'credentials' })));
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(limits.failedAnswerMs - 2);
    expect(w.refused.map((r) => [r.presentedId, r.reason]).toSorted()).toEqual([['../x', 'unknown'], ['a', 'wrong-secret'], ['a', 'wrong-secret'], ['gone', 'revoked'], ['nobody', 'unknown']]);
    await w.devices.stop();
  });

  it('slows the failures of an address, never its valid devices [M3 LAW5]', async () => {
    const w = world(['a']);
    await ready(w);
    let answered = 0;
    const wrong = Array.from({ length: limits.failedConnectsPerMinute + 5 }, () => w.login('a', 'wrong', from).then(() => { answered++; }));
    expect(await w.login('a', 'secret-of-a', from)).toMatchObject({ device: { id: 'a' } });
    expect(answered).toBe(0); // it came later and is let in first
    await Promise.all(wrong);
    const slowMs = performance.now();
    await w.login('a', 'wrong', from);
    expect(performance.now() - slowMs).toBeGreaterThanOrEqual(limits.failedAnswerSlowMs - 2);
    await w.devices.stop();
  });

  it('lets known devices in while the database is away, and says "unavailable" to the others [W17]', async () => {
    const w = world(['a']);
    await ready(w);
    w.away = true;
    expect(await w.login('a', 'secret-of-a', from)).toMatchObject({ device: { id: 'a' } });
    expect(await w.login('new', 'x', from)).toEqual({ refused: 'unavailable' });
    expect(w.refused).toEqual([]);
    w.away = false;
    w.rows.set('new', { ...w.rows.get('a') as KnownDevice, id: 'new' as DeviceId, no: 9, secretHash: seal.secretHash('n') });
    expect(await w.login('new', 'n', from)).toMatchObject({ device: { id: 'new' } });
    await w.devices.stop();
  });

  it('lets in at once whom it remembers, however slow the database is, and cuts off by its answer who was revoked meanwhile [RF14 M4 M10 W17]', async () => {
    const w = world(['a', 'b'], ['b'], ['a', 'b']);
    const startMs = performance.now();
    for (const id of ['a', 'b']) expect(await w.login(id, `secret-of-${id}`, from)).toMatchObject({ device: { id } });
    expect(performance.now() - startMs).toBeLessThan(limits.lookupMs);
    expect(w.changes).toEqual([]);
    w.slow?.resolve();
    await expect.poll(() => w.changes).toEqual(['b']);
    expect(await w.login('b', 'secret-of-b', from)).toEqual({ refused: 'credentials' });
    await w.devices.stop();
  });

  it('asks for a thousand logins in a few look-ups, and hears of changes by their hint', async () => {
    const ids = Array.from({ length: 1_000 }, (_, i) => `late-${i}`);
    const w = world([]);
    await ready(w);
    for (const [i, id] of ids.entries()) w.rows.set(id, { id: id as DeviceId, no: i + 1, homeId: null, secretHash: seal.secretHash(`secret-of-${id}`), status: 'installed' });
    w.asked = 0;
    const outcomes = await Promise.all(ids.map((id) => w.login(id, `secret-of-${id}`, from)));
    expect(outcomes.every((o) => 'device' in o)).toBe(true);
    expect(w.asked).toBeLessThanOrEqual(5);
    w.rows.set('late-3', { ...w.rows.get('late-3') as KnownDevice, status: 'revoked' });
    w.devices.changed('late-3');
    while (w.changes.length === 0) await new Promise((r) => setTimeout(r, 1));
    expect(w.changes).toEqual(['late-3']);
    expect(await w.login('late-3', 'secret-of-late-3', from)).toEqual({ refused: 'credentials' });
    await w.devices.stop();
  });
});
