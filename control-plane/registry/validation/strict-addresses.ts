/**
 * IP addresses and address blocks of fields that accept one spelling only, so that a text is an identity. Words and rules of
 * k8s.io/apimachinery/pkg/util/validation: IsValidIP, IsValidCIDR.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';

export interface AddressBlock {
  family: 4 | 6;
  /** Its first address, as a number. */
  first: bigint;
  prefix: number;
}

const notMapped = 'IPv4-mapped IPv6 address';

/** @returns what is wrong with it. */
export function strictAddress(text: string): string[] {
  const plain = withoutZeros(text);
  if (isIP(plain) === 0 || plain.includes('%')) return ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'];
  if (plain !== text) return ['must not have leading 0s'];
  if (isMapped(text)) return [`must not be an ${notMapped}`];
  const canonical = canonicalAddress(text);
  return canonical === text ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

/** @returns what is wrong with it. */
export function strictBlock(text: string): string[] {
  const [address = '', bits = '', ...rest] = text.split('/');
  const plain = withoutZeros(address);
  const width = isIPv4(plain) ? 32 : 128;
  if (rest.length > 0 || isIP(plain) === 0 || plain.includes('%') || !/^\d{1,5}$/.test(bits) || Number(bits) > width) return ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'];
  if (plain !== address || (bits !== '0' && bits.startsWith('0'))) return ['must not have leading 0s in IP or prefix length'];
  if (isMapped(address)) return [`must not have an ${notMapped}`];
  if (numberOf(address) % 2n ** BigInt(width - Number(bits)) !== 0n) return ['must not have bits set beyond the prefix length'];
  const canonical = `${canonicalAddress(address)}/${bits}`;
  return canonical === text ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

/** @returns undefined for what is no valid block. */
export function parseBlock(text: string): AddressBlock | undefined {
  if (strictBlock(text).length > 0) return undefined;
  const [address = '', bits = ''] = text.split('/');
  return { family: isIPv4(address) ? 4 : 6, first: numberOf(address), prefix: Number(bits) };
}

/** Whether every address of the inner block is in the outer one. A single address is a block too. */
export function containsBlock(outer: AddressBlock, inner: AddressBlock): boolean {
  const hostBits = BigInt((outer.family === 4 ? 32 : 128) - outer.prefix);
  return outer.family === inner.family && outer.prefix <= inner.prefix && outer.first >> hostBits === inner.first >> hostBits;
}

/** @returns the block of one address, undefined for what is none. */
export function blockOfAddress(address: string): AddressBlock | undefined {
  return parseBlock(`${address}/${isIPv6(address) ? 128 : 32}`);
}

/** Some programs read numbers with leading zeros as octal. */
function withoutZeros(text: string): string {
  return /^\d{1,5}(\.\d{1,5}){3}$/.test(text) ? text.split('.').map(Number).join('.') : text;
}

function isMapped(address: string): boolean {
  return isIPv6(address) && numberOf(address) >> 32n === 0xffffn;
}

function canonicalAddress(address: string): string {
  return isIPv6(address) ? hostOf(address) : address;
}

/** URLs have addresses in the form of RFC 5952, but for dotted ends. */
function hostOf(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

/** @param address a valid one. */
function numberOf(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [head = '', tail] = hostOf(address).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}
