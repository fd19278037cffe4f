import { expect, it } from 'vitest';
import { defaultRouteInterface, serviceAddresses } from './network-addresses.ts';

it('takes the first and the tenth address of the Service range', () => {
  expect(serviceAddresses('198.19.0.0/16')).toEqual({ kubernetes: '198.19.0.1', dns: '198.19.0.10' });
  expect(serviceAddresses('203.0.113.130/28')).toEqual({ kubernetes: '203.0.113.129', dns: '203.0.113.138' });
});

it('finds the default route with the lowest metric', () => {
  const table = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n'
    + 'wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n'
    + 'eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n'
    + 'eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n';
  expect(defaultRouteInterface(table)).toBe('eth0');
  expect(defaultRouteInterface(table.split('\n')[0]!)).toBeUndefined();
});
