/** Bytes that nobody can read and that may be an alarm. */
import { describe, expect, it } from 'vitest';
import { maybeP1 } from './derive.ts';

describe('maybeP1', () => {
  it.each(['{"kind":"SOS', 'xx smoke', 'GAS_LEAK', 'fallDown', 's\0o\0s\0'])('%j may be an alarm', (bytes) => { expect(maybeP1(Buffer.from(bytes, 'latin1'))).toBe(true); });
  it.each(['', '{"kind":"panic"}', '{}'])('%j may not', (bytes) => { expect(maybeP1(Buffer.from(bytes))).toBe(false); });
});
