/**
 * The only reader of process.env. Everything is typed, checked and frozen here; all problems are reported at once.
 * Flags override variables: ANLING_HTTP_PORT is --http-port. The README's table of these keys is checked by a test.
 */
import { join, resolve } from 'node:path';
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';

/** What a house is: started by default, and all of them make it whole. */
export const roles = ['edge', 'worker', 'web', 'standby', 'auditor'] as const;
/** `flows` (自定规则) only when it is asked for: --flows, or by its name in --role (docs/decisions/0045-flows.md). */
const allRoles = [...roles, 'flows'] as const;
export type Role = (typeof allRoles)[number];
export const gateways = ['standin', 'aliyun', 'http'] as const;
export type GatewayKind = (typeof gateways)[number];
const secondGateways = ['http', 'modem'] as const;
/** Each holds some fifteen connections of the database's two hundred. */
const edgesMax = 6;
const baseMaps = ['tianditu', 'xyz', 'pmtiles'] as const;
const mapSystems = ['wgs84', 'gcj02'] as const;
const tianditu = 'https://t{s}.tianditu.gov.cn';

type Key = { variable: string; flag: string; fallback: string; meaning: string; zh: string; secret?: boolean };
const key = (variable: string, fallback: string, meaning: string, zh: string, secret = false): Key =>
  ({ variable, flag: variable.replace(/^ANLING_/, '').toLowerCase().replaceAll('_', '-'), fallback, meaning, zh, secret });

