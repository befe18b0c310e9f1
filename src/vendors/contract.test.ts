/** Every dialect: its fixtures say what they say, no bytes throw anything but DecodeError, and encode agrees with decode. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '#core/errors.ts';
import type { Channel } from '#core/publish.ts';
import type { DoorKind } from '#core/vendor-door.ts';
import { fixtures as anlingFrames, now } from './anling/fixtures/frames.ts';
import { anling } from './anling/index.ts';
import { pushes as aliyunPushes } from './aliyun/fixtures/pushes.ts';
import { pushes as ctwingPushes } from './ctwing/fixtures/pushes.ts';
import { fixtureNow } from './fixture.ts';
import { pushes as huaweiPushes } from './huawei/fixtures/pushes.ts';
import { vendors } from './index.ts';
import { pushes as mappingPushes } from './mapping/fixtures/pushes.ts';
import { pushes as milesightPushes } from './milesight/fixtures/pushes.ts';
import { oldPushes, studioPushes } from './onenet/fixtures/pushes.ts';
import type { Account, PushFixture, PushVendor } from './push.ts';
import { pushVendors } from './push-vendors.ts';
import { pushes as tencentPushes, vectorNow as tencentNow } from './tencent/fixtures/pushes.ts';
import type { Decoded, Fixture, Vendor } from './vendor.ts';
import { pushes as watchPushes, vectorNow as watchNow } from './watch-cloud/fixtures/pushes.ts';

const frames: Record<string, Fixture[]> = { anling: anlingFrames };
const channels: Channel[] = ['event', 'heartbeat', 'vitals', 'status', 'reply', 'other'];
const attempt = (vendor: Vendor, channel: Channel, bytes: Uint8Array, at: number = now): Decoded | 'unreadable' => {
  try {
    return vendor.decode(channel, bytes, at);
  } catch (error) {
    if (error instanceof DecodeError) return 'unreadable';
    throw error;
  }
};
/** As JSON sees it: no undefined, no infinities; flags aside (GBK bytes come back as UTF-8). */
const plain = (decoded: Decoded | 'unreadable'): unknown => JSON.parse(JSON.stringify(decoded, (key, value) => (key === 'flags' ? undefined : value)));

const names = ['kind', 'edge', 'id', 'ref', 'time', 'seq', 'confidence', 'location', 'data', 'battery', 'mains', 'rssi', 'fw', 'heartRate', 'bed', 'online', 'ok', '__proto__', 'constructor', '$unknown', 'x'];
const leaf = fc.oneof(
  fc.constantFrom('sos', 'fall', 'cancel', 'raise', 'clear', 'in', '', '1', 'true', '2026-11-22T02:00:00Z', '2026-11-22 10:00', 'a\u0000b', '\ud800', 'x'.repeat(300), now, 86_400_000, 4e12, -0, 1e-7, true, false, null),
  fc.jsonValue({ maxDepth: 3 }),
);
const frame = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.jsonValue().map((v) => Buffer.from(JSON.stringify(v))),
  fc.array(fc.tuple(fc.constantFrom(...names), leaf), { maxLength: 12 }).map((pairs) => Buffer.from(`{${pairs.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`)),
  fc.array(fc.tuple(fc.constantFrom(...names), leaf), { maxLength: 12 }).map((pairs) => Buffer.from(JSON.stringify({ ...Object.fromEntries(pairs), kind: 'sos' }))),
);

