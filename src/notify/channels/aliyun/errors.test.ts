/** The error tables against the provider's documented meanings, code by code (PROVIDERS 6), and what unheard-of codes become. */
import { describe, expect, it } from 'vitest';
import type { Outcome } from '#notify/channels/channel.ts';
import { classifyCode, classifyThrown, smsCodes, voiceCodes } from './errors.ts';
import { callFate, callResults, readCallDetail, readPush, smsFate, smsReceiptCodes } from './receipts.ts';

/** `F recipient`, `R2>U provider page`: class, retries and what it ends as, scope, whether it pages. */
const brief = (o: Outcome): string => (o.kind !== 'rejected' ? o.kind : `${o.class}${o.class === 'R' ? `${o.retries}>${o.endsAs}` : ''} ${o.scope}${o.page ? ' page' : ''}`);
const all = (table: Record<string, string[]>): [string, string][] => Object.entries(table).flatMap(([meaning, codes]) => codes.map((code) => [code, meaning] as [string, string]));

const sms = all({
  'F recipient': ['isv.BUSINESS_LIMIT_CONTROL'],
  'F account page': ['isv.DAY_LIMIT_CONTROL', 'isv.MONTH_LIMIT_CONTROL', 'isv.AMOUNT_NOT_ENOUGH', 'isv.OUT_OF_SERVICE'],
  'P recipient': ['isv.MOBILE_NUMBER_ILLEGAL'],
  'P message': ['isv.TEMPLATE_MISSING_PARAMETERS', 'isv.INVALID_JSON_PARAM', 'isv.TEMPLATE_PARAMS_ILLEGAL', 'isv.PARAM_LENGTH_LIMIT', 'isv.PARAM_NOT_SUPPORT_URL', 'isv.BLACK_KEY_CONTROL_LIMIT', 'isv.SMS_CONTENT_ILLEGAL', 'isv.INVALID_PARAMETERS'],
  'P account page': ['isv.MOBILE_COUNT_OVER_LIMIT', 'isv.SMS_TEMPLATE_ILLEGAL', 'isv.SMS_SIGNATURE_ILLEGAL', 'isv.SMS_SIGN_ILLEGAL', 'isv.SIGN_STATE_ILLEGAL', 'isv.SMS_SIGNATURE_SCENE_ILLEGAL', 'isv.EXTEND_CODE_ERROR', 'isv.DOMESTIC_NUMBER_NOT_SUPPORTED',
    'isv.INTERFACE_OFFLINE', 'isv.DENY_IP_RANGE', 'isp.RAM_PERMISSION_DENY', 'isv.PRODUCT_UN_SUBSCRIPT', 'isv.PRODUCT_UNSUBSCRIBE', 'isv.ACCOUNT_NOT_EXISTS', 'isv.ACCOUNT_ABNORMAL'],
  'R2>F provider': ['isp.SYSTEM_ERROR', 'isp.GATEWAY_ERROR', 'isp.UNKNOWN'],
  'R1>F provider page': ['isv.SOMETHING_NEW', ''],
});
const voice = all({
  'F recipient': ['isv.BUSINESS_LIMIT_CONTROL'],
  'P recipient': ['isv.MOBILE_NUMBER_ILLEGAL'],
  'P account page': ['isv.DISPLAY_NUMBER_ILLEGAL', 'isv.BILLID_NOT_EXIST', 'BillidNotExist', 'isv.TTS_TEMPLATE_ILLEGAL', 'isv.TEMPLATE_ILLEGAL', 'isv.VOICE_FILE_ILLEGAL', 'isv.ACCOUNT_ABNORMAL', 'isv.PRODUCT_UNSUBSCRIBE', 'isp.RAM_PERMISSION_DENY'],
  'P message': ['isv.TEMPLATE_MISSING_PARAMETERS', 'isv.TEMPLATE_PARAMS_ILLEGAL', 'isv.PARAM_LENGTH_LIMIT', 'isv.PARAM_NOT_SUPPORT_URL', 'isv.BLACK_KEY_CONTROL_LIMIT', 'isv.INVALID_PARAMETERS', 'InvalidParameters'],
  'F recipient page': ['isv.COMPLAINT_REJECT', 'ComplaintReject'],
  'R1>F recipient': ['isv.VOICE_CALL_FAIL'],
  'F provider': ['isv.VOICE_ROBOT_NOT_PERIOD', 'isv.VOICE_CALL_PERIOD_ERROR'],
  'F account page': ['isv.AMOUNT_NOT_ENOUGH', 'isv.AMOUNT_NOT_ENOUG', 'isv.OUT_OF_SERVICE'],
  'R1>U provider': ['isp.SYSTEM_ERROR', 'isp.GATEWAY_ERROR', 'InternalError'],
});
const gateway: [number, string, string][] = [
  [400, 'Throttling', 'R2>F provider'], [400, 'Throttling.User', 'R2>F provider'], [400, 'Throttling.Api', 'R2>F provider'], [400, 'Throttling.Whatever', 'R2>F provider'],
  [503, 'ServiceUnavailable', 'R2>U provider'], [500, 'InternalError', 'R2>U provider'], [500, 'isp.SYSTEM_ERROR', 'R2>U provider'], [502, 'SomethingElse', 'R2>U provider'],
  [400, 'SignatureDoesNotMatch', 'R1>P account page'], [400, 'SignatureNonceUsed', 'unknown'], [400, 'InvalidTimeStamp.Expired', 'R1>P account page'], [400, 'InvalidTimeStamp.Format', 'R1>P account page'],
  [404, 'InvalidAccessKeyId.NotFound', 'P account page'], [400, 'InvalidAccessKeyId.Inactive', 'P account page'], [400, 'MissingAccessKeyId', 'P account page'], [400, 'IncompleteSignature', 'P account page'],
  [400, 'InvalidSecurityToken.Expired', 'P account page'], [403, 'Forbidden.RAM', 'P account page'], [403, 'NoPermission', 'P account page'], [400, 'MissingSignName', 'P account page'],
  [400, 'InvalidVersion', 'P account page'], [404, 'InvalidAction.NotFound', 'P account page'], [404, 'InvalidApi.NotFound', 'P account page'], [400, 'isv.MOBILE_NUMBER_ILLEGAL', 'P recipient'], [418, 'Teapot', 'R1>F provider page'],
];

