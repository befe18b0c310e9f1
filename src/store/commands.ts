/**
 * SQL of commands downwards: rows, written with what they follow from, claimed under a lease with a fencing token by the edge that has
 * the device. One at a time per device, in their order; what came too late expires and says so on its case. Nothing here waits for
 * a row that another holds: a word to the elder never holds up a claim.
 */
import type { EventKind } from '#core/event.ts';
import type { AlertId, RegionCode } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { type ElderWord, lightToElder, spokenToElder } from '#core/to-elder.ts';
import { appendFeed } from './feed.ts';
import { hint, type Row, type Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export const commandNames = ['test-call', 'led', 'voice', 'config', 'reboot'] as const;
export type CommandName = (typeof commandNames)[number];
export const commandStates = ['due', 'sent', 'acknowledged', 'replied', 'failed', 'expired', 'withdrawn'] as const;
export type CommandState = (typeof commandStates)[number];

export type NewCommand = {
  deviceId: string; alertId: string | null; name: CommandName; say: ElderWord | null; args: Record<string, unknown>; shown: boolean; by: string; validMs: number; trace: string;
};

export async function insertCommands(sql: Sql, seal: Seal, commands: readonly NewCommand[]): Promise<string[]> {
  if (commands.length === 0) return [];
  const column = <T>(pick: (c: NewCommand) => T): T[] => commands.map(pick);
  const rows = await sql.query<{ id: string }>(
    `insert into command (device_id, alert_id, name, say, args_enc, shown, created_by, trace, expires_at)
     select v.device_id, v.alert_id, v.name, v.say, v.args, v.shown, v.by, v.trace, anling_now() + v.valid_ms * interval '1 ms'
     from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::boolean[], $7::text[], $8::text[], $9::float8[]) with ordinality
       as v (device_id, alert_id, name, say, args, shown, by, trace, valid_ms, ord) order by v.ord returning id`,
    [column((c) => c.deviceId), column((c) => c.alertId), column((c) => c.name), column((c) => c.say), column((c) => seal.seal('command.args', JSON.stringify(c.args))),
      column((c) => c.shown), column((c) => c.by), column((c) => c.trace), column((c) => c.validMs)], 'commands-insert');
  await hint(sql, ['anling_command']);
  return rows.map((r) => r.id);
}

export type ToElder = { alertId: AlertId; word: ElderWord; kind: EventKind; deviceId: string | null; homeId: string | null; personId: string | null; trace: string };

/**
 * A word to whoever called: by voice and light of the device that called, by voice of the others of the person and the home (not by
 * what somebody else wears). What was not delivered yet is withdrawn: a newer word replaces it.
 */
export async function tellElders(sql: Sql, seal: Seal, words: readonly ToElder[]): Promise<void> {
  if (words.length === 0) return;
  await sql.query(
    `update command c set state = 'withdrawn', done_at = anling_now() where c.id in (
       select id from command where alert_id = any($1::bigint[]) and say is not null and state = 'due' for update skip locked)`, [words.map((w) => w.alertId)], 'commands-withdraw');
  const wordOf = new Map(words.map((w) => [w.alertId, w]));
  const made: NewCommand[] = [];
  const add = (w: ToElder, deviceId: string, name: 'voice' | 'led', args: Record<string, unknown>, shown: boolean): void => {
    made.push({ deviceId, alertId: w.alertId, name, say: w.word, args, shown, by: 'house:to-elder', trace: w.trace, validMs: w.word === 'over' ? limits.commandOverMs : limits.commandWordMs });
  };
  for (const d of await listeners(sql, words.filter((w) => w.word !== 'over'))) {
    const w = wordOf.get(d.alertId);
    const text = w && spokenToElder(w.word, w.kind);
    if (w && text && d.voice) add(w, d.deviceId, 'voice', { say: w.word, text, ...(d.language === null ? {} : { language: d.language }) }, true);
    if (w && d.own && d.led) add(w, d.deviceId, 'led', { mode: lightToElder(w.word) }, !d.voice);
  }
  for (const d of await litDevices(sql, words.flatMap((w) => (w.word === 'over' ? [w.alertId] : [])))) {
    const w = wordOf.get(d.alertId);
    if (w) add(w, d.deviceId, 'led', { mode: lightToElder('over') }, false);
  }
  await insertCommands(sql, seal, made);
}

type Listener = { alertId: AlertId; deviceId: string; voice: boolean; led: boolean; own: boolean; language: string | null };
async function listeners(sql: Sql, words: readonly ToElder[]): Promise<Listener[]> {
  if (words.length === 0) return [];
  return await sql.query<Listener>(
    `select * from (
       select w.alert_id as "alertId", d.id as "deviceId", m.voice, m.led, d.id = w.device_id as own, coalesce(p.language, h.language) as language,
         row_number() over (partition by w.alert_id order by d.id = w.device_id desc, d.person_id is not null desc, d.id) as n
       from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as w (alert_id, device_id, home_id, person_id)
         join device d on d.id = w.device_id or d.person_id = w.person_id or (d.home_id = w.home_id and (d.person_id is null or w.person_id is null))
         join device_model m on m.id = d.model left join person p on p.id = w.person_id
         left join lateral (select min(language) as language from person where home_id = w.home_id having count(distinct language) = 1) h on w.person_id is null
       where d.status = 'installed' and (m.voice or m.led and d.id = w.device_id)) x
     where n <= $5 order by "alertId", n`,
    [words.map((w) => w.alertId), words.map((w) => w.deviceId), words.map((w) => w.homeId), words.map((w) => w.personId), limits.commandDevices], 'commands-listeners');
}

/** Devices whose light these alerts have lit and no other open alert keeps lit. */
async function litDevices(sql: Sql, alertIds: readonly AlertId[]): Promise<{ alertId: AlertId; deviceId: string }[]> {
  if (alertIds.length === 0) return [];
  return await sql.query<{ alertId: AlertId; deviceId: string }>(
    `select distinct c.alert_id as "alertId", c.device_id as "deviceId" from command c
     where c.alert_id = any($1::bigint[]) and c.name = 'led' and not exists (
       select from command o join alert a on a.id = o.alert_id where o.device_id = c.device_id and o.name = 'led' and a.state <> 'closed' and not (a.id = any($1::bigint[])))`, [alertIds], 'commands-lit');
}

// -- the edge's side

export type OpenCommand = { id: string; deviceId: string };
const free = `(c.state = 'due' or c.state = 'sent' and c.lease_until < anling_now()) and c.expires_at > anling_now()`;

/** Commands that wait for some edge, by id after `after`; which of them are ours to send the sessions know. */
export async function openCommands(sql: Sql, after: string, rows: number): Promise<OpenCommand[]> {
  return await sql.query<OpenCommand>(`select c.id, c.device_id as "deviceId" from command c where c.state in ('due', 'sent') and c.id > $1 and ${free} order by c.id limit $2`, [after, rows], 'commands-open');
}

export type ClaimedCommand = { id: string; deviceId: string; name: CommandName; args: Record<string, unknown>; token: string; attempts: number; trace: string; ageMs: number };

/** Takes the first waiting command of each of these devices; none while an earlier one of it is under way. */
export async function claimCommands(sql: Sql, seal: Seal, deviceIds: readonly string[], edge: string): Promise<ClaimedCommand[]> {
  const rows = await sql.query<Omit<ClaimedCommand, 'args'> & { args: Buffer } & Row>(
    `update command c set state = 'sent', lease_until = n.at + $3 * interval '1 ms', lease_token = c.lease_token + 1, attempts = c.attempts + 1, edge = $2
     from (select anling_now() as at) n where c.id in (
       select c.id from command c where c.device_id = any($1) and c.state in ('due', 'sent') and ${free} and not exists (
         select from command e where e.device_id = c.device_id and e.id < c.id and e.state in ('due', 'sent') and e.expires_at > anling_now())
       for update skip locked)
     returning c.id, c.device_id as "deviceId", c.name, c.args_enc as args, c.lease_token as token, c.attempts, c.trace, (extract(epoch from n.at - c.created_at) * 1000)::float8 as "ageMs"`,
    [deviceIds, edge, limits.commandLeaseMs], 'commands-claim');
  return rows.map(({ args, ...row }) => ({ ...row, args: JSON.parse(seal.open('command.args', args)) as Record<string, unknown> }));
}

/** What became of a try; nothing when the lease was lost, or the device's own answer was faster. Run it in a transaction: the feed comes last. */
export async function settleCommand(sql: Sql, command: Pick<ClaimedCommand, 'id' | 'token'>, outcome: 'acknowledged' | 'due' | 'failed'): Promise<void> {
  await showOnCase(sql, await sql.query<Shown>(
    `update command set state = $3, lease_until = null, acknowledged_at = case when $3 = 'acknowledged' then anling_now() end, done_at = case when $3 = 'failed' then anling_now() end
     where id = $1 and lease_token = $2 and state = 'sent' returning alert_id as "alertId", shown and state <> 'due' as shown`, [command.id, command.token, outcome], 'commands-settle'));
}

/** The device's own answer: done, or that it could not. Only its own commands, and each once. */
export async function answerCommand(sql: Sql, seal: Seal, answer: { deviceId: string; id: string; ok: boolean; data: unknown }): Promise<void> {
  await showOnCase(sql, await sql.query<Shown>(
    `update command set state = $3, reply_enc = $4, lease_until = null, acknowledged_at = coalesce(acknowledged_at, anling_now()), done_at = anling_now()
     where id = $1 and device_id = $2 and state not in ('replied', 'failed') returning alert_id as "alertId", shown`,
    [answer.id, answer.deviceId, answer.ok ? 'replied' : 'failed', answer.data === null ? null : seal.seal('command.reply', JSON.stringify(answer.data))], 'commands-answer'));
}

/** What nobody could deliver in time is over, and its case says so. Answers how many. */
export async function expireCommands(sql: Sql, rows: number): Promise<number> {
  const expired = await sql.query<Shown>(
    `update command c set state = 'expired', lease_until = null, done_at = anling_now() where c.id in (
       select id from command where state in ('due', 'sent') and expires_at <= anling_now() and coalesce(lease_until, expires_at) <= anling_now() order by id limit $1 for update skip locked)
     returning alert_id as "alertId", shown`, [rows], 'commands-expire');
  await showOnCase(sql, expired);
  return expired.length;
}

type Shown = { alertId: AlertId | null; shown: boolean };
/** Walls that look at the case read it again; the feed's counter is taken last. */
async function showOnCase(sql: Sql, rows: readonly Shown[]): Promise<void> {
  const ids = [...new Set(rows.flatMap((r) => (r.shown && r.alertId !== null ? [r.alertId] : [])))];
  if (ids.length === 0) return;
  const alerts = await sql.query<{ id: AlertId; regionCode: RegionCode | null }>('select id, region_code as "regionCode" from alert where id = any($1::bigint[]) order by id', [ids], 'commands-cases');
  await hint(sql, ['anling_feed']);
  await appendFeed(sql, alerts.map((a) => ({ alertId: a.id, regionCode: a.regionCode, type: 'alert', payload: { what: 'elder-told' } })));
}

// -- for people

export type ShownCommand = {
  id: string; deviceId: string; alertId: string | null; name: CommandName; say: ElderWord | null; text: string | null; state: CommandState; room: string | null; by: string; attempts: number;
  createdAt: number; acknowledgedAt: number | null; doneAt: number | null; expiresAt: number;
};
const shownColumns = `c.id, c.device_id as "deviceId", c.alert_id as "alertId", c.name, c.say, c.state, d.room, c.created_by as by, c.attempts, c.created_at as "createdAt", c.acknowledged_at as "acknowledgedAt",
  c.done_at as "doneAt", c.expires_at as "expiresAt", c.args_enc as args`;
const shownRow = (seal: Seal) => ({ args, ...row }: Omit<ShownCommand, 'text'> & { args: Buffer }): ShownCommand => {
  const { text } = JSON.parse(seal.openIfReadable('command.args', args) ?? '{}') as { text?: unknown };
  return { ...row, text: typeof text === 'string' ? text : null };
};

/** What the elder of one alert was told, and whether it arrived. */
export async function commandsOfAlert(sql: Sql, seal: Seal, alertId: string, rows: number): Promise<ShownCommand[]> {
  return (await sql.query<Omit<ShownCommand, 'text'> & { args: Buffer }>(`select ${shownColumns} from command c join device d on d.id = c.device_id where c.alert_id = $1 and c.shown order by c.id limit $2`, [alertId, rows])).map(shownRow(seal));
}

/** The newest commands of a device. */
export async function commandsOfDevice(sql: Sql, seal: Seal, deviceId: string, rows: number): Promise<ShownCommand[]> {
  return (await sql.query<Omit<ShownCommand, 'text'> & { args: Buffer }>(`select ${shownColumns} from command c join device d on d.id = c.device_id where c.device_id = $1 order by c.id desc limit $2`, [deviceId, rows])).map(shownRow(seal));
}

/** Commands of a device that are still under way. */
export async function countOpenCommands(sql: Sql, deviceId: string): Promise<number> {
  const [row] = await sql.query<{ n: number }>(`select count(*)::int as n from command where device_id = $1 and state in ('due', 'sent') and expires_at > anling_now()`, [deviceId]);
  return row?.n ?? 0;
}

/** Forgets old commands that belong to no case. */
export async function pruneCommands(sql: Sql): Promise<void> {
  await sql.query(`delete from command where id in (select id from command where alert_id is null and created_at < anling_now() - make_interval(days => $1) order by id limit 5000)`, [limits.commandDays]);
}
