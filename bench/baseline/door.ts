/**
 * Baseline: the plainest durable door. Aedes, JSON.parse, group commit by unnest, PUBACK after the commit. Nobody logs in, no
 * topic is checked, nothing malformed survives, no presence, no figures: what is left out is what the house adds.
 * Argv: address of its database. Heartbeats and events have a lane each, so that an SOS does not wait for heartbeats.
 */
import { createServer, type AddressInfo } from 'node:net';
import { Aedes, type Client } from 'aedes';
import pg from 'pg';

type Done = (error?: Error | null) => void;
type Beat = { time: number; seq: number; battery: number; rssi: number; mains: boolean; temp: number };
type Packet = { topic: string; payload: Buffer };

const pool = new pg.Pool({ connectionString: process.argv[2], max: 6 });
await pool.query(`drop table if exists heartbeat, event, feed;
  create table heartbeat (received_at timestamptz not null, device text not null, device_time timestamptz, seq int, battery smallint, rssi smallint, mains boolean, temp real);
  create index on heartbeat (device, received_at desc);
  create table event (id bigint generated always as identity primary key, device text not null, body text not null, done_at timestamptz);
  create index on event (id) where done_at is null;
  create table feed (seq bigint generated always as identity primary key, device text not null)`);

/** Group commit: what comes while a batch is written forms the next one; the first of a quiet time waits `lingerMs` for company. */
function lane<Row>(rowsMax: number, lingerMs: number, write: (rows: Row[]) => Promise<unknown>): (row: Row, done: Done) => void {
  let waiting: { row: Row; done: Done }[] = [];
  let busy = false;
  const turn = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, rowsMax);
      waiting = waiting.slice(rowsMax);
      const error = await write(batch.map((b) => b.row)).then(() => null, (e: Error) => e);
      for (const { done } of batch) done(error);
    }
    busy = false;
  };
  return (row, done) => {
    waiting.push({ row, done });
    if (!busy) setTimeout(() => void turn(), lingerMs);
    busy = true;
  };
}

const column = (values: readonly (number | boolean | string)[]): string => `{${values.join(',')}}`;
const text = (values: readonly string[]): string => column(values.map((v) => JSON.stringify(v)));
const heartbeat = lane<Beat & { device: string }>(8_000, 5, (b) => pool.query({
  name: 'heartbeats', values: [text(b.map((r) => r.device)), column(b.map((r) => r.time)), column(b.map((r) => r.seq)), column(b.map((r) => r.battery)),
    column(b.map((r) => r.rssi)), column(b.map((r) => r.mains)), column(b.map((r) => r.temp))],
  text: `insert into heartbeat select now(), u.device, to_timestamp(u.time / 1000), u.seq, u.battery, u.rssi, u.mains, u.temp
    from unnest($1::text[], $2::float8[], $3::int[], $4::smallint[], $5::smallint[], $6::boolean[], $7::real[]) as u(device, time, seq, battery, rssi, mains, temp)`,
}));
const event = lane<{ device: string; body: string }>(128, 2, async (b) => {
  await pool.query({ name: 'events', text: 'insert into event (device, body) select * from unnest($1::text[], $2::text[])', values: [b.map((r) => r.device), b.map((r) => r.body)] });
  void pool.query('notify event');
});

const broker = await Aedes.createBroker({
  authorizePublish(_client: Client | null, packet: Packet, done: Done) {
    const [, , device = '', channel] = packet.topic.split('/');
    const body: unknown = JSON.parse(packet.payload.toString());
    if (channel === 'event') event({ device, body: JSON.stringify(body) }, done);
    else heartbeat({ device, ...(body as Beat) }, done);
  },
} as never);
const server = createServer({ noDelay: true }, broker.handle);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit(0));
