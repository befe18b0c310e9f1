/** The county after its worst night: last night's backup into an empty house, by the two commands; the device fitted since is heard, and what the doors had acknowledged comes in. */
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSeal, readKeys } from '#store/seal.ts';
import { logIn } from '#test/harness/client.ts';
import { type Ended, type House, makeHouse } from '#test/harness/house.ts';
import { killHard, pidsOf } from '#test/harness/processes.ts';

const root = join(import.meta.dirname, '..', '..');
const village = '350425100001';
type Made = { id: string; secret: string };
let house: House;
beforeAll(async () => {
  house = await makeHouse(root, { name: 'restore', env: { ANLING_DEMO: '0' } });
  await house.start();
  await house.ready(180_000);
}, 200_000);
afterAll(async () => { await house.stop(); rmSync(house.folder, { recursive: true, force: true }); });

const run = (...args: string[]): Promise<Ended> => house.run('src/backups.ts', ...args);
/** The device's own word at the HTTP door; 0 while nobody answers there. */
const say = (device: Made, what: 'events' | 'heartbeats', body: object): Promise<number> => fetch(`${house.doors}/api/v1/devices/${device.id}/${what}`, {
  method: 'POST', headers: { authorization: `Basic ${Buffer.from(`${device.id}:${device.secret}`).toString('base64')}` }, body: JSON.stringify(body), signal: AbortSignal.timeout(5_000),
}).then((answer) => answer.status, () => 0);
const press = (device: Made, id: string): Promise<number> => say(device, 'events', { kind: 'sos', id });
/** Said until it is acknowledged, like every device does. */
const insist = (word: () => Promise<number>): Promise<void> => expect.poll(word, { timeout: 60_000, interval: 200 }).toBe(200);

/** An alarm that is in the database and in the spool: acknowledged behind a lock, its edge held still, the lock gone, its edge killed. Answers the spool as it lies there. */
async function inBoth(device: Made, id: string): Promise<string> {
  const db = house.openDb();
  const kept = join(house.folder, 'spool-of-then');
  try {
    await db.tx(async (sql) => {
      await sql.query('lock table event in exclusive mode');
      await insist(() => press(device, id));
      for (const pid of pidsOf('edge', house.pid() ?? -1, house.data)) process.kill(pid, 'SIGSTOP'); // it hears of no commit
    });
    await expect.poll(() => db.query('select source_event_id as id from event where device_id = $1', [device.id]), { timeout: 20_000 }).toEqual([{ id }]);
  } finally {
    await db.close();
  }
  killHard((['supervisor', 'edge', 'worker', 'web'] as const).flatMap((role) => pidsOf(role, house.pid() ?? -1, house.data)));
  renameSync(join(house.data, 'spool'), kept);
  await house.start();
  await house.ready(120_000, /no real phone rings/);
  return kept;
}

/** The disk of the database dies under a house that goes on accepting. */
function breakDatabase(): void {
  writeFileSync(join(house.data, 'pg', 'global', 'pg_control'), '');
  killHard(pidsOf('database', house.pid() ?? -1, house.data));
}

