/** English: the pages of quarantine, strangers and registration. */
import type { zhDevices } from './devices.zh-CN.ts';

export const enDevices = {
  'act.replay': 'Replay', 'act.register': 'Register', 'act.copy': 'Copy', 'act.refresh': 'Refresh', 'quarantine.title': 'Quarantine',
  'quarantine.help': 'Frames nobody could read, kept as they came; replay them after a decoder was mended.', 'quarantine.empty': 'Nothing in quarantine', 'quarantine.device': 'Device', 'quarantine.topic': 'Topic',
  'quarantine.reason': 'Reason', 'quarantine.at': 'Received', 'quarantine.bytes': 'Bytes', 'quarantine.result': 'Result', 'replay.replayed': 'replayed, the event is in', 'replay.still-unreadable': 'still unreadable',
  'replay.replayed-before': 'replayed before', 'replay.not-an-event': 'not an event', 'unregistered.title': 'Unregistered devices',
  'unregistered.help': 'These tried to connect and were refused. A button already fitted may be among them: register it soon.', 'unregistered.empty': 'No device was refused', 'unregistered.id': 'Id it gave',
  'unregistered.reason': 'Reason', 'unregistered.count': 'Times', 'unregistered.last': 'Last', 'unregistered.first': 'First', 'unregistered.address': 'From', 'unregistered.door': 'Door', 'unregistered.unknown': 'not registered',
  'unregistered.revoked': 'revoked', 'unregistered.wrong-secret': 'wrong secret', 'devices.title': 'Register a device', 'devices.help': 'Choose a model, bind it to a home if you like. The secret is shown once.',
  'devices.model': 'Model', 'devices.room': 'Room (optional)', 'devices.made': 'Registered', 'devices.id': 'Device id', 'devices.secret': 'Secret', 'devices.once': 'The secret is shown this once: write it down now.',
  'devices.try': 'Press the button from a terminal:', 'devices.tryHere': 'or from here:', 'devices.press': 'Press it', 'devices.pressed': 'Committed; the alarm is on the desk.', 'devices.toWall': 'To the desk',
  'devices.refused': 'Your role may not register devices.', 'devices.copied': 'Copied', 'devices.homePick': 'Bind to',
} satisfies Record<keyof typeof zhDevices, string>;
