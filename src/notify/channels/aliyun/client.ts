/**
 * The provider's own SDK as two calls with one deadline each (PROVIDERS 4). Both of its timeouts are set equal and a timer
 * of ours stands around every call, because its own ones interfere on reused sockets. It never retries: the outbox does.
 */
import { createRequire } from 'node:module';

export type ClientOptions = {
  /** null: the SDK's own chain (environment, files, instance role). */ credentials: { id: string; secret: string } | null;
  /** URL of the endpoint; http only on loopback, which config.ts checks. */ smsUrl: string; voiceUrl: string; /** Who lends keys for the queues of receipts, and the queues themselves; absent: none are asked. */ queues?: { tokenUrl: string; url: string };
  /** One call, in milliseconds. */ deadlineMs: number;
};
export type Answer = { Code: string; BizId?: string; CallId?: string; Data?: unknown; MessageTokenDTO?: { AccessKeyId?: string; AccessKeySecret?: string; SecurityToken?: string; ExpireTime?: string } };
export type QueueToken = { id: string; secret: string; security: string; /** the provider's time, as he writes it */ expires: string | null };
export type SendDetail = { outId: string; status: number; code: string };
/** `key`: a template's code, a sign's name. */
export type Listed = { key: string; state: 'approved' | 'pending' | 'rejected'; text: string };
export type AliyunClient = {
  /** All of these reject with the SDK's error, or with a Deadline; neither may be logged. */
  sendSms(query: { PhoneNumbers: string; SignName: string; TemplateCode: string; TemplateParam: string; OutId: string }): Promise<Answer>;
  sendDetails(query: { phone: string; date: string; bizId: string | null }): Promise<SendDetail[]>;
  /** Texts and signs of the account with the state of their review. */ smsTemplates(): Promise<Listed[]>; smsSigns(): Promise<Listed[]>;
  /** A call of the voice API, for which the provider has no package. */
  voice(action: string, query: Record<string, string>): Promise<Answer>;
  /** Keys for one queue of receipts, for some minutes. */
  queueToken(messageType: string): Promise<QueueToken>;
};

/** Our own deadline passed: the outcome is unknown. */
class Deadline extends Error {
  constructor() {
    super('no answer of the gateway in time');
    this.name = 'Deadline';
  }
}

const pagesMax = 10;
const pageSize = 50;