describe.each(Object.values(vendors))('the dialect $name', (vendor) => {
  it.each(frames[vendor.name] ?? [])('reads $name ($channel)', ({ channel, bytes, expect: expected }) => {
    expect(attempt(vendor, channel, bytes)).toEqual(expected);
  });

  it('throws nothing but DecodeError, whatever the bytes, and never a word of the frame [RF15 LAW1]', () => {
    fc.assert(fc.property(fc.constantFrom(...channels), frame, (channel, bytes) => {
      try {
        vendor.decode(channel, bytes, now);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
        expect((error as Error).message).toMatch(/^[A-Za-z0-9 ,-]{1,40}$/);
      }
    }), { numRuns: 20_000 });
  });

  it('encode(decode(x)) says the same again', () => {
    fc.assert(fc.property(fc.constantFrom(...channels), frame, (channel, bytes) => {
      const first = attempt(vendor, channel, bytes);
      if (first !== 'unreadable') expect(plain(attempt(vendor, channel, vendor.encode(first)))).toEqual(plain(first));
    }), { numRuns: 20_000 });
  });

  it('never touches the prototype of objects [RF15]', () => {
    attempt(vendor, 'event', Buffer.from('{"kind":"sos","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"data":{"__proto__":{"polluted":1}}}'));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

type Pushes = { now: number; list: readonly PushFixture[] };
const pushes: Partial<Record<DoorKind, Pushes>> = {
  ctwing: { now: fixtureNow, list: ctwingPushes }, onenet: { now: fixtureNow, list: oldPushes }, 'onenet-studio': { now: fixtureNow, list: studioPushes }, huawei: { now: fixtureNow, list: huaweiPushes },
  aliyun: { now: fixtureNow, list: aliyunPushes }, tencent: { now: tencentNow, list: tencentPushes }, 'watch-cloud': { now: watchNow, list: watchPushes }, milesight: { now: fixtureNow, list: milesightPushes }, mapping: { now: fixtureNow, list: mappingPushes },
};
const outcome = (vendor: PushVendor, { request, account }: PushFixture, at: number): unknown => {
  const opened = vendor.open(request, account, at);
  if (!('plain' in opened)) return 'refused' in opened ? 'refused' : opened;
  try {
    return vendor.read(opened.plain, account.settings, at);
  } catch (error) {
    if (error instanceof DecodeError) return 'unreadable';
    throw error;
  }
};
const words = /^[A-Za-z0-9_ ,-]{1,60}$/;
/** JSON like a fixture's, with some of its values replaced by whatever; or anything at all. */
const mangled = (bodies: readonly string[]): fc.Arbitrary<string> => fc.oneof(
  fc.tuple(fc.constantFrom(...bodies), fc.array(fc.tuple(fc.nat(200), leaf), { maxLength: 4 })).map(([body, changes]) => changes.reduce((text, [nth, value]) => {
    let n = -1;
    return text.replace(/:\s*("[^"]*"|-?[\d.]+|true|false|null)/g, (all) => (++n === nth % 20 ? `:${JSON.stringify(value) ?? 'null'}` : all));
  }, body)),
  fc.jsonValue().map((v) => JSON.stringify(v)), fc.string(),
);

describe.each(Object.values(pushVendors))('the cloud $name', (vendor) => {
  const { now: at, list } = pushes[vendor.name] as Pushes;
  const accounts = [...new Set(list.map((f) => f.account))];
  const plains = list.flatMap((f) => { const opened = vendor.open(f.request, f.account, at); return 'plain' in opened ? [Buffer.from(opened.plain).toString()] : []; });
  const readAgain = (bytes: Uint8Array, account: Account): ReturnType<PushVendor['read']> | null => {
    try {
      return vendor.read(bytes, account.settings, at);
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeError);
      expect((error as Error).message).toMatch(words);
      return null;
    }
  };

  it.each([...list])('$name [A9]', (fixture) => {
    const said = outcome(vendor, fixture, at);
    if (Array.isArray(fixture.expect)) {
      expect(said).toMatchObject(fixture.expect);
      expect(said).toHaveLength(fixture.expect.length);
    } else expect(said).toEqual(fixture.expect);
  });

  it('throws nothing but DecodeError, and what it reads is ours and can be read again alone [RF15 LAW1]', () => {
    fc.assert(fc.property(mangled(plains), fc.constantFrom(...accounts), (text, account) => {
      for (const message of readAgain(Buffer.from(text), account) ?? []) {
        expect(message.keys.length).toBeGreaterThan(0);
        if (message.unreadable !== undefined) expect(message.unreadable).toMatch(words);
        for (const decoded of [...message.decoded, ...message.states.map((s): Decoded => ({ channel: 'event', event: s.event }))])
          expect(plain(attempt(anling, decoded.channel, anling.encode(decoded), at))).toMatchObject(plain(decoded) as object);
        expect(plain(readAgain(message.raw, account) as never)).toEqual(JSON.parse(JSON.stringify([message], (key, value) => (key === 'flags' ? undefined : value))));
      }
    }), { numRuns: 1_000 });
  });

  it('judges any request without throwing, and no stranger’s is opened [W14]', () => {
    const texts = fc.dictionary(fc.constantFrom('key', 'msg', 'nonce', 'signature', 'timestamp', 'secretId', 'echostr', 'authorization', 'x-api-key'), fc.string());
    fc.assert(fc.property(fc.constantFrom('GET' as const, 'POST' as const), texts, texts, mangled(list.map((f) => Buffer.from(f.request.body).toString())), (method, query, headers, body) => {
      const opened = vendor.open({ method, query, headers, body: Buffer.from(body) }, { ...(accounts[0] as Account), secrets: { key: 'another-key-of-ours', token: 'another-token', id: '77', aesKey: 'fedcba9876543210' } }, at);
      expect(opened).toHaveProperty('refused');
    }), { numRuns: 500 });
  });

  it('an emergency that it encodes is read as that emergency, and signed', () => {
    const account = accounts[0] as Account;
    for (const kind of ['sos', 'fall'] as const) {
      const event: Decoded = { channel: 'event', event: { kind, edge: 'raise', flags: [] } };
      const opened = vendor.open(vendor.encode('K1', event, account, at), account, at);
      expect(opened).toHaveProperty('plain');
      const [message] = vendor.read((opened as { plain: Uint8Array }).plain, account.settings, at);
      expect(message?.keys.some((key) => key === 'K1' || key.endsWith('/K1'))).toBe(true);
      expect([...(message?.decoded ?? []), ...(message?.states ?? []).map((s) => ({ channel: 'event', event: s.event }))]).toContainEqual(expect.objectContaining({ channel: 'event', event: expect.objectContaining({ kind, edge: 'raise' }) }));
    }
    const beat = vendor.open(vendor.encode('K1', { channel: 'heartbeat', reading: { battery: 55 }, extra: null }, account, at), account, at) as { plain: Uint8Array };
    expect(vendor.read(beat.plain, account.settings, at)[0]?.decoded).toContainEqual(expect.objectContaining({ channel: 'heartbeat', reading: expect.objectContaining({ battery: 55 }) }));
  });

  it('never touches the prototype of objects [RF15]', () => {
    for (const text of plains) readAgain(Buffer.from(text.replace(/^\{/, '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},')), accounts[0] as Account);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
