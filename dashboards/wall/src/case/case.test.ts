/** Closing buttons and the text read to 120. */
import { describe, expect, it } from 'vitest';
import { outcomes } from '#core/alert.ts';
import { eventKinds } from '#core/event.ts';
import { alertView } from '#wall/live/samples.ts';
import { readOut } from './read-out.ts';
import { allOutcomes, outcomesFor } from './outcomes.ts';

describe('closing', () => {
  it('offers at most eight outcomes for every kind, each once, and all of them behind one press (FIELD 8)', () => {
    for (const kind of eventKinds) {
      const first = outcomesFor(kind);
      expect(first.length).toBeGreaterThan(0);
      expect(first.length).toBeLessThanOrEqual(8);
      expect(new Set(first).size).toBe(first.length);
    }
    expect([...allOutcomes].sort()).toEqual(Object.keys(outcomes).sort());
  });
});

describe('what is read to 120', () => {
  const person = { id: 'p', name: '陈金水', phone: '15404250001', sex: 'male', birthYear: 1943, living: null, ability: null, category: [], riskTags: [], highRisk: true, language: null, hearing: null, healthNote: null, note: null };
  const home = { id: 'h', address: '屏山乡内洋村下厝角12号', place: '', landmark: '门前柿子树', roadEnd: '村部', walkMinutes: 6, keyWith: null, dog: false, lat: null, lon: null, crs: 'wgs84' };
  it('begins with the place, names each part once, and says how a car gets there', () => {
    const text = readOut('大田县', alertView({ kind: 'fall' }), { id: '1', person, home, candidates: [] }, 2026);
    expect(text).toBe('大田县屏山乡内洋村下厝角12号，83岁男老人，疑似跌倒，神志和呼吸（问到再说）。车能到村部，走6分钟，门前柿子树。家里电话15404250001。不先挂。');
    expect(text).not.toContain('陈金水');
  });
  it('adds town and village where the address leaves them out, and survives a bare file', () => {
    expect(readOut('大田县', alertView(), { id: '1', person: null, home: { ...home, address: '下厝角12号', roadEnd: null, walkMinutes: null, landmark: null }, candidates: [] }, 2026)).toContain('大田县屏山乡内洋村下厝角12号，老人，按了求助');
    expect(readOut('大田县', alertView(), { id: '1', person: null, home: null, candidates: [] }, 2026)).toContain('大田县屏山乡内洋村');
  });
});