describe('what the provider’s codes mean [RF12]', () => {
  it.each(sms)('SMS %s: %s', (code, meaning) => expect(brief(classifyCode(code, smsCodes))).toBe(meaning));
  it.each(voice)('voice %s: %s', (code, meaning) => expect(brief(classifyCode(code, voiceCodes))).toBe(meaning));
  it.each(gateway)('thrown %i %s: %s', (statusCode, code, meaning) => expect(brief(classifyThrown(Object.assign(new Error('x'), { statusCode, code }), smsCodes))).toBe(meaning));
  it.each(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'EPROTO'])(
    '%s: surely not sent', (code) => expect(brief(classifyThrown(Object.assign(new Error('x'), { code }), smsCodes))).toBe('R2>F provider'));
  it.each(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE'])('%s: perhaps sent [LAW6]', (code) => expect(classifyThrown(Object.assign(new Error('x'), { code }), smsCodes).kind).toBe('unknown'));
  it.each([Object.assign(new Error('ReadTimeout(3000)'), { name: 'RequestTimeoutError' }), new SyntaxError("Unexpected token '<'"), new TypeError('x'), null, undefined, 'text'])(
    'whatever else is thrown (%s): perhaps sent [LAW6]', (error) => expect(classifyThrown(error, smsCodes).kind).toBe('unknown'));
  it('keeps the provider’s wait', () => {
    expect(classifyThrown(Object.assign(new Error('x'), { name: 'ThrottlingError', code: 'Throttling.User', statusCode: 400, retryAfter: 800 }), smsCodes)).toMatchObject({ class: 'R', retryAfterMs: 800 });
  });
  it('keeps nothing of an error but a harmless code', () => {
    const outcome = classifyThrown(Object.assign(new Error('POST http://x/?PhoneNumbers=15404250001'), { statusCode: 400, code: 'Bad <b>15404250001</b> code'.repeat(9) }), smsCodes);
    expect(JSON.stringify(outcome)).not.toMatch(/[<>]|http/);
    expect(outcome.kind === 'rejected' && outcome.code.length).toBeLessThanOrEqual(60);
  });
});

