/** The gateway's operations with the real parameters, answers and business codes (PROVIDERS 1, 2, 3.3). */
import { render, templates, variableNames, type TemplateName } from '#core/messages.ts';
import { standinCode, standinProvider, standinShownNumber, standinTemplate, standinVoiceFile } from '#core/provider.ts';
import type { Calls } from './calls.ts';
import { callDetail } from './calls.ts';
import type { StandinClock } from './clock.ts';
import type { Faults } from './faults.ts';
import { isNumber, type Phones, plainNumber, providerTime, type SmsItem } from './phones.ts';
import type { Mns } from './mns.ts';
import type { Pusher } from './push.ts';
import type { Windows } from './windows.ts';

export type ActionResult = { code: string; message: string; more?: Record<string, unknown> };
/** What a reviewer decided otherwise than approved, or another text under this code; by template code or sign. */
export type Reviews = Map<string, { status?: string; text?: string }>;
export type ActionContext = {
  reviews: Reviews;
  mns: Mns; clock: StandinClock; phones: Phones; calls: Calls; pusher: Pusher; faults: Faults; windows: () => Windows | null;
  /** Whether the account has a bought number that hears keys. */ keys: () => boolean; receiptMs: () => number;
};
type Params = ReadonlyMap<string, string>;
type Action = { required: readonly string[]; run(params: Params, context: ActionContext): ActionResult };

const ok = (more: Record<string, unknown>): ActionResult => ({ code: 'OK', message: 'OK', more });
const bad = (code: string, message: string): ActionResult => ({ code, message });
const digits = (count: number): string => Array.from({ length: count }, () => Math.floor(Math.random() * 10)).join('').replace(/^0/, '9');

