/** What a start needs of the disk before anything runs: a data folder that can be written, and a certificate that fits its key. One clear line each, no stack. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createSecureContext } from 'node:tls';
import { OperatingError } from '#core/errors.ts';

/** Throws E_CONFIG with every problem. */
export function requireFiles({ data, tlsCert, tlsKey }: { data: string; tlsCert: string | null; tlsKey: string | null }): void {
  const problems: string[] = [];
  try {
    makeFolder(data);
    accessSync(data, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    problems.push(`ANLING_DATA: ${data} cannot be used as the data folder (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`);
  }
  if (tlsCert !== null && tlsKey !== null) {
    const cert = readable('ANLING_TLS_CERT', tlsCert, problems);
    const key = readable('ANLING_TLS_KEY', tlsKey, problems);
    try {
      if (cert && key) createSecureContext({ cert, key });
    } catch (error) {
      problems.push(`ANLING_TLS_CERT and ANLING_TLS_KEY: ${tlsCert} and ${tlsKey} are no certificate with its key (${(error as Error).message})`);
    }
  }
  if (problems.length > 0) throw new OperatingError('E_CONFIG', problems.join('\n'));
}

/** Folder by folder: the recursive form never returns where a parent refuses, as under /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return void readsAsFolder(path);
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

function readsAsFolder(path: string): void {
  accessSync(`${path}/.`, constants.X_OK); // ENOTDIR for a file
}

function readable(variable: string, file: string, problems: string[]): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    problems.push(`${variable}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`);
    return null;
  }
}
