/** Outside requests of flows: the list, inside addresses, redirects, names that resolve to the inside, answers that are too long (W18). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { receiver } from '#test/harness/flows.ts';
import { askOutside, type Outside } from './outside.ts';

let to = '';
let next = '';
const r = { a: null as unknown as Awaited<ReturnType<typeof receiver>>, b: null as unknown as Awaited<ReturnType<typeof receiver>> };
beforeAll(async () => {
  r.b = await receiver(() => ({ status: 200, body: 'secret of another service' }));
  r.a = await receiver(({ url }) => (url === '/away' ? { status: 302, headers: { location: `http://127.0.0.1:${r.b.port}/admin` } } : url === '/round' ? { status: 307, headers: { location: '/round' } } : url === '/name' ? { status: 302, headers: { location: `http://inside.example:${r.a.port}/` } }
    : url === '/big' ? { status: 200, body: 'x'.repeat(limits.flowsCallBytes + 1) } : url === '/post' ? { status: 303, headers: { location: '/end' } } : { status: 200, headers: { 'x-said': 'ok' }, body: 'hello' }));
  to = `http://127.0.0.1:${r.a.port}`;
  next = `http://127.0.0.1:${r.b.port}`;
});
afterAll(async () => { await r.a.close(); await r.b.close(); });

const ask = (url: string, more: Partial<Outside> = {}): Outside => ({ method: 'GET', url, headers: {}, body: null, ...more });
const listed = () => ({ allow: [{ host: '127.0.0.1', port: r.a.port, inside: true }] });
const why = (settings: Parameters<typeof askOutside>[0], given: Outside, resolve?: (host: string) => Promise<string[]>): Promise<string> => askOutside(settings, given, resolve).then((a) => `asked: ${a.status}`, (e: Error) => e.message);

describe('anling-http asks only what the settings list [W18]', () => {
  it('asks a listed host, with the body and headers of the flow and none of a proxy', async () => {
    const answer = await askOutside(listed(), ask(`${to}/say`, { method: 'POST', headers: { 'content-type': 'application/json', host: 'other.example', connection: 'upgrade', 'x-bad': 'a\r\nb: c' }, body: '{"a":1}' }));
    expect(answer).toMatchObject({ status: 200, body: 'hello', headers: { 'x-said': 'ok' } });
    expect(r.a.asked.at(-1)).toMatchObject({ method: 'POST', url: '/say', body: '{"a":1}', headers: { host: `127.0.0.1:${r.a.port}`, 'content-type': 'application/json' } });
    expect(Object.keys(r.a.asked.at(-1)?.headers ?? {})).not.toContain('x-bad');
  });

  it('refuses what is not listed, this machine and private networks, whatever they are called', async () => {
    const before = r.a.asked.length + r.b.asked.length;
    expect(await why({ allow: [] }, ask(to))).toMatch(/not on the list/);
    expect(await why(listed(), ask(next))).toMatch(/not on the list/);
    expect(await why({ allow: [{ host: '127.0.0.1', port: r.a.port, inside: false }] }, ask(to))).toMatch(/on this machine or in a private network/);
    const named = { allow: [{ host: 'inside.example', port: r.a.port, inside: false }] };
    for (const address of ['127.0.0.1', '10.0.0.5', '169.254.169.254', 'fe80::1', '::1', '::ffff:127.0.0.1']) expect(await why(named, ask(`http://inside.example:${r.a.port}/`), async () => ['8.8.8.8', address])).toMatch(/on this machine or in a private network/);
    for (const url of ['file:///etc/passwd', 'ftp://127.0.0.1/', 'http://[::1]/', 'not an address', `http://localhost:${r.a.port}/`]) expect(await why(listed(), ask(url))).toMatch(/not/);
    expect(await why(listed(), ask(to, { method: 'CONNECT' }))).toMatch(/CONNECT/);
    expect(r.a.asked.length + r.b.asked.length).toBe(before);
  });

  it('judges each redirect like a new request, follows few, and turns a 303 into a GET', async () => {
    const before = r.b.asked.length;
    expect(await why(listed(), ask(`${to}/away`))).toMatch(/not on the list/);
    expect(await why({ allow: [...listed().allow, { host: 'inside.example', port: r.a.port, inside: false }] }, ask(`${to}/name`), async () => ['127.0.0.1'])).toMatch(/on this machine/);
    expect(await why(listed(), ask(`${to}/round`))).toMatch(/redirects/);
    expect(r.b.asked.length).toBe(before);
    expect((await askOutside(listed(), ask(`${to}/post`, { method: 'POST', body: 'x' }))).body).toBe('hello');
    expect(r.a.asked.at(-1)).toMatchObject({ method: 'GET', url: '/end', body: '' });
  });

  it('asks at the address it has looked at: a name that changes meanwhile changes nothing', async () => {
    const named = { allow: [{ host: 'pinned.example', port: r.a.port, inside: true }] };
    const answers = [['127.0.0.1'], ['203.0.113.1']];
    expect(await why(named, ask(`http://pinned.example:${r.a.port}/x`), async () => answers.shift() ?? [])).toBe('asked: 200');
    expect(r.a.asked.at(-1)?.headers.host).toBe(`pinned.example:${r.a.port}`);
    expect(await why(listed(), ask(`${to}/big`))).toMatch(/longer than/);
  });
});