describe('backup and restore', { timeout: 400_000 }, () => {
  it('lose no home fitted since: it is brought in from the copies, its button logs in with its own secret; what the spools hold of before, of after and of it is there once, with name and place [FF24 RF21 A2 I1 I2]', async () => {
    const admin = await logIn(house);
    await admin.call('POST', '/api/v1/regions', { rows: [{ code: '350425000000', name: '大田县' }, { code: '350425100000', name: '均溪镇' }, { code: village, name: '仙亭村' }] });
    const furnish = async (address: string, name: string): Promise<Made & { personId: string }> => {
      const { id: homeId } = await admin.call<{ id: string }>('POST', '/api/v1/homes', { regionCode: village, address });
      const { id: personId } = await admin.call<{ id: string }>('POST', '/api/v1/people', { homeId, name });
      return { ...await admin.call<Made>('POST', '/api/v1/devices', { model: 'sos-button', personId }), personId };
    };
    const before = await furnish('均溪镇仙亭村下厝角12号', '陈金水');
    const older = await inBoth(before, 'older');
    const kept = join(house.folder, 'usb');
    const keys = join(house.folder, 'safe');
    const made = await run('backup', '--to', kept, '--keys', keys); // while the house runs
    expect(made, made.output).toMatchObject({ code: 0 });
    expect(made.output).toMatch(/备份完成 Backup made and read again: .*\d+ rows/s);
    const [file = ''] = readdirSync(kept);
    const [keyFile = ''] = readdirSync(keys);
    expect([keyFile, statSync(join(keys, keyFile)).mode & 0o777]).toEqual([expect.stringMatching(/^keys-[0-9a-f]{16}\.json$/), 0o600]);
    const after = await furnish('均溪镇仙亭村示范路8号', '俞开盛');
    const refused = await run('restore', join(kept, file));
    expect(refused).toMatchObject({ code: 1, output: expect.stringMatching(/stop the house first.*E_CONFLICT/s) });
    await insist(() => say(after, 'heartbeats', {})); // the door knows it
    breakDatabase();
    await insist(() => press(before, 'newer'));
    await insist(() => press(after, 'newest'));
    await house.stop();

    // The disk died: a new data folder with what was kept elsewhere.
    const copies = join(house.folder, 'registrations.jsonl');
    renameSync(join(house.data, 'registrations.jsonl'), copies);
    renameSync(house.data, `${house.data}.dead`);
    renameSync(join(`${house.data}.dead`, 'spool'), join(house.folder, 'spool'));
    expect((await run('restore', join(kept, file))).output).toMatch(/key file .* is missing/);
    expect(existsSync(join(house.data, 'pg'))).toBe(false);
    const restored = await run('restore', join(kept, file), '--registrations', copies, '--keys', join(keys, keyFile));
    expect(restored, restored.output).toMatchObject({ code: 0, output: expect.stringContaining(`Registered since, and brought in: 1 (${after.id})`) });
    expect(restored.output).toMatch(/Now on file: 2 homes 户, 2 people 人, 2 devices 台/);
    expect((await run('restore', join(kept, file), '--keys', join(keys, keyFile))).output).toMatch(/holds a county already.*mv data\/pg/s);
    renameSync(join(keys, keyFile), join(house.data, 'keys.json'));
    // What two doors had acknowledged and nobody else knows comes along.
    renameSync(join(house.folder, 'spool'), join(house.data, 'spool'));
    for (const name of readdirSync(older)) if (name.startsWith('edge-0.db')) renameSync(join(older, name), join(house.data, 'spool', name.replace('edge-0', 'edge-1')));

    await house.start();
    await insist(() => press(after, 'restored'));
    await insist(() => press(before, 'restored'));
    const db = house.openDb();
    try {
      const events = (): Promise<{ id: string; n: number; persons: string[]; alerts: number }[]> => db.query(
        `select source_event_id as id, count(*)::int as n, array_agg(distinct person_id) as persons, count(distinct alert_id)::int as alerts from event where device_id = any($1) group by 1 order by 1`, [[before.id, after.id]]);
      await expect.poll(events, { timeout: 30_000 }).toEqual([
        { id: 'newer', n: 1, persons: [before.personId], alerts: 1 }, { id: 'newest', n: 1, persons: [after.personId], alerts: 1 }, { id: 'older', n: 1, persons: [before.personId], alerts: 1 },
        { id: 'restored', n: 2, persons: [before.personId, after.personId].sort(), alerts: 2 },
      ]);
      const alerts = (): Promise<{ person: string; name: Buffer; place: Buffer }[]> => db.query(`select a.person_id as person, p.name_enc as name, h.address_enc as place from alert a join person p on p.id = a.person_id join home h on h.id = a.home_id where a.kind = 'sos' order by a.device_id = $1`, [after.id]);
      await expect.poll(async () => (await alerts()).length, { timeout: 20_000 }).toBe(2);
      const seal = createSeal(readKeys(join(house.data, 'keys.json'), false));
      expect((await alerts()).map((a) => [a.person, seal.open('person.name', a.name), seal.open('home.address', a.place)])).toEqual([[before.personId, '陈金水', '均溪镇仙亭村下厝角12号'], [after.personId, '俞开盛', '均溪镇仙亭村示范路8号']]);
      expect(await press({ id: 'nobody', secret: 'x' }, 'x')).toBe(401);
      await expect.poll(() => db.query(`select reason from unregistered where presented_id = 'nobody'`), { timeout: 10_000 }).toEqual([{ reason: 'unknown' }]); // as one whose copy is lost: 设备未登记
    } finally {
      await db.close();
    }
  });

  it('are seen by the doctor, which asks a running house and one that is stopped, and makes none [FF24]', async () => {
    const lineOf = ({ output }: Ended, name: string): string => output.split('\n').find((line) => line.includes(name)) ?? '';
    await expect.poll(() => fetch(`${house.base}/healthz`).then((r) => r.ok, () => false), { timeout: 30_000 }).toBe(true);
    const up = await house.run('src/doctor.ts');
    expect(up.code, up.output).toBe(1);
    expect(lineOf(up, '系统 House')).toMatch(/^▲ 要处理 +系统 House +worker: no real phone rings/);
    expect(lineOf(up, '系统 House')).not.toContain('does not answer'); // the worker of before the restore has a young row
    expect(lineOf(up, 'Gateway')).toMatch(/^▲ 要处理.*standin/); // real elders, and no real phone rings
    expect(lineOf(up, 'Last backup')).toMatch(/^▲ 要处理.*没有做过/); // the backup knows of none before itself
    expect((await run('backup')).code).toBe(0);
    await house.stop();
    const down = await house.run('src/doctor.ts');
    expect([lineOf(down, '系统 House'), lineOf(down, 'Last backup'), lineOf(down, 'Key file')]).toEqual([expect.stringMatching(/^▲ 要处理.*没有运行/), expect.stringMatching(/^● 正常/), expect.stringMatching(/^● 正常/)]);
    renameSync(house.data, `${house.data}.gone`);
    expect((await house.run('src/doctor.ts')).output).toMatch(/There is no database/);
    expect(existsSync(house.data)).toBe(false);
  });
});
