/** Whether devices may be bound to vendors' doors: the door exists, both halves are there, and one name is one device. */
import { aliasOf } from '#core/vendor-door.ts';
import { boundByDoor } from '#store/device-registry.ts';
import type { Sql } from '#store/pool.ts';
import { doorKindsByName } from '#store/vendor-doors.ts';
import type { Problems } from './registry.ts';

export type DoorBinding = { door?: string | null | undefined; doorKey?: string | null | undefined; doorSecret?: string | null | undefined };

/** `own`: the id of the device that is being changed, whose own name is no conflict. */
export async function checkDoors(c: { sql: Sql; problems: Problems }, rows: readonly DoorBinding[], own: string | null = null): Promise<void> {
  if (rows.every((r) => r.door == null && r.doorKey == null && r.doorSecret == null)) return;
  const doors = await doorKindsByName(c.sql);
  const names = rows.flatMap((r) => (r.door != null && r.doorKey != null ? [{ door: r.door, key: r.doorKey }] : []));
  const bound = await boundByDoor(c.sql, names);
  const seen = new Set<string>();
  for (const [i, { door, doorKey, doorSecret }] of rows.entries()) {
    if ((door == null) !== (doorKey == null)) { c.problems.add(i, door == null ? 'door' : 'doorKey', 'door and doorKey together, or neither'); continue; }
    if (door == null || doorKey == null) { if (doorSecret != null) c.problems.add(i, 'doorSecret', 'only with door and doorKey'); continue; }
    const kind = doors.get(door);
    if (kind === undefined) { c.problems.add(i, 'door', doors.size === 0 ? 'a door: none is open yet' : `one of ${[...doors.keys()].join(', ')}`); continue; }
    if (kind === 'alink' && !/^[A-Za-z0-9]{1,32}\/[A-Za-z0-9_.:@-]{1,64}$/.test(doorKey)) c.problems.add(i, 'doorKey', 'productKey/deviceName');
    const alias = aliasOf(door, doorKey);
    const taken = bound.get(alias);
    if (seen.has(alias) || (taken !== undefined && taken !== own)) c.problems.add(i, 'doorKey', taken === undefined ? 'another name: it stands twice here' : `another name: it is bound to ${taken}`, true);
    seen.add(alias);
  }
}