/** Every key of the configuration, in the order of the README's table. */
export const keys = {
  data: key('ANLING_DATA', './data', 'folder of the embedded database, certificates, keys', '数据目录:内嵌数据库、证书、密钥'),
  keyFile: key('ANLING_KEYS', '<data>/keys.json', 'key file (0600); back it up apart from the database', '密钥文件(0600),与数据库分开备份'),
  databaseUrl: key('DATABASE_URL', '', 'PostgreSQL 15 to 18 or TimescaleDB; empty: the embedded one', '外部数据库;空则用内嵌库', true),
  dbPort: key('ANLING_DB_PORT', '15432', 'port of the embedded database', '内嵌数据库端口'),
  httpPort: key('ANLING_HTTP_PORT', '8080', 'pages, API, websockets, callbacks', '页面、接口、回调端口'),
  httpHost: key('ANLING_HTTP_HOST', '127.0.0.1', 'address the pages listen on', '页面监听地址'),
  publicUrl: key('ANLING_PUBLIC_URL', 'http://127.0.0.1:8080', 'what links and callbacks carry', '链接与回调用的外部地址'),
  tlsCert: key('ANLING_TLS_CERT', '', 'certificate file for the pages (PEM)', '页面证书文件'),
  tlsKey: key('ANLING_TLS_KEY', '', 'its key file', '页面证书私钥文件'),
  mqttPort: key('ANLING_MQTT_PORT', '1883', 'MQTT over TCP', '设备 MQTT 端口'),
  mqttsPort: key('ANLING_MQTTS_PORT', '8883', 'MQTT over TLS', '设备 MQTT TLS 端口'),
  doorPort: key('ANLING_DOOR_PORT', '8081', 'HTTP door and MQTT over WebSocket (/mqtt)', '设备 HTTP 与 WebSocket 端口'),
  edges: key('ANLING_EDGES', '1', 'edges (processes of the device doors) that share these ports, 1 to 6; more than one on Linux only', '设备接入进程数,共用上述端口,1 至 6'),
  deviceHost: key('ANLING_DEVICE_HOST', '127.0.0.1', 'address the device doors listen on', '设备端口监听地址'),
  opsPort: key('ANLING_OPS_PORT', '9100', 'first of the roles’ ops ports (edge, worker, web, standby, auditor, flows: +1 to +6; further edges +11, +21, …)', '各进程运维端口的起点'),
  adminPassword: key('ANLING_ADMIN_PASSWORD', '', 'first password of "admin"; empty: generated and printed once', '初始管理员密码;空则生成并打印一次', true),
  demo: key('ANLING_DEMO', 'auto', 'demonstration data on a new embedded database: auto, 1 or 0', '演示数据:auto、1、0'),
  gateway: key('ANLING_GATEWAY', '', 'standin, aliyun or http; empty: standin while all data is demonstration data', '短信语音网关,不可猜测,必须写明'),
  accessKeyId: key('ALIBABA_CLOUD_ACCESS_KEY_ID', '', 'gateway credential', '网关凭据', true),
  accessKeySecret: key('ALIBABA_CLOUD_ACCESS_KEY_SECRET', '', 'gateway credential', '网关凭据', true),
  smsEndpoint: key('ANLING_SMS_ENDPOINT', '', 'override of the SMS endpoint; https unless loopback', '短信网关地址'),
  voiceEndpoint: key('ANLING_VOICE_ENDPOINT', '', 'override of the voice endpoint; https unless loopback', '语音网关地址'),
  gateway2: key('ANLING_SECOND_GATEWAY', '', 'http or modem: where a message goes that the first gateway does not take', '第二条短信语音通道:http 或 modem'),
  httpGatewayUrl: key('ANLING_HTTP_GATEWAY_URL', '', 'the county’s own message platform (docs/gateway-http.md); https unless loopback', '县里自有短信叫应平台的地址'),
  httpGatewayKey: key('ANLING_HTTP_GATEWAY_KEY', '', 'the key shared with it, at least 32 characters', '与该平台共用的密钥', true),
  modemFolder: key('ANLING_MODEM_FOLDER', '', 'folder of gammu-smsd with outbox, sent, error and inbox', '4G 短信猫(gammu-smsd)的目录'),
  standinPort: key('ANLING_STANDIN_PORT', '8090', 'stand-in gateway and its phones page', '模拟网关与手机页端口'),
  deadManUrl: key('ANLING_DEADMAN_URL', '', 'address outside this house that is told each minute that all is well; it alarms when it hears nothing', '站外监护地址:每分钟报一次平安,听不到就由它报警'),
  map: key('ANLING_MAP', '', 'base map: tianditu, xyz or pmtiles; empty: none, a schematic picture', '底图:tianditu、xyz、pmtiles;空则为示意图'),
  mapUrl: key('ANLING_MAP_URL', '', 'xyz: address with {z} {x} {y}; pmtiles: a file; https unless loopback', '底图地址(含 {z} {x} {y})或 PMTiles 文件'),
  mapKey: key('ANLING_MAP_KEY', '', 'Tianditu’s key, or what stands for {key}; it never leaves this server', '天地图密钥,只留在本机', true),
  mapSystem: key('ANLING_MAP_SYSTEM', 'wgs84', 'coordinate system of the base map: wgs84 (Tianditu) or gcj02', '底图坐标系:wgs84(天地图)或 gcj02'),
  mapSource: key('ANLING_MAP_SOURCE', '', 'whose map it is; shown lower left', '底图来源,显示在左下角'),
  mapApproval: key('ANLING_MAP_APPROVAL', '', 'its approval number; needed with a base map, shown lower left', '审图号;用底图必填,显示在左下角'),
  mapDaily: key('ANLING_MAP_DAILY', '20000', 'tiles fetched from outside in a day, at most', '每天最多向外取的瓦片数'),
  mapOutline: key('ANLING_MAP_OUTLINE', '', 'GeoJSON of the county’s borders with coordinateSystem and approvalNumber', '县界文件(GeoJSON,含坐标系与审图号)'),
  heartbeatDays: key('ANLING_HEARTBEAT_DAYS', String(limits.heartbeatDays), 'days that single heartbeats are kept (7 to 799); what they come to in a day is kept longer', '逐条心跳保留的天数(7 到 799);每日汇总另存'),
  logLevel: key('LOG_LEVEL', 'info', 'fatal, error, warn, info, debug or trace', '日志级别'),
} satisfies Record<string, Key>;

