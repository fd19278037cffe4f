import { describe, expect, it } from 'vitest';
import type { Pod, Service } from '../../../api/core.ts';
import { makePod } from '../testing/builders.ts';
import type { PodFacts } from '../testing/builders.ts';
import { endpointSubsets } from '../endpoints/endpoint-subsets.ts';
import { mirrorGroups, shouldMirror } from './mirrored-endpoints.ts';
import { endpointRelevantChange, groupEndpoints, resolveTargetPort } from './service-endpoints.ts';

const service = (spec: Partial<NonNullable<Service['spec']>> = {}): Service => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }], ...spec },
});

describe('groupEndpoints', () => {
  const conditions = (facts: PodFacts, spec = {}) => groupEndpoints(service(spec), [makePod('a', { ip: '198.19.0.5', ...facts })])[0]?.endpoints[0]?.conditions;

  it.each([
    { name: 'a ready pod', facts: {}, want: { ready: true, serving: true, terminating: false } },
    { name: 'one that is not ready', facts: { ready: false }, want: { ready: false, serving: false, terminating: false } },
    { name: 'a terminating one that still serves', facts: { terminating: true }, want: { ready: false, serving: true, terminating: true } },
    { name: 'a terminating one that does not', facts: { terminating: true, ready: false }, want: { ready: false, serving: false, terminating: true } },
    { name: 'publishNotReadyAddresses', facts: { ready: false }, spec: { publishNotReadyAddresses: true }, want: { ready: true, serving: false, terminating: false } },
    { name: 'a finished pod is none', facts: { phase: 'Succeeded' }, want: undefined },
    { name: 'nor one without address', facts: { ip: '' }, want: undefined },
  ])('$name', ({ facts, spec, want }) => {
    expect(conditions(facts, spec)).toEqual(want);
  });

  it('names the pod and its node', () => {
    expect(groupEndpoints(service(), [makePod('a', { ip: '198.19.0.5', node: 'board-1' })])).toEqual([{
      addressType: 'IPv4', ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: [{
        addresses: ['198.19.0.5'], conditions: { ready: true, serving: true, terminating: false }, nodeName: 'board-1',
        targetRef: { kind: 'Pod', namespace: 'default', name: 'a', uid: 'a' },
      }],
    }]);
  });

  it('a named port may differ from pod to pod: one group for each', () => {
    const other = makePod('b', { ip: '198.19.0.6', spec: { containers: [{ name: 'main', image: 'web', ports: [{ name: 'http', containerPort: 9090 }] }] } });
    const none = makePod('c', { ip: '198.19.0.7', spec: { containers: [{ name: 'main', image: 'web' }] } });
    expect(groupEndpoints(service(), [makePod('a', { ip: '198.19.0.5' }), other, none]).map(({ ports }) => ports.map(({ port }) => port))).toEqual([[8080], [9090], []]);
  });

  it('a hostname counts in the headless Service that is the pod\'s subdomain', () => {
    const spec = { hostname: 'db-0', subdomain: 'web', containers: [{ name: 'main', image: 'db' }] };
    const endpoint = (subdomain: string) => groupEndpoints(service({ clusterIP: 'None', ports: [] }), [makePod('a', { ip: '198.19.0.5', spec: { ...spec, subdomain } })])[0]?.endpoints[0];
    expect(endpoint('web')?.hostname).toBe('db-0');
    expect(endpoint('other')?.hostname).toBeUndefined();
  });

  it('offers each address family that the Service speaks', () => {
    const pod = makePod('a', { ip: '198.19.0.5' });
    const dual: Pod = { ...pod, status: { ...pod.status, podIPs: [{ ip: '198.19.0.5' }, { ip: 'fd00::5' }] } };
    expect(groupEndpoints(service({ ipFamilies: ['IPv4', 'IPv6'] }), [dual]).map(({ addressType, endpoints }) => [addressType, endpoints[0]?.addresses])).toEqual([['IPv4', ['198.19.0.5']], ['IPv6', ['fd00::5']]]);
  });
});

