/** The schematic county: every alert is drawn once, every dot inside its tile, at any size. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertView } from '#wall/live/samples.ts';
import { type Box, dotOf, dotPlaces, drawCounty, pitchFor, type Region, tileBoxes, townBoxes } from './model.ts';

type Source = { county: { code: string; name: string }; towns: { code: string; name: string; villages: { code: string; name: string }[] }[] };
const source = JSON.parse(readFileSync(new URL('../../../../src/core/datian-regions.json', import.meta.url), 'utf8')) as Source;
const regions: Region[] = [
  { ...source.county, level: 'county', parentCode: null },
  ...source.towns.flatMap((town): Region[] => [
    { code: town.code, name: town.name, level: 'town', parentCode: source.county.code },
    ...town.villages.map((v): Region => ({ code: v.code, name: v.name, level: 'village', parentCode: town.code })),
  ]),
];

describe('the schematic county', () => {
  it('draws 19 towns and 279 villages, and every alert exactly once', () => {
    const codes = [...regions.map((r) => r.code), null, '350425999999', '350425100999'];
    fc.assert(fc.property(fc.array(fc.constantFrom(...codes), { maxLength: 60 }), (places) => {
      const alerts = places.map((regionCode, i) => alertView({ id: String(i), regionCode }));
      const county = drawCounty(regions, new Map(), alerts);
      expect(county.towns).toHaveLength(19);
      expect(county.towns.reduce((n, t) => n + t.villages.length, 0)).toBe(279);
      const drawn = [...county.elsewhere, ...county.towns.flatMap((t) => [...t.alerts, ...t.villages.flatMap((v) => v.alerts)])].map((a) => a.id);
      expect(drawn.sort()).toEqual(alerts.map((a) => a.id).sort());
    }));
  });

  it('adds up what is heard, by village or by town', () => {
    const presence = new Map([['350425100001', { code: '', online: 3, offline: 1, never: 0, presumed: 0 }], ['350425100000', { code: '', online: 2, offline: 0, never: 1, presumed: 4 }]]);
    const county = drawCounty(regions, presence, []);
    expect(county.towns[0]?.counts).toEqual({ online: 5, offline: 1, never: 1, presumed: 4 });
    expect(county.counts).toEqual(county.towns[0]?.counts);
  });

  it('draws the farm with the town it is shown under, and what an ended code still holds with its town', () => {
    const [farm, seat] = ['350425400000', '350425100000'];
    const folded = regions.map((r) => (r.code === farm ? { ...r, shownUnder: seat } : r));
    const heard = (online: number) => ({ code: '', online, offline: 0, never: 0, presumed: 0 });
    const presence = new Map([['350425400500', heard(2)], ['350425100001', heard(3)], ['350425101999', heard(5)]]);
    const county = drawCounty(folded, presence, ['350425400500', farm, '350425400999'].map((regionCode, i) => alertView({ id: String(i), regionCode })));
    expect(county.towns).toHaveLength(18);
    const town = county.towns.find((t) => t.code === seat)!;
    expect([town.villages.length, town.counts.online, town.alerts.length, county.elsewhere]).toEqual([34, 5, 2, []]);
    expect([county.towns.find((t) => t.code === '350425101000')!.counts.online, county.counts.online]).toEqual([5, 10]);
    expect(county.towns.reduce((n, t) => n + t.villages.length, 0)).toBe(279);
  });

  it('keeps every tile and every dot inside, whatever the window', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 240, max: 2400 }), fc.integer({ min: 240, max: 1400 }), fc.integer({ min: 0, max: 31 }), (n, w, h, villages) => {
      const boxes = tileBoxes(n, w, h, 6);
      const towns = townBoxes(Array.from({ length: n }, (_, i) => 1 + ((i * 7) % 31)), w, h, 2);
      expect([boxes.length, towns.length]).toEqual([n, n]);
      for (const box of [...boxes, ...towns]) expect(box.x >= 0 && box.y >= 0 && box.x + box.w <= w + 0.01 && box.y + box.h <= h + 0.01).toBe(true);
      const box = { x: 10, y: 20, w: 90, h: 70 } satisfies Box;
      for (const dot of dotPlaces(villages, box, pitchFor(villages, box, 24))) expect(dot.x > box.x && dot.x < box.x + box.w && dot.y > box.y && dot.y < box.y + box.h).toBe(true);
    }));
  });

  it('says in grey what is heard of a village', () => {
    const c = (online: number, offline: number, presumed = 0): ReturnType<typeof dotOf> => dotOf({ online, offline, never: 0, presumed });
    expect([dotOf({ online: 0, offline: 0, never: 3, presumed: 0 }), dotOf({ online: 0, offline: 1, never: 3, presumed: 0 }), dotOf({ online: 1, offline: 0, never: 3, presumed: 0 })]).toEqual(['never', 'hollow', 'part']);
    expect([c(0, 0), c(3, 0), c(2, 1), c(0, 3), c(0, 1, 5)]).toEqual(['empty', 'full', 'part', 'hollow', 'presumed']);
  });
});
