/** Defaults and validation of the kinds that have little of either. */
import { describe, expect, test } from 'vitest';
import type { Endpoints, Event, Node } from '../../../api/core.ts';
import type { EndpointSlice } from '../../../api/discovery.ts';
import { validateLease } from '../coordination/lease/validation.ts';
import { defaultEndpoints } from '../core/endpoints/defaults.ts';
import { validateEndpoints } from '../core/endpoints/validation.ts';
import { defaultEvent } from '../core/event/defaults.ts';
import { validateEvent } from '../core/event/validation.ts';
import { defaultNode } from '../core/node/defaults.ts';
import { validateNode, validateNodeStatusUpdate, validateNodeUpdate } from '../core/node/validation.ts';
import { defaultEndpointSlice } from '../discovery/endpoint-slice/defaults.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from '../discovery/endpoint-slice/validation.ts';

function texts(errors: { field: string; message: string }[]): string[] {
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

describe('Nodes', () => {
  test('can be used to their capacity, and have one pod range in both fields', () => {
    const node: Node = { spec: { podCIDR: '198.18.1.0/24' }, status: { capacity: { cpu: '4' } } };
    defaultNode(node);
    expect(node).toEqual({ spec: { podCIDR: '198.18.1.0/24', podCIDRs: ['198.18.1.0/24'] }, status: { capacity: { cpu: '4' }, allocatable: { cpu: '4' } } });
    const twoRanges: Node = { spec: { podCIDR: '198.18.1.0/24', podCIDRs: ['198.18.2.0/24'] } };
    defaultNode(twoRanges);
    expect(twoRanges.spec?.podCIDRs).toEqual(['198.18.1.0/24']);
  });

  test('have taints and amounts that make sense', () => {
    expect(validateNode({ spec: { taints: [{ key: 'a', effect: 'NoSchedule' }, { key: 'a', effect: 'NoExecute' }], podCIDRs: ['198.18.1.0/24'] }, status: { capacity: { cpu: '4' } } })).toEqual([]);
    expect(texts(validateNode({ spec: { taints: [{ key: 'a', effect: 'No' }, { key: 'a', effect: 'No' }], podCIDR: 'x' } }))).toEqual([
      'metadata.taints[0].effect: Unsupported value: "No": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      'metadata.taints[1].effect: Unsupported value: "No": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"No","TimeAdded":null}: taints must be unique by key and effect pair',
      'spec.podCIDRs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ]);
    const address = { type: 'InternalIP', address: '203.0.113.1' };
    expect(texts(validateNodeStatusUpdate({ status: { addresses: [address, address], capacity: { memory: '-1' } } }, {}))).toEqual([
      'status.capacity.memory: Invalid value: "-1": must be greater than or equal to 0', 'status.addresses[1]: Duplicate value: {"Type":"InternalIP","Address":"203.0.113.1"}',
    ]);
    expect(validateNode({ spec: { podCIDRs: ['198.18.1.0/24', '2001:db8::/64'] } })).toEqual([]);
    expect(texts(validateNode({ spec: { podCIDRs: ['198.18.1.0/24', '198.18.1.0/24'] } }))).toEqual([
      'spec.podCIDRs: Invalid value: ["198.18.1.0/24","198.18.1.0/24"]: may specify no more than one CIDR for each IP family', 'spec.podCIDRs[1]: Duplicate value: "198.18.1.0/24"',
    ]);
  });

  test('keep their pod range and provider', () => {
    const old: Node = { spec: { podCIDRs: ['198.18.1.0/24'], providerID: 'a' } };
    expect(validateNodeUpdate({ spec: { ...old.spec, unschedulable: true } }, old)).toEqual([]);
    expect(validateNodeUpdate(old, {})).toEqual([]);
    expect(texts(validateNodeUpdate({ spec: { podCIDRs: ['198.18.2.0/24'], providerID: 'b' } }, old))).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid', 'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ]);
  });
});

describe('Endpoints', () => {
  test('have addresses and ports', () => {
    const endpoints: Endpoints = { subsets: [{ addresses: [{ ip: '198.18.1.2', hostname: 'a' }], ports: [{ port: 80 }] }] };
    defaultEndpoints(endpoints);
    expect(endpoints.subsets?.[0]?.ports).toEqual([{ port: 80, protocol: 'TCP' }]);
    expect(validateEndpoints(endpoints)).toEqual([]);
    expect(texts(validateEndpoints({ subsets: [{ ports: [{ port: 0, protocol: 'TCP' }] }, { addresses: [{ ip: '169.254.1.1' }, { ip: 'x' }], ports: [{ port: 1, protocol: 'TCP', name: 'a' }, { port: 2, protocol: 'X' }] }] }))).toEqual([
      'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`',
      'subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'subsets[1].addresses[0].ip: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      'subsets[1].addresses[1].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'subsets[1].ports[1].name: Required value',
      'subsets[1].ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
    ]);
  });
});

