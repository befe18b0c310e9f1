/** The command line of an acceptance: what is asked, or what is wrong with it. */
import { parseArgs } from 'node:util';

export type Options = { device: string; url: string; token: string | null; simulate: boolean; secret: string | null; reissue: boolean; mqtt: { host: string; port: number } };
export type Parsed = { kind: 'run'; options: Options } | { kind: 'say'; text: string; code: number };

const usage = `用法 usage: npm run acceptance -- --device ID [--simulate]
  --device ID      要验收的设备 the device
  --simulate       由程序扮演设备 the program acts as the device; it needs its secret:
    --secret S       设备密钥 the secret it has
    --reissue        重发密钥，真实设备会掉线 a new secret, which cuts a real device off
    --mqtt HOST:PORT 设备入口 the device door (default: the host of --url, 1883)
  --url URL        安铃地址 the house (default http://127.0.0.1:8080)
  --token TOKEN    接口令牌，本机不用填 an API token; on the machine of the house one is made (ANLING_TOKEN)
`;

const option = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

export function readOptions(argv: readonly string[], env: NodeJS.ProcessEnv): Parsed {
  const values = valuesOf(argv);
  if (typeof values === 'string') return { kind: 'say', text: `${values}\n${usage}`, code: 2 };
  if (values.help) return { kind: 'say', text: usage, code: 0 };
  const { device, url = 'http://127.0.0.1:8080', token = env['ANLING_TOKEN'], secret, simulate, reissue } = values;
  if (!device) return { kind: 'say', text: `缺少 missing: --device ID\n${usage}`, code: 2 };
  if (!URL.canParse(url) || !url.startsWith('http')) return { kind: 'say', text: `--url: 应为 expected http://HOST:PORT, 收到 got ${url}\n`, code: 2 };
  if (!simulate && (secret !== undefined || reissue)) return { kind: 'say', text: '--secret, --reissue: 只用于 only with --simulate\n', code: 2 };
  const [host = '', port = '1883'] = (values.mqtt ?? new URL(url).hostname).split(':');
  if (host === '' || !/^\d{1,5}$/.test(port)) return { kind: 'say', text: `--mqtt: 应为 expected HOST:PORT, 收到 got ${values.mqtt}\n`, code: 2 };
  return { kind: 'run', options: { device, url, token: token ?? null, simulate, secret: secret ?? null, reissue, mqtt: { host, port: Number(port) } } };
}

const asked = { device: option, url: option, token: option, secret: option, mqtt: option, simulate: flag, reissue: flag, help: flag };
/** The flags, or what the parser says of them. */
function valuesOf(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], strict: true, options: asked }).values;
  } catch (error) {
    return (error as Error).message;
  }
}
