/** The big screen's rules: who is shown how, what fits, and that nothing burns in. */
import { describe, expect, it } from 'vitest';
import { alertView } from '#wall/live/samples.ts';
import { buildOf, burnInShift, forVisitors, tvQueue, tvRows } from './model.ts';

describe('the big screen', () => {
  it('shows a surname and a town, never more, whatever it was sent [D14]', () => {
    const name = (type: 'person' | 'region' | 'number', given: string | null): string | null => forVisitors(alertView({ subject: { type, id: '1', name: given } })).subject.name;
    expect(['陈*水', '陈**', '陈金水', '欧阳**', '欧阳*'].map((given) => name('person', given))).toEqual(['陈**', '陈**', '陈**', '欧阳**', '欧阳**']);
    expect([name('region', '屏山乡'), name('number', '154****0001'), name('person', null)]).toEqual(['屏山乡', null, null]);
    expect(forVisitors(alertView({ village: '仙亭社区', regionCode: '350425100006', lat: 25.7, lon: 117.8 }))).toMatchObject({ place: null, town: '屏山乡', village: '**区', regionCode: '350425100000', lat: null, lon: null });
    expect(forVisitors(alertView({ town: null, village: null, regionCode: '350425000000' }))).toMatchObject({ town: null, village: null, regionCode: '350425000000' });
  });

  it('shows twelve at most, emergencies first, and counts the others', () => {
    const alerts = new Map(Array.from({ length: 40 }, (_, i) => alertView({ id: String(i), priority: i === 39 ? 1 : 3, kind: i === 39 ? 'sos' : 'low-battery' })).map((a) => [a.id, a]));
    const { shown, more } = tvQueue(alerts);
    expect([shown.length, shown[0]?.id, more]).toEqual([tvRows, '39', 28]);
    expect(tvQueue(new Map())).toEqual({ shown: [], more: 0 });
  });

  it('moves within 8 px, two at a time, and comes round', () => {
    const way = Array.from({ length: 17 }, (_, minute) => burnInShift(minute * 60_000));
    for (const [i, at] of way.slice(1).entries()) expect(Math.abs(at.x - (way[i]?.x ?? 0)) + Math.abs(at.y - (way[i]?.y ?? 0)), `minute ${i + 1}`).toBe(2);
    expect(way[16]).toEqual(way[0]);
    expect(new Set(way.map((at) => `${at.x} ${at.y}`)).size).toBe(16);
  });

  it('knows its build by the script', () => {
    expect([buildOf('<script type="module" crossorigin src="/assets/index-Ab_3-x.js"></script>'), buildOf('<p>502</p>')]).toEqual(['index-Ab_3-x.js', null]);
  });
});
