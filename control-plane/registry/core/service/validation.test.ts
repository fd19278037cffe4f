import { describe, expect, test } from 'vitest';
import type { Service, ServiceSpec } from '../../../../api/core.ts';
import { defaultService } from './defaults.ts';
import { validateService, validateServiceUpdate } from './validation.ts';

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
    [{ ports: [{ name: 'a', port: 80 }, { name: 'b', port: 80 }] }, ['spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}']],
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
    [{ externalIPs: ['127.0.0.1'] }, ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8)']],
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
});