export type Config = Readonly<{
  roles: readonly Role[];
  /** Which of several processes of one role this is, from 1. */ instance: number;
  data: string; keyFile: string; databaseUrl: string | null; dbPort: number;
  httpPort: number; httpHost: string; publicUrl: string; tlsCert: string | null; tlsKey: string | null;
  mqttPort: number; mqttsPort: number; doorPort: number; edges: number; deviceHost: string; opsPort: number;
  adminPassword: string | null; demo: 'auto' | 'on' | 'off'; gateway: GatewayKind | null;
  accessKeyId: string | null; accessKeySecret: string | null; smsEndpoint: string | null; voiceEndpoint: string | null;
  gateway2: (typeof secondGateways)[number] | null; httpGatewayUrl: string | null; httpGatewayKey: string | null; modemFolder: string | null;
  standinPort: number; deadManUrl: string | null; heartbeatDays: number; logLevel: string;
  map: (typeof baseMaps)[number] | null; mapUrl: string | null; mapKey: string | null; mapSystem: (typeof mapSystems)[number]; mapSource: string | null; mapApproval: string | null; mapDaily: number; mapOutline: string | null;
}>;

/** Reads argv and env. Throws one OperatingError E_CONFIG whose message lists every problem, a line each. */
export function readConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const flags = readFlags(argv, problems);
  const text = (k: Key): string => flags.get(k.flag) ?? env[k.variable] ?? '';
  const orFallback = (k: Key): string => text(k) || k.fallback;
  const optional = (k: Key): string | null => text(k) || null;
  const port = (k: Key): number => {
    const n = Number(orFallback(k));
    if (!Number.isInteger(n) || n < 0 || n > 65_535) problems.push(`${k.variable}: expected a port from 0 to 65535, got "${orFallback(k)}"`);
    return n;
  };
  const oneOf = <T extends string>(k: Key, value: string, allowed: readonly T[]): T | null => {
    if ((allowed as readonly string[]).includes(value)) return value as T;
    problems.push(`${k.variable}: expected one of ${allowed.join(', ')}, got "${value}"`);
    return null;
  };
  const url = (k: Key, schemes: readonly string[]): void => {
    const value = text(k);
    if (value === '') return;
    const parsed = URL.parse(value);
    if (!parsed || !schemes.includes(parsed.protocol)) problems.push(`${k.variable}: expected a URL beginning with ${schemes.map((s) => `${s}//`).join(' or ')}`);
    else if (parsed.protocol === 'http:' && k !== keys.publicUrl && !isLoopback(parsed.hostname)) problems.push(`${k.variable}: must be https unless it is loopback`);
  };
  const count = (k: Key, max: number, given = orFallback(k)): number => {
    const n = Number(given);
    if (!Number.isInteger(n) || n < 1 || n > max) problems.push(`${k.variable}: expected a number from 1 to ${max}, got "${given}"`);
    return n;
  };
  const data = resolve(orFallback(keys.data));
  const demo = text(keys.demo);
  const gateway = text(keys.gateway);
  // The default of ANLING_PUBLIC_URL follows the port and TLS: a page that thinks it is elsewhere refuses its own forms.
  const ownUrl = `${text(keys.tlsCert) ? 'https' : 'http'}://127.0.0.1:${orFallback(keys.httpPort)}`;
  url(keys.databaseUrl, ['postgres:', 'postgresql:']);
  url(keys.publicUrl, ['http:', 'https:']);
  url(keys.smsEndpoint, ['http:', 'https:']);
  url(keys.voiceEndpoint, ['http:', 'https:']);
  url(keys.deadManUrl, ['http:', 'https:']);
  if (Boolean(text(keys.tlsCert)) !== Boolean(text(keys.tlsKey))) problems.push('ANLING_TLS_CERT and ANLING_TLS_KEY: give both or neither');
  if (gateway === 'aliyun' && Boolean(text(keys.accessKeyId)) !== Boolean(text(keys.accessKeySecret)))
    problems.push('ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET: give both or neither');
  const second = text(keys.gateway2);
  url(keys.httpGatewayUrl, ['http:', 'https:']);
  if ((gateway === 'http' || second === 'http') && (!text(keys.httpGatewayUrl) || text(keys.httpGatewayKey).length < 32)) problems.push('ANLING_HTTP_GATEWAY_URL and ANLING_HTTP_GATEWAY_KEY: both are needed for the gateway "http", the key with at least 32 characters');
  if (second === 'modem' && !text(keys.modemFolder)) problems.push('ANLING_MODEM_FOLDER: needed for the gateway "modem"');
  if (second !== '' && gateway !== 'aliyun' && gateway !== 'http') problems.push('ANLING_SECOND_GATEWAY: only beside a real first gateway (ANLING_GATEWAY=aliyun or http)');
  if (second !== '' && second === gateway) problems.push('ANLING_SECOND_GATEWAY: another one than ANLING_GATEWAY');
  const map = text(keys.map);
  problems.push(...mapProblems(map, { url: text(keys.mapUrl), key: text(keys.mapKey), source: text(keys.mapSource), approval: text(keys.mapApproval), daily: orFallback(keys.mapDaily) }));
  const days = Number(orFallback(keys.heartbeatDays));
  if (!Number.isInteger(days) || days < 7 || days >= limits.rollDays) problems.push(`ANLING_HEARTBEAT_DAYS: expected 7 to ${limits.rollDays - 1} days, got "${orFallback(keys.heartbeatDays)}"`);
  const config: Config = {
    roles: readRoles(flags.get('role'), flags.has('flows'), problems), instance: count(keys.edges, edgesMax, flags.get('instance') ?? '1'),
    data, keyFile: resolve(text(keys.keyFile) || join(data, 'keys.json')), databaseUrl: optional(keys.databaseUrl), dbPort: port(keys.dbPort),
    httpPort: port(keys.httpPort), httpHost: orFallback(keys.httpHost), publicUrl: (text(keys.publicUrl) || ownUrl).replace(/\/$/, ''),
    tlsCert: optional(keys.tlsCert), tlsKey: optional(keys.tlsKey),
    mqttPort: port(keys.mqttPort), mqttsPort: port(keys.mqttsPort), doorPort: port(keys.doorPort), edges: count(keys.edges, edgesMax), deviceHost: orFallback(keys.deviceHost), opsPort: port(keys.opsPort),
    adminPassword: optional(keys.adminPassword),
    demo: demo === '' || demo === 'auto' ? 'auto' : oneOf(keys.demo, demo, ['auto', '0', '1']) === '1' ? 'on' : 'off',
    gateway: gateway === '' ? null : oneOf(keys.gateway, gateway, gateways),
    accessKeyId: optional(keys.accessKeyId), accessKeySecret: optional(keys.accessKeySecret),
    smsEndpoint: optional(keys.smsEndpoint), voiceEndpoint: optional(keys.voiceEndpoint),
    gateway2: second === '' ? null : oneOf(keys.gateway2, second, secondGateways), httpGatewayUrl: optional(keys.httpGatewayUrl)?.replace(/\/$/, '') ?? null, httpGatewayKey: optional(keys.httpGatewayKey),
    modemFolder: text(keys.modemFolder) ? resolve(text(keys.modemFolder)) : null, standinPort: port(keys.standinPort),
    deadManUrl: optional(keys.deadManUrl),
    map: map === '' ? null : oneOf(keys.map, map, baseMaps), mapUrl: map === 'pmtiles' ? resolve(text(keys.mapUrl)) : optional(keys.mapUrl) ?? (map === 'tianditu' ? tianditu : null), mapKey: optional(keys.mapKey),
    mapSystem: oneOf(keys.mapSystem, orFallback(keys.mapSystem), mapSystems) ?? 'wgs84', mapSource: optional(keys.mapSource), mapApproval: optional(keys.mapApproval), mapDaily: Number(orFallback(keys.mapDaily)),
    mapOutline: text(keys.mapOutline) ? resolve(text(keys.mapOutline)) : null,
    heartbeatDays: days,
    logLevel: oneOf(keys.logLevel, orFallback(keys.logLevel), ['fatal', 'error', 'warn', 'info', 'debug', 'trace']) ?? 'info',
  };
  if (config.edges > 1 && process.platform !== 'linux') problems.push('ANLING_EDGES: more than one edge needs Linux (SO_REUSEPORT)');
  if (problems.length > 0) throw new OperatingError('E_CONFIG', `The configuration has ${problems.length} problem(s):\n${problems.map((p) => `  - ${p}`).join('\n')}`);
  return Object.freeze(config);
}

