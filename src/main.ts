/** argv and environment → config → the house (supervisor), or one role as its child → wait for a signal → end. */
import { readConfig, type Role } from '#config';
import { OperatingError } from '#core/errors.ts';

/** Problems that the operator can solve are one clear text without a stack. */
function say(error: unknown): void {
  if (error instanceof OperatingError) process.stderr.write(`\nAnling cannot start (${error.code}).\n${error.message}\n\n`);
  else process.stderr.write(`\nAnling cannot start (E_INTERNAL).\n${(error as Error).stack ?? String(error)}\n\n`);
}

try {
  const [first, ...rest] = process.argv.slice(2);
  const asChild = first === 'child';
  const config = readConfig(asChild ? rest : process.argv.slice(2), process.env);
  if (asChild) {
    const { runRole } = await import('./role.ts');
    process.exit(await runRole(config, config.roles[0] as Role));
  }
  const { runHouse } = await import('./house.ts');
  const code = await runHouse(config);
  const bound = setTimeout(() => process.exit(code), 500);
  process.stdout.write('', () => { clearTimeout(bound); process.exit(code); }); // the last lines are still on their way
} catch (error) {
  say(error);
  process.exit(error instanceof OperatingError && error.code === 'E_CONFIG' ? 2 : 1);
}
