/** The list of gateways. A new provider is one folder and one line here; contract.test.ts runs for all of them. */
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import type { ProviderSettings } from '#core/provider.ts';
import { aliyunGateway } from './aliyun/gateway.ts';
import type { Gateway } from './channel.ts';
import { withFallback } from './fallback.ts';
import { httpGateway } from './http/gateway.ts';
import { modemGateway } from './modem/gateway.ts';

export type GatewayOptions = {
  kind: 'standin' | 'aliyun' | 'http'; settings(): ProviderSettings;
  smsUrl: string | null; voiceUrl: string | null; standinUrl: string;
  credentials: { id: string; secret: string } | null;
  /** Where a message goes that the first one does not take. */ second?: 'http' | 'modem' | null;
  http?: { url: string; key: string } | null; modemFolder?: string | null;
};

/** Opens the gateway that the configuration names. Throws E_CONFIG when it cannot be one. */
export function openGateway(options: GatewayOptions): Gateway {
  const first = openers[options.kind](options);
  return options.second && first.real ? withFallback(first, openers[options.second](options)) : first;
}

const openers: Record<GatewayOptions['kind'] | 'modem', (options: GatewayOptions) => Gateway> = {
  aliyun: ({ settings, smsUrl, voiceUrl, credentials }) => aliyunGateway('aliyun', {
    credentials, deadlineMs: limits.sendMs, smsUrl: smsUrl ?? 'https://dysmsapi.aliyuncs.com', voiceUrl: voiceUrl ?? 'https://dyvmsapi.aliyuncs.com',
    queues: { tokenUrl: 'https://dybaseapi.aliyuncs.com', url: 'https://1943695596114318.mns.cn-hangzhou.aliyuncs.com' },
  }, settings),
  /** The same channel at another address, so that what is tried with the stand-in is what a county runs. */
  standin: ({ settings, standinUrl, credentials }) => {
    if (!credentials) throw new OperatingError('E_CONFIG', 'ANLING_GATEWAY=standin: the stand-in’s keys are not set (the supervisor hands them to the roles it starts)');
    return aliyunGateway('standin', { credentials, deadlineMs: limits.sendMs, smsUrl: standinUrl, voiceUrl: standinUrl, queues: { tokenUrl: standinUrl, url: standinUrl } }, settings);
  },  http: ({ settings, http }) => {
    if (!http) throw new OperatingError('E_CONFIG', 'ANLING_GATEWAY=http: ANLING_HTTP_GATEWAY_URL and ANLING_HTTP_GATEWAY_KEY are not set');
    return httpGateway({ ...http, deadlineMs: limits.sendMs }, settings);
  },
  modem: ({ settings, modemFolder }) => {
    if (!modemFolder) throw new OperatingError('E_CONFIG', 'ANLING_SECOND_GATEWAY=modem: ANLING_MODEM_FOLDER is not set');
    return modemGateway({ folder: modemFolder, staleMs: limits.modemStaleMs }, settings);
  },
};
