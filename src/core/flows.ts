/** What the flows' processes and the pages agree on: settings, where the editor is, what a flow may ask for outside (pure). */

/** A host that `anling-http` may ask. `inside`: it may stand on this machine or in a private network. `port` null: 80 and 443. */
export type FlowHost = { host: string; port: number | null; inside: boolean };
export type FlowSettings = { allow: readonly FlowHost[] };
export const noFlowSettings: FlowSettings = { allow: [] };

/** The header by which the web role proves itself to the editor's port, and what its secret is made of. */
export const flowsHeader = 'x-anling-flows';
export const flowsSecretOf = { editor: 'flows:editor', credentials: 'flows:credentials' } as const;
/** Where the API of the flows begins: the only paths that their keeper hands on. */
export const flowsApi = '/api/v1/flows/';

/** Whether an address may be anywhere but in the public network: this machine, private, link-local, shared, reserved, multicast. Anything that is no address counts as such. */
export function isInside(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  const parts = (mapped ?? address).split('.').map(Number);
  if (parts.length === 4 && parts.every((n) => Number.isInteger(n) && n >= 0 && n <= 255)) {
    const [a = 0, b = 0, c = 0] = parts;
    return a === 0 || a === 10 || a === 127 || a >= 224 || (a === 100 && b >= 64 && b < 128) || (a === 169 && b === 254) || (a === 172 && b >= 16 && b < 32)
      || (a === 192 && (b === 168 || (b === 0 && (c === 0 || c === 2)) || (b === 88 && c === 99))) || (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) || (a === 203 && b === 0 && c === 113);
  }
  // Only 2000::/3 is global; of it 2001:0-1ff (Teredo and the like), 2001:db8 and 2002 (6to4 hides a v4 address) are not plain hosts.
  const first = /^([0-9a-f]{4}):([0-9a-f]{0,4})/i.exec(address);
  if (!first) return true;
  const [head, next] = [Number.parseInt(first[1] as string, 16), Number.parseInt(first[2] || '0', 16)];
  return head < 0x2000 || head > 0x3fff || head === 0x2002 || (head === 0x2001 && (next < 0x200 || next === 0xdb8));
}

/** The entry that allows this address, or the reason why none does. */
export function allowed(settings: FlowSettings, url: URL): FlowHost | string {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return `${url.protocol} is not http or https`;
  if (url.username !== '' || url.password !== '') return 'an address with a user or a password in it';
  const host = url.hostname.toLowerCase().replace(/\.$/, '').replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const entry = settings.allow.find((a) => a.host.toLowerCase() === host && (a.port === port || (a.port === null && (port === 80 || port === 443))));
  return entry ?? `${host}:${port} is not on the list of the settings`;
}
