/**
 * The run's own memory, a line each: what was done to the house and the ledgers of what devices, phones and operators saw. It is written
 * before anything is concluded from it, so that a run that ends in the middle goes on where it was (`--resume`).
 */
import { existsSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Times are real epoch ms; `house` is the house's own clock. */
export type Entry =
  | { t: 'town'; seed: number; devices: Device[]; token: string; ports: Ports }
  | { t: 'ack'; at: number; device: string; event: string }
  | { t: 'phone'; at: number; id: string; outId: string; phone: string; type: 'sms' | 'call'; template: string }
  | { t: 'fault'; kind: string; no: number; from: number; to: number; what: string }
  | { t: 'skip'; kind: string; why: string }
  | { t: 'act'; at: number; alert: string; action: string }
  | { t: 'clock'; at: number; house: number; /** moved on by us since this real time, not by itself */ jumpedFrom?: number }
  | { t: 'size'; at: number; when: 'before' | 'after'; role: string; rssMb: number; fds: number }
  | { t: 'wall'; at: number; wrong: string }
  | { t: 'lasted'; ms: number }
  /** The machine gave this process no turn for a second or more; the others had none either. */
  | { t: 'starved'; from: number; to: number };
export type Device = { id: string; secret: string; /** Which edge it talks to. */ edge: number; /** What it does: presses in a closed loop, or plays a part in the faults. */ part: 'presser' | 'flood' | 'poison' | 'twice' | 'late' };
export type Ports = { http: number; database: number; standin: number; edges: { mqtt: number; mqtts: number; door: number }[]; ops: number[] };

export type Of<T extends Entry['t']> = Extract<Entry, { t: T }>;
export type Journal = { readonly entries: readonly Entry[]; note(entry: Entry): void; of<T extends Entry['t']>(t: T): Of<T>[] };

export function openJournal(file: string): Journal {
  mkdirSync(dirname(file), { recursive: true });
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  // The last line of a run that was killed may be half a line.
  const entries = lines.flatMap((line): Entry[] => { try { return [JSON.parse(line) as Entry]; } catch { return []; } });
  const fd = openSync(file, 'a');
  if (lines.at(-1)) writeSync(fd, '\n');
  return {
    entries,
    note(entry) { entries.push(entry); writeSync(fd, `${JSON.stringify(entry)}\n`); },
    of: (t) => entries.filter((e) => e.t === t) as never,
  };
}