/** What is missing or wrong for a base map: its source and approval number are shown with it, so both must be known. */
function mapProblems(kind: string, given: { url: string; key: string; source: string; approval: string; daily: string }): string[] {
  const problems: string[] = [];
  if (!/^\d{1,9}$/.test(given.daily)) problems.push(`ANLING_MAP_DAILY: expected a number of tiles, got "${given.daily}"`);
  if (kind === '') return problems;
  if (given.source === '' || given.approval === '') problems.push('ANLING_MAP_SOURCE and ANLING_MAP_APPROVAL: needed with a base map; both are always shown on it');
  if (kind === 'tianditu' && given.key === '') problems.push('ANLING_MAP_KEY: needed for the base map "tianditu"');
  if (kind === 'pmtiles' && given.url === '') problems.push('ANLING_MAP_URL: the file, for the base map "pmtiles"');
  if (kind === 'xyz' && !['{z}', '{x}', '{y}'].every((part) => given.url.includes(part))) problems.push('ANLING_MAP_URL: expected an address with {z}, {x} and {y} for the base map "xyz"');
  if (kind !== 'pmtiles' && given.url !== '') {
    const parsed = URL.parse(given.url.replace(/\{\w+\}/g, '0'));
    if (!parsed || !/^https?:$/.test(parsed.protocol)) problems.push('ANLING_MAP_URL: expected a URL beginning with https://');
    else if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname)) problems.push('ANLING_MAP_URL: must be https unless it is loopback');
  }
  return problems;
}

