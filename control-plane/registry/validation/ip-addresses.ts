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

/** Addresses that no endpoint may have: they would lead to the board itself, or to many. Worded as pkg/apis/core/validation: ValidateNonSpecialIP. */
export function notSpecialAddress(text: string): string[] {
  switch (isIPv4(text) ? sortOfIPv4(text) : sortOfIPv6(text.toLowerCase())) {
    case 'unspecified': return [`may not be unspecified (${text})`];
    case 'loopback': return ['may not be in the loopback range (127.0.0.0/8, ::1/128)'];
    case 'link-local': return ['may not be in the link-local range (169.254.0.0/16, fe80::/10)'];
    case 'link-local multicast': return ['may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'];
    default: return [];
  }
}

function sortOfIPv4(text: string): string | undefined {
  const [first = 0, second = 0, third = 0] = text.split('.').map(Number);
  if (text === '0.0.0.0') return 'unspecified';
  if (first === 127) return 'loopback';
  if (first === 169 && second === 254) return 'link-local';
  return first === 224 && second === 0 && third === 0 ? 'link-local multicast' : undefined;
}

function sortOfIPv6(text: string): string | undefined {
  if (text === '::') return 'unspecified';
  if (text === '::1') return 'loopback';
  if (/^fe[89ab][0-9a-f]:/.test(text)) return 'link-local';
  return /^ff[0-9a-f]2:/.test(text) ? 'link-local multicast' : undefined;
}
