import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { passwordProblem } from '#core/password-rule.ts';
import { seesRegion } from './access.ts';
import { html } from './pages/html.ts';
import { cookieRule, cookieText, isOwnOrigin, readCookie, requireSameSite } from './session.ts';

describe('own origin', () => {
  it('is the public one or the host that was asked, never a look-alike [W5 W6]', () => {
    const own = (origin: string, host: string, publicUrl = 'http://10.0.0.5:8080'): boolean => isOwnOrigin(origin, host, publicUrl);
    expect(own('http://10.0.0.5:8080', 'x')).toBe(true);
    expect(own('http://127.0.0.1:8080', '127.0.0.1:8080')).toBe(true);
    for (const evil of ['http://10.0.0.5:8081', 'http://10.0.0.5:8080.evil.example', 'http://evil.example', 'null', '', 'file://', 'http://evil.example/http://10.0.0.5:8080']) expect(own(evil, '10.0.0.5:8080'), evil).toBe(false);
    // Under https a plain page of the same host is another site.
    expect(own('http://anling.example', 'anling.example', 'https://anling.example')).toBe(false);
    expect(own('https://anling.example', 'anling.example', 'https://anling.example')).toBe(true);
  });

  it('is asked for on changes only [W5]', () => {
    const foreign = { 'sec-fetch-site': 'cross-site', host: 'h' } as const;
    expect(() => requireSameSite('GET', foreign, 'http://h')).not.toThrow();
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) expect(() => requireSameSite(method, foreign, 'http://h')).toThrow('another site');
    expect(() => requireSameSite('POST', { host: 'h', 'sec-fetch-site': 'none' }, 'http://h')).not.toThrow();
  });
});

describe('cookies', () => {
  it('reads back what it wrote, among others', () => {
    const rule = cookieRule('http://x');
    expect(cookieText(rule, rule.name, 'v', 1_000)).toBe('anling=v; Path=/; Max-Age=1; HttpOnly; SameSite=Strict');
    expect(readCookie({ cookie: 'a=1; anling-browser=n.m;anling=abc; anling=def' }, 'anling')).toBe('abc');
    expect(readCookie({ cookie: 'xanling=1' }, 'anling')).toBeNull();
    expect(readCookie({}, 'anling')).toBeNull();
  });
});

describe('scope', () => {
  it('sees its own and below; what has no region belongs to the county [W8 F2]', () => {
    expect([seesRegion('350425000000', '350425201001'), seesRegion('350425201000', '350425201001'), seesRegion('350425201001', '350425201001')]).toEqual([true, true, true]);
    expect([seesRegion('350425201000', '350425100001'), seesRegion('350425201001', '350425201002'), seesRegion('350425201001', '350425201000'), seesRegion('350425201000', null)]).toEqual([false, false, false, false]);
    expect(seesRegion('350425000000', null)).toBe(true);
  });
});

describe('html', () => {
  it('never lets a value become markup [M19]', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", 'a', '`', '=', ' ') }), (value) => {
      const { text } = html`<p title="${value}">${value}</p>`;
      const inner = text.slice('<p title="'.length, -'</p>'.length);
      expect(inner.replace('">', '')).not.toMatch(/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/);
    }));
    expect(html`${null}${undefined}${false}${0}${[html`<b>x</b>`, html`y`]}`.text).toBe('0<b>x</b>y');
  });
});

describe('passwords', () => {
  it('refuses what is guessed first, asks for nothing else [W11]', () => {
    for (const bad of ['short', 'aaaaaaaaaaaa', 'abababababab', 'Password123', '1234567890', 'abcdefghijkl', 'lisi-2026-lisi', 'x'.repeat(129)]) expect(passwordProblem(bad, 'lisi'), bad).not.toBeNull();
    for (const good of ['correct horse battery', '山高水长路远人安好啊', 'x7-Kd2-pq9-Lm4', `${'ab'.repeat(50)}cd`]) expect(passwordProblem(good, 'lisi'), good).toBeNull();
  });
});
