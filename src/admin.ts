/** `npm run admin -- <command>`: what is done at the machine itself. Uses the running database, or starts the embedded one for the moment. */
import { readFileSync } from 'node:fs';
import { type Config, readConfig } from '#config';
import { OperatingError } from '#core/errors.ts';
import { type RegionTree, treeProblems } from '#core/region.ts';
import { importRegions } from '#store/county-setup.ts';
import { makeDemoDevice, removeDemo } from '#store/demo.ts';
import { resetFactor } from '#store/factors.ts';
import { type Db, openDb } from '#store/pool.ts';
import { reachForCommand } from '#store/reach.ts';
import { createSeal, readKeys, type Seal } from '#store/seal.ts';
import { makeAdminToken, resetPassword } from '#store/startup.ts';

/** A token from the terminal is for a task, not for good: those are made with a name and an owner in the pages. */
const tokenHours = 720;

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
  'reset-factor': {
    usage: 'reset-factor [user]', what: 'takes the second factor away from the user (default: admin) and ends their sessions',
    async run({ db, seal, say }, [username = 'admin']) {
      const dropped = await resetFactor(db, seal(), username);
      if (dropped === null) throw new OperatingError('E_NOT_FOUND', `There is no user "${username}".`);
      say(dropped ? `user ${username} has no second factor now` : `user ${username} had no second factor`);
    },
  },
  'demo-device': {
    usage: 'demo-device [model] [home]', what: 'registers a device in a demonstration home and prints its secret with a line to try it',
    async run({ config, db, seal, say }, [model = 'sos-button', homeId]) {
      const made = await makeDemoDevice(db, seal(), { model, homeId: homeId ?? null });
      if (!made) throw new OperatingError('E_NOT_FOUND', 'There is no such model, or no demonstration home.');
      const { id, secret } = made;
      say(`device ${id}   secret ${secret}   (shown only now)   home ${made.homeId}\n`);
      say(`mosquitto_pub -h ${config.deviceHost} -p ${config.mqttPort} -i ${id} -u ${id} -P ${secret} -q 1 -t care/v1/${id}/event -m '{"kind":"sos"}'`);
    },
  },
  'demo-remove': {
    usage: 'demo-remove', what: 'removes all demonstration data; real files stay',
    async run({ db, seal, say }) {
      const gone = Object.entries(await removeDemo(db, seal())).map(([table, n]) => `${table} ${n}`);
      say(gone.length === 0 ? 'There was no demonstration data.' : `removed: ${gone.join(', ')}`);
    },
  },
  token: {
    usage: 'token <name> [hours]', what: 'prints a new API token of role admin that ends after so many hours (24)',
    async run({ db, seal, say }, [name, hours = '24']) {
      const life = Number(hours);
      if (!name || name.length > 100 || !(life > 0 && life <= tokenHours)) throw new OperatingError('E_INVALID', `Give a name, and hours from 1 to ${tokenHours}: npm run admin -- token simulator 24`);
      const { id, secret } = await makeAdminToken(db, seal(), name, life * 3_600_000);
      say(`token ${id}   secret ${secret}   (shown only now; ends after ${life} h; Authorization: Bearer SECRET)`);
    },
  },
  'import-regions': {
    usage: 'import-regions <file.json>', what: 'brings in a county with its towns and villages (shape: src/core/datian-regions.json)',
    async run({ db, say }, [file]) {
      if (file === undefined) throw new OperatingError('E_INVALID', 'Give the file: npm run admin -- import-regions county.json');
      const tree = readTree(file);
      const { created, total } = await db.tx((sql) => importRegions(sql, tree));
      say(`${total} regions: ${created} new, ${total - created} known`);
    },
  },
};

/** A region file, or one clear error that lists what is wrong with it. */
function readTree(file: string): RegionTree {
  let tree: unknown;
  try {
    tree = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new OperatingError('E_INVALID', `${file} cannot be read as JSON: ${(cause as Error).message}`, { cause });
  }
  const problems = treeProblems(tree);
  if (problems.length > 0) throw new OperatingError('E_INVALID', `${file} is no county:\n${problems.map((p) => `  - ${p}`).join('\n')}`);
  return tree as RegionTree;
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
  const { url, end } = await reachForCommand(config);
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