describe('resolveTargetPort', () => {
  it.each([
    { name: 'a number', port: { port: 80, targetPort: 8081 }, want: 8081 },
    { name: 'none is the Service\'s own', port: { port: 80 }, want: 80 },
    { name: 'a name', port: { port: 80, targetPort: 'http' }, want: 8080 },
    { name: 'a name of another protocol', port: { port: 80, targetPort: 'http', protocol: 'UDP' }, want: undefined },
    { name: 'an unknown name', port: { port: 80, targetPort: 'admin' }, want: undefined },
  ])('$name', ({ port, want }) => {
    expect(resolveTargetPort(makePod('a'), port)).toBe(want);
  });
});

describe('endpointRelevantChange', () => {
  it.each([
    { name: 'readiness', after: { ready: false }, want: true },
    { name: 'termination', after: { terminating: true }, want: true },
    { name: 'address', after: { ip: '198.19.0.9' }, want: true },
    { name: 'labels', after: { labels: { app: 'other' } }, want: true },
    { name: 'restarts', after: { restarts: 3 }, want: false },
  ])('$name: $want', ({ after, want }) => {
    expect(endpointRelevantChange(makePod('a', { ip: '198.19.0.5' }), makePod('a', { ip: '198.19.0.5', ...after }))).toBe(want);
  });
});

describe('endpointSubsets', () => {
  it('groups by ports, keeps ready and not ready apart, leaves out terminating pods', () => {
    const pods = [makePod('a', { ip: '198.19.0.6' }), makePod('b', { ip: '198.19.0.5' }), makePod('c', { ip: '198.19.0.7', ready: false }), makePod('d', { ip: '198.19.0.8', terminating: true })];
    const { subsets, truncated } = endpointSubsets(service(), pods);
    expect(truncated).toBe(false);
    expect(subsets).toHaveLength(1);
    expect(subsets[0]?.addresses?.map(({ ip }) => ip)).toEqual(['198.19.0.5', '198.19.0.6']);
    expect(subsets[0]?.notReadyAddresses?.map(({ ip }) => ip)).toEqual(['198.19.0.7']);
    expect(subsets[0]?.ports).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }]);
  });

  it('shows at most 1000 addresses, ready ones first', () => {
    const pods = Array.from({ length: 1005 }, (_, index) => makePod(`p${index}`, { ip: `198.19.${Math.floor(index / 250)}.${index % 250}`, ready: index >= 10 }));
    const { subsets, truncated } = endpointSubsets(service(), pods);
    expect(truncated).toBe(true);
    expect([subsets[0]?.addresses?.length, subsets[0]?.notReadyAddresses?.length]).toEqual([995, 5]);
  });
});

describe('mirrorGroups', () => {
  it('takes hand-made Endpoints over, families apart', () => {
    const groups = mirrorGroups({ subsets: [{ addresses: [{ ip: '203.0.113.9' }, { ip: 'fd00::9' }], notReadyAddresses: [{ ip: '203.0.113.10', hostname: 'b' }], ports: [{ name: 'db', port: 5432 }] }] });
    expect(groups).toEqual([
      {
        addressType: 'IPv4', ports: [{ name: 'db', port: 5432, protocol: 'TCP' }],
        endpoints: [{ addresses: ['203.0.113.9'], conditions: { ready: true } }, { addresses: ['203.0.113.10'], conditions: { ready: false }, hostname: 'b' }],
      },
      { addressType: 'IPv6', ports: [{ name: 'db', port: 5432, protocol: 'TCP' }], endpoints: [{ addresses: ['fd00::9'], conditions: { ready: true } }] },
    ]);
  });

  it('not those that say so', () => {
    expect(shouldMirror({ metadata: {} })).toBe(true);
    expect(shouldMirror({ metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } } })).toBe(false);
    expect(shouldMirror({ metadata: { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } } })).toBe(false);
  });
});
