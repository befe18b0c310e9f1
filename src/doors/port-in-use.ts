/** One clear line for a port that another process holds. */
import { OperatingError } from '#core/errors.ts';

/** The error of `listen`, as an operator must read it. */
export function portInUse(error: Error, port: number, variable: string): Error {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new OperatingError('E_PORT_IN_USE', `Port ${port} (${variable}) is in use by another process.`, { cause: error });
}
