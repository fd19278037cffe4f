import { describe, expect, it } from 'vitest';
import type { ContainerStatus, Pod } from '../../../api/core.ts';
import type { KubernetesObject } from '../../../api/meta.ts';
import {
  configMaps, deployments, endpoints, endpointSlices, events, ipAddresses, leases, mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings, namespaces, nodes, pods, replicaSets, resources, secrets, serviceAccounts, serviceCIDRs, services,
  type Resource,
} from '../../../api/resources.ts';
import { printerOf } from './printers.ts';

const now = Date.parse('2026-01-02T00:00:00Z');
const created = '2026-01-01T23:55:00Z';

/** Rows as kubectl prints them: what is not wide, and all of it. */
function print<T extends KubernetesObject>(resource: Resource<T>, object: T, wide = false): string {
  const printer = printerOf(resource);
  const cells = printer.cells(object, now);
  expect(cells).toHaveLength(printer.columns.length);
  return cells.filter((_, index) => wide || printer.columns[index]!.priority === 0).join(' | ');
}

function header(resource: Resource): string {
  return printerOf(resource).columns.map((entry) => (entry.priority > 0 ? `(${entry.name})` : entry.name)).join(' ');
}

it.each([
  [pods, 'Name Ready Status Restarts Age (IP) (Node) (Nominated Node) (Readiness Gates)'],
  [deployments, 'Name Ready Up-to-date Available Age (Containers) (Images) (Selector)'],
  [replicaSets, 'Name Desired Current Ready Age (Containers) (Images) (Selector)'],
  [services, 'Name Type Cluster-IP External-IP Port(s) Age (Selector)'],
  [nodes, 'Name Status Roles Age Version (Internal-IP) (External-IP) (OS-Image) (Kernel-Version) (Container-Runtime)'],
  [namespaces, 'Name Status Age'],
  [events, 'Last Seen Type Reason Object (Subobject) (Source) Message (First Seen) (Count) (Name)'],
  [configMaps, 'Name Data Age'],
  [secrets, 'Name Type Data Age'],
  [serviceAccounts, 'Name Secrets Age'],
  [endpoints, 'Name Endpoints Age'],
  [endpointSlices, 'Name AddressType Ports Endpoints Age'],
  [leases, 'Name Holder Age'],
  [serviceCIDRs, 'Name CIDRs Age'],
  [ipAddresses, 'Name ParentRef'],
  [mutatingAdmissionPolicies, 'Name Mutations ParamKind Age'],
  [mutatingAdmissionPolicyBindings, 'Name PolicyName ParamRef Age'],
] as [Resource, string][])('the columns of %o are those of Kubernetes', (resource, expected) => {
  expect(header(resource)).toBe(expected);
});

it('every kind has a printer with a name column first, events aside', () => {
  for (const resource of resources) {
    if (resource.kind !== 'Event') expect(printerOf(resource).columns[0]).toMatchObject({ name: 'Name', format: 'name' });
  }
});

