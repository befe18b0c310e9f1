/** English for the file pages. */
import type { zhFiles } from './files.zh-CN.ts';

export const enFiles = {
  'tab.people': 'People', 'tab.homes': 'Homes', 'tab.devices': 'Devices', 'tab.responders': 'Responders',
} as const satisfies Readonly<Record<keyof typeof zhFiles, string>>;
