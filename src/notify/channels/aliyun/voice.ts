/**
 * Calls by the voice API. Public mode only announces; dedicated mode has a bought number and takes keys (IvrCall). A call
 * that was heard is no acknowledgement: only a key or a human's answer is (PROVIDERS 0.10).
 */
import { templates, variableNames, variables, type TemplateName } from '#core/messages.ts';
import { isSpokenText, promptFor } from '#core/prompts.ts';
import type { ProviderSettings } from '#core/provider.ts';
import type { Channel, Fate, Message, Outcome, Sent } from '#notify/channels/channel.ts';
import type { AliyunClient } from './client.ts';
import { classifyCode, classifyThrown, voiceCodes } from './errors.ts';
import { readCallDetail } from './receipts.ts';
import { notConfigured } from './sms.ts';

/** Milliseconds the provider waits for a key. */
const keyWaitMs = '5000';
const productIds = { SingleCallByTts: '11000010138001', SingleCallByVoice: '11000000300006', IvrCall: '11000000300005' } as const;
type Action = keyof typeof productIds;
type Call = { action: Action; query: Record<string, string> };

export function voiceChannel(client: AliyunClient, settings: () => ProviderSettings): Channel {
  const place = async (call: Call): Promise<Outcome> => {
    try {
      const answer = await client.voice(call.action, call.query);
      return answer.Code === 'OK' ? { kind: 'accepted', providerId: answer.CallId ?? '' } : classifyCode(answer.Code, voiceCodes);
    } catch (error) {
      return classifyThrown(error, voiceCodes);
    }
  };
  return {
    kind: 'voice',
    send: async (message) => {
      const call = callOf(message, settings());
      return call ? place(call) : notConfigured;
    },
    sendPlain(message) {
      const { voiceFile } = settings();
      return voiceFile === null ? null : place({ action: 'SingleCallByVoice', query: { ...common(message, settings()), VoiceCode: voiceFile } });
    },
    query: (sent) => query(client, sent, settings()),
  };
}

function common(message: Message, settings: ProviderSettings): Record<string, string> {
  const shown = settings.mode === 'dedicated' && settings.shownNumber ? { CalledShowNumber: settings.shownNumber } : {};
  return { CalledNumber: message.to, ...shown, PlayTimes: String(settings.playTimes), OutId: message.outId };
}

/** With keys when the county can take them and all values of the longer text are there; else an announcement. In the callee's own speech where it is recorded. */
function callOf(message: Message, settings: ProviderSettings): Call | null {
  const own = (name: TemplateName): string | null => promptFor(settings.prompts, message.languages ?? [], name, message.kind ?? null);
  const ivr = ivrParts(message, settings, (name) => own(name) ?? settings.templates[name]);
  if (ivr) return { action: 'IvrCall', query: ivr };
  const recorded = own(message.template);
  if (recorded !== null && !isSpokenText(recorded)) return { action: 'SingleCallByVoice', query: { ...common(message, settings), VoiceCode: recorded } };
  const code = recorded ?? settings.templates[message.template];
  if (code === undefined || templates[message.template].channel !== 'voice') return null;
  return { action: 'SingleCallByTts', query: { ...common(message, settings), TtsCode: code, TtsParam: JSON.stringify(variables(message.template, message.params)) } };
}

function ivrParts(message: Message, settings: ProviderSettings, code: (name: TemplateName) => string | undefined): Record<string, string> | null {
  const start: TemplateName = 'ivr-p1';
  const recorded = [start, 'ivr-yes', 'ivr-no', 'ivr-bye'].map((name) => code(name as TemplateName));
  // The provider wants all parts of one kind: a greeting that was recorded alone is not used.
  const mixed = recorded.some((c) => c !== undefined && !isSpokenText(c)) && recorded.some((c) => c !== undefined && isSpokenText(c));
  const [startCode, yes, no, bye] = mixed ? [settings.templates[start], settings.templates['ivr-yes'], settings.templates['ivr-no'], settings.templates['ivr-bye']] : recorded;
  if (message.template !== 'voice-p1' || settings.mode !== 'dedicated' || !settings.shownNumber || !startCode || !yes || !no || !bye) return null;
  if (variableNames(start).some((name) => !message.params[name])) return null;
  return {
    ...common(message, settings), StartCode: startCode, StartTtsParams: JSON.stringify(variables(start, message.params)), Timeout: keyWaitMs, ByeCode: bye,
    'MenuKeyMap.1.Key': '1', 'MenuKeyMap.1.Code': yes, 'MenuKeyMap.2.Key': '0', 'MenuKeyMap.2.Code': no,
  };
}

/** Calls can be asked for only by their id: without one the report, which carries our out_id, is all there is. */
async function query(client: AliyunClient, sent: Sent, settings: ProviderSettings): Promise<Fate> {
  if (!sent.providerId) return { kind: 'not-found' };
  const action: Action = sent.template === 'voice-p1' && settings.mode === 'dedicated' ? 'IvrCall' : 'SingleCallByTts';
  try {
    // the search covers the 24 hours after QueryDate; a little earlier than our own note of the time
    for (const product of [action, 'SingleCallByVoice'] as const) { // a recorded announcement stands under its own product
      const answer = await client.voice('QueryCallDetailByCallId', { CallId: sent.providerId, ProdId: productIds[product], QueryDate: String(sent.sentAt - 60_000) });
      if (answer.Code !== 'OK') return { kind: 'no-answer', code: answer.Code };
      if (typeof answer.Data === 'string' && answer.Data !== '') return readCallDetail(answer.Data);
    }
    return { kind: 'not-found' };
  } catch (error) {
    const outcome = classifyThrown(error, voiceCodes);
    return { kind: 'no-answer', code: outcome.kind === 'accepted' ? '' : outcome.code };
  }
}
