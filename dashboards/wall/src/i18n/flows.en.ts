/** English texts of 自定规则 (flows). */
import type { zhFlows } from './flows.zh-CN.ts';

export const enFlows = {
  'flows.title': 'Flows', 'flows.help': 'Sirens, village loudspeakers and work groups that a technician has wired (Node-RED). They see and add; they are never in an alarm’s way.', 'flows.off': 'Not switched on. They come with --flows at the start (docs/flows.md).',
  'flows.up': 'Running', 'flows.starting': 'Starting', 'flows.paused': 'Ended; started again in {s}', 'flows.safe': 'Failed again and again: running without flows; mend and deploy them in the editor', 'flows.editor': 'Open the editor', 'flows.since': 'Since', 'flows.restarts': 'Restarts', 'flows.memory': 'Memory',
  'flows.refused': 'Refused beyond the bounds: {list}', 'flows.incidents': 'Flows that were ended', 'flows.incidentsHelp': 'A flow that is stuck, leaks, throws or floods is ended and its tab switched off (one killed from outside: the second time in a row); switch it on again in the editor when it is mended.',
  'flows.when': 'When', 'flows.what': 'Why', 'flows.tab': 'Tab', 'flows.node': 'Node', 'flows.detail': 'Detail', 'flows.places': 'Where they are', 'flows.stream': 'Stream', 'flows.behind': 'Behind', 'flows.asked': 'Last read',
  'flows.hosts': 'Hosts they may ask', 'flows.hostsHelp': 'The node “request” asks these alone; addresses of this machine and of private networks only where it says so.', 'flows.noHosts': 'None yet: no flow can ask anything outside.', 'flows.host': 'Host name or address', 'flows.port': 'Port', 'flows.inside': 'on this machine or in a private network',
  'flowEnd.stuck': 'stuck', 'flowEnd.memory': 'too much memory', 'flowEnd.flood': 'floods', 'flowEnd.ended': 'ended by an error', 'flowEnd.unusable': 'cannot be opened',
  'flows.versions': 'Versions', 'flows.versionsHelp': 'Each deploy is kept (the last {n}, in the backup of the database): what it changed, and the way back. Secrets are no part of a version.', 'flows.noVersions': 'Nothing was deployed yet.',
  'flows.version': 'Version', 'flows.who': 'Who', 'flows.why': 'Why', 'flows.changed': 'What changed', 'flows.look': 'Look', 'flows.older': '{n} older ones', 'flows.house': 'the house', 'flows.nothing': 'nothing', 'flows.tabAdded': 'new tab',
  'flows.tabRemoved': 'tab removed', 'flows.tabOn': 'switched on', 'flows.tabOff': 'switched off', 'flows.nAdded': '{n} nodes added', 'flows.nChanged': '{n} changed', 'flows.nRemoved': '{n} removed', 'flows.nMoved': '{n} moved',
  'flows.noTab': 'on no tab', 'flows.comma': ', ', 'flows.itChanged': 'This version changed', 'flows.backWould': 'Going back to it would change', 'flows.secrets': 'These secrets do not come back; enter them in the editor afterwards: {list}',
  'flows.restore': 'Go back to this version', 'flows.restored': 'Gone back; kept as a new version', 'flowWhy.deploy': 'deployed', 'flowWhy.rollback': 'back to', 'flowWhy.switched-off': 'switched off after an error',
  'flowWhy.found': 'found at the start', 'flowHow.added': 'added', 'flowHow.removed': 'removed', 'flowHow.changed': 'changed',
  'trial.title': 'Try', 'trial.help': 'A tab (also one that is switched off) is tried with the alerts, events and readings of the last 24 hours, against what it really did. Nothing goes out: nobody is told, no device is commanded, nothing outside is asked. What is not deployed yet: the button “Try” at the top of the editor.',
  'trial.noTabs': 'No tab yet.', 'trial.answer': 'Requests outside are answered with', 'trial.go': 'Try', 'trial.state': 'State', 'trial.drawn': 'not deployed', 'trial.runs': 'Being tried…', 'trial.lost': 'It was cut off: the process of the flows ended.',
  'trial.sum': '{items} items, {messages} messages between nodes, {tried} things it would do, in {s} s.', 'trial.upTo': 'Tried until {time} only; what came later is not compared.', 'trial.silent': 'It would do nothing, and did nothing.',
  'trial.same': '{n} the same as in truth', 'trial.added': '{n} would be new', 'trial.gone': '{n} would be no more', 'trial.changed': '{n} in other words', 'trial.refused': '{n} would be refused', 'trial.cut': 'The lists are long: only their beginning is shown.',
  'trial.lines': '{n} lines that nodes said', 'trialState.asked': 'waits', 'trialState.running': 'being tried', 'trialState.done': 'done', 'trialEnd.whole': 'Tried with 24 hours.', 'trialEnd.time': 'Ended: too long.',
  'trialEnd.memory': 'Ended: too much memory.', 'trialEnd.messages': 'Ended: too many messages.', 'trialEnd.stuck': 'Ended: stuck.', 'trialEnd.ended': 'Ended by an error.', 'flowAct.raise': 'raise', 'flowAct.note': 'note',
  'flowAct.notify': 'notify team', 'flowAct.command': 'command', 'flowAct.request': 'request',
} as const satisfies Record<keyof typeof zhFlows, string>;
