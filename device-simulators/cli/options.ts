/** The simulator's command line: every problem is said at once, in both languages where a person reads it. */
import { falseShares } from '#simulators/fleet/warnings.ts';
import { scenarios } from '#simulators/scenarios/index.ts';
import type { Scenario } from '#simulators/scenarios/scenario.ts';

export type Options = {
  devices: number; seed: number; scenario: Scenario; speed: number; minutes: number | null; falseShare: number; url: string;
  mqtt: { host: string; port: number; tls: boolean }; /** The house's certificate file for mqtts. */ ca: string | null;
  /** Null: the stand-in cannot be reached from here. */ phones: string | null; token: string | null; travel: boolean;
};
export type Parsed = { kind: 'run'; options: Options } | { kind: 'help'; text: string } | { kind: 'wrong'; text: string };
type Env = Readonly<Record<string, string | undefined>>;
type Flag = { name: string; value: string; zh: string; en: string };

const flags: readonly Flag[] = [
  { name: 'scenario', value: 'NAME', zh: '场景，见下', en: 'the scenario, see below (quiet)' },
  { name: 'devices', value: 'N', zh: '设备台数，默认 200', en: 'how many devices (200)' },
  { name: 'seed', value: 'S', zh: '随机种子，同种子同故事，默认 1', en: 'same seed, same story (1)' },
  { name: 'speed', value: 'X', zh: '只加快心跳和报警的频率，不改时钟和升级时间，默认 1', en: 'multiplies rates of heartbeats and warnings, never clocks or escalation times (1)' },
  { name: 'minutes', value: 'M', zh: '时长，默认按场景', en: 'how long; the scenario’s own length without' },
  { name: 'false-share', value: 'P', zh: `误报占比 ${falseShares.low}–${falseShares.high}，默认 ${falseShares.usual}`, en: `share of false warnings, ${falseShares.low} to ${falseShares.high} (${falseShares.usual})` },
  { name: 'url', value: 'URL', zh: '安铃地址，默认本机', en: 'the house’s pages and API (this machine’s)' },
  { name: 'mqtt', value: 'URL', zh: '设备端口，mqtt:// 或 mqtts://，默认同主机 1883', en: 'its device door, mqtt:// or mqtts:// (port 1883 of the same host)' },
  { name: 'ca', value: 'FILE', zh: 'mqtts 的证书文件', en: 'certificate of the door for mqtts' },
  { name: 'phones', value: 'URL', zh: '模拟网关地址，默认本机 8090', en: 'the stand-in gateway (port 8090 of this machine)' },
  { name: 'token', value: 'T', zh: '管理员令牌；本机可省略', en: 'a token of role admin; made by itself on this machine' },
];
const switches: readonly Flag[] = [
  { name: 'travel', value: '', zh: '演示时钟快进：数分钟看完一夜（仅限全部为演示数据）', en: 'moves the demonstration’s clock ahead instead of waiting (all data must be demonstration data)' },
  { name: 'help', value: '', zh: '显示本页', en: 'this page' },
];

