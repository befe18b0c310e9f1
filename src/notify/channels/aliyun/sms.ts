/** SMS by the provider's SDK. OutId is only an echo: the provider does not deduplicate, our outbox does. */
import { variables, type TemplateName } from '#core/messages.ts';
import type { ProviderSettings } from '#core/provider.ts';
import type { Channel, Fate, Message, Outcome, Sent } from '#notify/channels/channel.ts';
import type { AliyunClient } from './client.ts';
import { classifyCode, classifyThrown, smsCodes } from './errors.ts';
import { beijingDate, smsFate } from './receipts.ts';

export function smsChannel(client: AliyunClient, settings: () => ProviderSettings): Channel {
  const send = async (message: Message): Promise<Outcome> => {
    const { sign, templates } = settings();
    const code = templates[message.template];
    if (code === undefined) return notConfigured;
    try {
      const answer = await client.sendSms({
        PhoneNumbers: message.to, SignName: sign, TemplateCode: code, TemplateParam: JSON.stringify(variables(message.template, message.params, sign)), OutId: message.outId,
      });
      return answer.Code === 'OK' ? { kind: 'accepted', providerId: answer.BizId ?? '' } : classifyCode(answer.Code, smsCodes);
    } catch (error) {
      return classifyThrown(error, smsCodes);
    }
  };
  return {
    kind: 'sms', send,
    sendPlain: (message) => (message.template === plain || settings().templates[plain] === undefined ? null : send({ ...message, template: plain })),
    query: (sent) => query(client, sent),
  };
}

const plain: TemplateName = 'minimal';

/** A template without a code is our own mistake: said at once, on another channel. */
export const notConfigured: Outcome = {
  kind: 'rejected', class: 'P', scope: 'account', code: 'local.NO_TEMPLATE_CODE', retries: 0, endsAs: 'P', retryAfterMs: null, page: true,
};

/** One day is asked for; a message of the last minutes before midnight may stand under the day before. */
async function query(client: AliyunClient, sent: Sent): Promise<Fate> {
  try {
    const details = await client.sendDetails({ phone: sent.to, date: beijingDate(sent.sentAt), bizId: sent.providerId });
    const own = details.filter((d) => d.outId === sent.outId);
    if (own.some((d) => d.status === 3)) return { kind: 'delivered' };
    const failed = own.find((d) => d.status === 2);
    if (failed && own.every((d) => d.status === 2)) return smsFate(false, failed.code);
    return { kind: own.length > 0 ? 'waiting' : 'not-found' };
  } catch (error) {
    const outcome = classifyThrown(error, smsCodes);
    return { kind: 'no-answer', code: outcome.kind === 'accepted' ? '' : outcome.code };
  }
}
