/**
 * Are the sign and every text known to the provider, approved, and the same as ours? Asked before the first emergency, because
 * afterwards each refusal is an elder nobody was told of. Spoken texts cannot be asked for: only a test call proves them.
 */
import { type TemplateName, templates } from '#core/messages.ts';
import { type ProviderSettings, vitalTemplates } from '#core/provider.ts';
import type { GatewayCheck, TemplateState } from '#notify/channels/channel.ts';
import type { AliyunClient, Listed } from './client.ts';
import { classifyThrown, smsCodes } from './errors.ts';

type Found = Map<string, Listed> | { refused: string };
const vital: ReadonlySet<string> = new Set(vitalTemplates);
// A key that may only send cannot list: that is no reason to call the gateway unready.
const mayNotList = /^(Forbidden|NoPermission|isp\.RAM)/;

export async function checkTemplates(client: AliyunClient, settings: ProviderSettings): Promise<GatewayCheck> {
  const [texts, signs] = await Promise.all([ask(() => client.smsTemplates()), ask(() => client.smsSigns())]);
  const all = [...(Object.keys(templates) as TemplateName[]).map((name) => stateOf(name, settings, texts)), signOf(settings, signs)];
  const missing = all.filter((t) => vital.has(t.template) || t.template === 'sign').flatMap(wordsOf);
  if (settings.mode === 'dedicated' && !settings.shownNumber) missing.push('dedicated mode without a shown number');
  const refused = [texts, signs].flatMap((found) => ('refused' in found && !mayNotList.test(found.refused) ? [found.refused] : []))[0];
  if (refused !== undefined) missing.push(`the gateway does not answer (${refused})`);
  return { missing, templates: all };
}

async function ask(list: () => Promise<Listed[]>): Promise<Found> {
  try {
    return new Map((await list()).map((entry) => [entry.key, entry]));
  } catch (error) {
    const outcome = classifyThrown(error, smsCodes);
    return { refused: outcome.kind === 'accepted' ? '' : outcome.code };
  }
}

function stateOf(template: TemplateName, { templates: codes }: ProviderSettings, found: Found): TemplateState {
  const { channel, text } = templates[template];
  const code = codes[template] ?? null;
  if (code === null) return { template, code, state: 'no-code' };
  if (channel === 'voice') return { template, code, state: 'not-asked' };
  if ('refused' in found) return { template, code, state: mayNotList.test(found.refused) ? 'not-asked' : 'no-answer' };
  const at = found.get(code);
  // Other variables than ours would be refused at each send; another wording is the county's own business.
  return { template, code, state: at === undefined ? 'not-found' : at.state === 'approved' && holes(at.text) !== holes(text) ? 'other-text' : at.state };
}

const holes = (text: string): string => [...text.matchAll(/\$\{(\w+)\}/g)].map((m) => m[1]).sort().join();

function signOf({ sign }: ProviderSettings, found: Found): TemplateState {
  if (sign === '') return { template: 'sign', code: null, state: 'no-code' };
  if ('refused' in found) return { template: 'sign', code: sign, state: mayNotList.test(found.refused) ? 'not-asked' : 'no-answer' };
  return { template: 'sign', code: sign, state: found.get(sign)?.state ?? 'not-found' };
}

function wordsOf({ template, code, state }: TemplateState): string[] {
  const what = template === 'sign' ? `sign "${code}"` : `template "${template}" (${code})`;
  switch (state) {
    case 'no-code': return [template === 'sign' ? 'no sign' : `no template code for "${template}"`];
    case 'not-found': return [`${what} is not known to the provider`];
    case 'pending': return [`${what} is still under review`];
    case 'rejected': return [`${what} was rejected by the reviewer`];
    case 'other-text': return [`${what} has other variables than ours`];
    default: return [];
  }
}
