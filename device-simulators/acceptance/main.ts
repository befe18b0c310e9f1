/**
 * `npm run acceptance -- --device ID [--simulate]`: the acceptance of one device at the door (安装验收), every step with its evidence from
 * the store and how long it took, and a verdict. Exit code 0 合格, 1 不合格, 2 cannot begin.
 */
import { createApi, type HouseApi } from '#simulators/api/client.ts';
import { type Hands, installerHands, simulatedHands } from './hands.ts';
import { type Options, readOptions } from './options.ts';
import { stepWords as names, type Words } from '#core/acceptance.ts';
import { accept, type AcceptanceOptions, type StepResult, type Verdict } from './run.ts';
import type { Device } from './steps.ts';

const write = (text: string): void => { process.stdout.write(text); };
/** What keeps an acceptance from beginning: told in words, exit code 2. */
class CannotBegin extends Error {}

/** The hands of a simulated device. A new secret cuts a real one off: only for a demonstration, a device that was never heard, or when asked for. */
async function takeDevice(options: Options, api: HouseApi, device: Device, now: () => number): Promise<Hands> {
  if (!options.simulate) return installerHands(write, process.stdout.isTTY === true);
  let { secret } = options;
  if (secret === null) {
    if (!options.reissue && !device.demo && device.state !== 'never') throw new CannotBegin('真实设备已经上报过。要扮演它请给 --secret，或用 --reissue 重发密钥（真实设备会掉线）。\nA real device has reported already: give its --secret, or --reissue a new one, which cuts it off.');
    write('!! 重发密钥：旧密钥立即失效，真实设备须重新写入。A new secret is issued: the old one ends at once.\n');
    secret = (await api.call<{ secret: string }>('POST', `/api/v1/devices/${encodeURIComponent(device.id)}/secret`, {})).secret;
  }
  return simulatedHands({ id: device.id, secret, model: device.model, address: { ...options.mqtt, tls: false }, now });
}

const both = ({ zh, en }: Words): string => `${zh} · ${en}`;
const tell: AcceptanceOptions['tell'] = (line) => {
  if ('begins' in line) write(`  ${both(names[line.begins])}\n`);
  else write(line.ok ? `    ✓ ${line.ms === null ? '' : `${Math.round(line.ms)} ms  `}${line.facts.join(' | ')}\n` : `    ✗ ${line.why ? both(line.why) : ''}\n`);
};

function printVerdict(verdict: Verdict): void {
  write('\n');
  for (const r of verdict.results) write(`  ${r.ok ? '通过 pass' : '未过 FAIL'}  ${both(names[r.step])}${timeOf(r)}\n`);
  for (const p of verdict.probation) write(`  待观察 probation  ${both(p)}\n`);
  write(`\n${verdict.passed ? '合格 ACCEPTED' : '不合格 NOT ACCEPTED'}  (${Math.round(verdict.tookMs / 1000)} s)\n`);
  for (const why of verdict.reasons) write(`  原因 reason: ${both(why)}\n`);
}
const timeOf = (r: StepResult): string => (r.ms === null ? '' : `  ${Math.round(r.ms)} ms`);

async function main(argv: readonly string[]): Promise<number> {
  const parsed = readOptions(argv, process.env);
  if (parsed.kind === 'say') { (parsed.code === 0 ? process.stdout : process.stderr).write(parsed.text); return parsed.code; }
  const { options } = parsed;
  if (options.token === null) throw new CannotBegin('缺少令牌 missing: --token (本机 on this machine: npm run acceptance)');
  const api = createApi(options.url, { token: options.token });
  write(`安装验收 acceptance: ${options.device} @ ${options.url}${options.simulate ? '  (模拟设备 simulated)' : ''}\n`);
  const verdict = await accept({ api, deviceId: options.device, hands: (device, now) => takeDevice(options, api, device, now), tell });
  printVerdict(verdict);
  return verdict.passed ? 0 : 1;
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof CannotBegin ? '' : '不能验收 cannot begin: '}${(error as Error).message}\n`);
  process.exit(2);
}
