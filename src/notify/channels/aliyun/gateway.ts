/** The provider as a gateway: its two channels, and what is missing before an emergency can be told through it. */
import { templates } from '#core/messages.ts';
import { vitalTemplates, type ProviderSettings } from '#core/provider.ts';
import type { Gateway } from '#notify/channels/channel.ts';
import { createClient, type ClientOptions } from './client.ts';
import { classifyThrown, smsCodes } from './errors.ts';
import { smsChannel } from './sms.ts';
import { voiceChannel } from './voice.ts';

export function aliyunGateway(name: Gateway['name'], options: ClientOptions, settings: () => ProviderSettings): Gateway {
  const client = createClient(options);
  const check = async (): Promise<string[]> => {
    const { sign, templates: codes, mode, shownNumber } = settings();
    const missing = vitalTemplates.filter((t) => !codes[t]).map((t) => `no template code for "${t}"`);
    if (sign === '') missing.push('no sign');
    if (mode === 'dedicated' && !shownNumber) missing.push('dedicated mode without a shown number');
    try {
      const approved = new Set(await client.smsTemplates());
      for (const t of vitalTemplates) {
        const code = codes[t];
        if (code && templates[t].channel === 'sms' && !approved.has(code)) missing.push(`template "${t}" (${code}) is not approved`);
      }
    } catch (error) {
      const outcome = classifyThrown(error, smsCodes);
      // A key that may only send cannot list templates: that is no reason to call the gateway unready.
      const code = outcome.kind === 'accepted' ? '' : outcome.code;
      if (!/^(Forbidden|NoPermission|isp\.RAM)/.test(code)) missing.push(`the gateway does not answer (${code})`);
    }
    return missing;
  };
  return { name, real: name !== 'standin', channels: { sms: smsChannel(client, settings), voice: voiceChannel(client, settings) }, check };
}