describe('receipts and call results', () => {
  it.each([['MK:0001', 'P'], ['MI:0054', 'P'], ['DB:0144', 'P'], ['REJECTD', 'P'], ['SOMEBLACKLIST', 'P'], ['MK:0010', 'F'], ['UNDELIV', 'F'], ['IB:0008', 'F'], ['MI:0208', 'F'], ['NP:1243', 'R'], ['WHO:KNOWS', 'F'], ['', 'F']])(
    'SMS receipt %s: %s', (code, expected) => expect(smsFate(false, code)).toMatchObject({ kind: 'failed', class: expected }));
  it('every receipt code of the table is covered by its family', () => expect(Object.keys(smsReceiptCodes).length).toBe(25));
  it.each([['200000', 'answered'], ['200001', 'answered'], ['200008', 'answered'], ['300000', 'answered']])('call result %s: heard, not acknowledged', (code) => expect(callFate(code)).toEqual({ kind: 'answered' }));
  it.each([['200002', 'F'], ['200112', 'F'], ['200003', 'F'], ['200113', 'F'], ['200004', 'P'], ['200116', 'P'], ['200005', 'F'], ['200007', 'F'], ['200111', 'F'], ['200120', 'F'], ['200006', 'P'], ['200010', 'F'], ['200011', 'P'],
    ['200104', 'P'], ['200105', 'P'], ['200117', 'P'], ['200118', 'F'], ['200119', 'F'], ['200121', 'F'], ['400', 'F'], ['500', 'F'], ['999999', 'F'], ['9996', 'F'], ['482', 'F'], ['476', 'P'], ['777', 'F']])(
    'call result %s: %s', (code, expected) => expect(callFate(code)).toMatchObject({ kind: 'failed', class: expected }));
  it('a voice assistant has heard nothing for anybody', () => expect(callFate('200000', 'INTELLIGENT_ANSWER')).toEqual({ kind: 'failed', code: 'INTELLIGENT_ANSWER', class: 'F' }));
  it('names every known result', () => expect(Object.keys(callResults).length).toBe(29));
  it('reads pushes as arrays and as single objects, numbers as text, and refuses to guess', () => {
    expect(readPush('sms-up', '{"phone_number":15404250001,"content":"1","send_time":"2026-11-22 10:01:10","sequence_id":1234567890,"sign_name":"x"}')).toEqual([{ kind: 'answer', from: '15404250001', content: '1', id: '1234567890' }]);
    expect(readPush('sms-report', '[{"phone_number":"15404250001","success":true,"biz_id":"1^0","out_id":"oabc"},{"x":1},null,7]').map((r) => r.kind)).toEqual(['fate', 'ignored', 'ignored', 'ignored']);
    expect(readPush('voice-report', '[{"call_id":"c","callee":"15404250001","status_code":"200000","dtmf":"31","out_id":"o1"}]')).toMatchObject([{ kind: 'key', key: '1' }, { kind: 'fate', fate: { kind: 'answered' } }]);
    expect(readPush('voice-call-report', '[{"call_id":"c","status_code":"300000","dtmf":"1","out_id":"o1"},{"call_id":"c","status_code":"200100"}]').map((r) => r.kind)).toEqual(['key', 'ignored']);
    expect(readPush('sms-report', '[{"__proto__":{"phone_number":"1","biz_id":"2"}}]')[0]?.kind).toBe('ignored');
    expect(() => readPush('sms-up', '<html>')).toThrow(SyntaxError);
  });
  it('reads a call’s detail', () => {
    expect(readCallDetail('{"state":"200003","endDate":"2026-11-22 10:00:00"}')).toEqual({ kind: 'failed', code: '200003', class: 'F' });
    expect(readCallDetail('{"state":"200000","endDate":1795312800000}')).toEqual({ kind: 'answered' });
    expect(readCallDetail('{"startDate":"2026-11-22 10:00:00"}')).toEqual({ kind: 'waiting' });
  });
});