function readRoles(flag: string | undefined, flows: boolean, problems: string[]): readonly Role[] {
  const wanted = flag === undefined ? [...roles] : flag.split(',');
  for (const role of wanted) if (!(allRoles as readonly string[]).includes(role)) problems.push(`--role: expected ${allRoles.join(', ')}, got "${role}"`);
  return [...new Set([...wanted, ...(flows ? ['flows'] : [])])] as Role[];
}

function readFlags(argv: readonly string[], problems: string[]): Map<string, string> {
  const known = new Set(['role', 'instance', ...Object.values(keys).map((k) => k.flag)]);
  const flags = new Map<string, string>();
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] ?? '';
    if (arg === '--no-demo') { flags.set('demo', '0'); continue; }
    if (arg === '--flows') { flags.set('flows', '1'); continue; }
    const [name, inline] = arg.replace(/^--/, '').split(/=(.*)/s);
    if (!arg.startsWith('--') || name === undefined || !known.has(name)) { problems.push(`${arg}: unknown flag; known are ${[...known].map((f) => `--${f}`).join(' ')}`); continue; }
    const value = inline ?? argv[++i];
    if (value === undefined) problems.push(`--${name}: a value is missing`);
    else flags.set(name, value);
  }
  return flags;
}

/** Whether a host name can only mean this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** The configuration as variables, for the processes that a supervisor starts: flags are in it, every path is absolute. */
export function configVariables(config: Config): Record<string, string> {
  const values: Record<keyof typeof keys, string | number | null> = {
    ...config, demo: config.demo === 'auto' ? 'auto' : config.demo === 'on' ? '1' : '0', adminPassword: null, // the first password is the supervisor's business alone
  };
  return Object.fromEntries(Object.entries(keys).map(([name, k]) => [k.variable, String(values[name as keyof typeof keys] ?? '')]));
}

/** The base map and the county's outline, as the web role wants them. */
export function mapOf(c: Config): { base: { kind: (typeof baseMaps)[number]; url: string; key: string | null; coordinateSystem: (typeof mapSystems)[number]; daily: number } | null; source: string | null; approvalNumber: string | null; outline: string | null } {
  const base = c.map !== null && c.mapUrl !== null ? { kind: c.map, url: c.mapUrl, key: c.mapKey, coordinateSystem: c.mapSystem, daily: c.mapDaily } : null;
  return { base, source: c.mapSource, approvalNumber: c.mapApproval, outline: c.mapOutline };
}

/** What a process is called among its siblings: the first of a role by the role alone. */
export const processName = (role: Role, instance: number): string => (instance === 1 ? role : `${role}-${instance}`);

/** The port of a role's /healthz, /readyz and /metrics; 0: any free one. */
export function opsPortOf(config: Config, role: Role): number {
  return config.opsPort === 0 ? 0 : config.opsPort + 1 + allRoles.indexOf(role) + 10 * (config.instance - 1);
}
