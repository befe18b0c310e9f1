/** English for the big screen and the map. */
import type { zhScreen } from './screen.zh-CN.ts';

export const enScreen = {
  'tv.closed': 'This screen is not logged in. Ask an administrator for a token of the role “viewer” and open /tv#TOKEN; or log in at / first.', 'tv.more': '{n} more', 'tv.onDuty': 'On duty', 'tv.nobody': 'nobody', 'tv.in180': '{p} % in 180 s',
  'act.map': 'Map', 'act.tiles': 'Tiles', 'act.refit': 'Fit', 'map.locked': 'Back', 'map.refitHelp': 'Once moved by hand the view stays; ★ gives it back (G goes to the open case)', 'map.lost': 'The map stopped; tiles instead', 'map.failed': 'The map does not open; tiles instead',
  'map.sketch': 'Schematic, for internal use', 'map.approval': 'approval number {n}', 'map.outline': 'Borders: ', 'map.demoPlaces': 'positions are schematic', 'map.gapPeople': '{n} unheard', 'map.gapDevices': '{n} never came', 'help.fly': 'the open case on the map',
} as const satisfies Readonly<Record<keyof typeof zhScreen, string>>;