/** The values of a template's variables, or the refusal that the gateway gives. */
function readValues(name: TemplateName, text: string): { values: Record<string, string> } | ActionResult {
  let values: unknown = {};
  try {
    values = text === '' ? {} : JSON.parse(text);
  } catch {
    return bad('isv.INVALID_JSON_PARAM', '模板变量JSON格式错误 或 JSON变量属性与模板占位符不一致');
  }
  const given = values as Record<string, unknown>;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return bad('isv.INVALID_JSON_PARAM', '模板变量JSON格式错误 或 JSON变量属性与模板占位符不一致');
  const out: Record<string, string> = {};
  for (const key of variableNames(name)) {
    const value = given[key];
    if (value === undefined || value === '') return bad('isv.TEMPLATE_MISSING_PARAMETERS', '模版缺少变量');
    if ([...String(value)].length > 35) return bad('isv.PARAM_LENGTH_LIMIT', '参数超出长度限制');
    if (/https?:|www\./i.test(String(value))) return bad('isv.PARAM_NOT_SUPPORT_URL', '变量不支持传入URL');
    if (/[【】]/.test(String(value))) return bad('isv.TEMPLATE_PARAMS_ILLEGAL', '模板变量里包含非法关键字');
    if (templates[name].channel === 'voice' && /[#/:\-%¥]/.test(String(value))) return bad('isv.TEMPLATE_PARAMS_ILLEGAL', '模板变量里包含非法关键字');
    out[key] = String(value);
  }
  return { values: out };
}

function sendSms(params: Params, context: ActionContext): ActionResult {
  const get = (name: string): string => params.get(name) ?? '';
  const numbers = get('PhoneNumbers').split(',').filter(Boolean);
  if (numbers.length > 1_000) return bad('isv.MOBILE_COUNT_OVER_LIMIT', '手机号码数量超过限制,最多支持1000条');
  if (!numbers.every(isNumber)) return bad('isv.MOBILE_NUMBER_ILLEGAL', '非法手机号');
  if (get('SignName') !== standinProvider.sign) return bad('isv.SMS_SIGNATURE_ILLEGAL', '该账号下找不到对应签名');
  const name = standinTemplate(get('TemplateCode'));
  if (name === null || templates[name].channel !== 'sms') return bad('isv.SMS_TEMPLATE_ILLEGAL', '该账号下找不到对应模板');
  if (get('OutId').length >= 256) return bad('isv.INVALID_PARAMETERS', '参数异常');
  const read = readValues(name, get('TemplateParam'));
  if (!('values' in read)) return read;
  const full = numbers.map((n) => context.windows()?.take('sms', `${get('SignName')}|${get('TemplateCode')}|${plainNumber(n)}`, context.clock.now()) ?? null).find((w) => w !== null);
  if (full) return bad('isv.BUSINESS_LIMIT_CONTROL', full);
  const bizId = `${digits(16)}^0`;
  for (const number of numbers) deliver(context, {
    type: 'sms', id: `${bizId}:${plainNumber(number)}`, at: context.clock.now(), phone: plainNumber(number), sign: get('SignName'), template: name, text: render(name, read.values),
    outId: get('OutId'), bizId, params: read.values, parts: 1, status: 'waiting', code: null, reportedAt: null,
  });
  return ok({ BizId: bizId });
}

function deliver(context: ActionContext, item: SmsItem): void {
  const length = [...item.sign].length + 2 + [...item.text].length;
  item.parts = length <= 70 ? 1 : Math.ceil(length / 67);
  context.phones.add(item);
  const fault = context.faults.take('receipt', 'SendSms', item.phone);
  context.clock.after(context.receiptMs(), () => {
    const failed = fault?.kind === 'failed';
    if (fault?.kind !== 'none') Object.assign(item, { status: failed ? 'failed' : 'delivered', code: failed ? (fault.code ?? 'MK:0001') : 'DELIVERED', reportedAt: context.clock.now() });
    context.phones.changed(item.phone);
    context.pusher.push('sms-report', [{
      phone_number: item.phone, send_time: providerTime(item.at), report_time: providerTime(context.clock.now()), success: !failed, err_code: item.code, err_msg: failed ? '用户接收失败' : '用户接收成功',
      sms_size: String(item.parts), biz_id: item.bizId, out_id: item.outId,
    }], fault);
  });
}

function querySendDetails(params: Params, context: ActionContext): ActionResult {
  const phone = plainNumber(params.get('PhoneNumber') ?? '');
  const found = context.phones.items().filter((i): i is SmsItem => i.type === 'sms' && i.phone === phone && (!params.get('BizId') || i.bizId === params.get('BizId'))
    && providerTime(i.at).slice(0, 10).replaceAll('-', '') === params.get('SendDate'));
  return ok({
    TotalCount: found.length,
    SmsSendDetailDTOs: { SmsSendDetailDTO: found.slice(-50).map((i) => ({
      PhoneNum: i.phone, SendDate: providerTime(i.at), ...(i.reportedAt === null ? {} : { ReceiveDate: providerTime(i.reportedAt), ErrCode: i.code }),
      SendStatus: i.status === 'waiting' ? 1 : i.status === 'failed' ? 2 : 3, TemplateCode: standinCode(i.template as TemplateName), Content: `【${i.sign}】${i.text}`, OutId: i.outId,
    })) },
  });
}

function queryTemplates(params: Params, { reviews }: ActionContext): ActionResult {
  const page = Number(params.get('PageIndex') ?? 1);
  const size = Math.min(Number(params.get('PageSize') ?? 10), 50);
  const all = (Object.keys(templates) as TemplateName[]).filter((n) => templates[n].channel === 'sms');
  return ok({
    TotalCount: all.length, CurrentPage: page, PageSize: size,
    SmsTemplateList: all.slice((page - 1) * size, page * size).map((n) => ({
      TemplateCode: standinCode(n), TemplateName: n, TemplateType: 0, TemplateContent: reviews.get(standinCode(n))?.text ?? templates[n].text, AuditStatus: reviews.get(standinCode(n))?.status ?? 'AUDIT_STATE_PASS', CreateDate: '2026-01-01 00:00:00', OuterTemplateType: 1,
    })),
  });
}

function querySigns(_: Params, { reviews }: ActionContext): ActionResult {
  const { sign } = standinProvider;
  return ok({ TotalCount: 1, CurrentPage: 1, PageSize: 50, SmsSignList: [{ SignName: sign, AuditStatus: reviews.get(sign)?.status ?? 'AUDIT_STATE_PASS', CreateDate: '2026-01-01 00:00:00', BusinessType: '通知' }] });
}

type Spoken = { name: TemplateName | 'voice-file'; text: string; values: Record<string, string>; menu: Record<string, string> };

/** Places a call: the same checks for each of the three operations, `what` reads what is to be said. */
function call(action: string, what: (params: Params, dedicated: boolean) => Spoken | ActionResult): Action['run'] {
  return (params, context) => {
    const get = (name: string): string => params.get(name) ?? '';
    const shown = get('CalledShowNumber');
    if (!isNumber(get('CalledNumber'))) return bad('isv.MOBILE_NUMBER_ILLEGAL', '号码格式非法');
    if (get('OutId') !== '' && (get('OutId').length > 15 || !/^[\x20-\x7e]+$/.test(get('OutId')))) return bad('isv.INVALID_PARAMETERS', '参数异常');
    if ((action === 'IvrCall' || shown !== '') && (!context.keys() || plainNumber(shown) !== standinShownNumber)) return bad('isv.DISPLAY_NUMBER_ILLEGAL', '号显不合法');
    const times = Number(get('PlayTimes') || 3);
    if (!Number.isInteger(times) || times < 1 || times > 3) return bad('isv.INVALID_PARAMETERS', '参数异常');
    const spoken = what(params, shown !== '');
    if ('code' in spoken) return spoken;
    const full = context.windows()?.take('voice', plainNumber(get('CalledNumber')), context.clock.now());
    if (full) return bad('isv.BUSINESS_LIMIT_CONTROL', full);
    const id = `${digits(12)}^${digits(12)}`;
    context.calls.ring({
      type: 'call', id, at: context.clock.now(), phone: plainNumber(get('CalledNumber')), action, template: spoken.name, text: spoken.text, outId: get('OutId'), params: spoken.values, state: 'ringing',
      answeredAt: null, endedAt: null, status: null, keys: context.keys(), pressed: '', ignored: false, menu: spoken.menu,
    }, times);
    return ok({ CallId: id });
  };
}

/** A recorded file: every name that ends so counts as uploaded and reviewed. */
const readFile = (code: string): Spoken | null => (code === standinVoiceFile ? { name: 'voice-file', text: '有老人紧急求助，请立即回电值班室。', values: {}, menu: {} } : /^[\w-]+\.wav$/.test(code) ? { name: 'voice-file', text: `(录音 ${code})`, values: {}, menu: {} } : null);

function readText(code: string, params: string, dedicated: boolean): Spoken | ActionResult {
  const file = dedicated ? readFile(code) : null;
  if (file) return file;
  const name = standinTemplate(code);
  if (name === null || templates[name].channel !== 'voice' || ('dedicated' in templates[name] && !dedicated)) return bad('isv.TTS_TEMPLATE_ILLEGAL', 'TTS模板不合法');
  if (params.length >= 250) return bad('isv.PARAM_LENGTH_LIMIT', '参数超出长度限制');
  const read = readValues(name, params);
  return 'values' in read ? { name, text: render(name, read.values), values: read.values, menu: {} } : read;
}

function readIvr(params: Params): Spoken | ActionResult {
  const start = readText(params.get('StartCode') ?? '', params.get('StartTtsParams') ?? '', true);
  if ('code' in start) return start;
  for (let n = 1; params.has(`MenuKeyMap.${n}.Key`); n++) {
    const part = readText(params.get(`MenuKeyMap.${n}.Code`) ?? '', params.get(`MenuKeyMap.${n}.TtsParams`) ?? '', true);
    if ('code' in part) return part;
    start.menu[params.get(`MenuKeyMap.${n}.Key`) ?? ''] = part.text;
  }
  return start;
}

/** Product 'sms' and 'voice' share address and version in the stand-in. */
export const actions: Readonly<Record<string, Action>> = {
  SendSms: { required: ['PhoneNumbers', 'SignName', 'TemplateCode'], run: sendSms },
  QuerySendDetails: { required: ['PhoneNumber', 'SendDate', 'PageSize', 'CurrentPage'], run: querySendDetails },
  QuerySmsTemplateList: { required: [], run: queryTemplates },
  QuerySmsSignList: { required: [], run: querySigns },
  SingleCallByTts: { required: ['CalledNumber', 'TtsCode'], run: call('SingleCallByTts', (p, dedicated) => readText(p.get('TtsCode') ?? '', p.get('TtsParam') ?? '', dedicated)) },
  SingleCallByVoice: {
    required: ['CalledNumber', 'VoiceCode'],
    run: call('SingleCallByVoice', (p) => readFile(p.get('VoiceCode') ?? '') ?? bad('isv.VOICE_FILE_ILLEGAL', '语音文件不合法')),
  },
  IvrCall: { required: ['CalledShowNumber', 'CalledNumber', 'StartCode'], run: call('IvrCall', readIvr) },
  QueryTokenForMnsQueue: { required: ['MessageType'], run: (_, { mns }) => ok({ MessageTokenDTO: { ...mns.lend(), CreateTime: '2026-01-01 00:00:00' } }) },
  QueryCallDetailByCallId: {
    required: ['CallId', 'ProdId', 'QueryDate'],
    run(params, { phones, clock }) {
      const found = phones.find((i) => i.type === 'call' && i.id === params.get('CallId'));
      return found?.type === 'call' ? ok({ Data: callDetail(found, clock.now()) }) : ok({ Data: '' });
    },
  },
};
