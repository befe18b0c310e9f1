/** Peer: a flow as it is drawn first: `mqtt in` (JSON) → a function that inserts a row per message, behind bare aedes. Argv: database, an empty folder. */
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import pg from 'pg';

const [url, userDir] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 6 });
await pool.query(`drop table if exists peer_heartbeat;
  create table peer_heartbeat (received_at timestamptz not null, device text not null, device_time timestamptz, seq int, battery smallint, rssi smallint, mains boolean, temp real);
  create index on peer_heartbeat (device, received_at desc)`);
type Beat = { time: number; seq: number; battery: number; rssi: number; mains: boolean; temp: number };
const insert = (topic: string, b: Beat): Promise<unknown> => pool.query({
  name: 'heartbeat', text: 'insert into peer_heartbeat values (now(), $1, to_timestamp($2::float8 / 1000), $3, $4, $5, $6, $7)', values: [topic.split('/')[2], b.time, b.seq, b.battery, b.rssi, b.mains, b.temp],
});

const broker = await Aedes.createBroker();
const server = createServer({ noDelay: true }, broker.handle);
await new Promise<void>((resolve) => { server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve); });
const { port } = server.address() as AddressInfo;

const flows = [
  { id: 'tab', type: 'tab', label: 'store' }, { id: 'broker', type: 'mqtt-broker', broker: '127.0.0.1', port: String(port), clientid: 'store', autoConnect: true, usetls: false, protocolVersion: '4', keepalive: '60', cleansession: true },
  { id: 'in', type: 'mqtt in', z: 'tab', topic: 'care/v1/+/heartbeat', qos: '1', datatype: 'json', broker: 'broker', nl: false, rap: true, rh: 0, inputs: 0, wires: [['write']] },
  { id: 'write', type: 'function', z: 'tab', func: "await global.get('insert')(msg.topic, msg.payload); return msg;", outputs: 1, wires: [[]] },
];
writeFileSync(join(userDir ?? '', 'flows.json'), JSON.stringify(flows));
type Red = { init(server: unknown, settings: unknown): void; start(): Promise<void> };
const { default: red } = await import('node-red') as unknown as { default: Red };
const subscribed = new Promise<void>((resolve) => { broker.once('subscribe', () => resolve()); });
red.init(null, { userDir, flowFile: 'flows.json', credentialSecret: false, httpAdminRoot: false, httpNodeRoot: false, functionGlobalContext: { insert }, logging: { console: { level: 'off' } }, telemetry: { enabled: false, updateNotification: false } });
await red.start();
const late = setTimeout(() => process.exit(1), 30_000); // who waits for it is told
await subscribed;
clearTimeout(late);
process.send?.({ port });
process.once('disconnect', () => process.exit(0));
