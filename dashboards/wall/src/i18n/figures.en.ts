/** English for the answer figures and their definitions, the sheet of who could not be heard, and the house's own canary. */
import type { zhFigures } from './figures.zh-CN.ts';

export const enFigures = {
  'figures.strip': 'Answered', 'figures.open': 'Answer figures and their definitions', 'figures.none': 'no alerts', 'figures.counting': 'counting', 'figures.in60': '60 s', 'figures.in180': '180 s', 'figures.flood': 'FLOOD {n}/10 min',
  'figures.title': 'Answer figures', 'figures.day': 'last 24 h', 'figures.month': 'this month', 'figures.target': 'target', 'figures.share': '{p} % ({n}/{of})', 'figures.below': 'below target',
  'figures.within60': 'answered within 60 s', 'figures.within180': 'answered within 180 s', 'figures.answer': 'time to answer (median / nine tenths)', 'figures.unanswered': 'nobody yet', 'figures.cancelled': 'cancelled by the person (apart)', 'figures.excluded': 'tests and drills (left out)',
  'figures.arrived45': 'at the door within 45 min', 'figures.arrival': 'time to arrival (median)', 'figures.oldest': 'Waiting longest', 'figures.floodNow': 'Flood since {time}: {n} in 10 min, {m} on duty', 'figures.floodNot': '{n} in 10 min, {m} on duty, no flood',
  'figures.load': 'Load per operator', 'figures.who': 'Operator', 'figures.onDuty': 'on duty', 'figures.holding': 'holds', 'figures.taken': 'taken in 24 h', 'figures.nobody': 'Nobody is on duty and nobody has taken an alert.',
  'figures.defAnswer': 'Time to answer: commit of the alarm to the first human step (claim, acceptance, contact), emergencies (P1) only. What nobody has answered counts against us once its time is over; the month begins on its first day at midnight.',
  'figures.defArrival': 'Time to arrival: commit of the alarm to somebody at the door. What was settled by telephone is not counted; a promise that is 45 min old and not kept counts against us.',
  'figures.defOut': 'Left out: installation tests and drills. What the person cancelled at the device stands apart. Without alerts it says so, never 100 %.',
  'figures.defFlood': 'Flood (ISA-18.2): begins above 10 alarms (P1 to P3) in 10 minutes per operator on duty, ends below 5. On duty: a wall tab that beats; the number is that of now.',
  'canary.name': 'Self-check', 'canary.good': '{time} ago ✓', 'canary.failing': 'FAILED', 'canary.none': 'not yet', 'canary.help': 'The house presses a button of its own every 5 minutes: door, intake, rule, sending (never out), live channel.',
  'case.proof': 'last proof of life: {time} ago', 'case.noProof': 'no device of this person was ever heard',
  'tab.blind': 'Unheard', 'act.print': 'Print', 'act.file': 'Table',
  'blind.title': 'Who could not be heard', 'blind.help': 'On this day we could not have heard these people between the times shown: from the last sign of life to the next.', 'blind.day': 'Day', 'blind.region': 'Region', 'blind.all': 'all',
  'blind.sum': '{people} people could not be heard at some time (of {covered} with a device), {minutes} person-minutes.', 'blind.none': 'All {covered} people could be heard the whole day.', 'blind.nobody': 'Nobody in this region has a device that was ever heard.', 'blind.away': '{n} more could not be heard, but were away, in hospital or evacuated; they are in no number.',
  'blind.partial': 'The day is not over: counted until now.', 'blind.own': 'Blind windows: our own doors were shut, nobody could be heard', 'blind.ownAll': '{from}–{to}, {n} min', 'blind.villages': 'By village', 'blind.village': 'Village', 'blind.covered': 'with a device', 'blind.people': 'unheard', 'blind.minutes': 'person-minutes',
  'blind.list': 'By person (silences of their own devices; blind windows were everybody’s and are not repeated)', 'blind.who': 'Name', 'blind.when': 'From–to', 'blind.total': 'Minutes', 'blind.reason.outage': 'area outage', 'blind.reason.single': 'single device', 'blind.truncated': 'Too many to name: the first {n} only; the counts are whole, the table names the same.',
} as const satisfies Readonly<Record<keyof typeof zhFigures, string>>;
