/**
 * Sending without the outbox, past whatever may be stuck there: one message through the configured gateway with the same
 * guards and the same poor words as a last resort, and what is known of it. Its caller has written it down before.
 */
import { limits } from '#core/limits.ts';
import type { MessageParams, TemplateName } from '#core/messages.ts';
import { alarmTemplates, mergeSettings, type ProviderSettings } from '#core/provider.ts';
import { type GatewayOptions, openGateway } from './channels/index.ts';
import type { Outcome } from './channels/channel.ts';
import { pause } from '#work/pause.ts';
import { guardGateway } from './guards.ts';

export type DirectMessage = { channel: 'sms' | 'voice'; outId: string; to: string; template: TemplateName; params: MessageParams; demo: boolean };
export type DirectResult = { state: 'accepted' | 'failed' | 'unknown'; provider: string | null; providerId: string | null; code: string | null; class: string | null };
export type SendDirectly = (message: DirectMessage) => Promise<DirectResult>;

const pauseMs = 700;

/** Never rejects. `provider` is the county's settings as last known. */
export function createDirect(options: Omit<GatewayOptions, 'settings'> | null, provider: () => Partial<ProviderSettings> | null): SendDirectly {
  const gateway = options && openGateway({ ...options, settings: () => mergeSettings(provider(), options.kind === 'standin') });
  return async ({ channel, demo, ...message }) => {
    const barred = guardGateway({ channel, to: message.to, demo, provider: gateway?.name ?? null }, gateway) ?? (message.to === '' ? { code: 'local.UNREADABLE', class: 'P' } : null);
    if (!gateway || barred) return { state: 'failed', provider: null, providerId: null, code: barred?.code ?? null, class: barred?.class ?? null };
    const way = gateway.channels[channel];
    let outcome: Outcome = await way.send(message);
    for (let tries = 1; outcome.kind === 'rejected' && outcome.class === 'R' && tries <= Math.min(outcome.retries, limits.sendAttempts); tries++) {
      await pause(Math.min(outcome.retryAfterMs ?? pauseMs, 5_000));
      outcome = await way.send(message);
    }
    if (outcome.kind === 'rejected' && outcome.scope === 'message' && alarmTemplates.has(message.template)) outcome = (await way.sendPlain(message)) ?? outcome;
    if (outcome.kind === 'accepted') return { state: 'accepted', provider: gateway.name, providerId: outcome.providerId, code: null, class: null };
    if (outcome.kind === 'unknown' || outcome.endsAs === 'U') return { state: 'unknown', provider: gateway.name, providerId: null, code: outcome.code, class: 'U' };
    return { state: 'failed', provider: gateway.name, providerId: null, code: outcome.code, class: outcome.endsAs };
  };
}
