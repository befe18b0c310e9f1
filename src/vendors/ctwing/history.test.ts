/** CTWing's history: signed as its kits sign, read with the push's own names, and never mistaken for "nothing" when it is not understood. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '#core/errors.ts';
import { emptySettings } from '#core/vendor-door.ts';
import { fixtureNow } from '#vendors/fixture.ts';
import { bytesOf } from '#vendors/push.ts';
import { ctwingHistory, sign } from './history.ts';
import { ctwing } from './index.ts';

const account = { secrets: { key: 'abcdefghijklmnop', appKey: 'app1', appSecret: 'secret9', masterKeys: '15000001=0123456789abcdef,2=fedcba98' }, settings: emptySettings };
const device = { product: '15000001', id: '0123456789abcdef0123456789abcdef', names: ['860000000000001'] };
const at = fixtureNow - 60_000;
const read = (list: string, body: unknown) => ctwingHistory.readRecords(typeof body === 'string' ? body : JSON.stringify(body), device, list, emptySettings, fixtureNow);

describe('the history of CTWing [2.15]', () => {
  it('signs application, time, parameters in their order and body (HMAC-SHA1, made with openssl)', () => {
    expect(sign('secret9', 'dAaFG7DiPt8', 1_515_752_817_580, { productId: '10000088', MasterKey: 'cd35c680' }, '{"a":1}')).toBe('2E3S70Mo8VzOySjfjnVlLUM4+Rk=');
    const { headers, path } = ctwingHistory.askDevices(account, '15000001', 2, 1_515_752_817_580);
    expect(path).toBe('/aep_device_management/devices?productId=15000001&pageNow=2&pageSize=100');
    expect(headers).toMatchObject({ application: 'app1', timestamp: '1515752817580', version: '20190507012134', MasterKey: '0123456789abcdef', signature: sign('secret9', 'app1', 1_515_752_817_580, { productId: '15000001', pageNow: '2', pageSize: '100', MasterKey: '0123456789abcdef' }, null) });
    const reports = ctwingHistory.askRecords(account, device, 'reports', { from: 1, to: 2, page: '17digits' }, 3);
    expect(JSON.parse(reports.body ?? '')).toEqual({ productId: '15000001', deviceId: device.id, begin_timestamp: '1', end_timestamp: '2', page_size: 100, page_timestamp: '17digits' });
    expect(reports.headers).not.toHaveProperty('MasterKey');
    expect(JSON.parse(ctwingHistory.askRecords(account, device, 'reports', { from: 1, to: 2, page: null }, 3).body ?? '')).not.toHaveProperty('page_timestamp');
    expect(ctwingHistory.products(account)).toEqual(['15000001', '2']);
  });

  it('gives an occurrence the name that its push has, whatever the push says besides', () => {
    const pushed = ctwing.read(bytesOf({ timestamp: at, deviceId: device.id, IMEI: '860000000000001', productId: '15000001', messageType: 'dataReport', payload: { serviceId: 'x', serviceData: { smoke: 1, IMEI: '860000000000001' } } }), emptySettings, fixtureNow);
    const { told, next } = read('reports', { code: 0, page_timestamp: '16060299746991318', deviceStatusList: [{ timestamp: at, smoke: 1 }] });
    expect(told[0]?.message.states[0]?.event.sourceEventId).toBe(pushed[0]?.states[0]?.event.sourceEventId);
    expect(next).toBe('16060299746991318');
    const event = ctwing.read(bytesOf({ timestamp: at, deviceId: device.id, IMEI: '860000000000001', messageType: 'eventReport', serviceId: 'sos', eventType: 2, eventContent: { battery_value: 3 } }), emptySettings, fixtureNow);
    const asked = read('events', { code: 0, result: { list: [{ createTime: at, serviceId: 'sos', eventType: 2, eventContent: '{"battery_value":3}' }], pageTimestamp: '' } });
    expect(asked.told[0]?.message.decoded[0]).toEqual(event[0]?.decoded[0]);
    expect(asked.next).toBeNull();
  });

  it('an empty page is one; a code, a missing list and a record without a time are failures', () => {
    expect(read('reports', { code: 0, page_timestamp: '1', deviceStatusList: [] })).toEqual({ told: [], next: null });
    expect(read('events', { code: 0, result: { list: null } })).toEqual({ told: [], next: null });
    for (const [body, why] of [[{ code: 1, desc: 'data fetch failed' }, 'the platform answers with code 1'], [{ code: 0 }, 'the answer holds no list'], [{ code: 0, deviceStatusList: [{ smoke: 1 }] }, 'a record without a time'], ['<html>', 'not JSON']] as const)
      expect(() => read('reports', body)).toThrow(new DecodeError(why));
  });

  it('lists devices by their IMEI, without those taken out of service', () => {
    const { devices, more } = ctwingHistory.readDevices(JSON.stringify({ code: '0', result: { list: [{ deviceId: 'a', imei: '860000000000001', deviceSn: '' }, { deviceId: 'b', deviceSn: 'sn1', deviceStatus: 2 }, { deviceId: 'c', deviceSn: 'sn2', deviceStatus: 0 }] } }), '2');
    expect(devices).toEqual([{ product: '2', id: 'a', names: ['860000000000001'] }, { product: '2', id: 'c', names: ['sn2'] }]);
    expect(more).toBe(false);
  });

  it('throws nothing but DecodeError, whatever is answered [RF15]', () => {
    const record = fc.dictionary(fc.constantFrom('timestamp', 'createTime', 'eventContent', 'serviceId', 'sos', 'smoke', 'APPdata', '__proto__', 'x'), fc.oneof(fc.jsonValue({ maxDepth: 14 }), fc.constantFrom(at, 'sos', '{', '{"sos":1}', 'AAEC')));
    const answer = fc.oneof(fc.string(), fc.jsonValue().map((v) => JSON.stringify(v)), fc.array(record, { maxLength: 5 }).map((list) => JSON.stringify({ code: 0, deviceStatusList: list })), fc.array(record, { maxLength: 5 }).map((list) => JSON.stringify({ code: 0, result: { list, pageTimestamp: 7 } })));
    fc.assert(fc.property(answer, fc.constantFrom('reports', 'events', 'devices'), (text, list) => {
      try {
        if (list === 'devices') ctwingHistory.readDevices(text, '1');
        else for (const { message, at: time } of read(list, text).told) { expect(message.keys.length).toBeGreaterThan(0); expect(time).toBeGreaterThan(0); }
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
        expect((error as Error).message).toMatch(/^[A-Za-z0-9 ,-]{1,60}$/);
      }
    }), { numRuns: 1_500 });
  });
});
