/** The lives that conformance asks for, of the APIs that are served without anybody acting on them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateSigningRequests } from '../../../../api/resources.ts';
import { eventually } from '../../../../machinery/testing/eventually.ts';
import { validObject } from '../../../testing/valid-objects.ts';
import { startApiServer, type StartedApiServer } from '../start-api-server.ts';
import { isDiscovered, lives, pathsOf, type ApiLife } from './api-life.ts';
import { patchTypes, RawClient, type AnyObject } from './raw-client.ts';

let server: StartedApiServer;
let client: RawClient;
beforeAll(async () => {
  server = await startApiServer();
  client = new RawClient(server);
});
afterAll(async () => {
  client.close();
  await server.stop();
});

const namespace = 'default';
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'image:1' }] } };
const selector = { matchLabels: { app: 'a' } };
const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from the test' };
const dated = { ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' };

const webhook = { sideEffects: 'None', admissionReviewVersions: ['v1'], clientConfig: { url: 'https://localhost/hook' }, rules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['widgets'] }] };
const event = { reason: 'Life', message: 'text', type: 'Normal', involvedObject: { namespace, kind: 'Pod', name: 'a' }, source: { component: 'test' } };
const groupedEvent = { reason: 'Life', note: 'text', type: 'Normal', action: 'Testing', eventTime: '2026-01-01T00:00:00.123456Z', reportingController: 'example.com/test', reportingInstance: 'a', regarding: { namespace, kind: 'Pod', name: 'a' } };
const isEstablished = ({ status }: AnyObject) => JSON.stringify(status?.['conditions'] ?? []).includes('InitialNamesAccepted');
const definitionOf = (name: string) => {
  const [plural = '', ...group] = name.split('.');
  return { spec: { group: group.join('.'), scope: 'Namespaced', names: { plural, kind: `Kind${plural}` }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] } };
};

const table: ApiLife[] = [
  { groupVersion: 'v1', resource: 'pods', namespace, object: { spec: template.spec }, status: { phase: 'Running', conditions: [{ ...dated, type: 'example.com/gate' }] } },
  { groupVersion: 'v1', resource: 'nodes', object: { spec: { unschedulable: true } }, status: { conditions: [dated] } },
  { groupVersion: 'v1', resource: 'events', namespace, object: event },
  { groupVersion: 'events.k8s.io/v1', resource: 'events', namespace, object: groupedEvent },
  { groupVersion: 'certificates.k8s.io/v1', resource: 'certificatesigningrequests', object: (name) => validObject(certificateSigningRequests, name) as AnyObject, status: { conditions: [{ type: 'Failed', status: 'True', reason: 'E2E', message: 'Set from the test' }] } },
  { groupVersion: 'apiregistration.k8s.io/v1', resource: 'apiservices', nameOf: (number) => `v1.life-${number}.example`, object: (name) => ({ spec: { group: name.slice(3), version: 'v1', groupPriorityMinimum: 100, versionPriority: 10, service: { name: 'a', namespace } } }) },
  { groupVersion: 'apiextensions.k8s.io/v1', resource: 'customresourcedefinitions', nameOf: (number) => `lives${number}.life.example`, object: definitionOf, settled: isEstablished },
  { groupVersion: 'admissionregistration.k8s.io/v1', resource: 'validatingwebhookconfigurations', object: { webhooks: [{ ...webhook, name: 'validating.example.com' }] } },
  { groupVersion: 'admissionregistration.k8s.io/v1', resource: 'mutatingwebhookconfigurations', object: { webhooks: [{ ...webhook, name: 'mutating.example.com' }] } },
  { groupVersion: 'admissionregistration.k8s.io/v1', resource: 'mutatingadmissionpolicies', object: { spec: { reinvocationPolicy: 'Never', matchConstraints: { resourceRules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['widgets'] }] }, mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }] } } },
  { groupVersion: 'admissionregistration.k8s.io/v1', resource: 'mutatingadmissionpolicybindings', object: { spec: { policyName: 'none' } } },
  { groupVersion: 'networking.k8s.io/v1', resource: 'servicecidrs', object: { spec: { cidrs: ['198.51.100.0/24'] } }, status: { conditions: [dated] } },
  { groupVersion: 'networking.k8s.io/v1', resource: 'ipaddresses', nameOf: (number) => ['', '255.255.255.255', 'fe80::42:1dff:fe84:f9e2', '2001:db8::1'][number]!, object: { spec: { parentRef: { group: 'mygroup', resource: 'myresources', namespace: 'foo', name: 'bar' } } } },
  { groupVersion: 'v1', resource: 'configmaps', namespace, object: { data: { a: 'b' } } },
  { groupVersion: 'v1', resource: 'secrets', namespace, object: { stringData: { a: 'b' } } },
  { groupVersion: 'v1', resource: 'serviceaccounts', namespace, object: { automountServiceAccountToken: false } },
  { groupVersion: 'v1', resource: 'podtemplates', namespace, object: { template } },
  { groupVersion: 'v1', resource: 'limitranges', namespace, object: { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, defaultRequest: { cpu: '100m' } }] } } },
  { groupVersion: 'v1', resource: 'resourcequotas', namespace, object: { spec: { hard: { 'count/widgets.example.com': '3' } } }, status: { hard: { 'count/widgets.example.com': '3' } } },
  { groupVersion: 'v1', resource: 'replicationcontrollers', namespace, object: { spec: { replicas: 1, selector: { app: 'a' }, template } }, status: { replicas: 1, readyReplicas: 0, conditions: [dated] } },
  { groupVersion: 'v1', resource: 'services', namespace, object: { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } }, status: { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] } } },
  { groupVersion: 'v1', resource: 'endpoints', namespace, object: { subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }] } },
  { groupVersion: 'v1', resource: 'persistentvolumes', object: { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp/v' } } }, status: { phase: 'Available', message: 'test' } },
  { groupVersion: 'v1', resource: 'persistentvolumeclaims', namespace, object: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }, status: { phase: 'Pending', conditions: [{ ...dated, type: 'Resizing' }] } },
  { groupVersion: 'apps/v1', resource: 'controllerrevisions', namespace, object: { revision: 1, data: { a: 'b' } } },
  { groupVersion: 'apps/v1', resource: 'deployments', namespace, object: { spec: { selector, template } }, status: { observedGeneration: 1, conditions: [dated] } },
  { groupVersion: 'apps/v1', resource: 'replicasets', namespace, object: { spec: { selector, template } }, status: { replicas: 0, conditions: [dated] } },
  { groupVersion: 'apps/v1', resource: 'statefulsets', namespace, object: { spec: { selector, template, serviceName: 'a' } }, status: { replicas: 0, conditions: [dated] } },
  { groupVersion: 'apps/v1', resource: 'daemonsets', namespace, object: { spec: { selector, template } }, status: { conditions: [dated] } },
  { groupVersion: 'batch/v1', resource: 'jobs', namespace, object: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } }, status: { conditions: [dated] } },
  { groupVersion: 'batch/v1', resource: 'cronjobs', namespace, object: { spec: { schedule: '* * * * *', suspend: true, jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } } } }, status: { lastScheduleTime: '2026-01-01T00:00:00Z' } },
  { groupVersion: 'autoscaling/v2', resource: 'horizontalpodautoscalers', namespace, object: { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } } }, status: { currentReplicas: 1, desiredReplicas: 2 } },
  { groupVersion: 'autoscaling/v1', resource: 'horizontalpodautoscalers', namespace, object: { spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } } }, status: { currentReplicas: 1, desiredReplicas: 2 } },
  { groupVersion: 'policy/v1', resource: 'poddisruptionbudgets', namespace, object: { spec: { minAvailable: 1, selector } }, status: { observedGeneration: 1, currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0, expectedPods: 1 } },
  { groupVersion: 'coordination.k8s.io/v1', resource: 'leases', namespace, object: { spec: { holderIdentity: 'a', leaseDurationSeconds: 30, acquireTime: '2026-01-01T00:00:00.123456Z', renewTime: '2026-01-01T00:00:00.123456Z', leaseTransitions: 0 } } },
  { groupVersion: 'discovery.k8s.io/v1', resource: 'endpointslices', namespace, object: { addressType: 'IPv4', endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true } }], ports: [{ name: 'a', port: 80 }] } },
  { groupVersion: 'networking.k8s.io/v1', resource: 'ingresses', namespace, object: { spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } } }, status: { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } } },
  { groupVersion: 'networking.k8s.io/v1', resource: 'ingressclasses', object: { spec: { controller: 'example.com/controller' } } },
  { groupVersion: 'networking.k8s.io/v1', resource: 'networkpolicies', namespace, object: { spec: { podSelector: {} } } },
  { groupVersion: 'node.k8s.io/v1', resource: 'runtimeclasses', object: { handler: 'handler' } },
  { groupVersion: 'scheduling.k8s.io/v1', resource: 'priorityclasses', object: { value: 1000 } },
  { groupVersion: 'storage.k8s.io/v1', resource: 'storageclasses', object: { provisioner: 'example.com/p' } },
  { groupVersion: 'storage.k8s.io/v1', resource: 'volumeattributesclasses', object: { driverName: 'example.com', parameters: { a: 'b' } } },
  { groupVersion: 'storage.k8s.io/v1', resource: 'csidrivers', object: { spec: { attachRequired: false } } },
  { groupVersion: 'storage.k8s.io/v1', resource: 'csinodes', object: { spec: { drivers: [] } } },
  { groupVersion: 'storage.k8s.io/v1', resource: 'csistoragecapacities', namespace, object: { storageClassName: 'a', capacity: '1Gi' } },
  { groupVersion: 'storage.k8s.io/v1', resource: 'volumeattachments', object: { spec: { attacher: 'example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } } }, status: { attached: true } },
  { groupVersion: 'rbac.authorization.k8s.io/v1', resource: 'roles', namespace, object: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] } },
  { groupVersion: 'rbac.authorization.k8s.io/v1', resource: 'clusterroles', object: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] } },
  { groupVersion: 'rbac.authorization.k8s.io/v1', resource: 'rolebindings', namespace, object: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects: [] } },
  { groupVersion: 'rbac.authorization.k8s.io/v1', resource: 'clusterrolebindings', object: { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects: [] } },
  { groupVersion: 'flowcontrol.apiserver.k8s.io/v1', resource: 'flowschemas', object: { spec: { matchingPrecedence: 10000, priorityLevelConfiguration: { name: 'global-default' }, distinguisherMethod: { type: 'ByUser' }, rules: [] } }, status: { conditions: [{ type: 'Dangling', status: 'False', reason: 'Found', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }] } },
  { groupVersion: 'flowcontrol.apiserver.k8s.io/v1', resource: 'prioritylevelconfigurations', object: { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } } }, status: { conditions: [dated] } },
  { groupVersion: 'admissionregistration.k8s.io/v1', resource: 'validatingadmissionpolicies', object: { spec: { failurePolicy: 'Fail', matchConstraints: { resourceRules: [{ apiGroups: ['example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['widgets'] }] }, validations: [{ expression: 'true' }] } }, status: { observedGeneration: 1 } },
  { groupVersion: 'admissionregistration.k8s.io/v1', resource: 'validatingadmissionpolicybindings', object: { spec: { policyName: 'none', validationActions: ['Deny'] } } },
];

describe.each(table.map((life) => ({ life, name: `${life.groupVersion} ${life.resource}` })))('$name', ({ life }) => {
  it('is found by discovery', () => isDiscovered(client, life));
  it('lives from creation to the end of its collection', () => lives(client, life));
});

// Nobody here empties namespaces: the test lets them go itself.
it('v1 namespaces live from creation to their finalization', async () => {
  await isDiscovered(client, { groupVersion: 'v1', resource: 'namespaces', object: {}, status: {}, verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'] });
  const events = await client.watch('/api/v1/namespaces?watch=1&labelSelector=life%3Dnamespace');
  const path = '/api/v1/namespaces/life';
  const created = await client.ok('POST', '/api/v1/namespaces', { metadata: { name: 'life', labels: { life: 'namespace' } } });
  expect(created).toMatchObject({ metadata: { labels: { 'kubernetes.io/metadata.name': 'life' } }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
  await client.ok('PATCH', path, { metadata: { annotations: { patched: 'true' } } }, patchTypes.merge);
  const status = await client.ok('PATCH', `${path}/status`, { status: { conditions: [dated] } }, patchTypes.merge);
  expect(status.status).toMatchObject({ phase: 'Active', conditions: [dated] });
  const updated = await client.ok('PUT', path, { ...status, metadata: { ...status.metadata, annotations: { updated: 'true' } } });
  expect(updated.status).toMatchObject({ conditions: [dated] });
  expect((await client.call('PUT', path, created)).code).toBe(409);
  const deleted = await client.ok('DELETE', path);
  expect(deleted).toMatchObject({ status: { phase: 'Terminating' } });
  expect((await client.call('POST', `${path}/configmaps`, { metadata: { name: 'late' } })).code).toBe(403);
  expect((await client.call('DELETE', '/api/v1/namespaces')).code).toBe(405);
  await client.ok('PUT', `${path}/finalize`, { ...deleted, spec: { finalizers: [] } });
  expect((await client.call('GET', path)).code).toBe(404);
  await eventually(() => events.map(({ type }) => type).join() === 'ADDED,MODIFIED,MODIFIED,MODIFIED,MODIFIED,DELETED');
});

it.each([['v1', 'replicationcontrollers', { app: 'a' }], ['apps/v1', 'deployments', selector], ['apps/v1', 'replicasets', selector], ['apps/v1', 'statefulsets', selector]])('%s %s are scaled', async (groupVersion, resource, itsSelector) => {
  const { collection } = pathsOf({ groupVersion, resource, namespace });
  const path = `${collection}/scaled`;
  await client.ok('POST', collection, { metadata: { name: 'scaled' }, spec: { replicas: 1, selector: itsSelector, template } });
  const scale = await client.ok('GET', `${path}/scale`);
  expect(scale).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'scaled', namespace }, spec: { replicas: 1 }, status: { selector: 'app=a' } });
  expect(await client.ok('PUT', `${path}/scale`, { ...scale, spec: { replicas: 2 } })).toMatchObject({ kind: 'Scale', spec: { replicas: 2 } });
  expect((await client.call('PUT', `${path}/scale`, { ...scale, spec: { replicas: 9 } })).code).toBe(409);
  expect(await client.ok('PATCH', `${path}/scale`, { spec: { replicas: 4 } }, patchTypes.merge)).toMatchObject({ kind: 'Scale', spec: { replicas: 4 } });
  expect((await client.call('PATCH', `${path}/scale`, { spec: { replicas: -1 } }, patchTypes.merge)).body).toMatchObject({ code: 422, details: { kind: 'Scale', causes: [{ field: 'spec.replicas' }] } });
  expect((await client.ok('GET', path)).spec).toMatchObject({ replicas: 4 });
  await client.ok('DELETE', path);
});
