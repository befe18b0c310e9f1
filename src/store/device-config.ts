/**
 * SQL of desired and reported settings of devices. A difference is a `config` command with that one setting; it is told again after a while
 * until the device reports it, refuses it, or it expires (limits.configDays). Values are sealed.
 */
import { type Configurable, reportedOf, sameSetting, type SettingName, type SettingState, type ShownSetting, settingsOf, expectedOf } from '#core/device-config.ts';
import { limits } from '#core/limits.ts';
import { insertCommands } from './commands.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

const label = 'device_setting.value';
const dayMs = 86_400_000;
const sealed = (seal: Seal, value: unknown): Buffer => seal.seal(label, JSON.stringify(value));
function opened(seal: Seal, bytes: Buffer | null): unknown {
  const text = bytes === null ? null : seal.openIfReadable(label, bytes);
  return text == null ? null : JSON.parse(text);
}

/** What decides a device's settings; null: there is no such device. */
export async function configurable(sql: Sql, deviceId: string): Promise<Configurable | null> {
  return (await sql.query<Configurable>(
    `select m.type, c.period_s as "periodS", m.confirm_window_s as "confirmWindowS", m.voice, d.demo, v.kind as "doorKind"
     from device d join device_model m on m.id = d.model join supervision_class c on c.id = m.supervision_class left join vendor_door v on v.name = d.door where d.id = $1`, [deviceId]))[0] ?? null;
}

/** Sets what is desired (null: nothing any more) and tells the device what differs. Run in a transaction. */
export async function desireSettings(sql: Sql, seal: Seal, deviceId: string, changes: Partial<Record<SettingName, unknown>>, { by, trace }: { by: string; trace: string }): Promise<void> {
  for (const [name, value] of Object.entries(changes)) {
    const [before] = await sql.query<{ command: string | null; reported: Buffer | null }>('select command_id as command, reported_enc as reported from device_setting where device_id = $1 and name = $2 for update', [deviceId, name]);
    if (before?.command != null) await sql.query(`update command set state = 'withdrawn', done_at = anling_now() where id = $1 and state = 'due'`, [before.command]);
    if (value === null) {
      await sql.query('update device_setting set desired_enc = null, desired_at = null, desired_by = null, until_at = null, agreed = false, refused = false, command_id = null, again_at = null where device_id = $1 and name = $2', [deviceId, name]);
      continue;
    }
    const agreed = before?.reported != null && sameSetting(opened(seal, before.reported), value);
    await sql.query(
      `insert into device_setting as s (device_id, name, desired_enc, desired_at, desired_by, until_at, agreed, refused, again_at) values ($1, $2, $3, anling_now(), $4, anling_now() + make_interval(days => $5), $6, false, anling_now())
       on conflict (device_id, name) do update set desired_enc = excluded.desired_enc, desired_at = excluded.desired_at, desired_by = excluded.desired_by, until_at = excluded.until_at, agreed = excluded.agreed, refused = false, command_id = null, again_at = excluded.again_at`,
      [deviceId, name, sealed(seal, value), by, limits.configDays, agreed]);
    if (!agreed) await tell(sql, seal, [{ deviceId, name, value, by, trace }]);
  }
}

async function tell(sql: Sql, seal: Seal, settings: readonly { deviceId: string; name: string; value: unknown; by: string; trace: string }[]): Promise<void> {
  const ids = await insertCommands(sql, seal, settings.map((s) => ({ deviceId: s.deviceId, alertId: null, name: 'config' as const, say: null, args: { [s.name]: s.value }, shown: false, by: s.by, validMs: limits.configDays * dayMs, trace: s.trace })));
  await sql.query(
    `update device_setting s set command_id = v.id, again_at = anling_now() + $4 * interval '1 ms' from unnest($1::text[], $2::text[], $3::bigint[]) as v (device_id, name, id) where s.device_id = v.device_id and s.name = v.name`,
    [settings.map((s) => s.deviceId), settings.map((s) => s.name), ids, limits.configAgainMs]);
}

