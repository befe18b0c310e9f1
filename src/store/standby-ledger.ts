/**
 * The ledger of standby: its cases with every message of theirs in one SQLite file (synchronous=FULL), and the token of whoever opened it
 * last. Who opens it is the newest and reads what the one before had written; from then on nobody else writes a word, so that of two
 * standbys only one ever sends (law 6: a message is written down before the gateway is asked).
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { machineNow } from '#ops/machine.ts';
import type { Seal } from './seal.ts';
import { sealed, unsealed } from './sealed-value.ts';

/** What a case must say of itself: its events, and all of the device that opened it, are taken until it stands in the database. */
export type Keepable = { key: string; handed: boolean; events: readonly { ingestId: string }[]; opener?: string };
/** Among the ids of taken events: all of a device. */
export const takenDevice = (id: string): string => `device ${id}`;
export type Ledger<T> = {
  /** Cases that the one before has left, oldest first. */ readonly left: readonly T[];
  /** Writes the cases together. False, and nothing is written: somebody newer has it. */ save(cases: readonly (T & Keepable)[]): boolean;
  forget(key: string): boolean;
  /** Whether nobody newer has it. */ holds(): boolean;
  /** Whether a worker has it that hands over in standby's place: whoever had it begins anew afterwards. */ relieved(): boolean;
  close(): void;
};

const label = 'standby.ledger';
const relief = 'relief-';
/** The token of whoever takes the ledger only to hand over what is in it. */
export const reliefToken = (id: string): string => relief + id;
/** FULL, IOERR, READONLY, CANTOPEN: the disk does not take it. People are called all the same; what is lost is the memory across a crash. */
const diskFaults = new Set([13, 10, 8, 14]);
const notADatabase = 26;
const codeOf = (error: unknown): number => ((error as { errcode?: number }).errcode ?? 0) & 0xff;

export function openLedger<T>(folder: string, seal: Seal, token: string, onFault: (error: Error) => void): Ledger<T> {
  const { db, bodies } = take(folder, token, onFault);
  const newest = db.prepare('select token from duty');
  const untake = db.prepare('delete from taken where key = ?');
  const takeEvent = db.prepare('insert or replace into taken (ingest_id, key) values (?, ?)');
  const put = db.prepare('insert into kept (key, no, body) values (?, (select coalesce(max(no), 0) + 1 from kept), ?) on conflict (key) do update set body = excluded.body');
  const holder = (): string | undefined => (newest.get() as { token: string } | undefined)?.token;
  const holds = (): boolean => holder() === token;
  const under = (work: () => void): boolean => {
    try {
      return inTx(db, () => { if (!holds()) return false; work(); return true; });
    } catch (error) {
      if (!diskFaults.has(codeOf(error))) throw error;
      onFault(error as Error);
      return holds();
    }
  };
  const left = bodies.flatMap((body): T[] => { try { return [unsealed<T>(seal, label, body)]; } catch (error) { onFault(error as Error); return []; } });
  return {
    left, holds, relieved: () => holder()?.startsWith(relief) ?? false,
    save: (cases) => under(() => {
      for (const c of cases) {
        put.run(c.key, sealed(seal, label, c));
        untake.run(c.key);
        if (!c.handed) for (const id of [...c.events.map((e) => e.ingestId), ...(c.opener === undefined ? [] : [takenDevice(c.opener)])]) takeEvent.run(id, c.key);
      }
    }),
    forget: (key) => under(() => { db.prepare('delete from kept where key = ?').run(key); untake.run(key); }),
    close() { db.close(); },
  };
}

/** The file under our token; memory alone when the disk gives none. A file that is no database any more is laid aside, never deleted. */
function take(folder: string, token: string, onFault: (error: Error) => void): { db: DatabaseSync; bodies: Uint8Array[] } {
  const file = join(folder, 'ledger.db');
  let bodies: Uint8Array[] = [];
  for (const at of [file, file, ':memory:']) {
    try {
      const db = open(folder, at);
      inTx(db, () => {
        if (at === file) bodies = (db.prepare('select body from kept order by no').all() as { body: Uint8Array }[]).map((r) => r.body); // what can be read counts also where nothing can be written
        db.prepare('insert into duty (one, token) values (1, ?) on conflict (one) do update set token = excluded.token').run(token);
      });
      return { db, bodies };
    } catch (error) {
      onFault(error as Error);
      if (codeOf(error) === notADatabase) setAside(file);
      else if (!diskFaults.has(codeOf(error))) throw error;
    }
  }
  throw new Error('there is no memory either');
}

function open(folder: string, file: string): DatabaseSync {
  if (file !== ':memory:') mkdirSync(folder, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(file);
  db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 2000;
    create table if not exists duty (one integer primary key check (one = 1), token text not null);
    create table if not exists kept (key text primary key, no integer not null, body blob not null);
    create table if not exists taken (ingest_id text primary key, key text not null) without rowid;`);
  return db;
}

/** Ids of the events (and devices: takenDevice) that a standby on duty works on and has not handed over, for whoever could evaluate them: `onDuty` tells whether one is. */
export function takenEvents(data: string, onDuty: () => boolean): () => ReadonlySet<string> {
  const file = join(data, 'standby', 'ledger.db');
  return () => {
    if (!onDuty() || !existsSync(file)) return new Set();
    try {
      const db = new DatabaseSync(file, { readOnly: true });
      try { return new Set((db.prepare('select ingest_id as id from taken').all() as { id: string }[]).map((r) => r.id)); } finally { db.close(); }
    } catch { return new Set(); } // what cannot be known holds nothing back
  };
}

function setAside(file: string): void {
  const aside = `${file}.broken-${machineNow()}`;
  for (const rest of ['', '-wal', '-shm']) if (existsSync(file + rest)) renameSync(file + rest, aside + rest);
}

function inTx<R>(db: DatabaseSync, work: () => R): R {
  db.exec('begin immediate');
  try {
    const result = work();
    db.exec('commit');
    return result;
  } catch (error) {
    try { db.exec('rollback'); } catch { /* SQLite has rolled back itself */ }
    throw error;
  }
}
