/** Which tables of PostgreSQL are mirrored for judge and world, and the county's files as rows there. */
import type { Db, Row } from '#store/pool.ts';
import type { Rec } from './memory.ts';
import type { Tables } from './tables.ts';

type Mirrored = { name: string; table: keyof Tables; /** the mirror's id, of a row `r` */ key: string; row: (row: Row, before: Rec | undefined) => Row };
const asIs = (row: Row): Row => row;
const byId = (name: keyof Tables & string): Mirrored => ({ name, table: name, key: 'r.id', row: asIs });

export const mirrored: readonly Mirrored[] = [
  byId('alert'), byId('event'), byId('alert_log'), byId('timer'), byId('outbox'), byId('reply'), byId('responder'), byId('contact'),
  { name: 'engagement', table: 'engagement', key: `r.alert_id || ' ' || r.party`, row: asIs },
  { name: 'slip', table: 'slip', key: `r.party || ' ' || r.alert_id`, row: asIs },
  { name: 'feed', table: 'feed', key: 'r.seq', row: asIs },
  { name: 'feed_counter', table: 'feed_counter', key: '1', row: (r) => ({ seq: Number(r['seq']) }) },
  { name: 'console', table: 'console', key: 'r.tab_id', row: asIs },
  { name: 'clock_offset', table: 'clock', key: '1', row: (r, before) => ({ ...before, offset_ms: Number(r['offset_ms']) }) },
];

/** Column by column: the row's own value, or what only PostgreSQL asks for. */
type Columns = Record<string, (row: Row) => unknown>;
const own = (...names: string[]): Columns => Object.fromEntries(names.map((name) => [name, (row: Row) => row[name]]));
const constant = (value: unknown) => (): unknown => value;
const bytes = Buffer.from('-');

const files: readonly [keyof Tables, Columns][] = [
  ['region', { ...own('code', 'lat', 'lon'), name: (r) => r['code'], level: (r) => (String(r['code']).endsWith('000000') ? 'county' : String(r['code']).endsWith('000') ? 'town' : 'village'), demo: constant(true) }],
  ['home', { ...own('id', 'region_code', 'place_enc', 'demo'), address_enc: constant(bytes) }],
  ['person', { ...own('id', 'home_id', 'name_enc', 'high_risk', 'risk_tags', 'status', 'demo'), name_bidx: constant(bytes) }],
  ['contact', own('id', 'person_id', 'ord', 'relation', 'name_enc', 'phone_enc', 'phone_bidx', 'key_holder', 'walk_minutes', 'demo')],
  ['responder', own('id', 'role', 'region_code', 'ord', 'name_enc', 'phone_enc', 'phone_bidx', 'landline', 'demo')],
  ['device', { ...own('id', 'model', 'home_id', 'person_id', 'room', 'demo'), secret_hash: constant(bytes) }],
  ['app_user', { ...own('id', 'display_name'), username: (r) => r['id'], password_hash: constant('-'), role: constant('operator'), scope_code: constant('350425000000') }],
];

/** The county that stands in memory, as rows. */
export async function fillIn(db: Db, tables: Tables): Promise<void> {
  for (const [name, columns] of files) {
    const names = Object.keys(columns);
    const sql = `insert into ${name} (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')}) on conflict do nothing`;
    for (const row of tables[name].rows.values()) await db.query(sql, names.map((n) => columns[n]?.(row)));
  }
  for (const m of tables.device_model.rows.values()) await db.query('update device_model set confirm_window_s = $2, supervision_class = $3, power = $4, learning_days = $5 where id = $1', [m.id, m.confirm_window_s, m.supervision_class, m.power, m.learning_days]);
}
