/** One request of the gateway: checks in the real order, faults as told, then the operation; each is written in the ledger. */
import { randomUUID } from 'node:crypto';
import { actions, type ActionContext } from './actions.ts';
import type { Refused, SignedRequest, Verifier } from './acs.ts';
import type { Fault } from './faults.ts';

export type Reply = { status: number; headers: Record<string, string>; body: string; /** What to do instead of answering. */ instead?: 'drop' | 'stall' | 'hang' | 'cut' | 'drip' };
export type LedgerEntry = { at: number; action: string; phone: string; outId: string; template: string; code: string; status: number; signed: boolean; fault: string | null; accepted: boolean };
export type GatewayState = ActionContext & { verify: Verifier; ledger: LedgerEntry[]; /** Voice errors as HTTP 400 with a code, the other of the two known forms. */ voiceErrors: () => 'body' | 'http' };

const ledgerMax = 5_000;

export function answer(request: SignedRequest, state: GatewayState): Reply {
  const requestId = randomUUID().toUpperCase();
  const checked = state.verify(request, Date.now());
  const params = 'params' in checked ? checked.params : new Map(new URL(request.url, 'http://local').searchParams);
  const entry: LedgerEntry = {
    at: state.clock.now(), action: String(request.headers['x-acs-action'] ?? ''), phone: params.get('PhoneNumbers') ?? params.get('CalledNumber') ?? params.get('PhoneNumber') ?? '',
    outId: params.get('OutId') ?? '', template: params.get('TemplateCode') ?? params.get('TtsCode') ?? params.get('StartCode') ?? '', code: '', status: 200, signed: 'params' in checked, fault: null, accepted: false,
  };
  state.ledger.push(entry);
  if (state.ledger.length > ledgerMax) state.ledger.shift();
  const refused = (r: Refused, headers: Record<string, string> = {}): Reply => {
    Object.assign(entry, { code: r.code, status: r.status });
    return { status: r.status, headers, body: errorBody(requestId, request, r) };
  };
  if ('status' in checked) return refused(checked);
  if (checked.version !== '2017-05-25') return refused({ status: 400, code: 'InvalidVersion', message: 'Specified parameter Version is not valid.' });
  const action = actions[checked.action];
  if (!action) return refused({ status: 404, code: 'InvalidAction.NotFound', message: 'Specified api is not found, please check your url and method.' });
  const missing = action.required.find((name) => !params.get(name));
  if (missing) return refused({ status: 400, code: `Missing${missing}`, message: `${missing} is mandatory for this action.` });
  const fault = state.faults.take('request', checked.action, entry.phone);
  entry.fault = fault?.kind ?? null;
  const faulty = fault ? beforeBusiness(fault, requestId, refused) : null;
  if (faulty) return faulty;
  const result = action.run(params, state);
  entry.code = result.code;
  entry.accepted = result.code === 'OK';
  const voice = /^(Single|Ivr|QueryCall)/.test(checked.action);
  if (result.code !== 'OK' && voice && state.voiceErrors() === 'http') return refused({ status: /^isp\./.test(result.code) ? 500 : 400, code: result.code, message: result.message });
  const reply: Reply = { status: 200, headers: {}, body: JSON.stringify({ Message: result.message, RequestId: requestId, Code: result.code, ...result.more }) };
  return fault ? { ...reply, instead: fault.kind.replace('-after-accept', '') as NonNullable<Reply['instead']> } : reply;
}

/** Faults that come before the message is accepted; null for those that come after. */
function beforeBusiness(fault: Fault, requestId: string, refused: (r: Refused, headers?: Record<string, string>) => Reply): Reply | null {
  switch (fault.kind) {
    case 'code':
      if (fault.status !== 200) return refused({ status: fault.status, code: fault.code ?? '', message: fault.message ?? fault.code ?? '' });
      refused({ status: 200, code: fault.code ?? '', message: '' });
      return { status: 200, headers: {}, body: JSON.stringify({ Message: fault.message ?? fault.code, RequestId: requestId, Code: fault.code }) };
    case 'throttle': return refused({ status: 400, code: 'Throttling.User', message: 'Request was denied due to user flow control.' }, fault.delayMs > 0 ? { 'x-acs-retry-after': String(fault.delayMs) } : {});
    case 'unavailable': return refused({ status: 503, code: 'ServiceUnavailable', message: 'The request has failed due to a temporary failure of the server.' });
    case 'internal': return refused({ status: 500, code: 'InternalError', message: 'The request processing has failed due to some unknown error, exception or failure.' });
    case 'html': return { status: 502, headers: { 'content-type': 'text/html' }, body: '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>' };
    case 'not-json': return { status: 200, headers: {}, body: '{"Message":"OK","Code":' };
    case 'drop': case 'stall': case 'hang': return { status: 200, headers: {}, body: '{}', instead: fault.kind };
    default: return null;
  }
}

/** The body of every refusal, in the key order of the real gateway. */
function errorBody(requestId: string, request: SignedRequest, { code, message }: Refused): string {
  const product = /^(Single|Ivr|QueryCall)/.test(String(request.headers['x-acs-action'] ?? '')) ? 'Dyvmsapi' : 'Dysmsapi';
  return JSON.stringify({
    RequestId: requestId, Message: message, HostId: String(request.headers['host'] ?? ''), Code: code,
    Recommend: `https://api.aliyun.com/troubleshoot?q=${encodeURIComponent(code)}&product=${product}&requestId=${requestId}`,
  });
}
