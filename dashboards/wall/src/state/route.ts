/** Which page is shown: the part after #, so that a reload stays where it was and the server needs to know one page only. */
import { signal } from '@preact/signals';

export const pages = ['wall', 'quarantine', 'unregistered', 'devices'] as const;
export type Page = (typeof pages)[number];

const read = (): Page => pages.find((page) => location.hash === `#/${page}`) ?? 'wall';
export const page = signal<Page>('wall');
export function startRoute(): void {
  page.value = read();
  addEventListener('hashchange', () => { page.value = read(); });
}
