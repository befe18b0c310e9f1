/** Where one is: `#/` the villages, `#/home/ID`, `#/visit/ID`, `#/refuse/ID`. */
import { signal } from '@preact/signals';

export type Place = { page: 'villages' | 'home' | 'visit' | 'refuse'; id: string };
const read = (): Place => {
  const [, page = '', id = ''] = location.hash.split('/');
  return page === 'home' || page === 'visit' || page === 'refuse' ? { page, id: decodeURIComponent(id) } : { page: 'villages', id: '' };
};
export const place = signal<Place>(read());
export const to = (page: Place['page'], id = ''): string => (page === 'villages' ? '#/' : `#/${page}/${encodeURIComponent(id)}`);
export const go = (page: Place['page'], id = ''): void => { location.hash = to(page, id); };
addEventListener('hashchange', () => { place.value = read(); scrollTo(0, 0); });
