/** Addresses that the control plane works out for itself. */
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

/** First address of the Service range is the API server's, the tenth is DNS, as reserved by the Service allocator. */
export function serviceAddresses(serviceCIDR: string): { kubernetes: string; dns: string } {
  const [network = '', prefix = ''] = serviceCIDR.split('/');
  const mask = (0xffffffff << (32 - Number(prefix))) >>> 0;
  const base = (network.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0) & mask) >>> 0;
  return { kubernetes: formatAddress(base + 1), dns: formatAddress(base + 10) };
}

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** IPv4 address of the interface with the default route; of any other where there is none; loopback at last. */
export async function defaultRouteAddress(): Promise<string> {
  const addresses = Object.entries(networkInterfaces()).flatMap(([name, entries]) => (entries ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => ({ name, address })));
  const name = defaultRouteInterface(await readFile('/proc/net/route', 'utf8').catch(() => '')); // No such file: not Linux.
  return (addresses.find((entry) => entry.name === name) ?? addresses[0])?.address ?? '127.0.0.1';
}

/** @param table text of /proc/net/route. @returns the interface of the default route with the lowest metric. */
export function defaultRouteInterface(table: string): string | undefined {
  return table.split('\n').slice(1)
    .map((line) => line.split('\t'))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .sort((left, right) => Number(left[6]) - Number(right[6]))[0]?.[0];
}
