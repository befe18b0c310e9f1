/** Addresses, and lists of networks that may use a door. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** As it is written in lists: an IPv4 address inside an IPv6 one is the IPv4 address. */
export const plainAddress = (address: string | undefined): string => (address ?? '').trim().replace(/^::ffff:/, '');

/** Whether an address lies in one of these networks; an empty list lets everybody in. */
export function allowed(networks: readonly string[], address: string): boolean {
  if (networks.length === 0) return true;
  const list = new BlockList();
  for (const network of networks) {
    const [ip = '', bits] = network.split('/');
    const family = isIPv6(ip) ? 'ipv6' : 'ipv4';
    if (!isIPv4(ip) && !isIPv6(ip)) continue;
    if (bits === undefined) list.addAddress(ip, family); else list.addSubnet(ip, Number(bits), family);
  }
  return (isIPv4(address) || isIPv6(address)) && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
