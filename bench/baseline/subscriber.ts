/** Peer: what stands behind a broker of its own (Mosquitto): a careful subscriber that writes in batches. The broker acknowledges, not the store. Argv: broker's port, database. */
import { connect } from 'mqtt';
import pg from 'pg';

const [port, url] = process.argv.slice(2);
type Beat = { time: number; seq: number; battery: number; rssi: number; mains: boolean; temp: number };
const pool = new pg.Pool({ connectionString: url, max: 2 });
await pool.query(`drop table if exists peer_heartbeat;
  create table peer_heartbeat (received_at timestamptz not null, device text not null, device_time timestamptz, seq int, battery smallint, rssi smallint, mains boolean, temp real);
  create index on peer_heartbeat (device, received_at desc)`);

let waiting: (Beat & { device: string })[] = [];
let busy = false;
const column = (values: readonly (number | boolean | string)[]): string => `{${values.join(',')}}`;
async function write(): Promise<void> {
  if (busy) return;
  for (busy = true; waiting.length > 0;) {
    const b = waiting.slice(0, 8_000);
    waiting = waiting.slice(8_000);
    await pool.query({
      name: 'heartbeats', values: [column(b.map((r) => JSON.stringify(r.device))), column(b.map((r) => r.time)), column(b.map((r) => r.seq)), column(b.map((r) => r.battery)), column(b.map((r) => r.rssi)), column(b.map((r) => r.mains)), column(b.map((r) => r.temp))],
      text: `insert into peer_heartbeat select now(), u.device, to_timestamp(u.time / 1000), u.seq, u.battery, u.rssi, u.mains, u.temp
        from unnest($1::text[], $2::float8[], $3::int[], $4::smallint[], $5::smallint[], $6::boolean[], $7::real[]) as u(device, time, seq, battery, rssi, mains, temp)`,
    });
  }
  busy = false;
}

const client = connect(`mqtt://127.0.0.1:${port}`, { clientId: 'store' });
client.on('message', (topic, payload) => {
  waiting.push({ device: topic.split('/')[2] ?? '', ...(JSON.parse(payload.toString()) as Beat) });
  setTimeout(() => void write(), 5);
});
client.on('connect', () => client.subscribe('care/v1/+/heartbeat', { qos: 1 }, () => process.send?.({ port: 0 })));
process.once('disconnect', () => process.exit(0));
