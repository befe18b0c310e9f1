/** Alink as a device of that platform speaks it to our own broker: the page's vector of its password, its topics, answers and commands. */
import { describe, expect, it } from 'vitest';
import { emptySettings } from '#core/vendor-door.ts';
import { alinkPassword, alinkReply, alinkTopic, encodeAlinkCommand, readAlink, readAlinkLogin } from './alink.ts';

describe('Alink', () => {
  it('signs as the page’s vector [A9]', () => {
    expect(alinkPassword('secret', 'sha1', { clientId: '12345', deviceName: 'device', productKey: 'pk', timestamp: '789' })).toBe('fafd82a3d602b37fb0fa8b7892f24a477f851a14');
  });

  it('reads its CONNECT, and takes nobody else’s for one', () => {
    expect(readAlinkLogin('12345|securemode=3,signmethod=hmacsha1,timestamp=789|', 'device&pk')).toEqual({ productKey: 'pk', deviceName: 'device', method: 'sha1', fields: { clientId: '12345', deviceName: 'device', productKey: 'pk', timestamp: '789' } });
    expect(readAlinkLogin('a|securemode=2,signmethod=hmacsha256|', 'd&pk')?.fields).toEqual({ clientId: 'a', deviceName: 'd', productKey: 'pk' });
    for (const [id, user] of [['dev1', 'dev1'], ['a|signmethod=plain|', 'd&pk'], ['a|signmethod=hmacsha1|', 'd'], ['a', 'd&pk'], ['|signmethod=hmacsha1|', 'd&pk']] as const) expect(readAlinkLogin(id, user)).toBeNull();
  });

  it('answers as the platform does, unless the device asked for none', () => {
    const reply = alinkReply('thing/event/property/post', { id: '123', sys: { ack: 1 } });
    expect([reply?.rest, Buffer.from(reply?.payload ?? '').toString()]).toEqual(['thing/event/property/post_reply', '{"id":"123","code":200,"data":{}}']);
    expect(alinkReply('thing/event/property/post', { id: '123', sys: { ack: 0 } })).toBeNull();
    expect(alinkReply('thing/service/property/set_reply', { id: '1' })).toBeNull();
  });

  it('carries our commands as services, and reads what the device says to them', () => {
    const command = encodeAlinkCommand({ id: 'c9', name: 'test-call' });
    expect([command.rest, JSON.parse(Buffer.from(command.payload).toString())]).toEqual(['thing/service/test_call', { id: '9', version: '1.0', params: {}, method: 'thing.service.test_call' }]);
    expect(readAlink('thing/service/test_call_reply', { id: '9', code: 200, data: {} }, emptySettings, 'pk', 0).decoded).toEqual([{ channel: 'reply', id: 'c9', ok: true, data: {} }]);
    expect(alinkTopic('/sys/pk/dn/thing/event/property/post')).toEqual({ productKey: 'pk', deviceName: 'dn', rest: 'thing/event/property/post' });
    expect(alinkTopic('care/v1/x/event')).toBeNull();
  });
});
