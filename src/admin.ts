/** `npm run admin -- <command>`: what is done at the machine itself. Uses the running database, or starts the embedded one for the moment. */
import { type Config, readConfig } from '#config';
import { OperatingError } from '#core/errors.ts';
import { claimDatabase } from '#ops/records.ts';
import { embeddedPort, embeddedUrl, startEmbedded } from '#store/embedded.ts';
import { type Db, openDb } from '#store/pool.ts';
import { createSeal, readKeys, type Seal } from '#store/seal.ts';
import { resetPassword } from '#store/startup.ts';

export type AdminContext = { config: Config; db: Db; seal(): Seal; say(text: string): void };
type Command = { usage: string; what: string; run(ctx: AdminContext, args: readonly string[]): Promise<void> };

const commands: Readonly<Record<string, Command>> = {
  'reset-password': {
    usage: 'reset-password [user]', what: 'prints a new password for the user (default: admin) and ends their sessions',
    async run({ db, say }, [username = 'admin']) {
      const password = await resetPassword(db, username);
      if (password === null) throw new OperatingError('E_NOT_FOUND', `There is no user "${username}".`);
      say(`user ${username}   password ${password}`);
    },
  },
};

/** The database for one command; `end` stops what was started for it. */
async function reach(config: Config): Promise<{ url: string; end(): Promise<void> }> {
  if (config.databaseUrl !== null) return { url: config.databaseUrl, end: async () => {} };
  const claim = claimDatabase(config.data);
  if (claim.owner === null) {
    const server = await startEmbedded({ data: config.data, port: 0 });
    return { url: server.url, async end() { await server.stop(); claim.release(); } };
  }
  const port = embeddedPort(config.data);
  const url = port === null ? null : embeddedUrl(config.data, port);
  if (url === null) throw new OperatingError('E_DATABASE_UNREACHABLE', `Process ${claim.owner} holds the database of ${config.data}, but it does not run yet. Try again in a moment.`);
  return { url, end: async () => {} };
}

async function main(argv: readonly string[]): Promise<number> {
  const [name = '', ...rest] = argv;
  const command = commands[name];
  if (!command) {
    console.log(`npm run admin -- <command>\n${Object.values(commands).map(({ usage, what }) => `  ${usage.padEnd(28)} ${what}`).join('\n')}`);
    return name === '' ? 0 : 2;
  }
  const flagsAt = rest.findIndex((word) => word.startsWith('--'));
  const config = readConfig(flagsAt < 0 ? [] : rest.slice(flagsAt), process.env);
  const { url, end } = await reach(config);
  const db = openDb({ url, max: 2, name: 'admin' });
  try {
    await command.run({ config, db, seal: () => createSeal(readKeys(config.keyFile, false)), say: (text) => console.log(text) }, flagsAt < 0 ? rest : rest.slice(0, flagsAt));
    return 0;
  } finally {
    await db.close();
    await end();
  }
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof OperatingError ? `${error.message} (${error.code})` : (error as Error).stack);
  process.exit(1);
}
