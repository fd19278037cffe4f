import { describe, expect, it } from 'vitest';
import type { Service } from '../../api/core.ts';
import { serviceVariables, visibleServices } from './service-variables.ts';

function service(namespace: string, name: string, clusterIP: string, ports: NonNullable<Service['spec']>['ports'] = [{ port: 80 }]): Service {
  return { metadata: { namespace, name }, spec: { clusterIP, ports } };
}

const all = [
  service('default', 'kubernetes', '198.19.0.1', [{ name: 'https', port: 443, protocol: 'TCP' }]),
  service('default', 'web', '198.19.0.2'),
  service('shop', 'cart', '198.19.0.3'),
  service('shop', 'headless', 'None'),
  service('shop', 'external', ''),
];
const inNamespace = (namespace: string) => all.filter((one) => one.metadata?.namespace === namespace);
const names = (services: Service[]) => services.map((one) => one.metadata?.name);

describe('visibleServices', () => {
  it('are those of the namespace that have an address, and the API server', () => {
    expect(names(visibleServices(inNamespace, 'shop', true))).toEqual(['cart', 'kubernetes']);
  });

  it('are the API server alone without service links', () => {
    expect(names(visibleServices(inNamespace, 'default', false))).toEqual(['kubernetes']);
  });

  it('have the namespace\'s own Service of the name kubernetes where there is one', () => {
    const own = service('shop', 'kubernetes', '198.19.0.9');
    const visible = visibleServices((namespace) => (namespace === 'shop' ? [own] : inNamespace(namespace)), 'shop', true);
    expect(visible).toEqual([own]);
  });
});

describe('serviceVariables', () => {
  it('are those that Docker links and Kubernetes define', () => {
    const variables = serviceVariables([service('shop', 'redis-primary', '198.19.0.11', [
      { name: 'db-port', port: 6379, protocol: 'TCP' },
      { name: 'gossip', port: 53, protocol: 'UDP' },
    ])]);
    expect(Object.fromEntries(variables)).toEqual({
      REDIS_PRIMARY_SERVICE_HOST: '198.19.0.11',
      REDIS_PRIMARY_SERVICE_PORT: '6379',
      REDIS_PRIMARY_SERVICE_PORT_DB_PORT: '6379',
      REDIS_PRIMARY_SERVICE_PORT_GOSSIP: '53',
      REDIS_PRIMARY_PORT: 'tcp://198.19.0.11:6379',
      REDIS_PRIMARY_PORT_6379_TCP: 'tcp://198.19.0.11:6379',
      REDIS_PRIMARY_PORT_6379_TCP_PROTO: 'tcp',
      REDIS_PRIMARY_PORT_6379_TCP_PORT: '6379',
      REDIS_PRIMARY_PORT_6379_TCP_ADDR: '198.19.0.11',
      REDIS_PRIMARY_PORT_53_UDP: 'udp://198.19.0.11:53',
      REDIS_PRIMARY_PORT_53_UDP_PROTO: 'udp',
      REDIS_PRIMARY_PORT_53_UDP_PORT: '53',
      REDIS_PRIMARY_PORT_53_UDP_ADDR: '198.19.0.11',
    });
  });

  it('write an IPv6 address in brackets where a port follows', () => {
    const variables = serviceVariables([service('shop', 'six', 'fd00::1')]);
    expect(variables.get('SIX_PORT')).toBe('tcp://[fd00::1]:80');
    expect(variables.get('SIX_SERVICE_HOST')).toBe('fd00::1');
  });
});
