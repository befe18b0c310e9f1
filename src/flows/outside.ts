/**
 * An outside request of a flow (`anling-http`, W18): a host of the list, an address that is outside unless the list says otherwise, asked at exactly the
 * address that was looked at (a name cannot change between), each redirect like a new request.
 */
import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { allowed, type FlowSettings, isInside } from '#core/flows.ts';
import { limits } from '#core/limits.ts';

export type Outside = { method: string; url: string; headers: Record<string, string>; body: string | null };
export type OutsideAnswer = { status: number; headers: Record<string, string>; body: string };
export type Resolve = (host: string) => Promise<string[]>;
const resolveAll: Resolve = async (host) => (await lookup(host, { all: true, verbatim: true })).map((a) => a.address);

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'];
const ours = /^(host|connection|transfer-encoding|content-length|upgrade|proxy-.*|te|trailer|expect|keep-alive)$/i;

/** Throws an Error that says why it was not asked. */
export async function askOutside(settings: FlowSettings, given: Outside, resolve: Resolve = resolveAll): Promise<OutsideAnswer> {
  const deadline = AbortSignal.timeout(limits.flowsHttpMs);
  let { method, body } = given;
  if (!methods.includes(method)) throw new Error(`${method} is not one of ${methods.join(', ')}`);
  const headers = Object.fromEntries(Object.entries(given.headers).filter(([name, value]) => !ours.test(name) && typeof value === 'string' && !/[\r\n\0]/.test(name + value)));
  let url = URL.parse(given.url);
  for (let step = 0; ; step++) {
    if (url === null) throw new Error('not an address');
    const answer = await askOne(settings, { url, method, headers, body }, resolve, deadline);
    const to = answer.headers['location'];
    if (![301, 302, 303, 307, 308].includes(answer.status) || to === undefined) return answer;
    if (step >= limits.flowsRedirects) throw new Error(`more than ${limits.flowsRedirects} redirects`);
    const next = URL.parse(to, url.href);
    if (next?.origin !== url.origin) for (const name of Object.keys(headers)) if (/^(authorization|cookie)$/i.test(name)) delete headers[name];
    if (answer.status <= 303 && method !== 'HEAD') { method = 'GET'; body = null; }
    url = next;
  }
}

type One = { url: URL; method: string; headers: Record<string, string>; body: string | null };
async function askOne(settings: FlowSettings, { url, method, headers, body }: One, resolve: Resolve, signal: AbortSignal): Promise<OutsideAnswer> {
  const entry = allowed(settings, url);
  if (typeof entry === 'string') throw new Error(`not allowed: ${entry}`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = isIP(host) === 0 ? await resolve(host) : [host];
  const inside = addresses.find((a) => isInside(a));
  if (addresses.length === 0) throw new Error(`${host} has no address`);
  if (inside !== undefined && !entry.inside) throw new Error(`not allowed: ${host} is ${inside}, on this machine or in a private network`);
  const [address = ''] = addresses;
  const family = isIP(address);
  const pinned: LookupFunction = (_host, options, done) => { if (options.all) done(null, [{ address, family }]); else done(null, address, family); };
  return new Promise((settle, fail) => {
    const out = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, { method, headers: { ...headers, ...(body === null ? {} : { 'content-length': String(Buffer.byteLength(body)) }) }, lookup: pinned, signal, agent: false });
    out.on('error', fail).on('response', (answer) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > limits.flowsCallBytes) out.destroy(new Error(`the answer is longer than ${limits.flowsCallBytes} bytes`));
        else pieces.push(piece);
      }).on('error', fail).on('end', () => settle({
        status: answer.statusCode ?? 0, body: Buffer.concat(pieces).toString('utf8'),
        headers: Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)])),
      }));
    });
    out.end(body ?? undefined);
  });
}