describe('EndpointSlices', () => {
  const slice: EndpointSlice = { addressType: 'IPv4', endpoints: [{ addresses: ['198.18.1.2'] }], ports: [{ port: 80 }] };

  test('name and type their ports', () => {
    const copy = structuredClone(slice);
    defaultEndpointSlice(copy);
    expect(copy.ports).toEqual([{ name: '', port: 80, protocol: 'TCP' }]);
    expect(validateEndpointSlice(copy)).toEqual([]);
  });

  test('hold addresses of their one type', () => {
    const ports = [{ name: '', protocol: 'TCP' }, { name: '', protocol: 'TCP' }];
    expect(texts(validateEndpointSlice({ addressType: 'IPv6', endpoints: [{ addresses: ['198.18.1.2'] }, { addresses: [] }, { addresses: ['::1'] }], ports }))).toEqual([
      'endpoints[0].addresses[0]: Invalid value: "198.18.1.2": must be an IPv6 address', 'endpoints[1].addresses: Required value: must contain at least 1 address',
      'endpoints[2].addresses[0]: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)', 'ports[1].name: Duplicate value: ""',
    ]);
    expect(texts(validateEndpointSliceUpdate({ ...slice, ports: [], addressType: 'FQDN', endpoints: [] }, slice))).toEqual(['addressType: Invalid value: "FQDN": field is immutable']);
    expect(texts(validateEndpointSlice({ addressType: 'IPv4', endpoints: Array(1001).fill({ addresses: ['198.18.1.2'] }) as EndpointSlice['endpoints'] }))).toEqual(['endpoints: Too many: 1001: must have at most 1000 items']);
  });
});

test('What is set in a slice or an endpoint has to say something', () => {
  const slice = (fields: object, addressType = 'FQDN') => ({ addressType, endpoints: [{ addresses: ['web.example.com.'] }], ...fields }) as EndpointSlice;
  expect(validateEndpointSlice(slice({}))).toEqual([]);
  expect(texts(validateEndpointSlice(slice({ endpoints: [{ addresses: ['', 'web', 'a b.c'] }] })))).toEqual([
    'endpoints[0].addresses[0]: Required value', 'endpoints[0].addresses[1]: Invalid value: "web": should be a domain with at least two segments separated by dots', expect.stringMatching(/^endpoints\[0\]\.addresses\[2\]: Invalid value: "a b\.c": a lowercase RFC 1123 subdomain/),
  ]);
  const empty = slice({ endpoints: [{ addresses: ['a.b'], hostname: '', nodeName: '' }], ports: [{ name: '', protocol: '', appProtocol: '' }] });
  defaultEndpointSlice(empty);
  expect([...new Set(validateEndpointSlice(empty).map(({ field }) => field))]).toEqual(['endpoints[0].hostname', 'endpoints[0].nodeName', 'ports[0].protocol', 'ports[0].appProtocol']);
  expect(texts(validateEndpointSliceUpdate({ ...slice({}), addressType: undefined } as unknown as EndpointSlice, slice({})))).toEqual(['addressType: Required value', 'addressType: Invalid value: "": field is immutable']);
  const endpoints: Endpoints = { subsets: [{ addresses: [{ ip: '198.18.1.2', nodeName: '' }], ports: [{ port: 80, protocol: 'TCP', appProtocol: '' }] }] };
  expect([...new Set(validateEndpoints(endpoints).map(({ field }) => field))]).toEqual(['subsets[0].addresses[0].nodeName', 'subsets[0].ports[0].appProtocol']);
});

test('Leases last for a while', () => {
  expect(validateLease({ spec: { leaseDurationSeconds: 40, holderIdentity: 'a' } })).toEqual([]);
  expect(texts(validateLease({ spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }))).toEqual(['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0', 'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0']);
});

test('Events and slices that lack what everyone counts on get it', () => {
  const event = { metadata: { namespace: 'default' } } as unknown as Event;
  defaultEvent(event);
  expect(validateEvent(event)).toEqual([]);
  const slice = { addressType: 'IPv4' } as EndpointSlice;
  defaultEndpointSlice(slice);
  expect(slice.endpoints).toEqual([]);
});

test('Events are in the namespace of what they are about', () => {
  const event = (namespace: string, about: string | undefined): Event => ({ metadata: { name: 'e', namespace }, involvedObject: { namespace: about } });
  expect(validateEvent(event('blue', 'blue'))).toEqual([]);
  expect(validateEvent(event('default', undefined))).toEqual([]);
  expect(texts(validateEvent(event('blue', undefined)))).toEqual(['involvedObject.namespace: Invalid value: "": does not match event.namespace']);
  expect(texts(validateEvent({ ...event('blue', 'blue'), eventTime: '2026-01-01T00:00:00.000000Z', message: 'x'.repeat(1025), reason: 'y'.repeat(129), reportingComponent: 'a' }))).toEqual([
    'reportingInstance: Required value', 'action: Required value', 'reason: Invalid value: "": can have at most 128 characters', 'message: Invalid value: "": can have at most 1024 characters',
  ]);
});
