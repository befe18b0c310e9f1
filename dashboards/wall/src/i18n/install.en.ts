/** English: figures of installations. */
import type { zhInstall } from './install.zh-CN.ts';

export const enInstall: Record<keyof typeof zhInstall, string> = {
  'inst.help': 'How many were fitted and accepted, which are to be done again, how far the special group is covered and why the rest is not. From the house’s own records, not from what installers write.', 'inst.from': 'From', 'inst.to': 'to', 'inst.cover': 'Cover of the special group', 'inst.coverOf': '{accepted} of {special} accepted, {percent} %', 'inst.goal': '{percent} %', 'inst.lacking': '{n} more needed', 'inst.reached': 'reached',
  'inst.gaps': 'Why the others are not covered', 'inst.gap.probation': 'in probation', 'inst.gap.to-redo': 'to be done again', 'inst.gap.failed': 'failed', 'inst.gap.refused': 'refused', 'inst.gap.no-device': 'fitted once, no device now', 'inst.gap.unaccepted': 'a device nobody accepted', 'inst.gap.begun': 'being installed', 'inst.gap.not-visited': 'not visited',
  'inst.special': 'Special group', 'inst.visits': 'Visits', 'inst.installed': 'Passed on site', 'inst.accepted': 'Accepted', 'inst.onSite': 'Probation', 'inst.failed': 'Failed', 'inst.refused': 'Refused', 'inst.toRedo': 'To be done again', 'inst.byTown': 'By town', 'inst.byInstaller': 'By installer', 'inst.byDay': 'By day', 'inst.redo': 'To be done again', 'inst.redoNone': 'Nothing is to be done again', 'inst.none': 'No visits in this time', 'inst.sum': 'Total',
  'inst.when': 'When', 'inst.where': 'Where', 'inst.home': 'Home', 'inst.device': 'Device', 'inst.installer': 'Installer', 'inst.why': 'Why', 'inst.percent': 'Cover',
};
