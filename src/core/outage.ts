/**
 * Many silences are one incident (片区失联, FEATURES B4, 2.1; FIELD F4). Pure: the losses of the last minutes, who is proven alive
 * and what is already open -> which incidents open, which losses join, which smaller incidents a larger one takes in. A device
 * goes to exactly one incident; thresholds stand in core/limits.ts and count homes too, so that one dead gateway is no outage.
 */
import { scopePrefix } from './ids.ts';
import { limits } from './limits.ts';

export type OutageSubject = { type: 'region' | 'cell' | 'power-area' | 'vendor'; id: string };
export type OutageCause = 'mast' | 'power' | 'vendor' | 'unknown';
const causeText: Record<OutageCause, string> = { mast: '基站故障', power: '停电', vendor: '平台故障', unknown: '原因不明' };
/** What a text says of an incident, from its figures. */
export function outageWords(figures: Readonly<Record<string, unknown>>): { town: string; count: string; cause: string } {
  return { town: String(figures['town'] ?? ''), count: String(figures['homes'] ?? figures['members'] ?? ''), cause: causeText[figures['cause'] as OutageCause] ?? causeText.unknown };
}
/** What devices have in common; region is the home's own code, a village as a rule. */
type Traits = { region: string | null; cell: string | null; powerArea: string | null; vendor: string; power: 'mains' | 'battery' };
/** One lost device: silent, said offline by its will, or without mains. */
export type Loss = Traits & { deviceId: string; homeId: string | null; how: 'silent' | 'lost' | 'mains-lost'; at: number; outageId: string | null };
/** Devices heard since the losses began, counted by traits: the evidence against an outage. */
export type Alive = Traits & { n: number };
export type OpenOutage = { id: string; subject: OutageSubject; regionCode: string; cause: OutageCause };
export type Opening = { subject: OutageSubject; regionCode: string; cause: OutageCause; /** the cell or vendor the cause names */ trait: string | null; members: Loss[]; absorbs: string[] };
export type OutageDecision = { opens: Opening[]; joins: { outageId: string; member: Loss }[] };

type Group = { losses: Loss[]; devices: number; homes: number; alive: number; share: number };

/** Decides over the losses of limits.outageWindowMs; `open` are the incidents not ended and not recovering. */
export function decideOutages(losses: readonly Loss[], alive: readonly Alive[], open: readonly OpenOutage[]): OutageDecision {
  // Who holds a loss: an incident that is open (already a member, or about to join), or nobody.
  const holder = new Map<Loss, OpenOutage | null>();
  for (const loss of losses) holder.set(loss, loss.outageId === null ? widest(open.filter((o) => belongs(loss, o.subject))) : open.find((o) => o.id === loss.outageId) ?? null);
  const heldRank = (loss: Loss): number => { const by = holder.get(loss); return by ? rankOf(by.subject) : 0; };
  const left = new Set(losses.filter((loss) => loss.outageId === null || holder.get(loss) !== null));
  const opens: Opening[] = [];
  for (const level of levels) {
    const pool = [...left].filter((loss) => heldRank(loss) < level.rank);
    if (pool.length < limits.outageDevices) continue;
    for (const [id, group] of groupBy(pool, level.key)) {
      if (!group.some((loss) => loss.outageId === null)) continue;
      if (!level.passes(measure(group, alive, (t) => level.key(t) === id), id, alive)) continue;
      const subject = narrowed({ type: level.type, id }, group, alive);
      const regionCode = commonRegion(group);
      const same = opens.find((o) => sameSubject(o.subject, subject));
      const absorbs = open.filter((o) => rankOf(o.subject) < level.rank && !sameSubject(o.subject, subject) && coversOutage(subject, regionCode, o) && opens.every((p) => !p.absorbs.includes(o.id)));
      const members = group.filter((loss) => (holder.get(loss) ?? null) === null || absorbs.includes(holder.get(loss) as OpenOutage));
      for (const loss of [...left].filter((l) => absorbs.includes(holder.get(l) as OpenOutage))) if (!members.includes(loss)) members.push(loss);
      for (const loss of members) left.delete(loss);
      if (same) { same.members.push(...members); same.regionCode = commonRegion(same.members); same.absorbs.push(...absorbs.map((o) => o.id)); continue; }
      const cause = subject.type === 'vendor' ? 'vendor' : causeOf(members, alive);
      opens.push({ subject, regionCode, cause, trait: traitOf(members, cause), members, absorbs: absorbs.map((o) => o.id) });
    }
  }
  const joins = [...left].flatMap((member) => (member.outageId === null && holder.get(member) ? [{ outageId: (holder.get(member) as OpenOutage).id, member }] : []));
  return { opens, joins };
}

/** What may be an incident, were nobody else alive, and how many heard devices in it disprove it. */
export type Suspect = { subject: OutageSubject; disprovedBy: number };

