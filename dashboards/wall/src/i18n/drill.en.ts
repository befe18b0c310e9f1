/** English texts of 演练. */
import type { zhDrill } from './drill.zh-CN.ts';

export const enDrill = {
  'drill.title': 'Drills', 'drill.help': 'The real plans and the real roster, practised. Only people on duty are told: no family, no neighbour, never 110, 119, 120; nothing of it is an alarm or counts in any figure.', 'drill.none': 'No drill yet.',
  'drill.name': 'Name', 'drill.kind': 'Kind', 'drill.where': 'Where', 'drill.started': 'When', 'drill.result': 'Result', 'drill.defaultName': 'Quarterly drill',
  'drill.how.running': 'under way: {n}', 'drill.how.done': 'over', 'drill.how.stopped': 'stopped', 'drill.how.yielded': 'ended by real alarms', 'drill.answeredOf': 'answered {n} of {of}',
  'drill.newTitle': 'Begin a drill', 'drill.newHelp': 'Choose villages or homes. Each home goes through one round of its own plan; every text and call begins with 演练 and is answered with 5.', 'drill.perVillage': 'Homes of each village', 'drill.spread': 'Begin over minutes', 'drill.villages': 'Villages', 'drill.homes': 'Or these homes (ids, with spaces)', 'drill.noHome': 'No such home in your scope: {id}',
  'drill.promise': 'A real emergency ends the drill of its town at once.', 'drill.night': 'It is night: a drill wakes people, quiet hours do not hold it.', 'drill.begun': 'The drill has begun: {n} homes', 'drill.refused.alarm': 'There is an open emergency in one of these towns: that comes first.', 'drill.refused.drill': 'A drill runs in one of these towns already.',
  'drill.reportHelp': 'Who answered in how long, step by step.', 'drill.sum': 'Taken at the desk {claimed}/{cases}, median {claim}; answered, median {answer}; a whole round without an answer {nobody}', 'drill.notCounted': 'counts in no figure', 'drill.steps': 'By step', 'drill.step': 'Step', 'drill.told': 'Told', 'drill.answered': 'Answered', 'drill.median': 'Median',
  'drill.people': 'By person', 'drill.who': 'Who', 'drill.messages': 'Texts / calls', 'drill.took': 'Took', 'drill.list': 'By home', 'drill.skipped': 'Step {step}, not told:',
  'drill.verdict.answered': 'answered', 'drill.verdict.declined': 'declined', 'drill.verdict.taken': 'took the call only', 'drill.verdict.silent': 'silent',
  'drill.state.running': 'under way', 'drill.state.answered': 'answered', 'drill.state.nobody': 'nobody answered', 'drill.state.stopped': 'stopped', 'drill.state.yielded': 'gave way to a real alarm', 'drill.state.late': 'missed: the house was down',
  'drill.skip.no-contacts-in-drill': 'no contacts in a drill', 'drill.skip.drill-share': 'had his share of the drill; the rest is for alarms', 'drill.skip.has-alarm': 'has a real alarm', 'drill.skip.opted-out': 'refuses texts', 'tpl.drill': 'Drill', 'tpl.voice-drill': 'Drill call', 'act.begin': 'Begin', 'act.stop': 'Stop',
} satisfies Record<keyof typeof zhDrill, string>;
