/** The flow file as the keeper reads it (pure): what a node and a tab are called, and the same file with a tab switched off. */

type Item = { id?: string; type?: string; z?: string; label?: string; name?: string; disabled?: boolean };

function items(text: string): Item[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as Item[]) : null;
  } catch { return null; }
}

/** The tabs that run this node: its own, or those that use the subflow it stands in. */
function tabsOf(all: readonly Item[], z: string, seen: ReadonlySet<string> = new Set()): string[] {
  const home = all.find((i) => i.id === z);
  if (home?.type === 'tab') return [z];
  if (seen.has(z)) return [];
  // An instance of a subflow runs under an id of its own (`instance` or `instance-node`).
  const instance = all.find((i) => i.type?.startsWith('subflow:') && (i.id === z || z.startsWith(`${i.id}-`)));
  if (instance?.z) return tabsOf(all, instance.z, new Set([...seen, z]));
  return home?.type === 'subflow' ? [...new Set(all.filter((i) => i.type === `subflow:${z}`).flatMap((i) => tabsOf(all, i.z ?? '', new Set([...seen, z]))))] : [];
}

export type Named = { tabs: string[]; tabName: string | null; nodeName: string | null };
/** Null: not a flow file. */
export function nameIn(text: string, tab: string, node: string): Named | null {
  const all = items(text);
  if (all === null) return null;
  const tabs = tabsOf(all, tab);
  const found = all.find((i) => i.id === node);
  return { tabs, tabName: all.find((i) => i.id === tabs[0])?.label ?? null, nodeName: found ? (found.name || found.type) ?? null : null };
}

/** The file with these tabs disabled; null when nothing would change. */
export function without(text: string, tabs: readonly string[]): string | null {
  const all = items(text);
  if (all === null) return null;
  const off = all.filter((i) => i.type === 'tab' && i.disabled !== true && tabs.includes(i.id ?? ''));
  if (off.length === 0) return null;
  return `${JSON.stringify(all.map((i) => (off.includes(i) ? { ...i, disabled: true } : i)), null, 4)}\n`;
}
