/**
 * The texts people receive (FIELD 6), one template per kind because the gateway's 50 a day count per template. SMS stays
 * within 70 characters at worst-case values with the sign; voice has at most two variables in public mode, spoken forms
 * only. messages.test.ts holds every text against the provider's rules.
 */
import { type EventKind, kindInfo } from './event.ts';

/** `dedicated`: only with a bought number, where more than two variables are allowed and keys can be pressed. */
export type Template = { channel: 'sms' | 'voice'; text: string; dedicated?: true };

/** The duty room's number, as every text names it. */
export const hotline = '0598-0350425';

/** Logical name -> text. The provider's own code per name is a setting (`provider.templates`). */
export const templates = {
  sos: { channel: 'sms', text: `一键呼\${time}，\${place}，\${name}姓老人，请速去看。去回1，不去回0，单\${no}。${hotline}` },
  fall: { channel: 'sms', text: `疑跌倒\${time}，\${place}，\${name}姓老人，请速去看。去回1，不去回0，单\${no}。${hotline}` },
  smoke: { channel: 'sms', text: `烟感响\${time}，\${place}，\${name}姓老人家，喊人勿进火场。去回1，不去回0，单\${no}。${hotline}` },
  gas: { channel: 'sms', text: `燃气响\${time}，\${place}，\${name}姓老人家，勿开灯勿点火。去回1，不去回0，单\${no}。${hotline}` },
  'phone-in': { channel: 'sms', text: `来电求助\${time}，\${place}，\${name}姓老人，请速去看。去回1，不去回0，单\${no}。${hotline}` },
  concern: { channel: 'sms', text: `\${kind}，\${time}，\${place}，\${name}姓老人，请去看。去回1，不去回0，单\${no}。${hotline}` },
  escalate: { channel: 'sms', text: `无人应\${time}，\${place}，\${name}姓老人，已叫\${n}人，请带班处置。单\${no}。${hotline}` },
  family: { channel: 'sms', text: `\${name}姓老人家中\${time}有\${kind}告警，值班室正在核实并派人上门，请保持电话畅通。值班室${hotline}` },
  'family-done': { channel: 'sms', text: `\${name}姓老人告警已处理，\${time}到场查看，\${result}。详情可电话询问值班室${hotline}` },
  taken: { channel: 'sms', text: `单号\${no}，\${who}已前往，您不用再去，谢谢。值班室${hotline}` },
  'family-taken': { channel: 'sms', text: `\${name}姓老人告警，\${who}已前往查看，有结果再告诉您，请保持电话畅通。值班室${hotline}` },
  away: { channel: 'sms', text: `已登记您外出到\${until}，这段时间叫别人。提前回来请回7。值班室${hotline}` },
  back: { channel: 'sms', text: `已登记您回来了，有警情会叫您，谢谢。值班室${hotline}` },
  passed: { channel: 'sms', text: `单号\${no}已转下一位，谢谢告知。值班室${hotline}` },
  which: { channel: 'sms', text: `您有\${n}单未回复，分别为\${list}。请回\${key}加单号，例如回复\${eg}。值班室${hotline}` },
  seen: { channel: 'sms', text: `单号\${no}收到您的回复。能去请回1，不能去请回0，未回1前继续叫人。${hotline}` },
  late: { channel: 'sms', text: `单号\${no}您已答应前往，还没有到达消息。到了请回2，去不了请回0。值班室${hotline}` },
  outage: { channel: 'sms', text: `\${town}约\${count}户设备\${time}起失联，疑似\${cause}。请按名单先看重点老人，结果报值班室${hotline}` },
  battery: { channel: 'sms', text: `\${village}有\${count}户设备电量低，请三天内上门换电池，名单见工作页。值班室${hotline}` },
  minimal: { channel: 'sms', text: `有老人紧急求助，请立即回电值班室${hotline}` },
  'voice-p1': { channel: 'voice', text: '急事，请听完。这里是安铃值班室。${place}，有老人${kind}，请您马上去看。请看刚收到的短信，能去回复数字一，不能去回复数字零。' },
  'voice-escalate': { channel: 'voice', text: '急事，请听完。这里是安铃值班室。${place}，老人告警，已经叫了${n}个人没有应答，请带班人员马上安排人去看，并回电值班室。' },
  'voice-desk': { channel: 'voice', text: '值守提醒。值班台有${n}条紧急警情超过一分钟没有接警，请立即到岗接警。' },
  'voice-vigilance': { channel: 'voice', text: '值守提醒。值班台两次值守确认没有人应答，请马上到岗，并在值班台按键确认。' },
  'voice-outage': { channel: 'voice', text: '失联通报。${town}大面积设备失联，大约${count}户。请按名单安排人员先看重点老人。' },
  'voice-family': { channel: 'voice', text: '您好，这里是安铃值班室。您家老人${kind}，我们正在安排人去看，请保持电话畅通，等值班员与您联系。' },
  'ivr-p1': { channel: 'voice', dedicated: true, text: '急事，请听完。这里是安铃值班室。${place}，${name}姓老人${kind}，单号${no}。能去请按一，不能去请按零，重听请按三。' },
  'ivr-yes': { channel: 'voice', dedicated: true, text: '好，已登记您前往。到了请发短信数字二。路上注意安全。' },
  'ivr-no': { channel: 'voice', dedicated: true, text: '知道了，马上叫下一位。谢谢。' },
  'ivr-bye': { channel: 'voice', dedicated: true, text: '没有收到按键，不算答应，稍后再呼您。' },
  ring: { channel: 'sms', text: `每周试铃，收到请回5，不用出门。没有响铃声请告诉值班室${hotline}` },
  'voice-ring': { channel: 'voice', text: '试铃。这里是安铃值班室，只是试一下电话能不能响，不用出门。听到了请挂机，谢谢。' },
  'voice-audit': { channel: 'voice', text: '值守提醒。值班系统的自动呼叫可能已经停了，请马上到岗，用电话值守，并通知维护人员。' },
  drill: { channel: 'sms', text: `演练，不用出门。模拟\${place}于\${time}告警，收到回5，单\${no}。${hotline}` },
  'voice-drill': { channel: 'voice', text: '演练，不用出门。这里是安铃值班室。模拟${place}告警，不是真的。收到短信的，请回复数字五，谢谢。' },
  numbers: { channel: 'sms', text: `\${village}有\${count}个联系号码打不通，请三天内核对后报值班室，名单见工作页。值班室${hotline}` },
  confirm: { channel: 'sms', text: `每年核对号码，您登记为老人的联系人。号码还在用请回5，不用出门；不是请告诉值班室${hotline}` },
  notices: { channel: 'sms', text: `您有\${n}条设备通知，没有老人告警。请看工作页，或问值班室${hotline}` },
  'roll-call': { channel: 'sms', text: `平安清点：\${village}共\${count}人，名单码\${code}。见到回平安加序号，要帮回求助加序号。${hotline}` },
  'roll-list': { channel: 'sms', text: `清点：\${list}。见到回平安1，要帮回求助1。${hotline}` },
  'roll-which': { channel: 'sms', text: `清点名单上没有\${list}号，您的名单共\${count}人，没有登记，请核对后再回。值班室${hotline}` },
  'test-calls': { channel: 'sms', text: `\${village}有\${count}台设备满期没有试按，请上门请老人按一下，按前先报值班室${hotline}` },
  flood: { channel: 'sms', text: `值班台十分钟来了\${n}条警情，当班\${count}人，请备勤人员马上到岗接警。值班室${hotline}` },
} as const satisfies Record<string, Template>;
export type TemplateName = keyof typeof templates;
/** Raw values; `variables` turns them into what the channel may carry. */
export type MessageParams = Record<string, string>;

