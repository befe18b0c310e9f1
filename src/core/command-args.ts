/** What a command to a device needs (pure): the same for whoever sends one. */

const argsBytes = 2_048;

/** The first problem of a command's arguments; null: none. */
export function commandArgs(name: string, args: Record<string, unknown>): { field: string; expected: string } | null {
  if (JSON.stringify(args).length > argsBytes) return { field: 'args', expected: `at most ${argsBytes} characters of JSON` };
  if (name === 'voice' && (typeof args['text'] !== 'string' || args['text'].trim() === '' || args['text'].length > 200)) return { field: 'args.text', expected: 'a text of 1 to 200 characters' };
  if (name === 'led' && !['off', 'slow', 'steady'].includes(String(args['mode']))) return { field: 'args.mode', expected: 'off, slow or steady' };
  if (name === 'config' && Object.keys(args).length === 0) return { field: 'args', expected: 'at least one setting of the device' };
  return null;
}
