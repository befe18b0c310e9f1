/** Faults of walls: slow, silent, asleep and cut ones beside one that is well; in the end each shows what the database holds (I8), and nothing of them is left (I9). */
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '#core/limits.ts';
import { openSetHash, type ServerFrame } from '#core/live.ts';
import { until } from '#test/harness/edge.ts';
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts';
import { openTab, type Tab, testWeb, touchAlert, village, type Web } from '#test/harness/web.ts';
import type { FaultRow } from './table.ts';

/** A wall as the contract wants it: comes again by itself with the last number it saw, from a snapshot or by replay. */
class Wall {
  readonly #url: string;
  readonly #cookie: string;
  #epoch: string | null = null;
  #lastSeq = 0;
  #stopped = false;
  tab: Tab;
  joins = 0;
  holes = 0;
  waits: number[] = [];
  readonly open = new Map<string, { id: string; version: number }>();
  constructor(url: string, cookie: string) { [this.#url, this.#cookie] = [url, cookie]; this.tab = this.join(); }
  join(): Tab {
    this.joins++;
    const tab = openTab(this.#url, this.#cookie);
    this.tab = tab;
    tab.ws.on('message', (data) => { if (this.tab === tab) this.#take(JSON.parse(String(data)) as ServerFrame); });
    tab.send({ type: 'hello', epoch: this.#epoch, lastSeq: this.#lastSeq, tabId: 'wall' });
    void tab.closed.then(async () => { await sleep(300); if (!this.#stopped && this.tab === tab) this.join(); });
    return tab;
  }
  pause(): void { (this.tab.ws as unknown as { _socket: { pause(): void } })._socket.pause(); }
  #take(frame: ServerFrame): void {
    if (frame.type === 'snapshot') {
      [this.#epoch, this.#lastSeq] = [frame.epoch, frame.seq];
      this.open.clear();
      for (const a of frame.alerts) this.open.set(a.id, a);
    } else if (frame.type === 'alert') {
      if ((frame.prev ?? frame.seq - 1) !== this.#lastSeq) this.holes++;
      this.#lastSeq = frame.seq;
      if (frame.alert.state === 'closed') this.open.delete(frame.alert.id); else this.open.set(frame.alert.id, frame.alert);
    }
  }
  stop(): void { this.#stopped = true; this.tab.ws.terminate(); }
}

export async function wallFaults(count: number, say: (line: string) => void): Promise<FaultRow[]> {
  const web = await testWeb();
  const proxy = await startFaultProxy({ port: Number(new URL(web.url).port) });
  const rows: FaultRow[] = [];
  const walls: Wall[] = [];
  try {
    const cookie = await web.cookie('operator');
    const well = new Wall(web.url, cookie);
    walls.push(well);
    for (const [fault, act] of Object.entries(faults)) {
      const sick = Array.from({ length: count }, () => new Wall(`http://127.0.0.1:${proxy.port}`, cookie));
      walls.push(...sick);
      await until('all have a picture', () => sick.every((w) => w.tab.frames.some((f) => f.type === 'beat')), 60_000);
      const seen: number[] = [];
      const closedBefore = await closed(web);
      await act({ web, proxy, sick, raise: async () => {
        const began = performance.now();
        const id = await web.alert();
        await until('the well wall has it', () => well.open.has(id), 60_000);
        seen.push(performance.now() - began);
        return id;
      } });
      await proxy.heal();
      for (const wall of sick) if (wall.tab.ws.readyState !== wall.tab.ws.OPEN) wall.join();
      const wrong = async (): Promise<number> => {
        const now = openSetHash(await web.t.db.query<{ id: string; version: number }>(`select id, version from alert where state <> 'closed'`));
        return [well, ...sick].filter((wall) => openSetHash(wall.open.values()) !== now).length;
      };
      await until(`${fault}: each shows what the database holds`, async () => (await wrong()) === 0, 90_000).catch(() => {});
      const lost = await wrong();
      const rejoined = sick.reduce((n, w) => n + w.joins - 1, 0);
      rows.push({ fault, times: sick.length, acknowledged: sick.length - lost, lost, duplicated: 0, stalled: sick.reduce((n, w) => n + w.holes, 0), note: `the well wall saw each within ${Math.round(Math.max(...seen))} ms; ${await closed(web) - closedBefore} cut by us, ${rejoined} came again` });
      say(JSON.stringify(rows.at(-1)));
      for (const wall of sick) wall.stop();
    }
    well.stop();
    await until('no socket is left', async () => Number(/anling_live_sockets\S* (\d+)/.exec((await web.fetch('/metrics')).text)?.[1]) === 0, limits.liveUnanswered * 2_000 + 60_000);
    return rows;
  } finally {
    for (const wall of walls) wall.stop();
    await proxy.close();
    await web.stop();
  }
}

const closed = async (web: Web, why = ''): Promise<number> => (await web.fetch('/metrics')).text.split('\n').filter((line) => line.startsWith('anling_live_closed_total{') && line.includes(`reason="${why}`)).reduce((n, line) => n + Number(line.split(' ').at(-1)), 0);

type Stage = { web: Web; proxy: FaultProxy; sick: readonly Wall[]; raise(): Promise<string> };
const some = async ({ web, raise }: Stage, n: number): Promise<void> => {
  for (let i = 0; i < n; i++) { const id = await raise(); if (i % 3 === 0) await touchAlert(web.t, id, `, state = 'closed', closed_at = anling_now()`); }
};
const faults: Record<string, (stage: Stage) => Promise<void>> = {
  async 'F17 slow walls'(stage) {
    const id = await stage.raise();
    // More than the kernel's buffers of both ends and ours hold, a few walls at a time: each wave is some 300 MB.
    for (let from = 0; from < stage.sick.length; from += 17) {
      const wave = stage.sick.slice(from, from + 17);
      for (const wall of wave) wall.pause();
      await stage.web.t.db.query('update alert set summary = $2 where id = $1', [id, JSON.stringify({ filler: 'x'.repeat(60_000) })]);
      for (let i = 0; i < 30; i++)
        await stage.web.t.db.query(`with n as (update feed_counter set seq = seq + 10 returning seq - 10 as base) insert into feed (seq, type, alert_id, region_code, payload) select n.base + i, 'alert', $1, $2, '{"what":"changed"}' from n, generate_series(1, 10) i`, [id, village]);
      await stage.web.t.db.query(`select pg_notify('anling_feed', '')`);
      await stage.raise();
      await touchAlert(stage.web.t, id, `, summary = '{}'`);
      for (const wall of wave) { const old = wall.tab; wall.join(); old.ws.terminate(); } // reloaded by its user
    }
    await touchAlert(stage.web.t, id, `, state = 'closed', closed_at = anling_now()`);
  },
  async 'F17 walls behind a dead wire'(stage) {
    const before = await closed(stage.web, 'silent');
    await stage.proxy.set({ mode: 'stall' });
    await some(stage, 10);
    await until('the house has cut them', async () => (await closed(stage.web, 'silent')) >= before + stage.sick.length, limits.liveUnanswered * 2_000 + 120_000);
  },
  async 'F17 tabs that sleep'(stage) { await some(stage, 15); await sleep(3_000); },
  async 'walls whose connection is cut'(stage) {
    for (let i = 0; i < 5; i++) { stage.proxy.cutAll(); await some(stage, 3); }
  },
};
