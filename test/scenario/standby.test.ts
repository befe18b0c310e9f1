/** The database goes away under a whole alarm path: people are called all the same, nobody is called twice, and everything is in the database afterwards (A2, FIELD F2 to F6). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseSync } from 'node:sqlite';
import { readConfig, type Role } from '#config';
import type { Case, SentAlready } from '#core/change.ts';
import type { Party } from '#core/ids.ts';
import { standinKey } from '#notify/standin-key.ts';
import { dutyGate, openDuty } from '#ops/duty.ts';
import { createLog } from '#ops/log.ts';
import { stampFile } from '#ops/machine.ts';
import { createMetrics } from '#ops/metrics.ts';
import { freePort } from '#ops/processes.ts';
import { type Standin, startStandin } from '#simulators/standin/server.ts';
import { openDb } from '#store/pool.ts';
import { unsealed } from '#store/sealed-value.ts';
import { readSnapshot } from '#store/standby-files.ts';
import type { Kept } from '#standby/case.ts';
import type { OpenNow } from '#standby/county.ts';
import type { Service } from '#work/loop.ts';
import { type Alarm, phone, testAlarm } from '#test/harness/alarm.ts';
import { type DatabaseGate, databaseGate } from '#test/harness/db.ts';
import { makeDevice, publishPacket, RawDevice, type TestDevice, until } from '#test/harness/edge.ts';
import { newNodeId, pools, startRole, stopAll } from '../../src/engine.ts';

type Running = { services: Service[]; stop(): Promise<void> };
type Sent = { kind: string; to: string; text: string; at: number };
let t: Alarm;
let data: string;
let gate: DatabaseGate;
let standin: Standin;
let device: TestDevice;
let raw: RawDevice;
let env: Record<string, string>;
const roles = new Map<Role, Running>();
const lines: string[] = [];
let from = 0;
const undo: (() => Promise<unknown>)[] = [];

async function run(role: Role): Promise<void> {
  const config = readConfig([], env);
  const log = createLog(role, 'info', (line) => lines.push(line));
  const open = pools(t.url, log);
  const services = await startRole(role, { config, log, metrics: createMetrics(role), seal: t.seal, nodeId: newNodeId(role), databaseUrl: t.url, db: open.db, peers: () => [] });
  roles.set(role, { services, async stop() { await stopAll(services); await open.close(); } });
}
const quit = async (role: Role): Promise<void> => { await roles.get(role)?.stop(); roles.delete(role); };

beforeEach(async () => {
  t = await testAlarm({ runs: true });
  for (const table of ['region', 'home', 'person', 'device', 'responder', 'contact']) await t.db.query(`update ${table} set demo = true`).catch(() => {});
  data = mkdtempSync(join(tmpdir(), 'anling-standby-'));
  const ports = { http: await freePort(), mqtt: await freePort(), standin: await freePort() };
  env = {
    ANLING_DATA: data, DATABASE_URL: t.url, ANLING_HTTP_PORT: String(ports.http), ANLING_MQTT_PORT: String(ports.mqtt), ANLING_MQTTS_PORT: '0', ANLING_DOOR_PORT: '0',
    ANLING_PUBLIC_URL: `http://127.0.0.1:${ports.http}`, ANLING_GATEWAY: 'standin', ANLING_STANDIN_PORT: String(ports.standin),
  };
  standin = await startStandin({ port: ports.standin, key: standinKey(t.seal), hooks: `http://127.0.0.1:${ports.http}/hooks/aliyun/${t.seal.hookSecret}`, settings: { windows: false, receiptMs: 50, ringMs: 60_000, speakMs: 0 } });
  // Seconds are real here: nobody can travel while the database is away.
  const step = (atS: number, target: string, channel: string): object => ({ atS, actions: [{ target, channel }] });
  await t.db.query(`insert into plan (id, name, kinds, scope_code, spec) values ('short', '短', '{sos}', '350425000000', $1)`,
    [JSON.stringify({ steps: [step(0, 'care-worker', 'sms'), step(3, 'care-worker', 'voice'), step(6, 'doctor', 'sms'), step(9, 'village-cadre', 'sms')], roundS: 300, desk: [] })]);
  device = await makeDevice(t.db, t.seal, { homeId: 'h1' });
  await t.db.query(`insert into home (id, region_code, address_enc, place_enc, demo) select 'h2', region_code, address_enc, place_enc, true from home where id = 'h1'`);
  await t.db.query(`insert into person (id, home_id, name_enc, name_bidx, demo) select 'p2', 'h2', name_enc, name_bidx, true from person where id = 'p1'`);
  others = await makeDevice(t.db, t.seal, { homeId: 'h2' });
  await t.db.query('update device set demo = true');
  gate = databaseGate(t.url);
  for (const role of ['edge', 'worker', 'web', 'standby'] as const) await run(role);
  await until('the standby has its snapshot', () => roles.get('standby')?.services.every((s) => s.ready() === null) ?? false);
  const greeter = await other(); // known to the doors from now on
  greeter.socket.destroy();
  raw = new RawDevice(ports.mqtt);
  expect(await raw.login(device)).toBe(0);
  from = performance.now();
});
afterEach(async (context) => {
  for (const step of undo.splice(0).reverse()) await step();
  await gate.back();
  raw.socket.destroy();
  for (const role of [...roles.keys()].reverse()) await quit(role);
  if (context.task.result?.state === 'fail') console.log(lines.filter((l) => !l.includes('not currently accepting')).slice(-120).join('\n'));
  lines.length = 0;
  await standin.close();
  await gate.close();
  await t.close();
  rmSync(data, { recursive: true, force: true });
});

const press = (id: number): void => raw.send(publishPacket(device, 'event', `{"kind":"sos","id":"e${id}"}`, 1, id));
const acknowledged = (id: number): boolean => raw.packets.some((p) => p.cmd === 'puback' && p.messageId === id);

const who = new Map(Object.entries(phone).map(([key, number]) => [number, key]));
/** What the stand-in took, whoever sent it, as `sms cw`. */
const taken = (): Sent[] => standin.state.ledger.filter((l) => l.accepted && /^(SendSms|SingleCall|IvrCall)/.test(l.action)).map((l) => ({ kind: l.action === 'SendSms' ? 'sms' : 'voice', to: who.get(l.phone ?? '') ?? String(l.phone), text: '', at: 0 }));
const rung = (): string[] => taken().map((s) => `${s.kind} ${s.to}`);
const answer = async (from: string, text: string): Promise<void> => {
  const kind = 'sms-up';
  const body = JSON.stringify([{ phone_number: phone[from], content: text, sequence_id: `${Math.random()}`, send_time: '2026-01-01 00:00:00' }]);
  const response = await fetch(`${env['ANLING_PUBLIC_URL']}/hooks/aliyun/${t.seal.hookSecret}/${kind}`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  expect(response.status).toBe(200);
};
let others: TestDevice;
/** The button of another elder. */
async function other(): Promise<RawDevice> {
  const socket = new RawDevice(Number(env['ANLING_MQTT_PORT']));
  undo.push(async () => socket.socket.destroy());
  expect(await socket.login(others)).toBe(0);
  return socket;
}
/** Messages as the ledger of standby has them. */
function noted(): SentAlready[] {
  const db = new DatabaseSync(join(data, 'standby', 'ledger.db'), { readOnly: true });
  try {
    return (db.prepare('select body from kept').all() as { body: Uint8Array }[]).flatMap((r) => unsealed<Kept>(t.seal, 'standby.ledger', r.body).handover.changes.flatMap((c) => c.change.sends.flatMap((m) => m.done ?? [])));
  } finally { db.close(); }
}
/** The event of the one case that standby has opened. */
function opening(): string {
  const db = new DatabaseSync(join(data, 'standby', 'ledger.db'), { readOnly: true });
  try {
    return (db.prepare('select body from kept').all() as { body: Uint8Array }[]).flatMap((r) => unsealed<Kept>(t.seal, 'standby.ledger', r.body).events.map((e) => e.ingestId))[0] ?? '';
  } finally { db.close(); }
}
const openNow = (): readonly Case[] => readSnapshot<OpenNow>(join(data, 'standby'), 'open', t.seal)?.value.cases ?? [];
const settledBack = async (): Promise<void> => {
  await until('the standby has handed over and the event is evaluated', async () => {
    const [row] = await t.db.query<{ n: number }>('select (select count(*) from standby_case where merged_at is null)::int + (select count(*) from event where evaluated_at is null)::int + case when exists (select from standby_case) then 0 else 1 end as n').catch(() => [{ n: 1 }]);
    return row?.n === 0;
  }, 30_000);
};

describe('while the database is away', { timeout: 120_000 }, () => {
  it('an SOS is acknowledged, texted within 5 s, called in its second, and taken by a reply; on return it is one alert, and nobody hears of it twice [A2 RF2 LAW6]', async () => {
    await gate.away();
    press(1);
    await until('PUBACK', () => acknowledged(1), 10_000);
    await until('the first text', () => rung().length > 0, 15_000);
    console.log(`first text ${Math.round(performance.now() - from)} ms after the press`);
    expect(rung()[0]).toBe('sms cw');
    await until('the call', () => rung().includes('voice cw'), 15_000);
    await answer('cw', '1');
    await until('standby takes the answer', () => lines.some((l) => l.includes('standby took an answer')), 30_000);
    await new Promise((resolve) => setTimeout(resolve, 4_500)); // the doctor's second passes: nobody is searched any more
    await gate.back();
    await settledBack();
    await until('the kept answer is read again', async () => (await t.db.query('select 1 from receipt where processed_at is null')).length === 0 && (await t.db.query('select 1 from reply where evaluated_at is null')).length === 0, 30_000);
    const alerts = await t.alerts();
    expect(alerts.map((a) => [a.state, a.kind, a.count])).toEqual([['committed', 'sos', 1]]);
    const log = await t.db.query<{ action: string; at: number; detail: { since?: number } }>('select action, at, detail from alert_log order by id');
    expect(log.map((l) => l.action).join(' ')).toMatch(/^opened plan-step plan-step( plan-step)* accepted standby-handed-over$/); // on a slow machine more steps come before the answer, never one after it
    expect((log[2]?.at ?? 0) - (log.at(-1)?.detail.since ?? Number.POSITIVE_INFINITY)).toBeGreaterThanOrEqual(3_000 - 5); // told at the time when it was made, and not before its second
    const outbox = await t.db.query<{ what: string; provider_id: string | null }>(`select channel || ' ' || party || ' ' || template as what, provider_id from outbox where not dry order by id`);
    expect(outbox.slice(0, 2).map((o) => [o.what, o.provider_id !== null])).toEqual([['sms responder:cw sos', true], ['voice responder:cw voice-p1', true]]);
    expect(new Set(outbox.map((o) => o.what)).size).toBe(outbox.length);
    expect(rung()).toHaveLength(outbox.length);
  });

  it.each(['due', 'sending'])('an event that was committed after all, its edge unheard, and evaluated: the worker’s own text (%s) stays behind, nobody hears of it twice [A2 RF5 LAW6]', async (found) => {
    await gate.away();
    press(1);
    await until('the first text', () => rung().length > 0, 15_000);
    await until('its outcome is in the ledger', () => noted().some((m) => m.state === 'accepted'));
    await quit('standby');
    const flag = setInterval(() => stampFile(join(data, 'standby', 'duty.json')), 500); // its next life goes on where it stood
    undo.push(async () => clearInterval(flag));
    await gate.back();
    const id = await t.event('sos', { deviceId: device.id, id: 'e1' });
    await t.db.query('update event set ingest_id = $2 where id = $1', [id, opening()]);
    await t.evaluate();
    await t.fire();
    expect(await t.db.query(`select 1 from outbox where party = 'responder:cw' and state = 'due'`)).not.toEqual([]);
    if (found === 'sending') await t.db.query(`update outbox set state = 'sending', attempts = 1, lease_token = 1, sent_at = anling_now(), lease_until = anling_now() + interval '4 seconds' where party = 'responder:cw' and state = 'due'`); // by one that died
    await run('standby');
    clearInterval(flag);
    await settledBack();
    await until('the worker goes on', () => rung().includes('sms doctor'), 30_000);
    await until('nothing is in anybody’s hands', async () => (await t.db.query(`select 1 from outbox where state = 'sending'`)).length === 0, 30_000);
    const counts = [...Map.groupBy(rung(), (l) => l)].map(([l, all]) => `${l} ${all.length}`);
    expect(counts.filter((l) => !l.endsWith(' 1'))).toEqual([]);
    expect((await t.alerts()).map((a) => [a.state, a.count])).toEqual([['open', 1]]);
  });

  it('a standby that was stopped in the middle goes on where it was: no step lost, none made again; what was open before goes on too [A2 RF1 RF2 LAW6]', async () => {
    press(1);
    await until('the worker texts', () => rung().length === 1);
    await until('the snapshot knows of it', async () => (await t.db.query(`select 1 from outbox where state in ('accepted', 'delivered')`)).length > 0);
    await until('the snapshot knows whom it told', () => openNow().some((c) => c.contacted.get('responder:cw' as Party)?.reached === true));
    await gate.away();
    const second = await other();
    await until('the call of the case that was open', () => rung().includes('voice cw'), 30_000);
    second.send(publishPacket(others, 'event', '{"kind":"sos","id":"z1"}', 1, 1));
    await until('the text about the second elder', () => rung().filter((l) => l === 'sms cw').length === 2, 30_000);
    await quit('standby');
    await run('standby');
    await until('the doctor about both', () => rung().filter((l) => l === 'sms doctor').length === 2, 30_000);
    await gate.back();
    await settledBack();
    await until('the worker goes on', () => rung().filter((l) => l === 'sms cadre').length === 2, 30_000);
    const counts = Map.groupBy(rung(), (l) => l);
    expect(Object.fromEntries([...counts].map(([l, all]) => [l, all.length]))).toMatchObject({ 'sms cw': 2, 'voice cw': 2, 'sms doctor': 2, 'sms cadre': 2 });
    const alerts = await t.alerts();
    expect(alerts.map((a) => [a.state, a.planRound, a.planStep])).toEqual([['open', 0, 4], ['open', 0, 4]]);
    for (const a of alerts) expect((await t.log(a.id)).filter((l) => l.action === 'plan-step').map((l) => l.detail['step'])).toEqual([0, 1, 2, 3]);
  });

  it('with the event table only locked, the worker keeps what it has and standby calls for what it cannot know [A2 RF4]', async () => {
    const holder = openDb({ url: t.url, max: 1, name: 'holder', statementMs: 60_000 });
    const release = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const done = holder.tx(async (sql) => { await sql.query('lock table event in exclusive mode'); locked.resolve(); await release.promise; });
    undo.push(async () => { release.resolve(); await done.catch(() => {}); await holder.close(); });
    await locked.promise;
    press(1);
    await until('the first text', () => rung().length === 1, 20_000);
    await until('the call', () => rung().length === 2, 20_000);
    release.resolve();
    await settledBack();
    await until('the worker goes on with the doctor', () => rung().length === 3, 20_000);
    expect(rung()).toEqual(['sms cw', 'voice cw', 'sms doctor']);
    expect((await t.alerts()).map((a) => [a.state, a.count])).toEqual([['open', 1]]);
  });

  it('of two standbys on one folder only the newer sends; one that the worker relieved sends nothing more, until nobody goes on [LAW6]', async () => {
    await gate.away();
    press(1);
    await until('the first text', () => rung().length === 1, 15_000);
    await until('its outcome is in the ledger', () => noted().some((m) => m.state === 'accepted'));
    const first = roles.get('standby') as Running;
    await run('standby');
    undo.push(() => first.stop());
    await until('the first one has noticed', () => first.services.some((x) => x.ready() === 'another standby has taken over'));
    await until('the doctor', () => rung().includes('sms doctor'), 20_000);
    expect(rung()).toEqual(['sms cw', 'voice cw', 'sms doctor']);
    expect(dutyGate(data, ['away'], 0)()).toBe(false); // a worker whose patience is over
    await new Promise((resolve) => setTimeout(resolve, 5_000)); // the cadre's second passes
    expect(rung()).toEqual(['sms cw', 'voice cw', 'sms doctor']);
    await until('nobody goes on: the cadre after all', () => rung().includes('sms cadre'), 30_000);
    await gate.back();
    await settledBack();
    expect(rung()).toEqual(['sms cw', 'voice cw', 'sms doctor', 'sms cadre']);
    expect(first.services.some((x) => x.ready() === 'another standby has taken over')).toBe(true);
  });

  /** A standby that has sent a text and a call and written both down, and is gone; the database is back. */
  const diedOnDuty = async (): Promise<void> => {
    await gate.away();
    press(1);
    await until('text and call', () => rung().length === 2, 15_000);
    await until('their outcome is in the ledger', () => noted().filter((m) => m.state === 'accepted').length === 2);
    await quit('standby');
    await gate.back();
  };

  it('a standby that died on duty is relieved by the worker, which hands over what it had done: no step is made a second time, and a new one begins anew [A2 LAW6 RF1 RF2]', async () => {
    await diedOnDuty();
    await until('the worker has handed over in its place', () => lines.some((l) => l.includes('handed over in the place of standby')), 30_000);
    await until('the rest of the plan', () => rung().includes('sms cadre'), 30_000);
    expect(rung()).toEqual(['sms cw', 'voice cw', 'sms doctor', 'sms cadre']);
    const [alert, ...others] = await t.alerts();
    expect([alert?.state, alert?.count, others.length]).toEqual(['open', 1, 0]);
    expect((await t.log(alert?.id)).map((l) => l.action)).toContain('standby-handed-over');
    await run('standby');
    await until('a new one is ready', () => roles.get('standby')?.services.every((s) => s.ready() === null) ?? false, 15_000);
    expect(rung()).toEqual(['sms cw', 'voice cw', 'sms doctor', 'sms cadre']);
  });

  it('a database that goes away again while the worker hands over is waited for: what a dead standby had done is made no second time [A2 LAW6 RF1 RF3]', async () => {
    await diedOnDuty();
    await until('the worker begins to hand over', () => openDuty(data, '').relieving(), 30_000);
    await gate.away();
    await until('it has found no database', () => lines.some((l) => l.includes('is waited for before what standby did is handed over')), 15_000);
    await gate.back();
    await until('the worker has handed over in its place', () => lines.some((l) => l.includes('handed over in the place of standby')), 30_000);
    await until('the rest of the plan', () => rung().includes('sms cadre'), 30_000);
    expect(rung()).toEqual(['sms cw', 'voice cw', 'sms doctor', 'sms cadre']);
  });

  it('what standby did before it was killed is put on the alert that the worker has opened without it, and is made no second time from then on [A2 RF1 RF2]', async () => {
    await gate.away();
    press(1);
    await until('the first text', () => rung().length === 1, 15_000);
    await until('its outcome is in the ledger', () => noted().some((m) => m.state === 'accepted'));
    await quit('standby');
    rmSync(join(data, 'standby', 'duty.json')); // as one that nobody refreshes any more
    await gate.back();
    await until('the worker has opened it by itself', async () => (await t.alerts().catch(() => [])).length === 1, 20_000);
    await run('standby');
    await settledBack();
    await until('the whole plan', () => rung().includes('sms cadre'), 30_000);
    const counts = Object.fromEntries([...Map.groupBy(rung(), (l) => l)].map(([l, all]) => [l, all.length]));
    // A crash costs one copy at most (law 6): none where the handover came before the worker's own had left.
    expect(counts).toEqual({ 'sms cw': expect.any(Number), 'voice cw': 1, 'sms doctor': 1, 'sms cadre': 1 });
    expect([1, 2]).toContain(counts['sms cw']);
    const [alert, ...others] = await t.alerts();
    expect([alert?.state, alert?.count, others.length]).toEqual(['open', 1, 0]);
    expect((await t.log(alert?.id)).map((l) => l.action)).toContain('standby-handed-over');
    expect(await t.db.query(`select 1 from outbox where party = 'responder:cw' and channel = 'sms' and provider_id is not null`)).toHaveLength(counts['sms cw'] ?? 0);
  });
});
