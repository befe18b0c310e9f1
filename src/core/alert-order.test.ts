import { describe, expect, it } from 'vitest';
import { compareAlerts, type Ordered } from './alert-order.ts';

describe('order of open alerts [FF11 C2]', () => {
  it('priority; in P1 human-made and fire before machines, high risk before others, then age', () => {
    const alert = (id: string, kind: Ordered['kind'], priority: number, openedAt: number, flags: string[] = []): Ordered => ({ id, kind, priority, openedAt, flags });
    const falls = Array.from({ length: 37 }, (_, i) => alert(String(100 + i), 'fall', 1, i, ['after-reboot']));
    const list = [...falls, alert('1', 'sos', 1, 90), alert('2', 'smoke', 1, 80), alert('3', 'sos', 1, 95, ['high-risk']), alert('4', 'fall', 1, 99, ['high-risk']), alert('5', 'offline', 3, 1), alert('6', 'motionless', 2, 1)];
    const ids = list.sort(compareAlerts).map((a) => a.id);
    expect(ids.slice(0, 5)).toEqual(['3', '2', '1', '4', '100']);
    expect(ids.slice(-2)).toEqual(['6', '5']);
    expect(ids).toHaveLength(43); // nothing is merged away
  });
});
