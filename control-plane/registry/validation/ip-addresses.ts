/** Rules for IP addresses and address blocks, worded as k8s.io/apimachinery/pkg/util/validation. */
import { isIP, isIPv4 } from 'node:net';

export function ipAddress(text: string): string[] {
  return isIP(text) === 0 || text.includes('%') ? ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'] : [];
}

export function addressBlock(text: string): string[] {
  const [address = '', bits = '', ...rest] = text.split('/');
  const ok = rest.length === 0 && ipAddress(address).length === 0 && /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128);
  return ok ? [] : ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'];
}

/** Addresses that no endpoint may have: they would lead to the board itself, or to many. */
export function notSpecialAddress(text: string): string[] {
  if (isIPv4(text)) {
    const [first = 0, second = 0, third = 0] = text.split('.').map(Number);
    if (text === '0.0.0.0') return ['may not be unspecified (0.0.0.0)'];
    if (first === 127) return ['may not be in the loopback range (127.0.0.0/8)'];
    if (first === 169 && second === 254) return ['may not be in the link-local range (169.254.0.0/16)'];
    return first === 224 && second === 0 && third === 0 ? ['may not be in the link-local multicast range (224.0.0.0/24)'] : [];
  }
  const lower = text.toLowerCase();
  if (lower === '::') return ['may not be unspecified (::)'];
  if (lower === '::1') return ['may not be in the loopback range (::1/128)'];
  if (/^fe[89ab][0-9a-f]:/.test(lower)) return ['may not be in the link-local range (fe80::/10)'];
  return /^ff[0-9a-f]2:/.test(lower) ? ['may not be in the link-local multicast range (ff02::/10)'] : [];
}
