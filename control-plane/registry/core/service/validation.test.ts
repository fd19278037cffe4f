import { describe, expect, test } from 'vitest';
import type { Service, ServiceSpec } from '../../../../api/core.ts';
import { defaultService } from './defaults.ts';
import { validateServiceStatusUpdate } from './validate-load-balancer.ts';
import { validateService, validateServiceUpdate } from './validation.ts';
import { serviceWarnings } from './warnings.ts';

function serviceOf(spec: object): Service {
  const service: Service = { spec: structuredClone({ ports: [{ port: 80 }], ...spec }) };
  defaultService(service);
  return service;
}

function texts(errors: { field: string; message: string }[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

describe('defaults', () => {
  test.each<[object, Partial<ServiceSpec>]>([
    [{}, { type: 'ClusterIP', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster', ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] }],
    [{ ports: [{ port: 53, protocol: 'UDP', targetPort: 'dns' }] }, { type: 'ClusterIP', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster', ports: [{ port: 53, protocol: 'UDP', targetPort: 'dns' }] }],
    [{ type: 'NodePort', ports: [] }, { type: 'NodePort', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster', externalTrafficPolicy: 'Cluster', ports: [] }],
    [{ type: 'LoadBalancer', ports: [] }, { type: 'LoadBalancer', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster', externalTrafficPolicy: 'Cluster', allocateLoadBalancerNodePorts: true, ports: [] }],
    [{ type: 'ExternalName', ports: [], externalName: 'a.b' }, { type: 'ExternalName', sessionAffinity: 'None', ports: [], externalName: 'a.b' }],
    [{ sessionAffinity: 'ClientIP', ports: [] }, { type: 'ClusterIP', sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } }, internalTrafficPolicy: 'Cluster', ports: [] }],
  ])('%j', (spec, expected) => expect(serviceOf(spec).spec).toEqual(expected));
});

describe('validation', () => {
  test.each<[object, string[]]>([
    [{}, []],
    [{ clusterIP: 'None', clusterIPs: ['None'], ports: [] }, []],
    [{ type: 'ExternalName', externalName: 'example.com.', ports: [] }, []],
    [{ ports: [] }, ['spec.ports: Required value']],
    [{ ports: [{ port: 80 }, { port: 81 }] }, ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value']],
    [{ ports: [{ name: 'a', port: 80 }, { name: 'a', port: 81 }] }, ['spec.ports[1].name: Duplicate value: "a"']],
    [{ ports: [{ name: 'a', port: 80 }, { name: 'b', port: 80 }] }, ['spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}']],
    [{ ports: [{ name: 'a', port: 53 }, { name: 'b', port: 53, protocol: 'UDP' }] }, []],
    [{ ports: [{ port: 0, targetPort: 1 }] }, ['spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive']],
    [{ ports: [{ port: 80, targetPort: 'a--b' }] }, ['spec.ports[0].targetPort: Invalid value: "a--b": must not contain consecutive hyphens']],
    [{ ports: [{ port: 80, nodePort: 30000 }] }, ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]],
    [{ ports: [{ port: 80, protocol: 'ICMP' }] }, ['spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"']],
    [{ type: 'Magic' }, ['spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"']],
    [{ type: 'NodePort', clusterIP: 'None', clusterIPs: ['None'] }, ["spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"]],
    [{ type: 'ExternalName' }, ['spec.externalName: Required value']],
    [{ clusterIP: 'x', clusterIPs: ['x'] }, ['spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    [{ clusterIP: '198.18.0.1', clusterIPs: ['198.18.0.2'] }, ['spec.clusterIPs: Invalid value: ["198.18.0.2"]: first value must match `clusterIP`']],
    [{ sessionAffinity: 'Sticky' }, ['spec.sessionAffinity: Unsupported value: "Sticky": supported values: "ClientIP", "None"']],
    [{ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } } }, ['spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400']],
    [{ externalTrafficPolicy: 'Local' }, ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services']],
    [{ externalIPs: ['127.0.0.1'] }, ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)']],
    [{ trafficDistribution: 'PreferSameNode' }, []],
    [{ trafficDistribution: 'Near' }, ['spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"']],
    [{ type: 'ExternalName', externalName: 'a.b', ipFamilyPolicy: 'SingleStack' }, ['spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services']],
    [{ ipFamilies: ['IPv4', 'IPv4'], ipFamilyPolicy: 'Both' }, ['spec.ipFamilies[1]: Duplicate value: "IPv4"', 'spec.ipFamilyPolicy: Unsupported value: "Both": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"']],
    [{ clusterIP: '198.18.0.1', clusterIPs: ['198.18.0.1', '198.18.0.2'] }, ['spec.clusterIPs: Invalid value: ["198.18.0.1","198.18.0.2"]: may specify no more than one IP for each IP family']],
    [{ clusterIP: '2001:db8::1', clusterIPs: ['2001:db8::1'], ipFamilies: ['IPv4'] }, ['spec.clusterIPs[0]: Invalid value: "2001:db8::1": expected an IPv4 value as indicated by `ipFamilies[0]`']],
    [{ loadBalancerClass: 'a/b', allocateLoadBalancerNodePorts: false }, ["spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'", "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"]],
    [{ type: 'LoadBalancer', loadBalancerSourceRanges: [' 198.18.0.0/16 ', 'x'] }, ['spec.LoadBalancerSourceRanges[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    [{ type: 'NodePort', externalTrafficPolicy: 'Far' }, ['spec.externalTrafficPolicy: Unsupported value: "Far": supported values: "Cluster", "Local"']],
    [{ selector: { a: 'x y' } }, [expect.stringMatching(/^spec.selector: Invalid value: "x y": a valid label must be/) as string]],
  ])('%.110j', (spec, expected) => expect(texts(validateService(serviceOf(spec)))).toEqual(expected));
});

describe('an update', () => {
  const old = serviceOf({ clusterIP: '198.18.0.1', clusterIPs: ['198.18.0.1'] });
  const update = (spec: object) => texts(validateServiceUpdate(serviceOf(spec), old));

  test('keeps the ClusterIP', () => {
    expect(update({ clusterIP: '198.18.0.1', clusterIPs: ['198.18.0.1'], selector: { a: 'b' } })).toEqual([]);
    expect(update({ clusterIP: '198.18.0.2', clusterIPs: ['198.18.0.2'] })).toEqual(['spec.clusterIPs[0]: Invalid value: ["198.18.0.2"]: may not change once set']);
    expect(update({ clusterIP: 'None', clusterIPs: ['None'] })).toEqual(['spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set']);
    expect(update({})).toEqual(['spec.clusterIPs[0]: Invalid value: []: primary clusterIP can not be unset']);
  });

  test('may give it up for an external name', () => {
    expect(update({ type: 'ExternalName', externalName: 'a.b', ports: [] })).toEqual([]);
  });

  test('keeps the class of its balancer, the first family and the port of health checks', () => {
    const balanced = (spec: object) => serviceOf({ type: 'LoadBalancer', clusterIP: '198.18.0.1', clusterIPs: ['198.18.0.1'], ipFamilies: ['IPv4'], externalTrafficPolicy: 'Local', healthCheckNodePort: 30_001, ...spec });
    expect(texts(validateServiceUpdate(balanced({ loadBalancerClass: 'b', ipFamilies: ['IPv6'], clusterIPs: ['198.18.0.1'], healthCheckNodePort: 30_002 }), balanced({ loadBalancerClass: 'a' })))).toEqual([
      'spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set', 'spec.loadBalancerClass: Invalid value: "b": may not change once set', 'spec.healthCheckNodePort: Forbidden: field is immutable',
      'spec.clusterIPs[0]: Invalid value: "198.18.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
    ]);
  });
});

describe('the status', () => {
  const update = (spec: object, ingress: object[]) => {
    const service = { ...serviceOf(spec), status: { loadBalancer: { ingress } } } as Service;
    defaultService(service);
    return texts(validateServiceStatusUpdate(service));
  };

  test.each<[object[], string[]]>([
    [[{ ip: '203.0.113.1' }, { ip: '203.0.113.2', ipMode: 'Proxy' }, { hostname: 'a.example' }], []],
    [[{ ip: 'x' }], ['status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    [[{ ip: '203.0.113.1', ipMode: 'Direct' }], ['status.loadBalancer.ingress[0].ipMode: Unsupported value: "Direct": supported values: "Proxy", "VIP"']],
    [[{ hostname: 'a', ipMode: 'VIP' }], ['status.loadBalancer.ingress[0].ipMode: Forbidden: may not be specified when `ip` is not set']],
    [[{ hostname: '203.0.113.1' }], ['status.loadBalancer.ingress[0].hostname: Invalid value: "203.0.113.1": must be a DNS name, not an IP address']],
  ])('%j', (ingress, expected) => expect(update({ type: 'LoadBalancer' }, ingress)).toEqual(expected));

  test('is that of a balancer', () => {
    expect(update({}, [{ ip: '203.0.113.1' }])).toEqual(["status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"]);
  });
});

describe('warnings', () => {
  test.each<[object, string[]]>([
    [{}, []],
    [{ clusterIP: 'None', externalIPs: ['203.0.113.1'], sessionAffinity: 'ClientIP' }, ['spec.externalIPs is ignored for headless services', 'spec.SessionAffinity is ignored for headless services']],
    [{ externalIPs: ['2001:DB8:0::1', '2001:db8::1'] }, ['spec.externalIPs[0]: IPv6 address "2001:DB8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")']],
  ])('%j', (spec, expected) => expect(serviceWarnings(serviceOf(spec))).toEqual(expected));

  test('name the annotation that took the place of another', () => {
    expect(serviceWarnings({ ...serviceOf({}), metadata: { annotations: { 'service.kubernetes.io/topology-aware-hints': 'auto' } } }))
      .toEqual(['annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead']);
  });
});
