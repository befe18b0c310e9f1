/** The stand-in's signature against the provider's published vectors, and the order and shape of its refusals. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalRequest, createVerifier, type Refused, sha256, signature, type SignedRequest } from './acs.ts';

const secret = 'YourAccessKeySecret';
const signedHeaders = ['host', 'x-acs-action', 'x-acs-content-sha256', 'x-acs-date', 'x-acs-signature-nonce', 'x-acs-version'];
const vector = (date: string, nonce: string): SignedRequest => ({
  method: 'POST', body: '', url: '/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai',
  headers: {
    host: 'ecs.cn-shanghai.aliyuncs.com', 'x-acs-action': 'RunInstances', 'x-acs-version': '2014-05-26', 'x-acs-date': date, 'x-acs-signature-nonce': nonce, 'x-acs-content-sha256': sha256(''),
  },
});

describe('ACS3-HMAC-SHA256', () => {
  it.each([
    ['2023-10-26T10:22:32Z', '3156853299f313e23d1673dc12e1703d', '06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0'],
    ['2023-10-26T09:01:01Z', 'd410180a5abf7fe235dd9b74aca91fc0', 'e521358f7776c97df52e6b2891a8bc73026794a071b50c3323388c4e0df64804'],
  ])('reproduces the published vector of %s', (date, nonce, expected) => {
    expect(signature(vector(date, nonce), signedHeaders, secret)).toBe(expected);
    expect(sha256('')).toMatch(/^e3b0c442.*b855$/);
  });
  it('signs the decoded query, encoded strictly, whatever the client left raw', () => {
    const request = vector('2023-10-26T10:22:32Z', 'n');
    const raw = canonicalRequest({ ...request, url: "/?b=(a)*!'&a=%E4%B8%AD+x~" }, signedHeaders);
    expect(raw.split('\n')[2]).toBe('a=%E4%B8%AD%20x~&b=%28a%29%2A%21%27');
  });
});

const now = Date.parse('2026-11-22T00:44:36Z');
let nonces = 0;
/** A request as the SDK sends it, signed; `change` breaks it before the signature, `after` behind it. */
function request(change: Partial<Record<string, string>> = {}, after: (r: SignedRequest) => void = () => {}, key = 'ak', withSecret = 'sk'): SignedRequest {
  const headers: Record<string, string> = {
    host: '127.0.0.1:8090', 'x-acs-action': 'SendSms', 'x-acs-version': '2017-05-25', 'x-acs-date': '2026-11-22T00:44:36Z', 'x-acs-signature-nonce': `nonce${nonces++}`, 'x-acs-content-sha256': sha256(''),
    ...(change as Record<string, string>),
  };
  const made: SignedRequest = { method: 'POST', url: '/?PhoneNumbers=15404250001', headers, body: '' };
  const signed = Object.keys(headers).sort();
  made.headers['authorization'] = `ACS3-HMAC-SHA256 Credential=${key},SignedHeaders=${signed.join(';')},Signature=${signature(made, signed, withSecret)}`;
  after(made);
  return made;
}

describe('checks before any business, in the real order', () => {
  const verify = createVerifier(new Map([['ak', { secret: 'sk', active: true }], ['old', { secret: 'sk', active: false }]]));
  const code = (r: SignedRequest): string => { const v = verify(r, now); return 'code' in v ? `${v.status} ${v.code}` : 'verified'; };
  it('lets a signed request through, with its parameters', () => {
    const verified = verify(request(), now);
    expect(verified).toMatchObject({ action: 'SendSms', version: '2017-05-25' });
    expect('params' in verified && verified.params.get('PhoneNumbers')).toBe('15404250001');
  });
  it.each<[string, SignedRequest, string]>([
    ['no authorization', request({}, (r) => { delete r.headers['authorization']; }), '400 MissingAccessKeyId'],
    ['odd authorization', request({}, (r) => { r.headers['authorization'] = 'ACS3-HMAC-SHA256 Credential=ak'; }), '400 IncompleteSignature'],
    ['unknown key', request({}, undefined, 'nobody'), '404 InvalidAccessKeyId.NotFound'],
    ['disabled key', request({}, undefined, 'old'), '400 InvalidAccessKeyId.Inactive'],
    ['odd date', request({ 'x-acs-date': '2026-11-22T00:44:36.123Z' }), '400 InvalidTimeStamp.Format'],
    ['date 16 minutes off', request({ 'x-acs-date': '2026-11-22T00:28:00Z' }), '400 InvalidTimeStamp.Expired'],
    ['wrong secret', request({}, undefined, 'ak', 'other'), '400 SignatureDoesNotMatch'],
    ['a changed parameter', request({}, (r) => { r.url = '/?PhoneNumbers=15404250002'; }), '400 SignatureDoesNotMatch'],
    ['a changed body', request({}, (r) => { r.body = 'x=1'; }), '400 SignatureDoesNotMatch'],
    ['an unsigned x-acs header', request({}, (r) => { r.headers['x-acs-extra'] = '1'; }), '400 SignatureDoesNotMatch'],
  ])('%s', (_, made, expected) => expect(code(made)).toBe(expected));
  it('a nonce once only', () => {
    const twice = request();
    expect([code(twice), code(twice)]).toEqual(['verified', '400 SignatureNonceUsed']);
  });
  it('echoes the canonical request like the real one, number and all', () => {
    const refused = verify(request({}, undefined, 'ak', 'other'), now) as Refused;
    expect(refused.message).toMatch(/^Specified signature does not match our calculation\. server StringToSign is \[ACS3-HMAC-SHA256\n[0-9a-f]{64}\]/);
    expect(refused.message).toContain('PhoneNumbers=15404250001');
  });
  it('is HMAC over the hash of the canonical request', () => {
    const r = request();
    const signed = Object.keys(r.headers).filter((h) => h !== 'authorization').sort();
    expect(signature(r, signed, 'sk')).toBe(createHmac('sha256', 'sk').update(`ACS3-HMAC-SHA256\n${sha256(canonicalRequest(r, signed))}`).digest('hex'));
  });
});
