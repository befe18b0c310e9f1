/** The list of gateways. A new provider is one folder and one line here; contract.test.ts runs for all of them. */
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import type { ProviderSettings } from '#core/provider.ts';
import { aliyunGateway } from './aliyun/gateway.ts';
import type { Gateway } from './channel.ts';

export type GatewayOptions = {
  kind: 'standin' | 'aliyun' | 'http'; settings(): ProviderSettings;
  smsUrl: string | null; voiceUrl: string | null; standinUrl: string;
  credentials: { id: string; secret: string } | null;
};

/** Opens the gateway that the configuration names. Throws E_CONFIG when it cannot be one. */
export function openGateway(options: GatewayOptions): Gateway {
  const open = openers[options.kind];
  if (!open) throw new OperatingError('E_CONFIG', `ANLING_GATEWAY: "${options.kind}" is not available in this release; use standin or aliyun`);
  return open(options);
}

const openers: Partial<Record<GatewayOptions['kind'], (options: GatewayOptions) => Gateway>> = {
  aliyun: ({ settings, smsUrl, voiceUrl, credentials }) => aliyunGateway('aliyun', {
    credentials, deadlineMs: limits.sendMs, smsUrl: smsUrl ?? 'https://dysmsapi.aliyuncs.com', voiceUrl: voiceUrl ?? 'https://dyvmsapi.aliyuncs.com',
  }, settings),
  /** The same channel at another address, so that what is tried with the stand-in is what a county runs. */
  standin: ({ settings, standinUrl, credentials }) => {
    if (!credentials) throw new OperatingError('E_CONFIG', 'ANLING_GATEWAY=standin: the stand-in’s keys are not set (the supervisor hands them to the roles it starts)');
    return aliyunGateway('standin', { credentials, deadlineMs: limits.sendMs, smsUrl: standinUrl, voiceUrl: standinUrl }, settings);
  },
};
