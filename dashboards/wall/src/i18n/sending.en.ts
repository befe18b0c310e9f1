/** English texts of 发送. */
import type { zhSending } from './sending.zh-CN.ts';

export const enSending = {
  'budget.title': 'Budgets of numbers', 'budget.help': 'Numbers that got something in the last day, the fullest first. {n}% of each belong to emergencies: when only these are left, other messages go another way or wait; when all are used, an emergency takes its other way first.', 'budget.empty': 'Nothing was sent in the last day.',
  'budget.texts': 'Texts (of one template)', 'budget.calls': 'Calls', 'budget.full': 'used up', 'budget.reserve': 'reserve only', 'budget.count.full': '{n} used up', 'budget.count.reserve': '{n} with the reserve only', 'budget.held': '{n} waiting', 'budget.listed': 'exempt (white list)', 'budget.left': '{n} left',
  'budget.SMS_MINUTE': 'minute', 'budget.SMS_HOUR': 'hour', 'budget.SMS_DAY': 'day', 'budget.SMS_NUMBER': 'day, all', 'budget.CALLS_MINUTE': 'minute', 'budget.CALLS_HOUR': 'hour', 'budget.CALLS_DAY': 'day',
  'white.title': 'White list', 'white.help': 'The provider exempts up to {n} numbers from its limits; others get 50 texts of a kind a day. Ranked: seats, leaders, towns, then villages by people at high risk. Make the file, import it at the provider’s console, then press Entered.', 'white.never': 'None was made yet.', 'white.last': 'Last made {time}, {n} numbers',
  'white.unconfirmed': 'not entered at the provider yet', 'white.confirmed': 'entered by {who}, {time}', 'white.drift': 'changed since: {fresh} new, {gone} no longer wanted', 'white.made': 'Made: download the file', 'white.done': 'Entered: texts to these numbers are no longer limited', 'white.empty': 'No mobile number is on duty: add responders first.',
  'white.entries': '{n} numbers inside, {outside} outside', 'white.rank': 'Rank', 'white.place': 'Place', 'white.risk': 'At high risk', 'white.fresh': 'new', 'white.gone': 'no longer wanted', 'white.outside': 'outside', 'act.makeList': 'Make', 'act.entered': 'Entered', 'act.download': 'Download',
} satisfies Record<keyof typeof zhSending, string>;
