/** `npm run simulate`: the simulator with a token of its own on the machine of the house (scripts/with-token.ts). */
import { readOptions } from '#simulators/cli/options.ts';
import { withToken } from './with-token.ts';

const argv = process.argv.slice(2);
const parsed = readOptions(argv, process.env);
// What cannot run says so itself: it needs no token for that.
const { url, token } = parsed.kind === 'run' ? parsed.options : { url: '', token: '' };
process.exit(await withToken({ file: 'main.ts', name: 'simulator', url, token, argv }));
