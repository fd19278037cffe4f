import { describe, expect, it } from 'vitest';
import { blockOfAddress, containsBlock, parseBlock, strictAddress, strictBlock } from './strict-addresses.ts';

describe('strictAddress', () => {
  it.each([
    ['198.51.100.7', []], ['2001:db8::1', []], ['255.255.255.255', []], ['fe80::42:1dff:fe84:f9e2', []],
    ['198.51.100', ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    ['fe80::1%eth0', ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    ['given', ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    ['198.051.100.7', ['must not have leading 0s']],
    ['::ffff:198.51.100.7', ['must not be an IPv4-mapped IPv6 address']],
    ['2001:DB8:0::1', ['must be in canonical form ("2001:db8::1")']],
  ])('of %s', (text, problems) => expect(strictAddress(text)).toEqual(problems));
});

describe('strictBlock', () => {
  it.each([
    ['198.18.0.0/15', []], ['2001:db8::/64', []], ['0.0.0.0/0', []],
    ['198.18.0.0', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    ['198.18.0.0/33', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    ['198.18.0.0/08', ['must not have leading 0s in IP or prefix length']],
    ['198.18.0.1/24', ['must not have bits set beyond the prefix length']],
    ['::ffff:198.18.0.0/112', ['must not have an IPv4-mapped IPv6 address']],
    ['2001:DB8::/64', ['must be in canonical form ("2001:db8::/64")']],
  ])('of %s', (text, problems) => expect(strictBlock(text)).toEqual(problems));
});

it.each([
  ['198.18.0.0/16', '198.18.255.255', true], ['198.18.0.0/16', '198.19.0.0', false], ['2001:db8::/32', '2001:db8:ffff::1', true], ['2001:db8::/32', '2001:db9::1', false], ['0.0.0.0/0', '::1', false],
])('%s contains %s: %s', (outer, inner, answer) => expect(containsBlock(parseBlock(outer)!, blockOfAddress(inner)!)).toBe(answer));
