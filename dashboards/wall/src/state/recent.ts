/** What changed since the page was opened, read off the live state itself: new, raised again, another state, closed. */
import { effect, signal } from '@preact/signals';
import type { AlertView } from '#core/live.ts';
import { live, serverNow } from './wall.ts';

export type Recent = { key: number; at: number; alert: AlertView; what: 'state' | 'again' | 'closed' };
export const recent = signal<readonly Recent[]>([]);
const kept = 40;

/** Follows the live channel; a first or fetched-anew set is no news. */
export function startRecent(): void {
  let before = live.peek();
  let key = 0;
  effect(() => {
    const now = live.value;
    const old = before;
    before = now;
    if (now.alerts === old.alerts) return;
    if (!old.synced || now.epoch !== old.epoch) { if (!now.synced) recent.value = []; return; }
    const news: Recent[] = [];
    const add = (alert: AlertView, what: Recent['what']): void => { news.unshift({ key: key++, at: serverNow.peek(), alert, what }); };
    for (const alert of now.alerts.values()) {
      const was = old.alerts.get(alert.id);
      if (!was || was.state !== alert.state) add(alert, 'state'); else if (was.count < alert.count) add(alert, 'again');
    }
    for (const alert of old.alerts.values()) if (!now.alerts.has(alert.id) && now.closed.has(alert.id)) add(alert, 'closed');
    if (news.length > 0) recent.value = [...news, ...recent.peek()].slice(0, kept);
  });
}
