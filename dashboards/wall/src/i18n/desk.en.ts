/** English for calls that come in, entries by hand, and the calls to 110, 119, 120. */
import type { zhDesk } from './desk.zh-CN.ts';

export const enDesk = {
  'calls.title': 'Calls', 'calls.ringing': 'Call', 'calls.missed': '{n} missed', 'calls.missedTitle': 'Missed calls', 'calls.withheld': 'number withheld', 'calls.family': 'family of {who}', 'calls.times': '{n} rings',
  'calls.matched.device': 'one-key phone', 'calls.matched.person': 'elder', 'calls.matched.contact': 'contact', 'calls.matched.home': 'home', 'calls.matched.responder': 'responder', 'calls.matched.unknown': 'stranger',
  'calls.raised': 'alarm raised', 'calls.by': '{who} has it', 'calls.talking': 'On the line', 'calls.since': 'rings for {s}', 'act.openCall': 'Answer', 'act.endCall': 'Done',
  'phone.who': 'Number, name or village', 'phone.kind': 'What is it', 'phone.byNumber': 'by number {n}', 'phone.byNumberNote': 'strangers raise too', 'phone.nobody': 'Nothing found. A number, a whole name, a file number or a village will do.', 'phone.keys': '↑ ↓ choose, Enter raises.',
  'help.openCall': 'answer the call that rings',
  'emergency.title': 'Ambulance, fire, police', 'emergency.120': 'Call 120', 'emergency.119': 'Call 119', 'emergency.110': 'Call 110', 'emergency.ask': 'Dial {n} on the desk telephone?', 'emergency.dialled': 'Connected', 'emergency.not': 'Do not', 'emergency.note': 'Called {n}',
  'photo.title': 'Pictures from there', 'photo.from': '{who}, {time}', 'photo.shownNote': 'each look is audited', 'log.kept': 'pressed without a network, came {time} later',
} as const satisfies Readonly<Record<keyof typeof zhDesk, string>>;
