/**
 * The alarm path beside flows that mean harm (FEATURES C11, RELIABILITY F18): the three legs of part alarm in the same house, in turns without and with them. One burns a core without ever
 * being long enough to be cut, one floods just below the bound, one answers every alarm with notes and requests, one loops for ever and is deployed again whenever it was cut.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { roles } from '#config';
import { limits } from '#core/limits.ts';
import { legs, type Legs, ours, standin } from './alarm.ts';
import { type BenchHouse, openHouse } from './house.ts';
import type { Part } from './parts.ts';
import { type Figure, figure, quantile } from './results.ts';

const legNames = { puback: 'PUBACK', sms: 'SMS request', frame: 'websocket frame' } as const;
const node = (id: string, z: string, type: string, more: object, wires: string[][] = [[]]): object => ({ id, z, type, name: id, x: 1, y: 1, wires, ...more });
const often = (id: string, z: string, to: string, everyS: number): object => node(id, z, 'inject', { props: [], repeat: String(everyS), once: true, onceDelay: 0.1 }, [[to]]);
const code = (id: string, z: string, func: string, wires: string[][] = [[]]): object => node(id, z, 'function', { func, outputs: wires.length, timeout: 0, libs: [] }, wires);
const tab = (id: string): object => ({ id, type: 'tab', label: id, disabled: false });

const burnMs = Math.floor(limits.flowsStuckMs * 0.7);
const floodPerSecond = Math.floor(limits.flowsFlood * 0.8);
/** As much as a flow can do without being cut. */
const steady = [
  tab('burns'), often('burns-at', 'burns', 'burns-f', (burnMs + 200) / 1_000), code('burns-f', 'burns', `const until = Date.now() + ${burnMs}; while (Date.now() < until) {} return null;`),
  tab('floods'), often('floods-at', 'floods', 'floods-f', 0.1), code('floods-f', 'floods', `for (let i = 0; i < ${Math.floor(floodPerSecond / 10)}; i++) node.send({ payload: i }); return null;`, [['floods-to']]), code('floods-to', 'floods', 'return null;'),
  tab('answers'), node('answers-in', 'answers', 'anling-alerts', { kinds: '', priorityMax: 4, what: '', region: '' }, [['answers-note', 'answers-ask'], []]), node('answers-note', 'answers', 'anling-note', { note: 'bench' }), node('answers-ask', 'answers', 'anling-http', { method: 'POST', url: 'http://192.0.2.1/', json: true }, [[], []]),
  node('answers-events', 'answers', 'anling-events', { kinds: '', deviceId: '', homeId: '', region: '' }, [['answers-look'], []]), node('answers-look', 'answers', 'anling-look', { what: 'one', region: '', only: 'all', batteryBelow: 20 }),
];
const loops = [tab('loops'), often('loops-at', 'loops', 'loops-f', 60), code('loops-f', 'loops', 'while (true) {}')];

type State = { up: boolean; incidents: { id: string }[] };
const state = (house: BenchHouse): Promise<State> => house.client.call<State>('GET', '/api/v1/flows-state');
const deploy = (house: BenchHouse, nodes: readonly object[]): Promise<boolean> => house.client.call('POST', '/flows/flows', nodes, [204]).then(() => true, () => false);
async function deployed(house: BenchHouse, nodes: readonly object[]): Promise<void> {
  for (let tries = 0; !(await deploy(house, nodes)); tries++) { if (tries > 600) throw new Error('the flows did not take a deploy'); await sleep(500); }
}

/** Harm from now on until `end`; how often it was cut and deployed again. */
async function harm(house: BenchHouse): Promise<{ end(): Promise<{ cut: number; deployed: number }> }> {
  const known = (await state(house)).incidents[0]?.id ?? '0';
  await deployed(house, [...steady, ...loops]);
  let times = 1;
  let seen = known;
  let on = true;
  const again = (async () => {
    for (; on; await sleep(500)) {
      const now = await state(house).catch(() => null);
      const newest = now?.incidents[0]?.id ?? seen;
      if (now?.up && newest !== seen && await deploy(house, [...steady, ...loops])) { seen = newest; times++; }
    }
  })();
  return {
    async end() {
      on = false;
      await again;
      await deployed(house, []);
      return { cut: (await state(house)).incidents.filter((i) => BigInt(i.id) > BigInt(known)).length, deployed: times };
    },
  };
}

export const flows: Part = {
  name: 'flows', about: 'the alarm path beside flows that burn, flood, loop and are deployed again: ours with them, baseline the same house without',
  async run(stage): Promise<Figure[]> {
    const house = await openHouse({ roles: [...roles, 'flows'].join(',') });
    try {
      await standin(house, '/api/settings', { windows: false });
      for (let tries = 0; !(await state(house)).up; tries++) { if (tries > 240) throw new Error('the flows are not up'); await sleep(500); }
      const [rounds, presses, connections, perSecond] = stage.quick ? [1, 30, 100, 500] as const : [3, 100, 1_000, 10_000] as const;
      const beats = await house.devices(connections);
      const got: Record<'without' | 'with', Legs[]> = { without: [], with: [] };
      let [cut, times] = [0, 0];
      for (let round = 0; round < rounds; round++)
        for (const name of ['without', 'with'] as const) {
          const pressers = await house.elders(presses);
          const side = await ours(house);
          const bad = name === 'with' ? await harm(house) : null;
          const one = await legs(house, side, beats, pressers, perSecond);
          if (bad) { const was = await bad.end(); cut += was.cut; times += was.deployed; }
          await side.end();
          if (one.missing.length > 0) throw new Error(`${name}: ${one.missing.join('; ')}`);
          got[name].push(one);
          stage.say(`${name}: ${Math.round(one.beatsPerSecond)} heartbeats/s; ${(['puback', 'sms', 'frame'] as const).map((leg) => `${leg} p50 ${quantile(one[leg], 0.5).toFixed(1)} p99 ${quantile(one[leg], 0.99).toFixed(1)} ms`).join(', ')}`);
        }
      const [late] = await house.db.query<{ n: number }>(`select count(*)::int as n from event where urgency = 1 and evaluated_at is null`);
      if (late?.n !== 0) throw new Error(`${late?.n} urgent events were never evaluated`);
      stage.note(`baseline: the same house with flows that do nothing; with harm they were deployed ${times} times and cut ${cut} times; ${presses * rounds} presses a side, beside ${perSecond.toLocaleString('en-US')} heartbeats per second`);
      return (['puback', 'sms', 'frame'] as const).flatMap((leg) => [0.5, 0.99].map((share) => {
        const of = (side: 'with' | 'without'): number[] => got[side].map((one) => quantile(one[leg], share));
        return figure('flows', `SOS publish to ${legNames[leg]} beside hostile flows, p${share * 100}`, 'ms', 'less', { ours: of('with'), baseline: of('without') });
      }));
    } finally { await house.stop(); }
  },
};
