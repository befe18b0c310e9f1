/** The provider as a gateway: its two channels, and what is missing before an emergency can be told through it. */
import { limits } from '#core/limits.ts';
import type { ProviderSettings } from '#core/provider.ts';
import type { Gateway } from '#notify/channels/channel.ts';
import { createClient, type ClientOptions } from './client.ts';
import { mnsPull } from './mns.ts';
import { checkTemplates } from './templates.ts';
import { smsChannel } from './sms.ts';
import { voiceChannel } from './voice.ts';

export function aliyunGateway(name: Gateway['name'], options: ClientOptions, settings: () => ProviderSettings): Gateway {
  const client = createClient(options);
  const check = () => checkTemplates(client, settings());
  const pull = options.queues && mnsPull(client, { url: options.queues.url, waitS: limits.queueWaitS, deadlineMs: options.deadlineMs }, () => settings().mnsAccount);
  return { name, real: name !== 'standin', channels: { sms: smsChannel(client, settings), voice: voiceChannel(client, settings) }, check, ...(pull ? { pull } : {}) };
}
