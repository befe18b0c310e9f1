/** English texts of 排班. */
import type { zhDuty } from './duty.zh-CN.ts';

export const enDuty = {
  'sched.title': 'Schedules', 'sched.help': 'Whose turn it is at the seats, among shift and duty leaders, and in the towns’ duty rooms. They are called first; when they are away, the others. Whoever stands in no schedule can always be called.',
  'sched.none': 'No schedule yet: everybody on file can be called at any time, in the order of the file.', 'sched.now': 'On duty', 'sched.nobody': 'Nobody is on duty now: all are called, in the order of the file', 'sched.week': 'Seven days', 'sched.gap': 'gap', 'sched.instead': 'stand-in', 'sched.swap': 'swap',
  'sched.gaps': '{n} gaps in the next thirty days, {time} in all', 'sched.standsIn': '{in} for {out}', 'sched.leftOpen': '{out} away, left open', 'sched.whoever': 'whoever has the turn', 'sched.addInstead': 'Stand-in', 'sched.from': 'From', 'sched.to': 'To', 'sched.out': 'Who is away', 'sched.in': 'Who comes',
  'sched.layer': 'Layer {n}', 'sched.addLayer': 'Add layer', 'sched.layerHelp': 'A later layer lies over an earlier one: nights, holidays.', 'sched.startDay': 'From the day', 'sched.endDay': 'Until before the day', 'sched.handOver': 'Hand-over at', 'sched.turnHours': 'Hours of a turn', 'sched.days': 'Days',
  'sched.days.all': 'every day', 'sched.days.work': 'working days', 'sched.days.rest': 'rest days and holidays', 'sched.window': 'Only some hours', 'sched.members': 'Order of turns', 'sched.addMember': 'Add somebody', 'sched.nobodyInRole': 'nobody of this role is on file',
  'sched.holidays': 'Holidays', 'sched.year': 'Year', 'sched.holidayHelp': 'One day a line: date, 放假 or 上班, name', 'sched.holidayLine': 'Line {n} is wrong.', 'sched.noHolidays': 'No holidays on file: weekends only.', 'act.takeBack': 'Take back',
  'who.title': 'Who would be called', 'act.now': 'Now', 'plan.when': 'At', 'plan.previewOutage': 'in an outage: nobody is waited for', 'mark.cutOff': 'own village in an outage',
  'plan.any': 'all', 'plan.priority': 'Priority', 'plan.onlyPriority': 'P{n} only', 'plan.riskOf': 'For', 'plan.risk.high': 'high risk only', 'plan.risk.normal': 'the others only', 'plan.hoursFrom': 'Only from', 'plan.hoursTo': 'until',
  'plan.price': 'First call {first} · last step {last} · a round is {texts} texts, {calls} calls', 'plan.priceMost': 'one person: {five} calls in 5 minutes, {hour} in an hour',
  'lint.gap': '{n} hours without anybody on duty in the next 30 days', 'lint.few-contacts': '{n} elders have fewer than 3 people to call', 'lint.unproven': '{n} elders have no number that was ever proven', 'lint.unreachable': 'Step {n} reaches nobody', 'lint.never': '{n} kinds are always P1 and never run it', 'lint.desk-first-fall': 'Desk first holds for falls only',
  'loose.title': 'Answers that no case shows', 'loose.help': 'Of strangers, not understood, opted out; never answered by the house.', 'loose.stranger': 'stranger', 'tpl.family-taken': 'Family: somebody goes', 'tpl.away': 'Away, noted', 'tpl.back': 'Back, noted',
} satisfies Record<keyof typeof zhDuty, string>;
