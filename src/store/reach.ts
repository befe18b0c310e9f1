/** The database for one command at the machine: the one that runs, or the embedded one started for the moment. */
import { OperatingError } from '#core/errors.ts';
import { claimDatabase } from '#ops/records.ts';
import { embeddedPort, embeddedUrl, startEmbedded } from './embedded.ts';

export type Reached = { url: string; /** a house, or another command, had it running already */ running: boolean; end(): Promise<void> };

/** `alone`: only when no house runs on it. `end` stops what was started for it. */
export async function reachForCommand({ data, databaseUrl }: { data: string; databaseUrl: string | null }, alone = false): Promise<Reached> {
  if (databaseUrl !== null) return { url: databaseUrl, running: true, end: async () => {} };
  const claim = claimDatabase(data);
  if (claim.owner === null) {
    try {
      const server = await startEmbedded({ data, port: 0 });
      return { url: server.url, running: false, async end() { await server.stop(); claim.release(); } };
    } catch (error) {
      claim.release();
      throw error;
    }
  }
  if (alone) throw new OperatingError('E_CONFLICT', `Process ${claim.owner} uses the database of ${data}: stop the house first (Ctrl-C, or systemctl stop anling).`);
  const port = embeddedPort(data);
  const url = port === null ? null : embeddedUrl(data, port);
  if (url === null) throw new OperatingError('E_DATABASE_UNREACHABLE', `Process ${claim.owner} holds the database of ${data}, but it does not run yet. Try again in a moment.`);
  return { url, running: true, end: async () => {} };
}
