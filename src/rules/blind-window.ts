/** Blind window (盲区时段): our own doors were shut; one notice of when and how many could not be heard, for a human to note (B3, 2.10). */
import type { Rule } from '#core/decision.ts';

export const blindWindow: Rule = {
  kinds: ['blind-window'],
  raise: (event) => {
    const { fromAt, toAt, devices, why } = event.data;
    return [{ type: 'raise', kind: 'blind-window', priority: 4, subject: { type: 'system', id: 'blind-window' }, plan: 'none', ring: 'none', summary: { fromAt, toAt, devices, why } }];
  },
};
