/**
 * One screen of the wall that lives through everything: it resumes by number, keeps the open set from what it is shown, and complains of
 * a hole, of a step back, and of a beat whose hash is not its own (I8).
 */
import { openSetHash, type ServerFrame } from '#core/live.ts';
import type { HouseApi } from '#simulators/api/client.ts';
import { watchLive } from '#simulators/api/live.ts';
import type { Journal } from './journal.ts';

export type Wall = { readonly open: ReadonlyMap<string, number>; readonly last: number; readonly counts: { frames: number; snapshots: number; beats: number }; close(): void };

export function startWall(api: HouseApi, journal: Journal): Wall {
  const open = new Map<string, number>();
  const counts = { frames: 0, snapshots: 0, beats: 0 };
  let [last, epoch] = [0, ''];
  const wrong = (what: string): void => journal.note({ t: 'wall', at: Date.now(), wrong: what });
  const see = (frame: ServerFrame): void => {
    if (frame.type === 'snapshot') {
      counts.snapshots++;
      if (frame.epoch === epoch && frame.seq < last) wrong(`a snapshot of number ${frame.seq} after number ${last}`);
      open.clear();
      for (const a of frame.alerts) open.set(a.id, a.version);
      [last, epoch] = [frame.seq, frame.epoch];
    } else if (frame.type === 'alert') {
      counts.frames++;
      const before = frame.prev ?? frame.seq - 1;
      if (before > last) wrong(`number ${frame.seq} follows number ${last}: what is between was never shown`);
      if (frame.seq <= last) wrong(`number ${frame.seq} was shown after number ${last}`);
      if (frame.alert.state === 'closed') open.delete(frame.alert.id); else open.set(frame.alert.id, frame.alert.version);
      last = frame.seq;
    } else if (frame.type === 'beat') {
      counts.beats++;
      journal.note({ t: 'clock', at: Date.now(), house: frame.serverTime });
      const own = openSetHash([...open].map(([id, version]) => ({ id, version })));
      if (frame.epoch === epoch && frame.headSeq === last && frame.openSetHash !== own) wrong(`at number ${last} the wall's open alerts are not the house's`);
    }
  };
  const live = watchLive(api, see);
  return { open, get last() { return last; }, counts, close: () => live.close() };
}
