/** What changed between two states of the flows, in the words of whoever drew them (pure): tabs, their nodes, the fields of a node. Where a node stands on the sheet is no change. */

export type FlowItem = { id: string; type: string; z?: string; label?: string; name?: string; disabled?: boolean; env?: readonly { name: string; type?: string }[]; [field: string]: unknown };

/** The items of a flow file; null: it is none. */
export function readItems(text: string): FlowItem[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return areItems(value) ? value : null;
  } catch { return null; }
}
export function areItems(value: unknown): value is FlowItem[] {
  return Array.isArray(value) && value.every((i) => typeof i === 'object' && i !== null && typeof (i as FlowItem).id === 'string' && typeof (i as FlowItem).type === 'string');
}

/** The same flows are the same text, in whatever order they were written. */
export function canonical(items: readonly FlowItem[]): string {
  const ordered = (value: unknown): unknown => (Array.isArray(value) ? value.map(ordered) : typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, ordered(v)])) : value);
  return JSON.stringify(items.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(ordered));
}

export const tabsIn = (items: readonly FlowItem[]): { id: string; name: string; disabled: boolean }[] => items.filter((i) => i.type === 'tab').map((i) => ({ id: i.id, name: nameOf(i), disabled: i.disabled === true }));

/** The same flows with this tab alone switched on, and no secret that somebody may have put in; null: there is no such tab. */
export function alone(items: readonly FlowItem[], tab: string): FlowItem[] | null {
  if (!items.some((i) => i.type === 'tab' && i.id === tab)) return null;
  return items.map(({ credentials: _c, ...item }) => ({ ...item, ...(item.type === 'tab' ? { disabled: item.id !== tab } : {}) }) as FlowItem);
}

export type FieldChange = { field: string; before: string | null; after: string | null };
export type NodeChange = { id: string; name: string; how: 'added' | 'removed' | 'changed'; fields: FieldChange[] };
/** `id` '': nodes that stand on no tab. `on`: the tab was switched on or off. `moved`: nodes that only stand elsewhere. */
export type TabChange = { id: string; name: string; how: 'added' | 'removed' | 'changed'; on: 'on' | 'off' | null; moved: number; nodes: NodeChange[] };

const where = ['x', 'y', 'w', 'h', 'order'];
const shownMax = 160;
const nameOf = (i: FlowItem): string => String(i.label || i.name || i.type).slice(0, 80);
const isHome = (i: FlowItem): boolean => i.type === 'tab' || i.type === 'subflow';
const homeOf = (i: FlowItem): string => (isHome(i) ? i.id : typeof i.z === 'string' ? i.z : '');

/** From `before` to `after`, tab by tab in the order of `after`; tabs without a change are left out. */
export function flowChange(before: readonly FlowItem[], after: readonly FlowItem[]): TabChange[] {
  const [old, now] = [byId(before), byId(after)];
  const tabs = new Map<string, TabChange>();
  const tabOf = (id: string): TabChange => {
    const known = tabs.get(id);
    if (known) return known;
    const [was, is] = [old.get(id), now.get(id)];
    const made: TabChange = { id, name: is || was ? nameOf((is ?? was) as FlowItem) : '', how: was && !is ? 'removed' : is && !was && id !== '' ? 'added' : 'changed', on: was && is && (was.disabled === true) !== (is.disabled === true) ? (is.disabled === true ? 'off' : 'on') : null, moved: 0, nodes: [] };
    tabs.set(id, made);
    return made;
  };
  for (const item of after) {
    const was = old.get(item.id);
    if (!was) { const tab = tabOf(homeOf(item)); if (!isHome(item)) tab.nodes.push({ id: item.id, name: nameOf(item), how: 'added', fields: [] }); continue; }
    const fields = changedFields(was, item);
    if (fields.length > 0) tabOf(homeOf(item)).nodes.push({ id: item.id, name: nameOf(item), how: 'changed', fields });
    else if (isHome(item) && (was.disabled === true) !== (item.disabled === true)) tabOf(item.id);
    else if (where.some((f) => was[f] !== item[f])) tabOf(homeOf(item)).moved++;
  }
  for (const item of before) if (!now.has(item.id)) { const tab = tabOf(homeOf(item)); if (!isHome(item)) tab.nodes.push({ id: item.id, name: nameOf(item), how: 'removed', fields: [] }); }
  return [...tabs.values()];
}

const byId = (items: readonly FlowItem[]): Map<string, FlowItem> => new Map(items.map((i) => [i.id, i]));

function changedFields(was: FlowItem, is: FlowItem): FieldChange[] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((f) => !where.includes(f) && !(f === 'disabled' && isHome(is)));
  return names.flatMap((field) => {
    const [before, after] = [textOf(was[field]), textOf(is[field])];
    return before === after ? [] : [{ field, ...aroundDifference(before, after) }];
  });
}
const textOf = (value: unknown): string | null => (value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value));

/** Both texts from a little before they part, so that a long function shows where it differs. */
function aroundDifference(before: string | null, after: string | null): Omit<FieldChange, 'field'> {
  let at = 0;
  if (before !== null && after !== null) while (at < before.length && before[at] === after[at]) at++;
  const from = Math.max(0, at - 40);
  const cut = (text: string | null): string | null => (text === null ? null : `${from > 0 ? '…' : ''}${text.slice(from, from + shownMax)}${text.length > from + shownMax ? '…' : ''}`);
  return { before: cut(before), after: cut(after) };
}

/** What has a secret in `to` and is not there `now`: Node-RED forgets the secrets of what is removed, so they must be entered again. */
export function secretsLost(now: readonly FlowItem[], to: readonly FlowItem[]): string[] {
  const secrets = (items: readonly FlowItem[]): Map<string, string> => new Map(items.flatMap((i) => (Array.isArray(i.env) ? i.env : []).filter((e: { type?: string }) => e?.type === 'cred').map((e: { name: string }) => [`${i.id} ${e.name}`, `${nameOf(i)}: ${e.name}`] as const)));
  const there = secrets(now);
  return [...secrets(to)].filter(([key]) => !there.has(key)).map(([, name]) => name);
}

/** How a list tells it: per tab, how many nodes. */
export type TabSum = Pick<TabChange, 'name' | 'how' | 'on' | 'moved'> & { added: number; removed: number; changed: number };
const tabsMax = 40;
export function sumChange(change: readonly TabChange[]): TabSum[] {
  const count = (tab: TabChange, how: NodeChange['how']): number => tab.nodes.filter((n) => n.how === how).length;
  return change.slice(0, tabsMax).map((tab) => ({ name: tab.name, how: tab.how, on: tab.on, moved: tab.moved, added: count(tab, 'added'), removed: count(tab, 'removed'), changed: count(tab, 'changed') }));
}