/** Groups with enough devices and homes, each once. None, or each disproved: the living need not be counted, which costs as much as there are devices. */
export function suspicions(losses: readonly Loss[]): Suspect[] {
  const found = new Map<string, Suspect>();
  for (const level of levels) {
    for (const [id, list] of groupBy(losses, level.key)) {
      const { devices, homes } = measure(list, [], () => false);
      const enough = level.rank === 1 ? devices >= limits.outageDevices && homes >= limits.outageHomes : level.rank === 3 ? devices >= limits.outageCountyDevices : devices >= limits.outageTownDevices && homes >= limits.outageTownHomes;
      if (enough) found.set(`${level.type} ${id}`, { subject: { type: level.type, id }, disprovedBy: Math.floor(devices * (1 / level.share - 1)) + 1 });
    }
  }
  return [...found.values()];
}

const sameSubject = (a: OutageSubject, b: OutageSubject): boolean => a.type === b.type && a.id === b.id;

/** Levels from the widest explanation to the narrowest. */
const levels: { type: OutageSubject['type']; rank: number; /** of the group: lost, of those whose life could be proven */ share: number; key: (t: Traits) => string | null; passes: (g: Group, id: string, alive: readonly Alive[]) => boolean }[] = [
  { type: 'vendor', rank: 4, share: limits.outageVendor, key: (t) => t.vendor, passes: vendorPasses },
  { type: 'region', rank: 3, share: limits.outageTown, key: (t) => regionAt(t.region, 6), passes: countyPasses },
  { type: 'region', rank: 2, share: limits.outageTown, key: (t) => regionAt(t.region, 9), passes: townPasses },
  { type: 'cell', rank: 1, share: limits.outageCell, key: (t) => t.cell, passes: (g) => smallPasses(g) && g.share >= limits.outageCell && new Set(g.losses.map((l) => l.region)).size > 1 },
  { type: 'region', rank: 1, share: limits.outageVillage, key: (t) => regionAt(t.region, 12), passes: (g) => smallPasses(g) && g.share >= limits.outageVillage },
  { type: 'cell', rank: 1, share: limits.outageCell, key: (t) => t.cell, passes: (g) => smallPasses(g) && g.share >= limits.outageCell },
  { type: 'power-area', rank: 1, share: limits.outageCell, key: (t) => t.powerArea, passes: (g) => smallPasses(g) && g.share >= limits.outageCell },
];

const rankOf = (s: OutageSubject): number => (s.type === 'vendor' ? 4 : s.type !== 'region' ? 1 : s.id.endsWith('000000') ? 3 : s.id.endsWith('000') ? 2 : 1);
// A region of exactly this many significant digits; a code that is itself wider counts at its own level only.
function regionAt(region: string | null, digits: number): string | null {
  return region === null || scopePrefix(region).length < digits ? null : region.slice(0, digits).padEnd(12, '0');
}

const smallPasses = (g: Group): boolean => g.devices >= limits.outageDevices && g.homes >= limits.outageHomes;

function townPasses(g: Group, id: string, alive: readonly Alive[]): boolean {
  if (g.devices < limits.outageTownDevices || g.homes < limits.outageTownHomes || g.share < limits.outageTown) return false;
  const hit = new Set(g.losses.map((l) => l.region));
  if (hit.has(id)) return true; // homes registered with the town's own code: there is no village to name
  const known = new Set([...hit, ...alive.filter((a) => regionAt(a.region, 9) === id).map((a) => a.region)]);
  return hit.size >= 2 && hit.size >= known.size * limits.outageVillageShare;
}

function countyPasses(g: Group, id: string, alive: readonly Alive[]): boolean {
  if (g.devices < limits.outageCountyDevices || g.share < limits.outageTown) return false;
  const towns = (list: readonly Traits[]): Set<string | null> => new Set(list.filter((t) => regionAt(t.region, 6) === id).map((t) => regionAt(t.region, 9)));
  const hit = [...groupBy(g.losses, (l) => regionAt(l.region, 9))].filter(([town, list]) => townPasses(measure(list, alive, (t) => regionAt(t.region, 9) === town), town, alive));
  const known = new Set([...towns(g.losses), ...towns(alive)]);
  return hit.length >= limits.outageCountyTowns && hit.length >= known.size / 2;
}

// A cloud is to blame when nearly all of its devices fell silent while others in the same places are heard.
function vendorPasses(g: Group, vendor: string, alive: readonly Alive[]): boolean {
  if (g.devices < limits.outageTownDevices || g.homes < limits.outageTownHomes || g.share < limits.outageVendor) return false;
  const places = new Set(g.losses.map((l) => l.region));
  const others = alive.filter((a) => a.vendor !== vendor && places.has(a.region)).reduce((sum, a) => sum + a.n, 0);
  return others >= Math.max(limits.outageHomes, g.devices * 0.1);
}

