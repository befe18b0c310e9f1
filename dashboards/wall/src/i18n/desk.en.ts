/** English for calls that come in, entries by hand, and the calls to 110, 119, 120. */
import type { zhDesk } from './desk.zh-CN.ts';

export const enDesk = {
  'calls.title': 'Calls', 'calls.ringing': 'Call', 'calls.missed': '{n} missed', 'calls.missedTitle': 'Missed calls', 'calls.withheld': 'number withheld', 'calls.family': 'family of {who}', 'calls.times': '{n} rings',
  'calls.matched.device': 'one-key phone', 'calls.matched.person': 'elder', 'calls.matched.contact': 'contact', 'calls.matched.home': 'home', 'calls.matched.responder': 'responder', 'calls.matched.unknown': 'stranger',
  'calls.raised': 'alarm raised', 'calls.by': '{who} has it', 'calls.talking': 'On the line', 'calls.since': 'rings for {s}', 'act.openCall': 'Answer', 'act.endCall': 'Done',
  'help.openCall': 'answer the call that rings',
  'emergency.note': 'Called {n}',
} as const satisfies Readonly<Record<keyof typeof zhDesk, string>>;
