/** `npm run acceptance`: the acceptance of a device with a token of its own on the machine of the house (scripts/with-token.ts). */
import { readOptions } from '#simulators/acceptance/options.ts';
import { withToken } from './with-token.ts';

const argv = process.argv.slice(2);
const parsed = readOptions(argv, process.env);
const { url, token } = parsed.kind === 'run' ? parsed.options : { url: '', token: '' };
process.exit(await withToken({ file: 'acceptance/main.ts', name: 'acceptance', url, token, argv }));