// A village whose losses all hang on one dead mast, which serves others too, is that mast's incident.
function narrowed(subject: OutageSubject, members: readonly Loss[], alive: readonly Alive[]): OutageSubject {
  if (subject.type !== 'region' || subject.id.endsWith('000000')) return subject;
  const cell = members[0]?.cell ?? null;
  if (cell === null || members.some((m) => m.cell !== cell)) return subject;
  const inRegion = (t: Traits): boolean => belongs(t, subject);
  const othersAlive = alive.some((a) => inRegion(a) && a.cell !== cell);
  return othersAlive && measure(members, alive, (t) => t.cell === cell).share >= limits.outageCell ? { type: 'cell', id: cell } : subject;
}

/** Names the likely cause (2.1): power when mains devices fell and others are heard, a mast when one cell fell, a vendor's cloud. */
export function causeOf(members: readonly Loss[], alive: readonly Alive[]): OutageCause {
  const share = (test: (m: Loss) => boolean): number => members.filter(test).length / Math.max(members.length, 1);
  const near = commonRegion(members);
  const around = alive.filter((a) => a.region?.startsWith(scopePrefix(near)));
  const vendor = members[0]?.vendor;
  if (vendor !== undefined && share((m) => m.vendor === vendor) === 1) {
    const own = around.filter((a) => a.vendor === vendor).reduce((sum, a) => sum + a.n, 0);
    const others = around.reduce((sum, a) => sum + a.n, 0) - own;
    const mixedPower = new Set(members.map((m) => m.power)).size > 1 || around.some((a) => a.power === 'mains' && a.vendor !== vendor);
    if (mixedPower && others >= Math.max(limits.outageHomes, members.length * 0.1) && own <= members.length * (1 - limits.outageVendor)) return 'vendor';
  }
  if (share((m) => m.how === 'mains-lost') >= 0.5) return 'power';
  const cell = mostCommon(members.map((m) => m.cell));
  const allMains = share((m) => m.power === 'mains') === 1;
  const batteryAlive = around.some((a) => a.power === 'battery' && (cell === null || a.cell === cell));
  if (allMains && batteryAlive) return 'power';
  if (cell !== null && share((m) => m.cell === cell) >= 0.9) return 'mast';
  if (allMains) return 'power';
  return 'unknown';
}

/** The cell or vendor that a cause names. */
export function traitOf(members: readonly Loss[], cause: OutageCause): string | null {
  return cause === 'mast' ? mostCommon(members.map((m) => m.cell)) : cause === 'vendor' ? mostCommon(members.map((m) => m.vendor)) : null;
}

/** The smallest region that holds all of them; '000000000000' when they have none. */
export function commonRegion(members: readonly { region: string | null }[]): string {
  const codes = members.map((m) => m.region).filter((r) => r !== null);
  const first = codes[0];
  for (const digits of [12, 9, 6]) if (first !== undefined && codes.every((c) => regionAt(c, digits) === regionAt(first, digits) && regionAt(c, digits) !== null)) return first.slice(0, digits).padEnd(12, '0');
  return '000000000000';
}

/** Whether a device with these traits lies in the subject. */
export function belongs(t: Traits, s: OutageSubject): boolean {
  if (s.type === 'region') return t.region?.startsWith(scopePrefix(s.id)) ?? false;
  return (s.type === 'cell' ? t.cell : s.type === 'vendor' ? t.vendor : t.powerArea) === s.id;
}

function coversOutage(subject: OutageSubject, regionCode: string, o: OpenOutage): boolean {
  const scope = subject.type === 'region' ? subject.id : subject.type === 'vendor' ? null : regionCode;
  return scope !== null && o.regionCode.startsWith(scopePrefix(scope));
}

const widest = (open: readonly OpenOutage[]): OpenOutage | null => [...open].sort((a, b) => rankOf(b.subject) - rankOf(a.subject))[0] ?? null;

function measure(losses: readonly Loss[], alive: readonly Alive[], inside: (t: Traits) => boolean): Group {
  const n = alive.reduce((sum, a) => (inside(a) ? sum + a.n : sum), 0);
  return { losses: [...losses], devices: losses.length, homes: new Set(losses.map((l) => l.homeId ?? l.deviceId)).size, alive: n, share: losses.length / (losses.length + n) };
}

function groupBy<T>(items: readonly T[], key: (item: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const k = key(item);
    if (k === null) continue;
    const list = groups.get(k);
    if (list) list.push(item); else groups.set(k, [item]);
  }
  return groups;
}

function mostCommon(values: readonly (string | null)[]): string | null {
  const counts = [...groupBy(values, (v) => v)].sort((a, b) => b[1].length - a[1].length);
  return counts[0]?.[0] ?? null;
}