describe('pods', () => {
  const status = (changes: Partial<ContainerStatus> = {}): ContainerStatus =>
    ({ name: 'a', image: 'x', imageID: '', ready: true, restartCount: 0, state: { running: { startedAt: created } }, ...changes });
  function pod(changes: { status?: Pod['status']; metadata?: object; spec?: object } = {}): Pod {
    return {
      metadata: { name: 'web', creationTimestamp: created, ...changes.metadata },
      spec: { containers: [{ name: 'a' }, { name: 'b' }], ...changes.spec },
      status: { phase: 'Running', containerStatuses: [status(), status({ name: 'b' })], ...changes.status },
    };
  }
  const ended = (exitCode: number, reason?: string, signal?: number) => ({ terminated: { exitCode, ...(reason ? { reason } : {}), ...(signal ? { signal } : {}) } });
  const init = { spec: { initContainers: [{ name: 'i' }, { name: 'j' }] } };

  it.each<[string, Pod, string]>([
    ['running', pod(), 'web | 2/2 | Running | 0 | 5m'],
    ['pending', pod({ status: { phase: 'Pending', containerStatuses: [] } }), 'web | 0/2 | Pending | 0 | 5m'],
    ['evicted', pod({ status: { phase: 'Failed', reason: 'Evicted', containerStatuses: [] } }), 'web | 0/2 | Evicted | 0 | 5m'],
    ['gated', pod({ status: { phase: 'Pending', containerStatuses: [], conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] } }), 'web | 0/2 | SchedulingGated | 0 | 5m'],
    ['crashing', pod({ status: { containerStatuses: [status({ ready: false, restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T23:58:30Z' } } }), status()] } }), 'web | 1/2 | CrashLoopBackOff | 3 (90s ago) | 5m'],
    ['one done, one running, ready', pod({ status: { containerStatuses: [status({ ready: false, state: ended(0, 'Completed') }), status()], conditions: [{ type: 'Ready', status: 'True' }] } }), 'web | 1/2 | Running | 0 | 5m'],
    ['one done, one running, not ready', pod({ status: { containerStatuses: [status({ ready: false, state: ended(0, 'Completed') }), status()] } }), 'web | 1/2 | NotReady | 0 | 5m'],
    ['ended without a reason', pod({ status: { containerStatuses: [status({ ready: false, state: ended(137) })] } }), 'web | 0/2 | ExitCode:137 | 0 | 5m'],
    ['ended by a signal', pod({ status: { containerStatuses: [status({ ready: false, state: ended(0, undefined, 9) })] } }), 'web | 0/2 | Signal:9 | 0 | 5m'],
    ['initializing', pod({ ...init, status: { phase: 'Pending', containerStatuses: [], initContainerStatuses: [status({ name: 'i', state: ended(0, 'Completed') }), status({ name: 'j' })] } }), 'web | 0/2 | Init:1/2 | 0 | 5m'],
    ['init failing', pod({ ...init, status: { phase: 'Pending', containerStatuses: [], initContainerStatuses: [status({ name: 'i', restartCount: 2, state: ended(1, 'Error') })] } }), 'web | 0/2 | Init:Error | 2 | 5m'],
    ['init waiting', pod({ ...init, status: { phase: 'Pending', containerStatuses: [], initContainerStatuses: [status({ name: 'i', state: { waiting: { reason: 'ImagePullBackOff' } } })] } }), 'web | 0/2 | Init:ImagePullBackOff | 0 | 5m'],
    ['restarts of init containers are history', pod({ ...init, status: { initContainerStatuses: [status({ name: 'i', restartCount: 4, state: ended(0, 'Completed') })], containerStatuses: [status({ restartCount: 1 })] } }), 'web | 1/2 | Running | 1 | 5m'],
    ['with a sidecar', pod({ spec: { initContainers: [{ name: 's', restartPolicy: 'Always' }] }, status: { initContainerStatuses: [status({ name: 's', started: true })] } }), 'web | 3/3 | Running | 0 | 5m'],
    ['terminating', pod({ metadata: { deletionTimestamp: created } }), 'web | 2/2 | Terminating | 0 | 5m'],
    ['on a lost node', pod({ metadata: { deletionTimestamp: created }, status: { reason: 'NodeLost' } }), 'web | 2/2 | Unknown | 0 | 5m'],
  ])('%s', (_title, object, expected) => {
    expect(print(pods, object)).toBe(expected);
  });

  it('wide', () => {
    const object = pod({ spec: { nodeName: 'pi-1', readinessGates: [{ conditionType: 'x' }] }, status: { podIP: '198.18.1.2' } });
    expect(print(pods, object, true)).toBe('web | 2/2 | Running | 0 | 5m | 198.18.1.2 | pi-1 | <none> | 0/1');
  });
});

const metadata = { name: 'x', creationTimestamp: created };

it.each<[string, Resource, object, string]>([
  ['a Deployment', deployments, { metadata, spec: { replicas: 3, selector: { matchLabels: { b: '2', a: '1' }, matchExpressions: [{ key: 'c', operator: 'In', values: ['z', 'y'] }] }, template: { spec: { containers: [{ name: 'a', image: 'i' }, { name: 'b', image: 'j' }] } } }, status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 } }, 'x | 1/3 | 2 | 1 | 5m | a,b | i,j | a=1,b=2,c in (y,z)'],
  ['a ReplicaSet', replicaSets, { metadata, spec: { replicas: 3 }, status: { replicas: 2, readyReplicas: 1 } }, 'x | 3 | 2 | 1 | 5m |  |  | <none>'],
  ['a Service', services, { metadata, spec: { type: 'NodePort', clusterIP: '198.18.0.9', ports: [{ port: 80, nodePort: 30080, protocol: 'TCP' }, { port: 53, protocol: 'UDP' }], selector: { a: 'b' } } }, 'x | NodePort | 198.18.0.9 | <none> | 80:30080/TCP,53/UDP | 5m | a=b'],
  ['a pending load balancer', services, { metadata, spec: { type: 'LoadBalancer' } }, 'x | LoadBalancer | <none> | <pending> | <none> | 5m | <none>'],
  ['a name outside', services, { metadata, spec: { type: 'ExternalName', externalName: 'example.org' } }, 'x | ExternalName | <none> | example.org | <none> | 5m | <none>'],
  ['a cordoned Node', nodes, { metadata: { ...metadata, labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '' } }, spec: { unschedulable: true }, status: { conditions: [{ type: 'Ready', status: 'False' }], addresses: [{ type: 'InternalIP', address: '203.0.113.1' }], nodeInfo: { kubeletVersion: 'v1', osImage: 'Debian' } } }, 'x | NotReady,SchedulingDisabled | control-plane,worker | 5m | v1 | 203.0.113.1 | <none> | Debian | <unknown> | <unknown>'],
  ['a Node nobody heard of', nodes, { metadata }, 'x | Unknown | <none> | 5m |  | <none> | <none> | <unknown> | <unknown> | <unknown>'],
  ['an Event', events, { metadata, type: 'Warning', reason: 'BackOff', message: ' no \n', involvedObject: { kind: 'Pod', name: 'web' }, firstTimestamp: created, lastTimestamp: '2026-01-01T23:59:00Z', count: 4, source: { component: 'kubelet', host: 'pi-1' } }, '60s | Warning | BackOff | pod/web |  | kubelet, pi-1 | no | 5m | 4 | x'],
  ['Endpoints', endpoints, { metadata, subsets: [{ addresses: [{ ip: '1' }, { ip: '2' }], ports: [{ port: 80 }, { port: 81 }] }] }, 'x | 1:80,2:80,1:81 + 1 more... | 5m'],
  ['Endpoints of nothing', endpoints, { metadata }, 'x | <none> | 5m'],
  ['an EndpointSlice', endpointSlices, { metadata, addressType: 'IPv4', ports: [{ port: 80 }], endpoints: [{ addresses: ['1', '2'] }] }, 'x | IPv4 | 80 | 1,2 | 5m'],
  ['a Secret', secrets, { metadata, type: 'Opaque', data: { a: '', b: '' } }, 'x | Opaque | 2 | 5m'],
  ['a ConfigMap', configMaps, { metadata, data: { a: '' }, binaryData: { b: '' } }, 'x | 2 | 5m'],
  ['a Lease', leases, { metadata, spec: { holderIdentity: 'me' } }, 'x | me | 5m'],
])('%s', (_title, resource, object, expected) => {
  expect(print(resource, object as KubernetesObject, true)).toBe(expected);
});

it('ServiceCIDRs and IPAddresses', () => {
  expect(print(serviceCIDRs, { metadata: { name: 'kubernetes', creationTimestamp: created }, spec: { cidrs: ['198.18.0.0/16', '2001:db8::/64'] } })).toBe('kubernetes | 198.18.0.0/16,2001:db8::/64 | 5m');
  expect(print(ipAddresses, { metadata: { name: '198.18.0.1' }, spec: { parentRef: { resource: 'services', namespace: 'default', name: 'kubernetes' } } })).toBe('198.18.0.1 | services/default/kubernetes');
  expect(print(ipAddresses, { metadata: { name: '198.18.0.2' }, spec: { parentRef: { group: 'example.com', resource: 'gateways', name: 'g' } } })).toBe('198.18.0.2 | gateways.example.com/g');
});
