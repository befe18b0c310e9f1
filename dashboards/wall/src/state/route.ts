/**
 * Which page is shown, of which file, with which filters: the part after # (`#/people/p1`, `#/homes?region=350425203000`), so that a
 * reload and the back button stay where they were and the server needs to know one page only. Owns leaving what is not saved.
 */
import { signal } from '@preact/signals';

export type Query = Readonly<Record<string, string>>;
export type Route = { /** as it stands in the address; the registry of pages knows which exist */ page: string; id: string | null; query: Query };

/** `#/people/p1?tab=x` in its parts; anything odd is the first page. */
export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [page = '', id] = path.split('/', 2).map(plain);
  return { page: page || 'wall', id: id || null, query: Object.fromEntries([...new URLSearchParams(search)].filter(([, value]) => value !== '')) };
}
function plain(part: string): string {
  try { return decodeURIComponent(part); } catch { return ''; }
}
/** The address of a page; empty filters are left out. */
export function hashOf(page: string, id: string | null = null, query: Query = {}): string {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString();
  return `#/${page}${id === null ? '' : `/${encodeURIComponent(id)}`}${search === '' ? '' : `?${search}`}`;
}

export const route = signal<Route>({ page: 'wall', id: null, query: {} });
/** Something typed is not saved yet; a form sets it, and clears it when it is saved or gone. */
export const unsaved = signal(false);
/** What was asked for while something is not saved: the dialog lets it happen or drops it. */
export const leaving = signal<(() => void) | null>(null);

const unsavedForms = new Set<object>();
/** One form of several on a page says whether it holds something that is not saved. */
export function keepUnsaved(form: object, dirty: boolean): void {
  if (dirty) unsavedForms.add(form); else unsavedForms.delete(form);
  unsaved.value = unsavedForms.size > 0;
}

/** Does `run` now, or after somebody said that what is not saved (of `form`, or at all) may go. */
export function leaveFor(run: () => void, form?: object): void {
  if (form === undefined ? !unsaved.peek() : !unsavedForms.has(form)) run();
  else leaving.value = () => { unsaved.value = false; run(); };
}
export const go = (page: string, id: string | null = null, query: Query = {}): void => { location.hash = hashOf(page, id, query); };
/** Other filters of the same page: no new step for the back button. */
export function refine(query: Query): void {
  const { page, id } = route.peek();
  history.replaceState(null, '', hashOf(page, id, query));
  shown = location.hash;
  route.value = parseRoute(shown);
}

let shown = '';
export function startRoute(): void {
  shown = location.hash;
  route.value = parseRoute(shown);
  addEventListener('hashchange', () => {
    const next = location.hash;
    if (next === shown) return;
    if (unsaved.peek()) {
      history.pushState(null, '', shown || '#/wall'); // stays where the form is until somebody decides
      leaveFor(() => { location.hash = next; });
      return;
    }
    shown = next;
    route.value = parseRoute(next);
  });
  addEventListener('beforeunload', (event) => { if (unsaved.peek()) event.preventDefault(); });
}