const variable = /\$\{(\w+)\}/g;
/** Names of the variables in a template, in their order. */
export function variableNames(name: TemplateName): string[] {
  return [...templates[name].text.matchAll(variable)].map(([, key]) => key as string);
}

/** The text of `name` with its values; a missing value throws, because a gateway would refuse it. */
export function render(name: TemplateName, params: MessageParams): string {
  return templates[name].text.replace(variable, (_, key: string) => {
    const value = params[key];
    if (value === undefined) throw new Error(`template ${name}: no value for ${key}`);
    return value;
  });
}

// A gateway refuses an empty value, and an alarm with an unknown place is still an alarm.
const unknownValues: MessageParams = { place: '地点问值班室', name: '某', kind: '求助', no: '0', who: '他人', list: '问值班室', time: '刚才', n: '多', count: '多', cause: '停电', key: '1', eg: '127', until: '明天', code: '问值班室' };
const valueCharsMax = 35;
const segmentChars = 70;
const paramsCharsMax = 249;

/**
 * Only the variables that `name` uses, each in a form that its channel may carry: no banned characters or links, at most
 * 35 characters, spoken forms for calls, and an SMS with the sign within one segment of 70 (the place gives way first).
 */
export function variables(name: TemplateName, params: MessageParams, sign = ''): MessageParams {
  const voice = templates[name].channel === 'voice';
  const out: MessageParams = {};
  for (const key of variableNames(name)) {
    const raw = params[key]?.trim() ?? '';
    const carry = (text: string): string => (voice ? spoken(printable(text)) : printable(text));
    out[key] = clip(carry(raw) || carry(unknownValues[key] ?? '不详'), valueCharsMax);
  }
  const longest = (): string => ['place', 'list', 'who'].find((key) => key in out) ?? Object.keys(out).sort((a, b) => (out[b]?.length ?? 0) - (out[a]?.length ?? 0))[0] ?? '';
  if (voice) {
    while (JSON.stringify(out).length > paramsCharsMax) out[longest()] = clip(out[longest()] ?? '', [...(out[longest()] ?? '')].length - 1);
    return out;
  }
  const excess = (): number => [...render(name, out)].length + (sign === '' ? 0 : [...sign].length + 2) - segmentChars;
  if (excess() > 0 && out['place']) out['place'] = out['place'].replace(/^.{1,4}?[乡镇](?=.{4})/u, '');
  if (excess() > 0 && out['place']) out['place'] = [...out['place']].slice(Math.max(0, Math.min(excess(), [...out['place']].length - 4))).join('');
  return out;
}

