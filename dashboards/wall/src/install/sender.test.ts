/** Which refusals pass by themselves, and which a human has to see. */
import { describe, expect, it } from 'vitest';
import { passing } from './sender.ts';

const problem = (status: number, more: Record<string, unknown> = {}) => ({ status, message: '', fields: [], more });

describe('a press that was not taken', () => {
  it('is tried again when nobody answered or somebody else is at it, and shown when the house said no [UI3.5]', () => {
    for (const p of [problem(0), problem(500), problem(503), problem(429), problem(408), problem(409)]) expect(passing(p), JSON.stringify(p)).toBe(true);
    for (const p of [problem(422), problem(404), problem(403), problem(413), problem(409, { reason: 'bound-elsewhere' }), problem(409, { missing: [] })]) expect(passing(p), JSON.stringify(p)).toBe(false);
  });
});
