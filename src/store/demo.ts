/**
 * The demonstration county in the database: loaded whole or not at all, every row marked, device secrets random per install,
 * users without a usable password until an administrator gives one (M2); and removed again without a trace but the audit.
 */
import { randomBytes } from 'node:crypto';
import { makeDemoCounty } from '#core/demo.ts';
import { appendAudit } from './audit.ts';
import { returnClock } from './clock-travel.ts';
import { insertContacts } from './contacts.ts';
import { insertDevices } from './device-registry.ts';
import { insertHomes } from './homes.ts';
import { hashPassword } from './password.ts';
import { insertPeople } from './people.ts';
import type { Db, Sql } from './pool.ts';
import { putRegions } from './regions.ts';
import { insertResponders } from './responders.ts';
import type { Seal } from './seal.ts';
import { emptyStation, insertStations } from './stations.ts';
import { createUser, updateUser } from './users.ts';

const newSecret = (): string => randomBytes(32).toString('base64url');

/** Whether nobody has used this database yet: no region, nobody on file, nobody who logs in. */
export async function isUnused(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ used: boolean }>('select exists (select from region) or exists (select from person) or exists (select from device) or exists (select from app_user) as used');
  return row?.used === false;
}

/** Loads the county into an unused database; false when it was used already. One transaction: a kill leaves nothing half. */
export async function loadDemo(db: Db, seal: Seal): Promise<boolean> {
  const county = makeDemoCounty();
  // Nobody knows what it was made of: the accounts open with a password that an administrator sets.
  const unusable = await hashPassword(newSecret());
  return db.tx(async (sql) => {
    await sql.query(`select pg_advisory_xact_lock(hashtext('anling-demo'))`);
    if (!(await isUnused(sql))) return false;
    await putRegions(sql, county.regions, { demo: true, replace: false });
    await insertStations(sql, seal, county.stations.map((s) => ({ ...emptyStation, ...s, demo: true })));
    await insertHomes(sql, seal, county.homes.map((h) => ({ ...h, demo: true })));
    await insertPeople(sql, seal, county.people.map((p) => ({ ...p, demo: true })));
    await insertContacts(sql, seal, county.contacts.map((c) => ({ ...c, demo: true })));
    await insertResponders(sql, seal, county.responders.map((r) => ({ ...r, demo: true })));
    await insertDevices(sql, seal, county.devices.map((d) => ({ ...d, demo: true, secretHash: seal.secretHash(newSecret()) })), { secretKnown: false });
    for (const u of county.users) {
      const user = await createUser(sql, { ...u, passwordHash: unusable, demo: true });
      if (user) await updateUser(sql, user.id, user.version, { disabled: true });
    }
    await appendAudit(sql, seal, [{ actor: 'system:demo', action: 'demo.load', result: 'ok', detail: { homes: county.homes.length, people: county.people.length, responders: county.responders.length } }]);
    return true;
  });
}

/** Whether any demonstration person, contact or responder is on file: with a real gateway that is refused at the start (FIELD F18). */
export async function hasDemoPeople(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ demo: boolean }>('select exists (select from person where demo) or exists (select from responder where demo) or exists (select from contact where demo) as demo');
  return row?.demo ?? false;
}

export type DemoDevice = { id: string; secret: string; model: string; homeId: string; personId: string | null };

/** Registers one more device in a demonstration home; null when there is no such home or model. */
export async function makeDemoDevice(db: Db, seal: Seal, wish: { model: string; homeId: string | null }): Promise<DemoDevice | null> {
  const secret = newSecret();
  return db.tx(async (sql) => {
    const [model] = await sql.query('select id from device_model where id = $1', [wish.model]);
    const [home] = await sql.query<{ id: string; personId: string | null }>(
      `select h.id, (select p.id from person p where p.home_id = h.id order by p.id limit 1) as "personId" from home h where h.demo and ($1::text is null or h.id = $1) order by h.id limit 1`, [wish.homeId]);
    if (!model || !home) return null;
    const id = `demo-${wish.model}-${randomBytes(4).toString('hex')}`;
    await insertDevices(sql, seal, [{ id, model: wish.model, homeId: home.id, personId: home.personId, room: null, cell: null, serial: null, simUntil: null, phone: null, door: null, doorKey: null, doorSecret: null, status: 'installed', demo: true, secretHash: seal.secretHash(secret) }]);
    await appendAudit(sql, seal, [{ actor: 'system:admin-command', action: 'device.register', target: `device:${id}`, result: 'ok', detail: { homeId: home.id, demo: true } }]);
    return { id, secret, model: wish.model, homeId: home.id, personId: home.personId };
  });
}