/** `env`: the house's own variables give the ports of this machine; the token may come as ANLING_TOKEN, where no process list shows it. */
export function readOptions(argv: readonly string[], env: Env): Parsed {
  const problems: string[] = [];
  const given = readFlags(argv, problems);
  if (given.has('help')) return { kind: 'help', text: helpText() };
  const number = (name: string, fallback: number, low: number, high: number, whole = false): number => {
    const text = given.get(name);
    const n = text === undefined ? fallback : Number(text);
    if (!(n >= low && n <= high) || text === '' || (whole && !Number.isInteger(n))) problems.push(`--${name}: expected ${whole ? 'a whole number' : 'a number'} from ${low} to ${high}, got "${text}"`);
    return n;
  };
  const name = given.get('scenario') ?? 'quiet';
  const scenario = scenarios.find((s) => s.name === name);
  if (!scenario) problems.push(`--scenario: there is no "${name}"; known are ${scenarios.map((s) => s.name).join(', ')}`);
  const url = readUrl('url', given.get('url') ?? `http://127.0.0.1:${env['ANLING_HTTP_PORT'] || 8080}`, ['http:', 'https:'], problems);
  const host = url?.hostname ?? '127.0.0.1';
  const mqtt = readUrl('mqtt', given.get('mqtt') ?? `mqtt://${host}:${env['ANLING_MQTT_PORT'] || 1883}`, ['mqtt:', 'mqtts:'], problems);
  const loopback = isLoopback(host);
  const phones = given.get('phones') ?? (loopback ? `http://127.0.0.1:${env['ANLING_STANDIN_PORT'] || 8090}` : null);
  if (phones !== null) readUrl('phones', phones, ['http:', 'https:'], problems);
  const token = given.get('token') ?? (env['ANLING_TOKEN'] || null);
  if (token === null && !loopback) problems.push('--token: a house on another machine needs a token of role admin (POST /api/v1/tokens, or there: npm run admin -- token simulator) · 远程地址需要管理员令牌');
  const options = {
    devices: number('devices', 200, 1, 100_000, true), seed: number('seed', 1, 0, 2 ** 31, true), speed: number('speed', 1, 0.01, 1_000), minutes: given.has('minutes') ? number('minutes', 1, 0.1, 1_440) : null,
    falseShare: number('false-share', falseShares.usual, falseShares.low, falseShares.high), url: url?.origin ?? '', ca: given.get('ca') ?? null, phones, token, travel: given.has('travel'),
    mqtt: { host: mqtt?.hostname ?? host, port: Number(mqtt?.port || (mqtt?.protocol === 'mqtts:' ? 8883 : 1883)), tls: mqtt?.protocol === 'mqtts:' },
  };
  if (problems.length > 0 || !scenario) return { kind: 'wrong', text: `${problems.length} problem(s) with the arguments · 参数有误:\n${problems.map((p) => `  - ${p}`).join('\n')}\nnpm run simulate -- --help` };
  return { kind: 'run', options: { ...options, scenario } };
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);

function readFlags(argv: readonly string[], problems: string[]): Map<string, string> {
  const out = new Map<string, string>();
  for (let i = 0; i < argv.length; i++) {
    const [name = '', inline] = (argv[i] ?? '').replace(/^--/, '').split(/=(.*)/s);
    if (argv[i] === '-h' || name === 'help') { out.set('help', ''); continue; }
    if (switches.some((f) => f.name === name)) { out.set(name, ''); continue; }
    if (!argv[i]?.startsWith('--') || !flags.some((f) => f.name === name)) { problems.push(`${argv[i]}: no such argument; known are ${[...flags, ...switches].map((f) => `--${f.name}`).join(' ')}`); continue; }
    const value = inline ?? argv[++i];
    if (value === undefined || value.startsWith('--')) { problems.push(`--${name}: a value is missing (${flags.find((f) => f.name === name)?.value})`); if (value !== undefined) i--; }
    else out.set(name, value);
  }
  return out;
}

function readUrl(name: string, text: string, schemes: readonly string[], problems: string[]): URL | null {
  const url = URL.parse(text);
  if (url && schemes.includes(url.protocol) && url.hostname !== '') return url;
  problems.push(`--${name}: expected a URL beginning with ${schemes.map((s) => `${s}//`).join(' or ')}, got "${text}"`);
  return null;
}

function helpText(): string {
  const line = (f: Flag): string => `  ${`--${f.name} ${f.value}`.padEnd(18)} ${f.en}\n  ${''.padEnd(18)} ${f.zh}`;
  return `npm run simulate -- [arguments]\n\n${[...flags, ...switches].map(line).join('\n')}\n\nScenarios · 场景\n${scenarios.map((s) => `  ${s.name.padEnd(18)} ${s.en} (${s.minutes} min)\n  ${''.padEnd(18)} ${s.zh}`).join('\n')}\n\n`
    + 'The exit code is 0 when every verdict holds, 1 when one does not, 2 when nothing could be run. · 全部结论成立时退出码为 0，否则为 1；无法运行为 2。\n';
}
