/** English for the answer figures and their definitions, the sheet of who could not be heard, and the house's own canary. */
import type { zhFigures } from './figures.zh-CN.ts';

export const enFigures = {
  'flood.bar': 'Flood: {n} in 10 minutes, {m} on duty', 'flood.do': 'Emergencies stand as ever, those at risk first; technical alarms are folded. How many of the reserve were texted stands in the shift log.', 'flood.shown': 'Emergencies stand as ever, those at risk first; technical alarms are shown.', 'flood.folded': '{n} technical alarms folded, show', 'act.fold': 'Fold', 'act.unfold': 'Show',
  'figures.strip': 'Answered', 'figures.open': 'Answer figures and their definitions', 'figures.none': 'no alerts', 'figures.counting': 'counting', 'figures.in60': '60 s', 'figures.in180': '180 s', 'figures.flood': 'FLOOD {n}/10 min',
  'canary.name': 'Self-check', 'canary.good': '{time} ago ✓', 'canary.failing': 'FAILED', 'canary.none': 'not yet', 'canary.help': 'The house presses a button of its own every 5 minutes: door, intake, rule, sending (never out), live channel.',
  'tab.blind': 'Unheard',
} as const satisfies Readonly<Record<keyof typeof zhFigures, string>>;
