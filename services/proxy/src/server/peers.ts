import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Whether what this peer says of its own callers is believed. */
export type IsTrusted = (address: string | undefined) => boolean;

/**
 * @param networks addresses (`10.1.2.3`, `::1`) and networks (`10.0.0.0/8`, `fd00::/8`)
 * @throws Error when one of them is neither
 */
export function trustedPeers(networks: readonly string[]): IsTrusted {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = familyOf(address);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) =>
    networks.length > 0 && address !== undefined && list.check(address, familyOf(address));
}

/** @returns whether `trustedPeers` takes it */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  if (rest.length > 0 || !(isIPv4(address) || isIPv6(address))) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128))
  );
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