const device = 'select id from device where demo';
const alerts = `select id from alert where demo or device_id in (${device}) or home_id in (select id from home where demo) or person_id in (select id from person where demo)`;
const inUse = `select scope_code from app_user union select scope_code from api_token union select scope_code from plan union select region_code from home union select region_code from responder
  union select registered_region_code from person where registered_region_code is not null union select region_code from station union select region_code from digest
  union select region_code from drill union select region_code from drill_case union select scope_code from roll_call union select region_code from roll_call_person union select region_code from number_task where region_code is not null union select region_code from pack_key`;

/** In this order no row is left that points to one that went. */
const removals: readonly (readonly [string, string])[] = [
  ...['outbox', 'timer', 'alert_log', 'engagement', 'slip', 'callback', 'pinned'].map((table) => [table, `delete from ${table} where alert_id in (${alerts})`] as const),
  ['outbox', 'delete from outbox where demo'],
  // Feed rows hold no personal data and their numbers are gapless: they only lose their alert.
  ['feed', `update feed set alert_id = null where alert_id in (${alerts})`],
  ['outage', `update outage set alert_id = null where alert_id in (${alerts})`],
  ['event', `delete from event where alert_id in (${alerts}) or device_id in (${device}) or home_id in (select id from home where demo) or person_id in (select id from person where demo)`],
  ['alert', `delete from alert where id in (${alerts})`],
  ['quarantine', `delete from quarantine where device_id in (${device})`],
  ['heartbeat', 'delete from heartbeat where device_no in (select no from device where demo)'],
  ['heartbeat_day', 'delete from heartbeat_day where device_no in (select no from device where demo)'],
  ['vital', 'delete from vital where device_no in (select no from device where demo)'],
  ['drill', 'delete from drill where demo'],
  ['roll_call', 'delete from roll_call where demo'],
  ...['reach', 'ring_test', 'number_task', 'reply_alias'].map((table) => [table, `delete from ${table} where party in (select 'responder:' || id from responder where demo union all select 'contact:' || id from contact where demo)`] as const),
  ['reach_gap', 'delete from reach_gap where region_code in (select code from region where demo)'],
  ['device', 'delete from device where demo'],
  ['contact', 'delete from contact where demo'],
  ['person', 'delete from person where demo'],
  ['home', 'delete from home where demo'],
  ['responder', 'delete from responder where demo'],
  ['station', 'delete from station where demo'],
  ['digest', 'delete from digest where region_code in (select code from region where demo)'],
  ['app_user', 'delete from app_user where demo'],
];

/** Removes all demonstration data; regions that something real still names stay, as real ones. How many rows went, by table. */
export async function removeDemo(db: Db, seal: Seal): Promise<Record<string, number>> {
  return db.tx(async (sql) => {
    const gone: Record<string, number> = {};
    const count = (table: string, n: number): void => { if (n > 0) gone[table] = (gone[table] ?? 0) + n; };
    await sql.query("select pg_notify('anling_device', id) from device where demo");
    for (const [table, statement] of removals) count(table, (await sql.query(`${statement} returning 1`)).length);
    await sql.query(`update region set demo = false where demo and code in (
      with recursive kept as (select code, parent_code, shown_under from region where code in (${inUse}) union select r.code, r.parent_code, r.shown_under from region r join kept k on r.code in (k.parent_code, k.shown_under)) select code from kept)`);
    for (const level of ['village', 'town', 'county']) count('region', (await sql.query('delete from region where demo and level = $1 returning 1', [level])).length);
    const clockBackMs = await returnClock(sql);
    await appendAudit(sql, seal, [{ actor: 'system:admin-command', action: 'demo.remove', result: 'ok', detail: { ...gone, ...(clockBackMs > 0 ? { clockBackMs } : {}) } }]);
    return gone;
  });
}
