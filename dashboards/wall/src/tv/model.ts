/** What the big screen shows, pure: the queue's own order cut to what can be read from across the room, and people as visitors may see them (D14). */
import { surnameOf } from '#core/messages.ts';
import type { AlertView } from '#core/live.ts';
import { orderQueue } from '#wall/queue/order.ts';

/** Rows that fit at 28 px and more; the others are counted. */
export const tvRows = 12;

/** The first alerts of the queue and how many more there are. */
export function tvQueue(alerts: ReadonlyMap<string, AlertView>): { shown: AlertView[]; more: number } {
  const shown = orderQueue(alerts.values()).slice(0, tvRows).flatMap(({ id }) => alerts.get(id) ?? []);
  return { shown, more: alerts.size - shown.length };
}

/** 陈**: whatever the server sent, only the surname reaches the page. Places and devices have no person in them; of a telephone number nothing is shown. */
function nameOf({ type, name }: AlertView['subject']): string | null {
  if (name === null || type === 'number') return null;
  return type === 'person' || type === 'home' || type === 'room' ? `${surnameOf(name.split('*')[0] ?? '')}**` : name;
}

/** An alert as visitors may see it: 陈**, 屏山乡 **村, on the map at its town. Done where frames come in, so that no part of the page can show more. */
export function forVisitors(alert: AlertView): AlertView {
  const code = alert.regionCode;
  return {
    ...alert, subject: { ...alert.subject, name: nameOf(alert.subject) }, place: null, village: alert.village === null ? null : `**${alert.village.slice(-1)}`,
    regionCode: code === null || code.slice(6) === '000000' ? code : `${code.slice(0, 9)}000`, lat: null, lon: null,
  };
}

/** By how many px the picture is moved in this minute, so that nothing burns in: a small square, one step a minute. */
export function burnInShift(epochMs: number): { x: number; y: number } {
  const step = Math.floor(epochMs / 60_000) % 16;
  const side = Math.floor(step / 4);
  const along = (step % 4) * 2;
  return [{ x: along, y: 0 }, { x: 8, y: along }, { x: 8 - along, y: 8 }, { x: 0, y: 8 - along }][side] ?? { x: 0, y: 0 };
}

/** The build of a page by the name of its script (vite hashes it); null: not one of ours. */
export const buildOf = (html: string): string | null => /\/assets\/(index-[\w-]+\.js)/.exec(html)?.[1] ?? null;
