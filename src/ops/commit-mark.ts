/**
 * That somebody on this machine commits: a file whose time of change (the machine's uptime) each worker renews with its own proof. A standby
 * that alone cannot reach the database must not do again what the others are doing.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileAgeMs, stampFile } from './machine.ts';

const fileOf = (data: string): string => join(data, 'standby', 'commits');

/** To be called after a commit. A disk that does not take it says nothing: standby then judges by itself. */
export function markCommit(data: string): void {
  const file = fileOf(data);
  try {
    try { stampFile(file); } catch {
      mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
      closeSync(openSync(file, 'a', 0o600));
      stampFile(file);
    }
  } catch { /* see above */ }
}

/** Milliseconds since a worker of this machine last committed; infinite when none has since the machine's start. */
export function commitAgeMs(data: string): number {
  try {
    return Math.max(0, fileAgeMs(fileOf(data)));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