/** Characters of an SMS with its sign, and how many parts it is sent and paid as: one of 70, else parts of 67. */
export function smsParts(sign: string, text: string): { chars: number; parts: number } {
  const chars = [...text].length + (sign === '' ? 0 : [...sign].length + 2);
  return { chars, parts: chars <= segmentChars ? 1 : Math.ceil(chars / (segmentChars - 3)) };
}

/** The longest values that the field has: previews and tests show every text with them. */
export const worstValues: MessageParams = {
  place: '谢洋乡草垄崎村祠堂边120号', name: '欧阳', time: '02:13', no: '27', count: '412', n: '4', who: '欧阳建国', town: '东风农场生活区', cause: '停电',
  result: '已联系急救', village: '草垄崎村', list: '27下厝角12号、28岭头3号', kind: Object.values(kindInfo).map((k) => k.zh).sort((a, b) => b.length - a.length)[0] ?? '', key: '1', eg: '127', until: '明天05:30', code: 'k7m2p9q4x8',
};

const clip = (text: string, chars: number): string => [...text].slice(0, Math.max(chars, 1)).join('');

/** A value without what the SMS gateway bans: brackets of the sign, symbols, links, mobile numbers, line ends. */
function printable(text: string): string {
  return text
    .replace(/https?:\/\/\S*|www\.\S*|\d+\.\d+\.\d+\.\d+/gi, '').replace(/(?<!\d)1[3-9]\d{9}(?!\d)/g, '')
    .replace(/[【】#★※→①•¥{}$\\<>"\p{Cc}]/gu, '').trim();
}

/** The SMS template that tells a responder of an alert of this kind. */
export function smsTemplate(kind: EventKind): TemplateName {
  return kind === 'sos' || kind === 'fall' || kind === 'smoke' || kind === 'gas' || kind === 'phone-in' ? kind : 'concern';
}

const digits = '零一二三四五六七八九';
/** Digits as they are spoken, and nothing the voice gateway bans (# / : - % ¥ 【】): 12号 -> 十二号, 3-2 -> 三之二. */
export function spoken(text: string): string {
  return text
    .replace(/(\d{1,2}):(\d{2})/g, (_, h: string, m: string) => `${spokenNumber(Number(h))}点${spokenNumber(Number(m))}分`)
    .replace(/\d+/g, (n) => (n.length > 3 ? [...n].map((d) => digits[Number(d)]).join('') : spokenNumber(Number(n))))
    .replace(/[-/]/g, '之').replace(/https?|www/gi, '').replace(/[#:%¥【】{}$\\<>"\p{Cc}]/gu, '').trim();
}

function spokenNumber(n: number): string {
  if (n < 10) return digits[n] ?? '';
  if (n < 20) return `十${n % 10 ? digits[n % 10] : ''}`;
  if (n < 100) return `${digits[Math.floor(n / 10)]}十${n % 10 ? digits[n % 10] : ''}`;
  const rest = n % 100;
  return `${digits[Math.floor(n / 100)]}百${rest === 0 ? '' : rest < 10 ? `零${digits[rest]}` : rest < 20 ? `一${spokenNumber(rest)}` : spokenNumber(rest)}`;
}

/** A name as screens show it (FIELD 5): 陈*, 陈*水, 欧阳**; the surname stays. */
export function maskName(name: string): string {
  if (/(值班室|消防站|服务站)$/u.test(name)) return name; // a duty room is nobody
  const chars = [...name];
  if (chars.length <= 1) return name;
  const surname = surnameOf(name);
  const rest = chars.length - [...surname].length;
  if ([...surname].length === 2) return surname + '*'.repeat(Math.max(rest, 1));
  return rest === 1 ? `${surname}*` : `${surname}${'*'.repeat(rest - 1)}${chars.at(-1)}`;
}

const doubleSurnames = ['欧阳', '司马', '上官', '诸葛', '东方', '皇甫', '尉迟', '公孙', '慕容', '令狐', '司徒', '夏侯'];
/** The surname: the known two-character ones, else the first character. */
export function surnameOf(name: string): string {
  return doubleSurnames.find((s) => name.startsWith(s)) ?? [...name][0] ?? '';
}

/** A telephone number as screens show it: 154****0001. */
export function maskPhone(phone: string): string {
  return phone.length < 8 ? '****' : `${phone.slice(0, 3)}****${phone.slice(-4)}`;
}