export function createClient(options: ClientOptions): AliyunClient {
  // The packages are CommonJS whose default export differs between Node and bundlers; require is the form that works in both.
  const require = createRequire(import.meta.url);
  const sms = require('@alicloud/dysmsapi20170525') as typeof import('@alicloud/dysmsapi20170525');
  const core = require('@alicloud/openapi-core') as typeof import('@alicloud/openapi-core');
  const settings = (url: string): ConstructorParameters<typeof core.$OpenApiUtil.Config>[0] => {
    const { protocol, host } = new URL(url);
    return {
      endpoint: host, protocol: protocol.replace(':', ''), readTimeout: options.deadlineMs, connectTimeout: options.deadlineMs,
      ...(options.credentials ? { accessKeyId: options.credentials.id, accessKeySecret: options.credentials.secret } : {}),
    };
  };
  const smsClient = new sms.default(new core.$OpenApiUtil.Config(settings(options.smsUrl)));
  const voiceClient = new core.default(new core.$OpenApiUtil.Config(settings(options.voiceUrl)));
  const queueClient = new core.default(new core.$OpenApiUtil.Config(settings(options.queues?.tokenUrl ?? options.voiceUrl)));
  const runtime = (): never => ({ readTimeout: options.deadlineMs, connectTimeout: options.deadlineMs }) as never;
  const timed = <T>(call: Promise<T>): Promise<T> => withDeadline(call, options.deadlineMs);
  const rpc = async (client: typeof voiceClient, action: string, query: Record<string, string>): Promise<Answer> => {
    const params = new core.$OpenApiUtil.Params({
      action, version: '2017-05-25', protocol: 'HTTPS', pathname: '/', method: 'POST', authType: 'AK', style: 'RPC', reqBodyType: 'formData', bodyType: 'json',
    });
    const answer = await timed(client.callApi(params, new core.$OpenApiUtil.OpenApiRequest({ query: core.OpenApiUtil.query(query) }), runtime()));
    const body = answer['body'] as Answer | null | undefined;
    return { ...body, Code: typeof body?.Code === 'string' ? body.Code : '' };
  };
  return {
    async sendSms(query) {
      const request = new sms.SendSmsRequest({
        phoneNumbers: query.PhoneNumbers, signName: query.SignName, templateCode: query.TemplateCode, templateParam: query.TemplateParam, outId: query.OutId,
      });
      const { body } = await timed(smsClient.sendSmsWithOptions(request, runtime()));
      return { Code: body?.code ?? '', ...(body?.bizId ? { BizId: body.bizId } : {}) };
    },
    async sendDetails({ phone, date, bizId }) {
      const request = new sms.QuerySendDetailsRequest({ phoneNumber: phone, sendDate: date, pageSize: 50, currentPage: 1, ...(bizId ? { bizId } : {}) });
      const { body } = await timed(smsClient.querySendDetailsWithOptions(request, runtime()));
      if (body?.code !== 'OK') throw Object.assign(new Error('query refused'), { code: body?.code, statusCode: 400 });
      return (body.smsSendDetailDTOs?.smsSendDetailDTO ?? []).map((d) => ({ outId: d.outId ?? '', status: Number(d.sendStatus ?? 0), code: d.errCode ?? '' }));
    },
    smsTemplates: () => everyPage(async (pageIndex) => {
      const { body } = await timed(smsClient.querySmsTemplateListWithOptions(new sms.QuerySmsTemplateListRequest({ pageIndex, pageSize }), runtime()));
      return { code: body?.code, list: (body?.smsTemplateList ?? []).map((t) => listed(t.templateCode, t.auditStatus, t.templateContent)) };
    }),
    smsSigns: () => everyPage(async (pageIndex) => {
      const { body } = await timed(smsClient.querySmsSignListWithOptions(new sms.QuerySmsSignListRequest({ pageIndex, pageSize }), runtime()));
      return { code: body?.code, list: (body?.smsSignList ?? []).map((s) => listed(s.signName, s.auditStatus, '')) };
    }),
    voice: (action, query) => rpc(voiceClient, action, query),
    async queueToken(messageType) {
      const { Code, MessageTokenDTO: t } = await rpc(queueClient, 'QueryTokenForMnsQueue', { MessageType: messageType });
      if (Code !== 'OK' || !t?.AccessKeyId || !t.AccessKeySecret || !t.SecurityToken) throw Object.assign(new Error('no keys for the queue'), { code: Code, statusCode: 400 });
      return { id: t.AccessKeyId, secret: t.AccessKeySecret, security: t.SecurityToken, expires: t.ExpireTime ?? null };
    },
  };
}

const listed = (key: string | undefined, status: string | undefined, text: string | undefined): Listed =>
  ({ key: key ?? '', state: status === 'AUDIT_STATE_PASS' ? 'approved' : status === 'AUDIT_STATE_INIT' ? 'pending' : 'rejected', text: text ?? '' });

async function everyPage(read: (page: number) => Promise<{ code: string | undefined; list: Listed[] }>): Promise<Listed[]> {
  const all: Listed[] = [];
  for (let page = 1; page <= pagesMax; page++) {
    const { code, list } = await read(page);
    if (code !== 'OK') throw Object.assign(new Error('query refused'), { code, statusCode: 400 });
    all.push(...list);
    if (list.length < pageSize) break;
  }
  return all;
}

async function withDeadline<T>(call: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Deadline()), ms); });
  call.catch(() => {}); // what fails after the deadline was already counted as unknown
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
