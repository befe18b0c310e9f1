/**
 * How people answer their telephones (FIELD F2, F13): pure, one persona at a time. What they see on the phone goes in, what they
 * do and after how long comes out; the seed decides who is who and how slow.
 */
import type { Random } from '#core/demo-random.ts';

export const personas = ['prompt', 'slow', 'courteous', 'declines', 'wrong-slip', 'never', 'no-signal'] as const;
export type Persona = (typeof personas)[number];

/** How many of a hundred are so; a village as its duty room describes it. */
const shares: Readonly<Record<Persona, number>> = { prompt: 40, slow: 20, courteous: 15, declines: 10, 'wrong-slip': 4, never: 7, 'no-signal': 4 };

export function drawPersona(random: Random): Persona {
  let left = random.share() * 100;
  for (const persona of personas) { left -= shares[persona]; if (left < 0) return persona; }
  return 'never';
}

/** What a telephone shows: a text with its slip, or a call that rings. */
export type Shown = { type: 'sms'; template: string; slip: string | null } | { type: 'call'; keys: boolean; template: string; /** the slip of the last text, if one came */ slip: string | null };
export type Act = { afterMs: number; do: 'reply'; text: string } | { afterMs: number; do: 'press'; action: string };

const s = 1_000;
const minute = 60 * s;
const alarms: ReadonlySet<string> = new Set(['sos', 'fall', 'smoke', 'gas', 'phone-in', 'concern', 'escalate', 'minimal']);
const searches = /^voice-(p1|escalate)|voice-file|ivr/;

/** Goes: there after a walk, done after a while; texts that a busy hand writes. */
function goes(slip: string | null, afterMs: number, random: Random): Act[] {
  const no = slip ?? '';
  const there = afterMs + 4 * minute + random.below(8) * minute;
  const done = there + 6 * minute + random.below(15) * minute;
  return [
    { afterMs, do: 'reply', text: `1${no}` }, { afterMs: there, do: 'reply', text: random.pick([`2${no}`, `到了${no}`]) }, { afterMs: done, do: 'reply', text: `3${no}` },
  ];
}

/** What this person does about what the phone shows; nothing is an answer too. */
export function answerOf(persona: Persona, shown: Shown, random: Random): Act[] {
  if (shown.type === 'call') return searches.test(shown.template) ? answerCall(persona, shown, random) : answerOther(persona, random);
  if (shown.template === 'which') return persona === 'never' || persona === 'no-signal' ? [] : goes(shown.slip, 10 * s + random.below(20) * s, random);
  if (shown.template === 'ring-test') return persona === 'never' || persona === 'no-signal' ? [] : [{ afterMs: 30 * s, do: 'reply', text: '5' }];
  if (!alarms.has(shown.template)) return [];
  switch (persona) {
    case 'prompt': return goes(shown.slip, 8 * s + random.below(22) * s, random);
    case 'slow': return goes(shown.slip, 60 * s + random.below(90) * s, random);
    case 'courteous': return [{ afterMs: 10 * s + random.below(20) * s, do: 'reply', text: random.pick(['收到', '好的', '知道了']) }];
    case 'declines': return [{ afterMs: 15 * s + random.below(30) * s, do: 'reply', text: `0${shown.slip ?? ''}` }];
    // The slip of last week's case: the house asks back, and the right one follows.
    case 'wrong-slip': return [{ afterMs: 12 * s + random.below(20) * s, do: 'reply', text: `1${wrong(shown.slip)}` }];
    case 'never': case 'no-signal': return [];
  }
}

const wrong = (slip: string | null): string => String(slip === null ? 99 : 10 + ((Number(slip) - 10 + 37) % 90));

/** A call gets through to whoever only said "received": pressed where keys are heard, else promised by text. */
function answerCall(persona: Persona, call: Extract<Shown, { type: 'call' }>, random: Random): Act[] {
  const pickUp = 4 * s + random.below(8) * s;
  const answered: Act = { afterMs: pickUp, do: 'press', action: 'answer' };
  switch (persona) {
    case 'prompt': case 'slow': case 'courteous': case 'wrong-slip': {
      const going = goes(call.slip, pickUp + 14 * s, random);
      return [answered, ...(call.keys ? [{ afterMs: pickUp + 12 * s, do: 'press', action: '1' } satisfies Act, ...going.slice(1)] : going)];
    }
    case 'declines': return call.keys ? [answered, { afterMs: pickUp + 10 * s, do: 'press', action: '0' }] : [{ afterMs: pickUp, do: 'press', action: 'hang-up' }];
    case 'never': return [];
    case 'no-signal': return [];
  }
}

/** A call about something else (an empty desk, an outage) is listened to by whoever is awake. */
const answerOther = (persona: Persona, random: Random): Act[] => (persona === 'never' || persona === 'no-signal' ? [] : [{ afterMs: 5 * s + random.below(10) * s, do: 'press', action: 'answer' }]);
