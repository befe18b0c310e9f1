/** A disk of a few megabytes that can be filled and emptied: a tmpfs mount, where this account may mount one. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type SmallDisk = { readonly folder: string; /** To the last byte. */ fill(): void; /** Removes what `fill` wrote. */ empty(): void; end(): void };

/** The disk, or why there is none, for a skip that says so. */
export function smallDisk(megabytes: number): SmallDisk | string {
  if (process.platform !== 'linux') return 'tmpfs is Linux';
  const folder = mkdtempSync(join(tmpdir(), 'anling-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { encoding: 'utf8' });
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    return `a small disk cannot be mounted: ${(mounted.stderr || mounted.error?.message || '').trim()}`;
  }
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill() {
      const fd = openSync(ballast, 'a');
      for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 2))
        try { for (;;) if (writeSync(fd, Buffer.alloc(size)) < size) break; } catch { /* full for a piece of this size */ }
      closeSync(fd);
    },
    empty() { rmSync(ballast, { force: true }); },
    end() {
      spawnSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
