/** Models, the raw-warning model and the order of adoption: the arithmetic behind a night, without a house. */
import { describe, expect, it } from 'vitest';
import { randomOf } from '#core/demo-random.ts';
import { wholeHomes } from '#simulators/county/gather.ts';
import { newState } from '#simulators/device/state.ts';
import { age, firstState, modelOf, models } from './models.ts';
import { cryOf, falseShares, nextCry, weightAt } from './warnings.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Midnight of the county. */
const midnight = Date.UTC(2026, 10, 25, 16);

describe('models', () => {
  it('beat by their class, drain by their battery, wander by their valley', () => {
    expect(Object.fromEntries(Object.values(models).map((m) => [m.id, m.periodMs / 1_000]))).toMatchObject({ 'fall-radar': 60, watch: 300, 'sos-button': 86_400, smoke: 86_400 });
    expect(modelOf('a-county-s-own')).toMatchObject({ cries: null, periodMs: hourMs });
    const random = randomOf(1);
    const button = newState({ ...firstState(modelOf('sos-button'), random), battery: 80 });
    const radar = newState(firstState(modelOf('fall-radar'), random));
    for (let day = 0; day < 100; day++) { age(button, modelOf('sos-button'), dayMs, random); age(radar, modelOf('fall-radar'), dayMs, random); }
    expect(button.battery).toBeCloseTo(80 - 100 * 0.15, 5);
    expect(radar.battery).toBe(100);
    for (const { rssi } of [button, radar]) expect(rssi).toSatisfy((n: number) => n >= -113 && n <= -51);
    // Without mains a radar lives on its buffer for hours, not days.
    radar.mains = false;
    age(radar, modelOf('fall-radar'), 3 * dayMs, random);
    expect(radar.battery).toBe(0);
    const watch = newState({ battery: 26 });
    age(watch, modelOf('watch'), dayMs / 4, random);
    expect(watch.battery).toBe(100);
  });
});

describe('the raw-warning model', () => {
  /** Cries of so many radars in so many days. */
  const cries = (homes: number, days: number, speed = 1): number[] => {
    const random = randomOf(7);
    const out: number[] = [];
    for (let home = 0; home < homes; home++)
      for (let at = nextCry(modelOf('fall-radar'), midnight, speed, random); at !== null && at < midnight + days * dayMs; at = nextCry(modelOf('fall-radar'), at, speed, random)) out.push(at);
    return out;
  };

  it('cries as often as the field does: 0.32 a radar home and month, most of it in the evening [FF14]', () => {
    const month = cries(10_000, 30);
    expect(month.length / 10_000).toSatisfy((n: number) => n > 0.29 && n < 0.35);
    const byHour = Array.from({ length: 24 }, (_, h) => month.filter((at) => Math.floor((at - midnight) / hourMs) % 24 === h).length);
    expect(byHour.indexOf(Math.max(...byHour))).toBe(19);
    expect((byHour[19] ?? 0) / (month.length / 24)).toBeCloseTo(4, 0);
    expect(Array.from({ length: 24 }, (_, h) => weightAt(midnight + h * hourMs)).reduce((sum, w) => sum + w, 0)).toBeCloseTo(24, 6);
    // Speed multiplies the rate and nothing else; a gateway never cries.
    expect(cries(1_000, 3, 10).length).toSatisfy((n: number) => n > 240 && n < 400);
    expect(nextCry(modelOf('gateway'), midnight, 1, randomOf(1))).toBeNull();
  });

  it('is false by the share that is asked for; a false fall gets up again, a real one does not', () => {
    for (const share of [falseShares.low, falseShares.usual, falseShares.high]) {
      const random = randomOf(3);
      const all = Array.from({ length: 20_000 }, () => cryOf(modelOf('fall-radar'), share, random));
      expect(all.filter((c) => !c.real).length / all.length).toBeCloseTo(share, 2);
      expect(all.filter((c) => c.real).every((c) => c.steps.length === 1 && (c.steps[0]?.confidence ?? 0) >= 0.85)).toBe(true);
      expect(all.filter((c) => !c.real).every((c) => c.steps[1]?.edge === 'clear' && c.steps[1].afterMs >= 20_000)).toBe(true);
    }
    const watch = Array.from({ length: 1_000 }, ((random) => () => cryOf(modelOf('watch'), 1, random))(randomOf(5)));
    expect(watch.filter((c) => c.steps.some((s) => s.kind === 'cancel' && s.refers && s.afterMs < 30_000)).length).toSatisfy((n: number) => n > 500 && n < 700);
  });
});

describe('adoption', () => {
  const home = (n: number, ...list: string[]): { id: string; homeId: string; regionCode: string; model: string; demo: boolean }[] => list.map((model) => ({ id: `h${n}-${model}`, homeId: `h${n}`, regionCode: `35042510${n % 2}001`, model, demo: true }));
  const county = [...home(1, 'smoke', 'fall-radar', 'sos-button'), ...home(2, 'sos-button', 'fall-radar'), ...home(3, 'smoke'), ...home(4, 'sos-button', 'smoke', 'fall-radar')];

  it('takes whole homes in the order of the seed, those with the wanted models first, never what is not a demonstration', () => {
    const real = { id: 'real', homeId: 'h1', regionCode: null, model: 'sos-button', demo: false };
    const chosen = wholeHomes<Pick<(typeof county)[number], 'id' | 'homeId' | 'model' | 'demo'> & { regionCode: string | null }>([real, ...county], { devices: 5, seed: 1, first: ['fall-radar', 'sos-button'] });
    expect(chosen.map((d) => d.homeId)).not.toContain('h3');
    expect(chosen.some((d) => d.id === 'real')).toBe(false);
    const runs = chosen.map((d) => d.homeId).filter((h, i, all) => all[i - 1] !== h);
    expect(new Set(runs).size).toBe(runs.length); // each home in one piece
    expect(chosen[0]?.model).toBe('fall-radar');
    const order = (seed: number, list = county): string => wholeHomes(list, { devices: 9, seed, first: [] }).map((d) => d.id).join();
    expect(order(5)).toBe(order(5, county.toReversed()));
    // Town by town when the story needs one.
    const towns = wholeHomes(county, { devices: 9, seed: 2, first: [], together: true }).map((d) => d.regionCode.slice(0, 9));
    expect(towns.filter((t, i) => towns[i - 1] !== t)).toHaveLength(2);
    expect(new Set([1, 2, 3, 4, 5, 6].map((seed) => order(seed))).size).toBeGreaterThan(2);
  });
});
