/**
 * Baseline: the two hops behind the door, as two processes. `worker`: event rows are claimed, a feed row each, one request to
 * the gateway each. `web`: feed rows go to every websocket. Notified, and polled each second. Argv: hop, database, gateway.
 */
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { WebSocketServer } from 'ws';

const [hop, url, gateway] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 4 });

/** Takes turns when told and each second, as long as a turn finds something. */
async function follow(channel: string, turn: () => Promise<number>): Promise<void> {
  let [busy, again] = [false, false];
  const go = async (): Promise<void> => {
    again = true;
    if (busy) return;
    for (busy = true; again;) { again = false; while (await turn() > 0); }
    busy = false;
  };
  const client = new pg.Client({ connectionString: url });
  client.on('notification', () => void go());
  await client.connect();
  await client.query(`listen ${channel}`);
  setInterval(() => void go(), 1_000);
}

async function worker(): Promise<void> {
  await follow('event', async () => {
    const { rows } = await pool.query<{ device: string }>({ name: 'claim', text: `with due as (select id, device from event where done_at is null order by id limit 100 for update skip locked),
      done as (update event e set done_at = now() from due where e.id = due.id), fed as (insert into feed (device) select device from due) select device from due` });
    if (rows.length === 0) return 0;
    void pool.query('notify feed');
    for (const { device } of rows) void fetch(`${gateway}/?OutId=${device}`, { method: 'POST' }).then((r) => r.arrayBuffer());
    return rows.length;
  });
  process.send?.({ port: 0 });
}

async function web(): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  let seq = '0';
  await follow('feed', async () => {
    const { rows } = await pool.query<{ seq: string; device: string }>({ name: 'feed', text: 'select seq, device from feed where seq > $1 order by seq limit 500', values: [seq] });
    for (const row of rows) {
      seq = row.seq;
      for (const client of server.clients) client.send(JSON.stringify({ type: 'alert', alert: { deviceId: row.device } }));
    }
    return rows.length;
  });
  process.send?.({ port: (server.address() as AddressInfo).port });
}

await (hop === 'worker' ? worker() : web());
process.once('disconnect', () => process.exit(0));
