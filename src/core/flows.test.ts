/** Which addresses a flow may ask: the list, and nothing inside a network unless the list says so. */
import { describe, expect, it } from 'vitest';
import { allowed, isInside } from './flows.ts';

describe('what a flow may ask outside [W18]', () => {
  it('knows this machine, private, link-local, shared, reserved and disguised addresses', () => {
    for (const a of ['127.0.0.1', '127.9.9.9', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '100.127.0.1', '192.0.2.5', '198.18.0.1', '203.0.113.9', '224.0.0.1', '255.255.255.255',
      '::1', '::', 'fe80::1', 'fc00::1', 'fd12:3456::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '2002:7f00:0001::', '2001:db8::1', '2001:0000:1::', 'not an address', '127.1', '0x7f.0.0.1']) expect([a, isInside(a)]).toEqual([a, true]);
    for (const a of ['8.8.8.8', '172.32.0.1', '100.128.0.1', '192.169.0.1', '1.1.1.1', '::ffff:8.8.8.8', '2400:3200::1', '2001:4860:4860::8888']) expect([a, isInside(a)]).toEqual([a, false]);
  });

  it('goes by host and port of the list, never by what only looks like it', () => {
    const settings = { allow: [{ host: 'qyapi.weixin.qq.com', port: null, inside: false }, { host: '127.0.0.1', port: 9000, inside: true }] };
    const asked = (text: string): boolean => typeof allowed(settings, new URL(text)) !== 'string';
    expect(['https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1', 'http://QYAPI.weixin.qq.com./x', 'http://127.0.0.1:9000/', 'http://2130706433:9000/', 'http://0x7f.1:9000'].map(asked)).toEqual([true, true, true, true, true]);
    expect(['https://qyapi.weixin.qq.com:8443/', 'https://qyapi.weixin.qq.com.evil.example/', 'https://evil.example/qyapi.weixin.qq.com', 'http://127.0.0.1/', 'http://127.0.0.1:9001/', 'file:///etc/passwd', 'https://qyapi.weixin.qq.com@evil.example/', 'http://user:pass@127.0.0.1:9000/', 'http://[::1]:9000/'].map(asked))
      .toEqual([false, false, false, false, false, false, false, false, false]);
  });
});
