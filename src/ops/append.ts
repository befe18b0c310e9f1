/** A file that only grows by whole lines, each on the disk before its caller goes on; private to us, and bounded. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';

/** Appends; a file beyond `maxBytes` is set aside as `.1` first. Throws what the disk says. */
export function appendLines(file: string, lines: readonly string[], maxBytes: number): void {
  if (lines.length === 0) return;
  if (existsSync(file) && statSync(file).size > maxBytes) renameSync(file, `${file}.1`);
  const fd = openSync(file, 'a', 0o600);
  try {
    writeSync(fd, `${lines.join('\n')}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Its lines, with those set aside before them; none where there is no such file. */
export function readLines(file: string): string[] {
  return [`${file}.1`, file].filter((name) => existsSync(name)).flatMap((name) => readFileSync(name, 'utf8').split('\n')).filter((line) => line !== '');
}
