/** English for calls that come in, entries by hand, and the calls to 110, 119, 120. */
import type { zhDesk } from './desk.zh-CN.ts';

export const enDesk = {
  'calls.title': 'Calls', 'calls.ringing': 'Call', 'calls.missed': '{n} missed', 'calls.missedTitle': 'Missed calls', 'calls.withheld': 'number withheld', 'calls.family': 'family of {who}', 'calls.times': '{n} rings',
  'calls.matched.device': 'one-key phone', 'calls.matched.person': 'elder', 'calls.matched.contact': 'contact', 'calls.matched.home': 'home', 'calls.matched.responder': 'responder', 'calls.matched.unknown': 'stranger',
  'calls.raised': 'alarm raised', 'calls.by': '{who} has it', 'calls.talking': 'On the line', 'calls.since': 'rings for {s}', 'act.openCall': 'Answer', 'act.endCall': 'Done',
  'help.openCall': 'answer the call that rings',
  'duty.lacking': 'This PC', 'duty.no.full': 'not full screen', 'duty.no.awake': 'the screen will go dark', 'duty.no.notices': 'no pop-up while the window is hidden',
  'duty.no.voice': 'no recording: the tone alone after 30 s', 'duty.no.output': 'the chosen output is gone, the default sounds',
  'duty.help': 'Asks the browser again. Notifications are allowed in the site settings left of the address; a lit screen needs https.', 'duty.note': '{n} emergencies not taken',
  'act.escalate': 'Escalate', 'help.escalate': 'Escalate: the plan’s next rung at once', 'ok.escalate': 'Escalated: the plan’s next rung is called at once', 'log.escalated': 'Escalated: the next rung, before its time',
  'escalate.state': 'Not now: the person may still cancel, or somebody has promised to go (dispatch one more)', 'escalate.plan': 'Everybody of this round was called; the next begins by itself. Dispatch, or call by hand',
  'looking.who': '{who} has it open',
  'filter.title': 'Filter', 'filter.all': 'All', 'filter.edit': 'Make, remove…', 'filter.hidden': 'Only “{name}”: {n} hidden',
  'sound.open': 'Sound settings',
  'act.bulk': 'Many at once',
  'emergency.note': 'Called {n}',
} as const satisfies Readonly<Record<keyof typeof zhDesk, string>>;