/** Tells again what no device has reported yet, where no command is still on its way; answers how many. Run in a transaction. */
export async function tellAgain(sql: Sql, seal: Seal, rows: number, newTrace: () => string): Promise<number> {
  const due = await sql.query<{ deviceId: string; name: string; value: Buffer; by: string }>(
    `select s.device_id as "deviceId", s.name, s.desired_enc as value, s.desired_by as by from device_setting s join device d on d.id = s.device_id
     where s.desired_enc is not null and not s.agreed and not s.refused and s.again_at <= anling_now() and s.until_at > anling_now() and d.status <> 'revoked'
       and not exists (select from command c where c.id = s.command_id and c.state in ('due', 'sent') and c.expires_at > anling_now()) order by s.again_at limit $1 for update of s skip locked`, [rows], 'config-again');
  const readable = due.map((s) => ({ ...s, value: opened(seal, s.value), trace: newTrace() })).filter((s) => s.value !== null);
  if (readable.length > 0) await tell(sql, seal, readable);
  return readable.length;
}

/** What a device says of itself: written down, and whether it is what it should be. Run in a transaction. */
export async function reportSettings(sql: Sql, seal: Seal, deviceId: string, values: Partial<Record<SettingName, unknown>>): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    const [row] = await sql.query<{ desired: Buffer | null }>('select desired_enc as desired from device_setting where device_id = $1 and name = $2 for update', [deviceId, name]);
    const agreed = row?.desired != null && sameSetting(opened(seal, row.desired), value);
    await sql.query(
      `insert into device_setting (device_id, name, reported_enc, reported_at, agreed) select $1, $2, $3, anling_now(), $4 where exists (select from device where id = $1)
       on conflict (device_id, name) do update set reported_enc = excluded.reported_enc, reported_at = excluded.reported_at, agreed = excluded.agreed, refused = device_setting.refused and not excluded.agreed`,
      [deviceId, name, sealed(seal, value), agreed]);
  }
}

/**
 * What became of a `config` command: done (what it said, else what it was told), or refused. A watch's own word that came back is all that its
 * protocol has; any other device's PUBACK says only that it arrived. Run in a transaction, after the command's own row.
 */
export async function settingsAnswered(sql: Sql, seal: Seal, commandId: string, answer: { deviceId: string; ok: boolean; data: unknown } | 'acknowledged'): Promise<void> {
  const [row] = await sql.query<{ deviceId: string; args: Buffer; watch: boolean }>(
    `select c.device_id as "deviceId", c.args_enc as args, coalesce(v.kind = 'watch', false) as watch from command c join device d on d.id = c.device_id left join vendor_door v on v.name = d.door where c.id = $1 and c.name = 'config'`, [commandId], 'config-answered');
  if (!row || (answer === 'acknowledged' ? !row.watch : answer.deviceId !== row.deviceId)) return;
  const told = reportedOf(JSON.parse(seal.openIfReadable('command.args', row.args) ?? '{}'));
  if (answer === 'acknowledged' || answer.ok) await reportSettings(sql, seal, row.deviceId, { ...told, ...(answer === 'acknowledged' ? {} : reportedOf(answer.data)) });
  else await sql.query('update device_setting set refused = true where device_id = $1 and command_id = $2', [row.deviceId, commandId]);
}

type Row = { name: SettingName; desired: Buffer | null; desiredAt: number | null; desiredBy: string | null; reported: Buffer | null; reportedAt: number | null; agreed: boolean; refused: boolean; expired: boolean; open: boolean };

/** Every setting that this device has, desired and reported. */
export async function readSettings(sql: Sql, seal: Seal, deviceId: string, d: Configurable): Promise<ShownSetting[]> {
  const rows = await sql.query<Row>(
    `select s.name, s.desired_enc as desired, s.desired_at as "desiredAt", s.desired_by as "desiredBy", s.reported_enc as reported, s.reported_at as "reportedAt", s.agreed, s.refused, coalesce(s.until_at <= anling_now(), false) as expired,
       exists (select from command c where c.id = s.command_id and c.state in ('due', 'sent') and c.expires_at > anling_now()) as open from device_setting s where s.device_id = $1`, [deviceId]);
  const byName = new Map(rows.map((r) => [r.name, r]));
  return settingsOf(d).map((name): ShownSetting => {
    const r = byName.get(name);
    return {
      name, expected: expectedOf(name, d), desired: opened(seal, r?.desired ?? null), desiredAt: r?.desiredAt ?? null, desiredBy: r?.desiredBy ?? null, reported: opened(seal, r?.reported ?? null), reportedAt: r?.reportedAt ?? null, state: r ? stateOf(r) : null,
    };
  });
}

function stateOf(r: Row): SettingState | null {
  if (r.desired === null) return r.reported === null ? null : 'own';
  return r.agreed ? 'agreed' : r.refused ? 'refused' : r.expired ? 'expired' : r.open ? 'sent' : 'waiting';
}
